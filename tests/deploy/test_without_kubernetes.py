"""The ways without Kubernetes: what systemd, Caddy, nginx and Compose's own schema say of the shipped files."""

import contextlib
import http.client
import json
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer.main
import yaml

from bridge.cli.main import app
from bridge.config.load import load
from tests.bridge_process import SECRET, StartBridge
from tests.deploy.image_build import ROOT
from tests.deploy.parts import go_module, installed
from tests.issuer.certificates import Certificate
from tests.issuer.keys import public_pem
from tests.issuer.mint import AUDIENCE, good_token

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(120)]

_GUIDES = ROOT / "docs/guides"
_COMPOSE = _GUIDES / "compose"
_UNIT = _GUIDES / "idp-bridge@.service"
_MOST_EXPOSED = 1.5
"""Of systemd's scale from 0 to 10; below 2 it says OK. What is left: the network, which is the service's purpose."""


def _serve_options() -> set[str]:
    command = typer.main.get_command(app).commands["serve"]  # type: ignore[attr-defined]  # it is a group
    return {option for parameter in command.params for option in parameter.opts}


# -- systemd ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with a program that is on this machine."""
    program = Path(sys.executable).with_name("idp-bridge")
    unit = tmp_path / _UNIT.name
    unit.write_text(_UNIT.read_text().replace("/opt/idp-bridge/bin/idp-bridge", str(program)))
    return unit


def test_systemd_finds_nothing_wrong_with_the_unit(unit: Path) -> None:
    """Neither an unknown key nor one that it would ignore."""
    instance = unit.with_name("idp-bridge@9091.service")
    instance.write_text(unit.read_text())
    command: list[str | Path] = [installed("systemd-analyze", "systemd"), "verify", "--man=no", instance]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "idp-bridge" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


def test_systemd_calls_the_unit_hardened(unit: Path) -> None:
    """By its own scale, without running it."""
    threshold = str(int(_MOST_EXPOSED * 10))
    command: list[str | Path] = [
        installed("systemd-analyze", "systemd"),
        "security",
        "--offline=true",
        f"--threshold={threshold}",
        unit,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def test_the_unit_starts_the_service_with_options_that_there_are() -> None:
    """A renamed option would be noticed at the next boot only."""
    started = re.search(r"^ExecStart=\S+ serve (.*)$", _UNIT.read_text(), re.MULTILINE)
    assert started is not None
    used = set(re.findall(r"--[a-z-]+", started[1]))
    assert {"--reuse-port", "--last-good"} <= used <= _serve_options()


# -- Compose ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def compose() -> dict[str, Any]:
    """The Compose file."""
    document: dict[str, Any] = yaml.safe_load((_COMPOSE / "compose.yaml").read_text())
    return document


def test_compose_knows_every_member(compose: dict[str, Any]) -> None:
    """By the schema of the Compose specification."""
    module = go_module("github.com/compose-spec/compose-go/v2@v2.16.2")
    schema = json.loads((module / "schema/compose-spec.json").read_text())
    jsonschema.validate(compose, schema)
    compose["services"]["bridge"]["read_onli"] = True
    with pytest.raises(jsonschema.ValidationError, match="read_onli"):
        jsonschema.validate(compose, schema)


def test_compose_declares_what_it_uses_and_publishes_caddy_alone(compose: dict[str, Any]) -> None:
    """Volumes, networks and variables; every container hardened."""
    variables = set(re.findall(r"\$\{([A-Z_]+):\?\}", (_COMPOSE / "compose.yaml").read_text()))
    assert variables == set(re.findall(r"^([A-Z_]+)=", (_COMPOSE / "environment.example").read_text(), re.MULTILINE))
    services = compose["services"]
    for service in services.values():
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert set(service["networks"]) <= set(compose["networks"])
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source.startswith("./") or source in compose["volumes"], volume
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"caddy": ["80:80", "443:443"]}


