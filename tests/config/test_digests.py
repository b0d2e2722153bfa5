"""What files held when they were read, and whether they still do."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.config.digests import UNREADABLE, differ, digest, digests_now
from bridge.config.load import InvalidConfiguration, load
from tests.config.files import ENVIRONMENT, GOOD, SECRET

TOKEN = "{env: HEADER_TOKEN}"


def written(folder: Path, token: str = TOKEN) -> Path:
    """A good file in a folder, with a header token from somewhere else."""
    path = folder / "bridge.yaml"
    path.write_text(GOOD.replace(TOKEN, token))
    return path


def test_loading_tells_what_it_read(tmp_path: Path) -> None:
    """The file itself, each file that it names, and those that it looked for in vain."""
    (tmp_path / "token").write_text(SECRET + "\n")
    path = written(tmp_path, "[{file: token}, {file: old, optional: true}]")
    loaded = load(path, environment=ENVIRONMENT)
    assert loaded.files == {
        path: digest(path.read_bytes()),
        tmp_path / "token": digest(f"{SECRET}\n".encode()),
        tmp_path / "old": UNREADABLE,
    }


@pytest.mark.parametrize(
    ("token", "looked_for"),
    [
        pytest.param("{file: token}", {"bridge.yaml", "token"}, id="a secret that is not there"),
        pytest.param("{env: NOT_SET}", {"bridge.yaml"}, id="a variable that is not set"),
        pytest.param("{file: token", {"bridge.yaml"}, id="no YAML"),
    ],
)
def test_so_does_loading_in_vain(tmp_path: Path, token: str, looked_for: set[str]) -> None:
    """So that whoever watches knows when to try again."""
    with pytest.raises(InvalidConfiguration) as invalid:
        load(written(tmp_path, token), environment=ENVIRONMENT)
    assert {path.name for path in invalid.value.files} == looked_for


def _swap(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"two")
    other.replace(path)


def _same_time(path: Path) -> None:
    before = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("change", "is_other"),
    [
        pytest.param(lambda path: path.write_bytes(b"two"), True, id="written anew"),
        pytest.param(_swap, True, id="another file in its place"),
        pytest.param(_same_time, True, id="of the same size and time"),
        pytest.param(Path.unlink, True, id="gone"),
        pytest.param(_folder, True, id="a folder now"),
        pytest.param(_fifo, True, id="a FIFO now, which is not waited for"),
        pytest.param(Path.touch, False, id="only touched"),
        pytest.param(lambda path: path.write_bytes(b"one"), False, id="the same once more"),
    ],
)
def test_only_another_content_is_a_change(tmp_path: Path, change: Callable[[Path], object], is_other: bool) -> None:
    """However it comes about."""
    path = tmp_path / "file"
    path.write_bytes(b"one")
    known = {path: digest(b"one"), tmp_path / "none": UNREADABLE}
    assert digests_now(known) == known
    assert not differ(known)
    change(path)
    assert differ(known) is is_other
