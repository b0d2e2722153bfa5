"""bridge/config/last_good.py: a kept configuration is whole, its owner's, and taken only if it is."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.config.last_good import LastGood, LastGoodUnfit
from bridge.config.yaml_document import MAX_BYTES

TEXT = "version: 1  # für später\n".encode()


def test_what_was_kept_is_given_back_to_the_byte(tmp_path: Path) -> None:
    """The last one, for its owner alone, with nothing left behind."""
    last_good = LastGood(tmp_path / "last-good.yaml")
    last_good.keep(b"version: 0")
    last_good.keep(TEXT)
    assert last_good.text() == TEXT
    assert last_good.file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [last_good.file]


def _replaced_by_a_link(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.symlink_to("elsewhere")


def _replaced_by_a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file, 0o600)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda file: file.unlink(), "none was kept in .*last-good.yaml yet"),
        (lambda file: file.chmod(0o620), "others may write to it"),
        (lambda file: file.chmod(0o602), "others may write to it"),
        (_replaced_by_a_link, "cannot be read"),
        (_replaced_by_a_pipe, "is no file"),
    ],
)
def test_what_others_may_have_made_is_not_taken(tmp_path: Path, spoil: Callable[[Path], None], why: str) -> None:
    """Whoever can write it decides whom the bridge believes."""
    last_good = LastGood(tmp_path / "last-good.yaml")
    last_good.keep(TEXT)
    spoil(last_good.file)
    with pytest.raises(LastGoodUnfit, match=why):
        last_good.text()


def test_another_users_file_is_not_taken(tmp_path: Path) -> None:
    """However well it looks."""
    LastGood(tmp_path / "last-good.yaml").keep(TEXT)
    with pytest.raises(LastGoodUnfit, match="is another user's"):
        LastGood(tmp_path / "last-good.yaml", user=os.geteuid() + 1).text()


def test_no_more_is_read_than_a_configuration_may_have(tmp_path: Path) -> None:
    """One byte too many is enough to see that it is none."""
    last_good = LastGood(tmp_path / "last-good.yaml")
    last_good.keep(b"x" * (MAX_BYTES + 100))
    assert len(last_good.text()) == MAX_BYTES + 1


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """And leaves nothing."""
    with pytest.raises(FileNotFoundError):
        LastGood(tmp_path / "none/last-good.yaml").keep(TEXT)