def test_compose_gives_the_bridge_what_its_configuration_and_its_command_need(compose: dict[str, Any]) -> None:
    """Options that there are, and a mount for each path."""
    bridge = compose["services"]["bridge"]
    assert {word for word in bridge["command"] if word.startswith("--")} <= _serve_options()
    mounts = {volume.split(":")[1]: volume.split(":")[0] for volume in bridge["volumes"]}
    file = _COMPOSE / mounts["/etc/idp-bridge"] / "bridge.yaml"
    loaded = load(file, environment={"LOGIN_URL": "https://login.shop.example/realms/shop"}, resolve_secrets=False)
    assert set(loaded.model.providers) == {"keycloak"}
    assert set(bridge["environment"]) == set(re.findall(r"env: (\w+)", file.read_text()))
    named = {Path(path).parent for path in re.findall(r"file: (/[\w/.-]+)", file.read_text())}
    assert {str(folder) for folder in named} <= set(mounts)
    assert loaded.model.state_dir in mounts


def test_caddy_takes_the_caddyfile(tmp_path: Path) -> None:
    """Judged by Caddy, for both names; it fetches no certificate for that."""
    names = {"CHAT_HOST": "chat-login.shop.example", "LOGIN_HOST": "login.shop.example"}
    file = _COMPOSE / "Caddyfile"
    command: list[str | Path] = [
        installed("caddy", "caddy"),
        "adapt",
        "--validate",
        "--adapter",
        "caddyfile",
        "--config",
        file,
    ]
    environment = {**names, "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert "not formatted" not in done.stderr
    matches = [match for several in _members(json.loads(done.stdout), "match") for match in several]
    hosts = {host for match in matches for host in match.get("host", ())}
    assert hosts == set(names.values())


def _members(document: Any, name: str) -> Iterator[Any]:
    """Every member of this name, however deep."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key == name:
                yield value
            yield from _members(value, name)
    elif isinstance(document, list):
        for each in document:
            yield from _members(each, name)


# -- nginx ------------------------------------------------------------------------------------------------------------


def test_a_callback_goes_through_nginx_as_the_guide_sets_it_up(tmp_path: Path, start_bridge: StartBridge) -> None:
    """The guide's own block, with this machine's port, certificate and bridge in it."""
    (tmp_path / "shop.pem").write_text(public_pem("rsa"))
    own: dict[str, Any] = {"preset": "signed-jwt", "issuer": "https://shop.example", "audience": AUDIENCE}
    own |= {"public_key": {"file": str(tmp_path / "shop.pem")}}
    callback = {"header_token": {"env": "HEADER_TOKEN"}, "identity_method": "id"}
    bridge = start_bridge({"version": 1, "callback": callback, "providers": {"own": own}})
    authority = Certificate.authority("shop")
    presented = authority.issue("127.0.0.1").with_key
    for name in ("fullchain.pem", "privkey.pem"):
        (tmp_path / name).write_text(presented)
    trusting = ssl.create_default_context(cadata=authority.pem)
    with _nginx(tmp_path, bridge.url.removeprefix("http://")) as port:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=trusting)
        with contextlib.closing(connection):
            body = json.dumps({"access_token": good_token("https://shop.example")})
            headers = {"Authorization": f"{SECRET} Bearer", "Content-Type": "application/json"}
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            assert (answer.status, json.loads(answer.read())["status"]) == (200, True)


@contextlib.contextmanager
def _nginx(folder: Path, bridge: str) -> Iterator[int]:
    block = re.search(r"```nginx\n(.*?)```", (_GUIDES / "behind-a-proxy.md").read_text(), re.DOTALL)
    assert block is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    text = block[1].replace("127.0.0.1:8080", bridge).replace("listen 443", f"listen 127.0.0.1:{port}")
    text = re.sub(r"/etc/letsencrypt/live/[^/]+", str(folder), text)
    file = folder / "nginx.conf"
    file.write_text(f"pid {folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{text}}}\n")
    nginx: list[str | Path] = [installed("nginx", "nginx-light"), "-p", folder, "-c", file]
    checked = subprocess.run([*nginx, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr
    with subprocess.Popen([*nginx, "-g", "daemon off;"]) as process:
        try:
            end = time.monotonic() + 20
            while not _listening(port):
                assert time.monotonic() < end
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()


def _listening(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
