"""Located problems as a person or a program reads them, for every command that reads a file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from bridge.cli.console import Status, bad, printable, say, say_json, tell
from bridge.config.load import LocatedProblem


def say_problems(problems: Sequence[LocatedProblem], file: Path, *, as_json: bool) -> None:
    """The problems as the command's result, and how many there are."""
    if as_json:
        say_json({"ok": False, "file": str(file), "problems": problems_as_json(problems)})
        return
    for problem in problems:
        say(printable(str(problem)))
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    say(bad(printable(f"{file}: {count}")))


def stopped_by(problems: Sequence[LocatedProblem], file: Path, status: Status, *, as_json: bool) -> typer.Exit:
    """Says that a file's problems are in the way of another command; raise what it gives."""
    if as_json:
        say_problems(problems, file, as_json=True)
    else:
        for problem in problems:
            tell(printable(str(problem)))
        tell(printable(f"idp-bridge: {file} must be mended first; see `idp-bridge check`."))
    return typer.Exit(status)


def problems_as_json(problems: Sequence[LocatedProblem]) -> list[Mapping[str, Any]]:
    """Problems, or warnings, for a program."""
    return [
        {
            "file": located.file,
            "line": located.line,
            "column": located.column,
            "path": list(located.problem.path),
            "found": located.problem.found,
            "why": located.problem.why,
            "cure": located.problem.cure,
        }
        for located in problems
    ]
