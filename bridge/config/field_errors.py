"""What is wrong with one value, in plain words: never the validation library's own, never a secret."""

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic_core import ErrorDetails

from bridge.errors import KeyPath, Problem
from bridge.units import UNITS

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a map",
    "model_type": "a map",
    "literal_error": "{expected}",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
}
_LONGEST = 60


def described(value: Any, written: str | None = None) -> str:
    """A value in a few words: ``the text "abc"``, ``the number 007``, ``a list of 2``, ``nothing``.

    Args:
        value: As the file's plain data has it.
        written: How a value that is no text stands in the file, if it is known.
    """
    match value:
        case str():
            return f"the text {quoted(value)}"
        case bool():
            return written or json.dumps(value)
        case int() | float():
            return f"the number {written or value}"
        case list():
            return f"a list of {len(value)}"
    return kind_of(value)


def kind_of(value: Any) -> str:
    """What sort of value it is, for one that must not be shown."""
    match value:
        case None:
            return "nothing"
        case str():
            return "a text"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case list():
            return "a list"
    return "a map"


def quoted(text: str) -> str:
    """A text in double quotes, short, on one line, with everything invisible escaped."""
    short = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    escaped = json.dumps(short, ensure_ascii=False)
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in escaped)


_SHORT_FOR = {"jwks": "url", "userinfo": "url", "introspection": "url", "token_check": "url"}
"""Sections in place of which an address is written, and the key under which it belongs."""


def field_problem(
    error: ErrorDetails, path: KeyPath, found: str, written: str | None, *, secret: bool = False
) -> Problem:
    """One field's error.

    Args:
        error: From pydantic; its type and context are read, its text only where it is ours.
        path: Where the value stands.
        found: The value in a few words.
        written: How a value that is no text stands in the file.
        secret: Whether the value must not be shown.
    """
    kind, context = error["type"], error.get("ctx", {})
    if kind in UNITS:
        meant = None if secret else UNITS[kind].meant(error["input"])
        why = f"Its units are {', '.join(UNITS[kind].factors)}." if meant else ""
        return Problem(path, f"{found}, {error['msg']}", why, f"Write {meant}." if meant else "")
    if kind == "literal_error":
        return _choice_problem(error["input"], path, found, [each.strip("'") for each in _choices(context)])
    expected = _EXPECTED.get(kind, "something else").format(**context)
    cure = _cure(kind, error["input"], written)
    inner = _SHORT_FOR.get(str(path[-1])) if path and kind in {"model_type", "dict_type"} else None
    if inner and isinstance(error["input"], str) and not secret:
        cure = f"Did you mean {path[-1]}: {{{inner}: {quoted(error['input'])}}}?"
    return Problem(path, f"{found}, {expected} was expected", "", cure)


def _cure(kind: str, value: Any, written: str | None) -> str:
    if value is None:
        return "Give it a value, or remove the key."
    if kind == "string_type" and written is not None:
        return f'Write it in quotes: "{written}"'
    if kind == "int_type" and isinstance(value, str) and value.isdecimal():
        return "Write it without quotes."
    if kind == "bool_type":
        return "Write true or false; yes, no, on and off are texts."
    return ""


def _choices(context: Mapping[str, Any]) -> list[str]:
    return str(context.get("expected", "")).replace(" or ", ", ").split(", ")


def _choice_problem(value: Any, path: KeyPath, found: str, choices: list[str]) -> Problem:
    cure = nearest_or(value, choices, "") if isinstance(value, str) else ""
    if isinstance(value, list):
        only = value[0] if len(value) == 1 and value[0] in choices else None
        cure = f"Write it without brackets: {path[-1]}: {only}" if only else "Choose one of them; this is no list."
    return Problem(
        path,
        f"{found}, {'one of ' if len(choices) > 1 else ''}{', '.join(choices)} was expected",
        "",
        cure,
    )


def unknown_key_problem(path: KeyPath, known: Iterable[str], place: str | None = None) -> tuple[Problem, str | None]:
    """A key that is not known there, and the known one that was probably meant.

    Args:
        path: Where it stands.
        known: The keys that could stand there.
        place: Where a key of that name does belong, if anywhere.
    """
    known = list(known)
    nearest = suggestion(str(path[-1]), known)
    if place:
        cure = f"It belongs {place}."
    elif nearest:
        cure = f"Did you mean {nearest}?"
    else:
        cure = f"Known here: {', '.join(known)}." if known else ""
    return Problem(path, "unknown key", "", cure), None if place else nearest


def nearest_or(name: str, known: Iterable[str], otherwise: str) -> str:
    """What to do about an unknown name: the known one that was probably meant, or what ``otherwise`` says."""
    nearest = suggestion(name, known)
    return f"Did you mean {nearest}?" if nearest else otherwise


def suggestion(text: str, known: Iterable[str]) -> str | None:
    """The known word that a misspelt one was probably meant to be."""
    if not 2 <= len(text) <= _LONGEST:
        return None
    known = list(known)
    folded = text.lower().replace("-", "_")
    by_folded = {each.lower(): each for each in known}
    nearest = get_close_matches(folded, by_folded, n=1, cutoff=0.6)
    if nearest:
        return by_folded[nearest[0]]
    longer = [each for each in known if len(folded) >= 3 and each.lower().startswith(folded)]
    return longer[0] if len(longer) == 1 else None
