"""How results look."""

import contextlib
import os
import pty

import pytest

from bridge.cli.console import bad, doubtful, good, printable


def on_a_terminal(text: str) -> list[str]:
    """The text as each colour shows it while standard output is a terminal."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours), os.fdopen(theirs, "w") as terminal, contextlib.redirect_stdout(terminal):
        return [good(text), bad(text), doubtful(text)]


def test_a_terminal_gets_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Green, red and yellow; the words are the same without."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert on_a_terminal("x") == [f"\x1b[{colour}mx\x1b[0m" for colour in (32, 31, 33)]


@pytest.mark.parametrize("env", [{"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_where_it_is_not_wanted(monkeypatch: pytest.MonkeyPatch, env: dict[str, str]) -> None:
    """no-color.org, and terminals that have none."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert on_a_terminal("x") == ["x"] * 3


def test_no_colour_for_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no terminal gets plain text, whatever TERM says."""
    monkeypatch.setenv("TERM", "xterm")
    with open(os.devnull, "w") as file, contextlib.redirect_stdout(file):  # noqa: PTH123 -- not a path of ours
        assert [good("x"), bad("x"), doubtful("x")] == ["x"] * 3


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Nguyễn Văn An\n", "Nguyễn Văn An\n"),
        ("\x1b[2J", "\\u001b[2J"),
        ("a\rb\tc", "a\\u000db\\u0009c"),
        ("\u202egnp", "\\u202egnp"),
        ("\x9b1m", "\\u009b1m"),
    ],
)
def test_nothing_steers_the_terminal(text: str, shown: str) -> None:
    """What came from outside is shown as text."""
    assert printable(text) == shown
