"""Every threat of the groups that are done has a test that names it, or a written reason."""

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.attacks.threats import DONE, REASON

pytestmark = pytest.mark.timeout(180)  # where no other test has imported them, all modules are imported here

TESTS = Path(__file__).parents[1]
SECURITY = TESTS.parent / "docs" / "security.md"
FOLDERS = (".", "attacks", "config", "contract", "deploy", "mapping", "oidc", "server")
HONEST = {"K00", "M00"}
"""Rows in which nothing is wrong, of groups whose threats begin with 01."""
ID = re.compile(r"\b[JCKUHMO]\d\d\b")


def texts(module: ModuleType) -> Iterator[str]:
    """What a module's tables call their rows, and what its tests say that they show."""
    for value in vars(module).values():
        yield from (str(row) for row in value if hasattr(row, "threat")) if isinstance(value, tuple | list) else ()
        yield from value if isinstance(value, dict) and all(isinstance(key, str) for key in value) else ()
        for member in [value, *vars(value).values()] if isinstance(value, type) else [value]:
            if inspect.isfunction(member) and member.__name__.startswith("test_"):
                yield member.__doc__ or ""
                yield from cases(member)


def cases(test: Any) -> Iterator[str]:
    """The names of a test's parameters; without one of its own, a case that says in words what it is has these."""
    for mark in getattr(test, "pytestmark", ()):
        if mark.name == "parametrize":
            for case in mark.args[1]:
                names = [case.id] if hasattr(case, "id") else case if isinstance(case, tuple) else ()
                yield from (name for name in names if isinstance(name, str))


@pytest.fixture(scope="module")
def shown() -> list[str]:
    """All of it, as far as it names a threat."""
    files = [file for folder in FOLDERS for file in sorted((TESTS / folder).glob("test_*.py"))]
    modules = [
        importlib.import_module(".".join(("tests", *file.relative_to(TESTS).with_suffix("").parts)))
        for file in files
        if file != Path(__file__)
    ]
    return [text for module in modules for text in texts(module) if ID.search(text)]


def reasons() -> dict[tuple[str, str], str]:
    """The rows of the table of reasons, by id and case."""
    rows = re.findall(r"^\| ([JCKUHMO]\d\d) \| (.+?) \| (.+?) \|$", SECURITY.read_text("utf-8"), re.MULTILINE)
    return {(threat, case): reason for threat, case, reason in rows}


@pytest.mark.parametrize("threat", [threat for group in DONE.values() for threat in group])
def test_every_threat_is_tested_or_explained(threat: str, shown: list[str]) -> None:
    """Each of its cases: by the words that the table has, or by a row of docs/security.md."""
    for case, words in DONE[threat[0]][threat].items():
        if words == REASON:
            assert (threat, case) in reasons(), f"{threat} {case}: docs/security.md gives no reason"
        else:
            assert [text for text in shown if words in text], f"{threat} {case}: no test says {words!r}"


def test_no_reason_is_left_over() -> None:
    """What is explained away is still open; what has a test needs no excuse."""
    open_cases = {
        (threat, case)
        for group in DONE.values()
        for threat, named in group.items()
        for case, words in named.items()
        if words == REASON
    }
    assert set(reasons()) == open_cases


def test_every_row_is_of_a_known_threat(shown: list[str]) -> None:
    """A row whose id is misspelt would be nobody's."""
    known = {threat for group in DONE.values() for threat in group} | HONEST
    named = {found for text in shown for found in ID.findall(text) if found[0] in DONE}
    assert named <= known
