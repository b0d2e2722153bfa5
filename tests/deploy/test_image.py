"""The image: what is in it, and that it serves as Kubernetes would run it under the strictest policies."""

import contextlib
import json
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

from tests.deploy.cluster.container import Container, Surroundings
from tests.deploy.cluster.image import Image
from tests.deploy.cluster.network import ip
from tests.deploy.image_build import ROOT
from tests.deploy.layers import PRIVATE_KEY, Layers, read_layers
from tests.deploy.parts import installed
from tests.deploy.release import SECRET
from tests.deploy.sbom import sbom
from tests.issuer.certificates import Certificate
from tests.issuer.keys import public_pem
from tests.issuer.mint import AUDIENCE, good_token

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(900)]

_ISSUER = "https://shop.example"
_NETWORK = "idp-bridge-image"
_SITE = "/opt/idp-bridge/lib/python3.13/site-packages"
_SHELLS = ("/usr/bin/sh", "/usr/bin/dash", "/usr/bin/bash")
_LARGEST = 120_000_000
_CONFIG = yaml.safe_dump(
    {
        "version": 1,
        "callback": {"header_token": {"file": "/run/secrets/idp-bridge/header-token"}, "identity_method": "id"},
        "providers": {
            "own": {
                "preset": "signed-jwt",
                "issuer": _ISSUER,
                "audience": AUDIENCE,
                "public_key": {"file": "/run/secrets/idp-bridge/shop.pem"},
            }
        },
        "mapping": {"label": {"value": "Customer"}},
    }
)


@pytest.fixture(scope="module")
def layers(archive: Path) -> Layers:
    """What is in it."""
    return read_layers(archive)


@dataclass(frozen=True, slots=True)
class Pod:
    """What the image is run in: a network of its own, a configuration and secrets.

    Attributes:
        around: Its files.
        folder: For what containers print.
        hidden: Files of the image that are replaced by an empty one which nobody may execute.
    """

    around: Surroundings
    folder: Path
    hidden: tuple[str, ...]

    def container(self, name: str, *arguments: str, command: str = "", read_only: bool = True) -> Container:
        """Starts one; without arguments it does what the image says."""
        read = ("config", "/etc/idp-bridge"), ("secrets", "/run/secrets/idp-bridge")
        mounts: list[dict[str, Any]] = [{"name": at, "mountPath": path, "readOnly": True} for at, path in read]
        mounts += [{"name": "nothing", "mountPath": path, "readOnly": True} for path in self.hidden]
        mounts += [{"name": "tmp", "mountPath": "/tmp"}]
        spec: dict[str, Any] = {"name": name, "volumeMounts": mounts}
        spec["securityContext"] = {"readOnlyRootFilesystem": read_only}
        spec |= {"command": [command]} if command else {}
        spec |= {"args": list(arguments)} if arguments else {}
        return Container(spec, self.around, {}, self.folder / f"{name}.log")

    def output(self, name: str) -> str:
        """What it printed so far."""
        return (self.folder / f"{name}.log").read_text()


@pytest.fixture
def pod(image: Image, open_folder: Path, request: pytest.FixtureRequest) -> Iterator[Pod]:
    """As Kubernetes would: uid 65532, a read-only root, no capabilities, no shell that could be run."""
    folder = open_folder / re.sub(r"\W+", "-", request.node.name)
    given = {"config/bridge.yaml": _CONFIG, "secrets/header-token": SECRET, "secrets/shop.pem": public_pem("rsa")}
    for path, text in given.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / "tmp").mkdir()
    (folder / "tmp").chmod(0o1777)
    (folder / "hosts").write_text("127.0.0.1 localhost\n")
    (folder / "nothing").touch(mode=0o444)
    volumes = {name: folder / name for name in ("config", "secrets", "tmp", "nothing")}
    hidden = tuple(
        path for path in _SHELLS if (image.rootfs / path[1:]).is_file() and not (image.rootfs / path[1:]).is_symlink()
    )
    assert hidden
    with contextlib.suppress(AssertionError):  # it is there only if a run before was killed
        ip("netns", "del", _NETWORK)
    ip("netns", "add", _NETWORK)
    try:
        ip("-n", _NETWORK, "link", "set", "lo", "up")
        yield Pod(Surroundings(image, _NETWORK, folder / "hosts", volumes, (65532, 65532)), folder, hidden)
    finally:
        ip("netns", "del", _NETWORK)


