"""tests/warm_python.py: what it starts must be what ``python -m bridge`` starts, or tests would test something else."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bridge_process import SECRET, configuration, written
from tests.warm_python import Start, WarmPython, start_cold


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmPython]:
    """One of this module's own."""
    with WarmPython() as python:
        yield python


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--version"], 0, "idp-bridge "),
        (["serve", "--no-such-option"], 2, "No such option"),
        (["serve", "--config", "/nowhere/bridge.yaml"], 2, "/nowhere/bridge.yaml"),
        (["secret", "--help"], 0, "Usage: idp-bridge secret"),
    ],
)
def test_it_says_and_ends_as_the_other_does(warm: WarmPython, arguments: list[str], status: int, said: str) -> None:
    """Both streams, to the last character, and the exit status."""
    ways: list[Start] = [warm.start, start_cold]
    ends = []
    for start in ways:
        process = start(arguments, {**os.environ, "NO_COLOR": "1"})
        assert process.stdout is not None
        with process.stdout as printed:
            ends.append((printed.read(), process.wait(20)))
    assert ends[0] == ends[1]
    assert ends[0][1] == status
    assert said in ends[0][0]


def test_it_has_the_given_environment_only(warm: WarmPython, tmp_path: Path) -> None:
    """Nothing of what the one it was forked of has."""
    file = tmp_path / "bridge.yaml"
    file.write_text(written(configuration("https://login.shop.example")))
    process = warm.start(["serve", "--config", str(file)], {})
    assert process.stdout is not None
    with process.stdout as printed:
        assert "HEADER_TOKEN" in printed.read()
    assert process.wait(20) == 1


def test_none_is_left(tmp_path: Path) -> None:
    """Whatever runs ends with the one it was forked of, as it does when a worker dies."""
    file = tmp_path / "bridge.yaml"
    file.write_text(written(configuration("https://login.shop.example")))
    with WarmPython() as python:
        process = python.start(["serve", "--config", str(file)], {**os.environ, "HEADER_TOKEN": SECRET})
        assert process.stdout is not None
        while '"listening"' not in process.stdout.readline():  # the test's own time limit ends it
            pass
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
    assert process.wait(20) == -signal.SIGKILL
    process.stdout.close()
