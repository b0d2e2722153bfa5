"""What is in the image's layers, read from its OCI archive, and how it describes itself."""

import json
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{64}")
"""With its content: programs that read keys have the first line alone."""


@dataclass(frozen=True, slots=True)
class Layers:
    """One image.

    Attributes:
        config: Its configuration: user, variables, labels, history.
        compressed: The bytes that a node downloads.
        files: Every file of every layer, also of those that a later layer hides, with a leading slash.
        owners: The uids that own one.
        keys: Those of the files that hold a private key.
    """

    config: dict[str, Any]
    compressed: int
    files: frozenset[str]
    owners: frozenset[int]
    keys: frozenset[str]


def read_layers(archive: Path) -> Layers:
    """Reads an OCI archive with one image."""
    with tarfile.open(archive) as outer:

        def blob(digest: str) -> Any:
            stream = outer.extractfile(f"blobs/{digest.replace(':', '/')}")
            assert stream is not None
            return stream

        index = outer.extractfile("index.json")
        assert index is not None
        manifest = json.load(blob(json.load(index)["manifests"][0]["digest"]))
        files, owners, keys = set(), set(), set()
        for layer in manifest["layers"]:
            with tarfile.open(fileobj=blob(layer["digest"])) as inner:
                for member in inner:
                    name = "/" + member.name.removeprefix("./").lstrip("/")
                    files.add(name)
                    owners.add(member.uid)
                    content = inner.extractfile(member) if member.isfile() else None
                    if content is not None and PRIVATE_KEY.search(content.read()):
                        keys.add(name)
        size = sum(layer["size"] for layer in manifest["layers"])
        return Layers(
            json.load(blob(manifest["config"]["digest"])), size, frozenset(files), frozenset(owners), frozenset(keys)
        )