def _asked(*curl: str) -> tuple[int, str]:
    command: list[str | Path] = ["ip", "netns", "exec", _NETWORK, installed("curl", "curl"), "-sS"]
    command += ["-w", "\n%{http_code}", *curl]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    body, _, status = done.stdout.rpartition("\n")
    return int(status or 0), body


def test_cx_genies_curl_gets_the_user(pod: Pod) -> None:
    """The image as it is, on its usual ports, without a shell; its own health check says when it is ready."""
    bridge = pod.container("bridge")
    try:
        end = time.monotonic() + 60
        while pod.container("health", *_health_check()).wait() != 0:
            assert time.monotonic() < end, pod.output("bridge") + pod.output("health")
            assert bridge.exit_code is None, pod.output("bridge")
        body = json.dumps({"access_token": good_token(_ISSUER)})
        headers = ("-H", f"Authorization: {SECRET} Bearer", "-H", "Content-Type: application/json")
        status, answer = _asked("-X", "POST", "http://127.0.0.1:8080/", *headers, "-d", body)
    finally:
        bridge.terminate(30)
    assert status == 200, answer
    assert json.loads(answer)["data"]["label"] == "Customer"
    assert bridge.exit_code == 0, "SIGTERM reaches the bridge itself, which ends well"
    assert pod.container("health", *_health_check()).wait() == 1
    assert "stopped" in pod.output("bridge")


