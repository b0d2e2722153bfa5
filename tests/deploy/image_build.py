"""The image, really built: the shipped Dockerfile over a base that Debian's packages give, without a container engine."""

import os
import subprocess
from pathlib import Path

from tests.deploy.parts import CACHE, installed

ROOT = Path(__file__).parents[2]
_SUITE = "trixie"
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
"""This machine's authorities, mounted while building: a package registry may be reached through a proxy of the house."""


def built(folder: Path) -> Path:
    """The image as an OCI archive.

    Args:
        folder: For the build's own storage and the archive.
    """
    store = ["--root", folder / "store", "--runroot", folder / "run", "--storage-driver", "vfs"]
    buildah = [installed("buildah", "buildah"), *store]
    base = folder / "base"
    base.mkdir()
    (base / "Dockerfile").write_text(f"FROM scratch\nADD {_SUITE}.tar /\n")
    os.link(_base_files(), base / f"{_SUITE}.tar")
    _run([*buildah, "bud", "--quiet", "--isolation", "chroot", "--tag", "localhost/base", base])
    volume = f"{_CERTIFICATES}:{_CERTIFICATES}:ro"
    arguments = ["--build-arg", "BASE=localhost/base", "--volume", volume, "--tag", "localhost/idp-bridge:test"]
    _run([*buildah, "bud", "--quiet", "--isolation", "chroot", "--format", "docker", *arguments, ROOT])
    archive = folder / "image.oci.tar"
    _run([*buildah, "push", "--quiet", "localhost/idp-bridge:test", f"oci-archive:{archive}"])
    return archive


def _base_files() -> Path:
    """Debian's files with Python, made once."""
    archive = CACHE / f"{_SUITE}-python.tar"
    if not archive.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        fresh = archive.with_suffix(".new.tar")
        left_out = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale")]
        packages = "--include=python3,python3-venv,ca-certificates"
        command = [installed("mmdebstrap", "mmdebstrap"), "--quiet", "--variant=apt", packages, *left_out]
        _run([*command, _SUITE, fresh])
        fresh.replace(archive)
    return archive


def _run(command: list[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{Path(command[0]).name} failed: {(done.stdout + done.stderr)[-2000:]}")
