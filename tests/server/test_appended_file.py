"""A file that is appended to while somebody else rotates it."""

import os
import resource
import stat
from pathlib import Path

import pytest

from bridge.server.appended_file import AppendedFile, FileUnavailable


def test_lines_are_appended_for_the_owner_alone(tmp_path: Path) -> None:
    """What was there stays; nobody else may read it."""
    path = tmp_path / "audit.jsonl"
    for line in (b"1\n", b"2\n"):
        file = AppendedFile(str(path))
        file.write(line)
        file.close()
    assert path.read_bytes() == b"1\n2\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("rotation", ["renamed", "removed", "replaced"])
def test_a_rotation_begins_a_new_file(tmp_path: Path, rotation: str) -> None:
    """No signal is needed, and no line is lost or written twice."""
    path, old = tmp_path / "audit.jsonl", tmp_path / "audit.jsonl.1"
    file = AppendedFile(str(path))
    file.write(b"1\n")
    if rotation == "removed":
        path.unlink()
    else:
        path.rename(old)
    if rotation == "replaced":
        path.write_bytes(b"")
    file.write(b"2\n")
    file.write(b"3\n")
    file.close()
    assert path.read_bytes() == b"2\n3\n"
    assert old.exists() is (rotation != "removed")
    assert not old.exists() or old.read_bytes() == b"1\n"


def test_a_folder_that_is_gone_heals(tmp_path: Path) -> None:
    """A write fails while there is nowhere to write, and no longer."""
    folder = tmp_path / "log"
    folder.mkdir()
    file = AppendedFile(str(folder / "audit.jsonl"))
    (folder / "audit.jsonl").unlink()
    folder.rmdir()
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            file.write(b"lost\n")
    folder.mkdir()
    file.write(b"1\n")
    file.close()
    assert (folder / "audit.jsonl").read_bytes() == b"1\n"


def test_a_full_disk_spoils_one_line_at_most(tmp_path: Path) -> None:
    """What is written when there is room again begins a line of its own."""
    path = tmp_path / "audit.jsonl"
    file = AppendedFile(str(path))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6, before[1]))
    try:
        for _ in range(2):
            with pytest.raises(OSError, match="File too large"):
                file.write(b'{"n": 1}\n')
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    for line in (b'{"n": 2}\n', b'{"n": 3}\n'):
        file.write(line)
    file.close()
    assert path.read_bytes() == b'{"n": \n{"n": 2}\n{"n": 3}\n'


def test_what_cannot_be_opened_is_a_sentence(tmp_path: Path) -> None:
    """Which file, why, and what to do."""
    missing = tmp_path / "none" / "audit.jsonl"
    with pytest.raises(FileUnavailable, match=rf"{missing} cannot be written: No such file or directory\. Let"):
        AppendedFile(str(missing))
    assert not os.path.lexists(missing)
