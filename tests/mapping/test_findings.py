"""How problems are told."""

import pytest
from hypothesis import given

from bridge.mapping.condition_grammar import STANDARD
from bridge.mapping.findings import Findings, abridged, misspelt, nearest, shown
from tests.mapping.json_values import texts


@pytest.mark.parametrize(
    ("items", "text"),
    [
        (["a", "b"], "[a, b]"),
        (["a", 0, {"b": 1}], "[a, …, …]"),
        (list("abcdef"), "[a, b, c, d, …]"),
        (["\x1b[31m", "x" * 40], "[…, …]"),
    ],
)
def test_abridged(items: list[object], text: str) -> None:
    """An operator's list is shown as far as it serves an example."""
    assert abridged(items) == text


@given(texts)
def test_shown(text: str) -> None:
    """An operator's text is shown so that it moves no terminal and can be encoded."""
    assert shown(text * 20).isprintable()
    assert len(shown(text * 20)) <= 64 * 10 + 2
    shown(text).encode()


def test_nearest() -> None:
    """What is near is suggested, what is far or huge is not."""
    assert nearest("emial", ("email", "id")) == "email"
    assert nearest("zzz", ("email", "id")) is None
    assert nearest("email" * 100, ("email" * 99,)) is None


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("emial", "email"), ("email_verifed", "email_verified"), ("nmae", "name"), ("givenname", "given_name"),
        ("email", None), ("emails", None), ("role", None), ("mail", None), ("tier", None), ("plan", None),
        ("phone_verified", None), ("email" * 100, None), ("", None),
    ],
)  # fmt: skip
def test_misspelt(name: str, meant: str | None) -> None:
    """A slip of a known name is doubted; a name of its own is not, be it near."""
    assert misspelt(name, STANDARD) == meant


def test_kept_in_order() -> None:
    """Errors and warnings are kept apart, in the order in which they were found."""
    findings = Findings()
    findings.refuse(("a",), "first")
    findings.warn(("b",), "doubt")
    findings.refuse(("c",), "second")
    assert [problem.found for problem in findings.errors] == ["first", "second"]
    assert [problem.found for problem in findings.warnings] == ["doubt"]
