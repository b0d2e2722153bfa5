"""A visitor's values, outlined."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.cli.masking import in_full, masked, shown


@pytest.mark.parametrize(
    ("value", "outline"),
    [
        ("Nguyễn Văn An", "N•••••n (13 characters)"),
        ("12345678", "1•••••8 (8 characters)"),
        ("1234567", "••••• (7 characters)"),
        ("x", "••••• (1 character)"),
        ("", "••••• (0 characters)"),
        (12345, "a number"),
        (True, "true or false"),
        (None, "nothing"),
        (["a"], "a list of 1"),
        ({"a": "b"}, "an object"),
        ("\x1b1234567\n", "\\u001b•••••  (9 characters)"),
    ],
)
def test_an_outline_says_what_it_is(value: Any, outline: str) -> None:
    """Its kind and size, the ends of a longer text, nothing that steers a terminal."""
    assert masked(value) == outline


@given(st.text(min_size=3, max_size=40))
def test_no_outline_has_the_value(value: str) -> None:
    """Nor any three letters of it in a row."""
    outline = masked(value).replace("characters", "").replace("•", "")
    assert value not in outline


@pytest.mark.parametrize(
    ("value", "hidden", "seen"),
    [
        ({"tier": "gold", "x": None}, "tier is ••••• (4 characters), x is nothing", 'tier is "gold", x is null'),
        ("gold", "••••• (4 characters)", '"gold"'),
        (["é"], "a list of 1", '["é"]'),
    ],
)
def test_claims_are_shown_by_name(value: Any, hidden: str, seen: str) -> None:
    """Each behind its name, masked or in full."""
    assert (shown(value, show_values=False), shown(value, show_values=True)) == (hidden, seen)


def test_in_full_is_one_line() -> None:
    """Whatever stands in it."""
    assert in_full("a\nb\u202e") == '"a\\nb\\u202e"'
