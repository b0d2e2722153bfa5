"""The built image, unpacked: its files and how it wants to be run."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.cluster.api import JsonObject
from tests.deploy.parts import installed


@dataclass(frozen=True, slots=True)
class Image:
    """One image.

    Attributes:
        rootfs: Its files.
        entrypoint: What is run.
        command: Its arguments unless others are given.
        environment: Its variables.
    """

    rootfs: Path
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    environment: dict[str, str]


def unpack(archive: Path, folder: Path) -> Image:
    """Unpacks an OCI archive with one image."""
    layout = folder / "layout"
    subprocess.run(
        [installed("skopeo", "skopeo"), "copy", "--quiet", f"oci-archive:{archive}", f"oci:{layout}:image"],
        check=True,
        capture_output=True,
    )
    bundle = folder / "bundle"
    subprocess.run(
        [installed("umoci", "umoci"), "unpack", "--image", f"{layout}:image", bundle], check=True, capture_output=True
    )
    bundle.chmod(0o755)
    index = json.loads((layout / "index.json").read_text())
    manifest = _blob(layout, index["manifests"][0]["digest"])
    config = _blob(layout, manifest["config"]["digest"])["config"]
    rootfs = bundle / "rootfs"
    # The container engine mounts over these; bubblewrap needs them to be there.
    for name in ("etc/hosts", "etc/resolv.conf"):
        (rootfs / name).touch()
    for name in ("etc/idp-bridge", "etc/idp-bridge-ca", "run/secrets/idp-bridge", "var/lib/idp-bridge", "tmp"):
        (rootfs / name).mkdir(parents=True, exist_ok=True)
    environment = dict(entry.split("=", 1) for entry in config.get("Env", ()))
    return Image(rootfs, tuple(config["Entrypoint"]), tuple(config.get("Cmd", ())), environment)


def _blob(layout: Path, digest: str) -> JsonObject:
    document: JsonObject = json.loads((layout / "blobs" / digest.replace(":", "/")).read_text())
    return document