def _health_check() -> list[str]:
    found = re.search(r"^HEALTHCHECK .*CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert found is not None
    program, *arguments = json.loads(found[1])
    assert program == "idp-bridge"
    return [str(argument) for argument in arguments]


_LOOK = """
import json, os, pathlib
def writable(path):
    try:
        pathlib.Path(path, "x").write_text("x")
    except OSError:
        return False
    return True
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status") if ":\\t" in line)
paths = ["/", "/opt/idp-bridge", "/opt/idp-bridge/bin", "/etc", "/etc/idp-bridge", "/usr/bin", "/var", "/tmp"]
print(json.dumps({"uid": os.getuid(), "capabilities": int(status["CapEff"], 16),
    "writable": [path for path in [*paths, "/run/secrets/idp-bridge"] if writable(path)]}))
"""


@pytest.mark.parametrize("read_only", [True, False])
def test_it_can_write_to_tmp_and_nowhere_else(pod: Pod, read_only: bool) -> None:
    """O17: no root; with a read-only file system, and by its files' owners alone where that is switched off."""
    looked = pod.container("look", "-c", _LOOK, command="/opt/idp-bridge/bin/python3", read_only=read_only)
    assert looked.wait() == 0, pod.output("look")
    assert json.loads(pod.output("look")) == {"uid": 65532, "capabilities": 0, "writable": ["/tmp"]}


def test_a_shell_would_have_been_missed(pod: Pod) -> None:
    """The tests above do without one: here it is asked for."""
    with_shell = pod.container("shell", "-c", "true", command="/bin/sh")
    assert with_shell.wait() != 0
    assert "Permission denied" in pod.output("shell")


def test_the_bridge_is_in_it_whole_compiled_and_nothing_else_of_the_repository(layers: Layers) -> None:
    """What git knows of bridge/, each module with its bytecode: the root is read-only, so none could be made later."""
    listed = subprocess.run(["git", "ls-files", "bridge"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    ours = {f"{_SITE}/{path}" for path in listed.split()}
    there = {path for path in layers.files if path.startswith(f"{_SITE}/bridge/") and "." in Path(path).name}
    assert {path for path in there if not path.endswith(".pyc")} == ours
    modules = [Path(path) for path in layers.files if path.startswith(_SITE) and path.endswith(".py")]
    compiled = {str(path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc") for path in modules}
    assert compiled <= layers.files


def test_no_secret_no_cache_and_no_builder_is_in_any_layer(layers: Layers) -> None:
    """Layers that a later one hides count too: the builder's stage is left behind whole."""
    words = ("/.git/", "/.cache/", "/tests/deploy", "/uv.lock", "/opt/uv", "bridge.yaml", "/.env", "/.netrc", "id_rsa")
    demo = f"{_SITE}/bridge/demo/bridge.yaml"
    assert not [path for path in layers.files - {demo} if any(word in path for word in words)]
    assert not [path for path in layers.files if re.search(r"/(uv|pip)-[^/]*\.dist-info/", path)]
    assert {name.split("=")[0] for name in layers.config["config"]["Env"]} == {
        "PATH",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONUNBUFFERED",
    }
    history = json.dumps(layers.config["history"]).lower()
    assert not re.search(r"(proxy|token|password|secret)\w*=", history)
    assert 65532 not in layers.owners
    assert layers.keys == set()
    assert PRIVATE_KEY.search(Certificate.authority("shop").issue("127.0.0.1").with_key.encode())


def test_it_says_what_it_is_and_is_small(layers: Layers) -> None:
    """OCI's labels, a numeric user, no shell in what is run, and what a node downloads."""
    config = layers.config["config"]
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in config["Labels"].items()}
    assert {"title", "description", "source", "licenses", "version", "revision"} <= set(labels)
    assert labels["licenses"] == "Apache-2.0"
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["idp-bridge"]
    assert config["Cmd"][0] == "serve"
    assert sorted(config["ExposedPorts"]) == ["8080/tcp", "9090/tcp"]
    assert layers.compressed < _LARGEST


def test_hadolint_finds_nothing() -> None:
    """Neither warning nor note."""
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, "--no-fail", ROOT / "Dockerfile"], capture_output=True, text=True, check=True)
    assert done.stdout == ""


def test_the_bill_of_materials_is_what_is_installed(image: Image) -> None:
    """CycloneDX from the lockfile, part by part what the image holds, with a hash of each."""
    bill = sbom()
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    listed = {canonicalize_name(each["name"]): each["version"] for each in bill["components"]}
    site = image.rootfs / _SITE[1:]
    there = dict(_named(path) for path in site.glob("*.dist-info"))
    ours = canonicalize_name("cxgenie-idp-bridge")
    assert {name: version for name, version in listed.items() if name in there} | {ours: there[ours]} == there
    # What is listed and not there belongs to other systems only.
    assert set(listed) - set(there) <= {"colorama", "winloop", "async-timeout"}
    for each in bill["components"]:
        if each["name"] != ours:
            hashes = [part for reference in each["externalReferences"] for part in reference["hashes"]]
            assert {part["alg"] for part in hashes} == {"SHA-256"}, each["name"]


def _named(path: Path) -> tuple[str, str]:
    name, version = path.name.removesuffix(".dist-info").split("-", 1)
    return canonicalize_name(name), version


@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
def test_each_locked_package_has_a_wheel_for_the_images_python(architecture: str) -> None:
    """So nothing is compiled where the image is built, and one for arm64 can be built from the same lockfile."""
    platforms = [f"manylinux_2_{minor}_{architecture}" for minor in range(41, 16, -1)]
    platforms += [f"manylinux2014_{architecture}"]
    takes = {*cpython_tags((3, 13), platforms=platforms), *compatible_tags((3, 13), "cp313", platforms)}
    wheels = _locked_wheels()
    without = [
        each["name"]
        for each in sbom()["components"]
        if each["name"] != "cxgenie-idp-bridge"
        and not any(takes & parse_wheel_filename(file)[3] for file in wheels[each["name"]])
    ]
    assert without == []


def _locked_wheels() -> Mapping[str, list[str]]:
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    return {
        package["name"]: [wheel["url"].rsplit("/", 1)[1] for wheel in package.get("wheels", ())]
        for package in lock["package"]
    }
