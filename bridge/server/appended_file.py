"""A file that lines are appended to, and that a log rotation may take away at any time."""

import os
from pathlib import Path


class FileUnavailable(Exception):
    """A file cannot be written; the message says which and why."""


class AppendedFile:
    """A file that lines are appended to, and that may be renamed at any time: then a new one is begun.

    Args:
        path: Where it is; it is made for its owner alone.

    Raises:
        FileUnavailable: It cannot be opened.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._torn = False
        try:
            self._descriptor = self._open()
        except OSError as error:
            raise FileUnavailable(
                f"{path} cannot be written: {error.strerror}. Let the bridge's user append to it, or name another."
            ) from None

    def write(self, lines: bytes) -> None:
        """Appends lines. Where a write ended within a line (a full disk), the next one begins a new line.

        Raises:
            OSError: They could not be written.
        """
        if self._was_moved():
            os.close(self._descriptor)
            self._descriptor = -1
        if self._descriptor < 0:
            self._descriptor = self._open()
            self._torn = False
        if self._torn:
            lines = b"\n" + lines
        while lines:
            written = os.write(self._descriptor, lines)
            self._torn = not lines[:written].endswith(b"\n")
            lines = lines[written:]

    def close(self) -> None:
        """Ends the writing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _was_moved(self) -> bool:
        if self._descriptor < 0:
            return False
        try:
            return not os.path.samestat(Path(self._path).stat(), os.fstat(self._descriptor))
        except FileNotFoundError:
            return True
