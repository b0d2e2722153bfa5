"""Which files a configuration was read from, and what they held: so one can tell when they hold something else.

By content: a file's time and number say less. Kubernetes swaps a symbolic link, editors put a new file in the old one's
place, and a file system may give two writes the same time.
"""

import hashlib
import stat
from collections.abc import Mapping
from pathlib import Path

LONGEST = 1024 * 1024
"""Bytes of a file that are looked at: more than any file that is read may have."""

UNREADABLE = ""
"""Stands for what a file holds that is not there, or cannot be read."""

FileDigests = Mapping[Path, str]
"""Files and what they held, as ``digest`` names it."""


def digest(content: bytes) -> str:
    """Names a content: its SHA-256."""
    return hashlib.sha256(content).hexdigest()


def differ(known: FileDigests) -> bool:
    """Whether any of these files holds something else now."""
    return any(_held_by(path) != was for path, was in known.items())


def digests_now(paths: FileDigests) -> FileDigests:
    """The same files, with what they hold now."""
    return {path: _held_by(path) for path in paths}


def _held_by(path: Path) -> str:
    try:
        # A FIFO, which could be waited for without end, is refused by whoever reads the configuration.
        if not stat.S_ISREG(path.stat().st_mode):
            return UNREADABLE
        with path.open("rb") as stream:
            return digest(stream.read(LONGEST + 1))
    except OSError:
        return UNREADABLE
