"""The image, really built: the shipped Dockerfile over a base of Debian's packages, without a container engine."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.deploy.parts import installed
from tests.made_once import CACHE

ROOT = Path(__file__).parents[2]
_SUITE = "trixie"
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
"""This machine's authorities, mounted while building: a proxy of the house may stand before the package registry."""

_SOURCES = ("Dockerfile", ".dockerignore", "pyproject.toml", "uv.lock", "README.md", "LICENSE", "bridge")
"""What the image is made of."""


def built() -> Path:
    """The image as an OCI archive: the one that was made of these very files before, or a new one."""
    archives = CACHE / "images"
    archive = archives / f"{_made_of()}.oci.tar"
    if not archive.exists():
        archives.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            fresh = _build(Path(work))
            for old in archives.iterdir():
                old.unlink()
            shutil.move(fresh, archive)
    return archive


def _made_of() -> str:
    files = [path for name in _SOURCES for path in (ROOT / name, *(ROOT / name).rglob("*")) if path.is_file()]
    content = hashlib.sha256(_SUITE.encode())
    for path in sorted(files):
        if "__pycache__" not in path.parts:
            content.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return content.hexdigest()[:20]


def _build(folder: Path) -> Path:
    store: list[str | Path] = ["--root", folder / "store", "--runroot", folder / "run", "--storage-driver", "vfs"]
    buildah: list[str | Path] = [installed("buildah", "buildah"), *store]
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
        command: list[str | Path] = [
            installed("mmdebstrap", "mmdebstrap"),
            "--quiet",
            "--variant=apt",
            packages,
            *left_out,
        ]
        _run([*command, _SUITE, fresh])
        fresh.replace(archive)
    return archive


def _run(command: list[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{Path(command[0]).name} failed: {(done.stdout + done.stderr)[-2000:]}")
