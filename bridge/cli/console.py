"""What a command leaves behind: text or JSON, and an exit status that a script can act on."""

import json
import os
import sys
from enum import IntEnum
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

import typer

_LAST_STREAM = 2  # POSIX: standard input, output and error are 0, 1 and 2

READ_BYTES = 1 << 20
"""More than any token, claims or answer has."""


class Status(IntEnum):
    """Exit statuses of every command; 2 is also what wrong usage gives."""

    YES = 0
    FINDING = 1
    CANNOT_TELL = 2


def prepare_streams() -> None:
    """Makes standard output and error fit to print to.

    A terminal that cannot show a letter shows its code instead of failing. Where a stream is closed (``>&-``) there is
    /dev/null: the next file or connection would else get its number, and be sent what is printed.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _LAST_STREAM:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    # Closed at our end; a with statement would close them too soon.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str = "") -> None:
    """One line, or several, of the command's result: standard output."""
    typer.echo(text)


def tell(text: str) -> None:
    """A line beside the result, for the person: standard error."""
    typer.echo(text, err=True)


def say_json(value: Any) -> None:
    """The command's result for a program: one JSON object on standard output."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def say_json_line(value: Any) -> None:
    """One of a stream of results for a program: a JSON object in one line, at once."""
    typer.echo(json.dumps(value, ensure_ascii=False))
    sys.stdout.flush()


def good(text: str) -> str:
    """The text in green, where colour is wanted."""
    return _coloured(text, "green", sys.stdout)


def bad(text: str) -> str:
    """The text in red, where colour is wanted."""
    return _coloured(text, "red", sys.stdout)


def doubtful(text: str) -> str:
    """The text in yellow, where colour is wanted."""
    return _coloured(text, "yellow", sys.stdout)


def printable(text: str) -> str:
    """The text without characters that would steer a terminal; line breaks stay."""
    return "".join(
        character if character.isprintable() or character == "\n" else f"\\u{ord(character):04x}" for character in text
    )


def cannot_tell(sentence: str, *, as_json: bool = False) -> typer.Exit:
    """Says in a sentence what stood in the way; raise what it gives to end the command with status 2.

    Args:
        sentence: For the person who must mend it.
        as_json: Give it as the command's JSON result instead, with ``ok`` false.
    """
    if as_json:
        say_json({"ok": False, "error": sentence})
    else:
        tell(f"idp-bridge: {printable(sentence)}")
    return typer.Exit(Status.CANNOT_TELL)


def _coloured(text: str, colour: str, stream: TextIO) -> str:
    # On a terminal only, and never with NO_COLOR (no-color.org).
    if not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return typer.style(text, fg=colour)


def read_text(file: str, what: str, *, as_json: bool) -> str:
    """The text of a file, ``-`` for standard input, a trailing line break cut off.

    Args:
        file: Its path.
        what: What it holds, for the sentence that says why it cannot be read.
        as_json: As for ``cannot_tell``.
    """
    try:
        if file == "-":
            data = sys.stdin.buffer.read(READ_BYTES)
        else:
            with Path(file).open("rb") as opened:
                data = opened.read(READ_BYTES)
        return data.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise cannot_tell(f"The {what} in {file} is not text.", as_json=as_json) from None
    except OSError as error:
        raise cannot_tell(
            f"The {what} cannot be read from {file}: {error.strerror or error}.", as_json=as_json
        ) from None
