"""Two configurations compared for ``idp-bridge check --against OLD``."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from bridge.cli.configuration import cases_beside, unresolved_configuration
from bridge.cli.console import Status, bad, doubtful, good, printable, say, tell
from bridge.cli.problems import say_problems
from bridge.config.case_file import load_cases
from bridge.config.changes import Change, Effect, changed_answers, changes
from bridge.config.load import InvalidConfiguration, dotted
from bridge.config.model import Model

_WORDS: Mapping[Effect, tuple[str, Callable[[str], str]]] = {
    "identity": ("somebody else", bad),
    "refused": ("refused", doubtful),
    "note": ("note", str),
}
"""Each effect in a word, and its colour; the gravest first."""


def compared(old: Path, new: Path, *, as_json: bool) -> tuple[Change, ...]:
    """What differs for existing customers. Neither file's secrets are looked up."""
    before = unresolved_configuration(old, Status.CANNOT_TELL, as_json=as_json)
    after = unresolved_configuration(new, Status.FINDING, as_json=as_json)
    found = list(changes(before.settings, after.settings))
    for file in dict.fromkeys((cases_beside(new), cases_beside(old))):
        if file.exists():
            found += _answers(file, before.model, after.model, as_json=as_json)
    order = list(_WORDS)
    return tuple(sorted(found, key=lambda change: order.index(change.effect)))


def _answers(file: Path, before: Model, after: Model, *, as_json: bool) -> list[Change]:
    try:
        asked = load_cases(file, after)
    except InvalidConfiguration as invalid:
        say_problems(invalid.problems, file, as_json=as_json)
        raise typer.Exit(Status.FINDING) from None
    try:
        return list(changed_answers(load_cases(file, before), asked))
    except InvalidConfiguration:
        tell(printable(f"note: the cases of {file} name what the old file has not; their answers are not compared."))
        return []


def say_changes(found: Sequence[Change], old: str) -> None:
    """The differences for a person, the gravest first."""
    if not found:
        say(good(printable(f"Nothing changes for the customers of {old}.")))
        return
    say(printable(f"For the customers of {old}:"))
    for change in found:
        word, paint = _WORDS[change.effect]
        say(f"  {paint(word + ':')} {printable(f'{dotted(change.path)}: {change.found}')}")
        if change.why:
            say(printable(f"    {change.why}"))
    lost = sum(1 for change in found if change.effect == "identity")
    if lost:
        say(bad(f"{lost} of these would make somebody else of a customer."))


def changes_as_json(found: Sequence[Change]) -> list[Mapping[str, Any]]:
    """The differences for a program."""
    return [
        {"effect": change.effect, "path": list(change.path), "found": change.found, "why": change.why}
        for change in found
    ]
