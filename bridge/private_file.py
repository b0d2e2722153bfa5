"""Files that the service keeps for itself: replaced whole, for their owner alone, and never read through a link."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path


class NotAFile(Exception):
    """A folder, a pipe or a device stands in a file's place."""


def replace_file(file: Path, content: bytes) -> None:
    """Puts this content in place of what was there (0600). A reader sees one or the other, also after a power cut.

    Raises:
        OSError: It cannot be written; its folder must be there.
    """
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # its owner's alone
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(file)
    except BaseException:
        with contextlib.suppress(OSError):  # what went wrong before is told
            Path(name).unlink()
        raise
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_file(file: Path, most: int) -> tuple[bytes, os.stat_result]:
    """What it holds, one byte more than ``most`` at most, and whose it is.

    Raises:
        NotAFile: It is another thing.
        OSError: It cannot be read, or is a link.
    """
    # Neither a link to elsewhere nor a pipe that would block: only what we have written ourselves.
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise NotAFile
        return stream.read(most + 1), about
