"""Settings as YAML that reads back as what they are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.config.yaml_document import read_yaml
from bridge.config.yaml_text import Shown, as_data, as_yaml

SETTINGS = [
    Shown(("version",), 1, "f:1"),
    Shown(("a", "b", "c"), "x", "f:2"),
    Shown(("a", "b", "d"), ["w", {"z": None}], "default"),
    Shown(("e", "0"), {"claim": "tier"}, "f:9"),
    Shown(("e", "1"), "text with blanks", "f:10"),
    Shown(("a", "f"), True, "default"),
]


def test_it_is_nested_once_and_in_order() -> None:
    """What is inside one key stands together, where the key first appeared; origins are comments."""
    assert as_yaml(SETTINGS, origins=False).splitlines() == [
        "version: 1",
        "a:",
        "  b:",
        "    c: x",
        "    d: [w, {z: null}]",
        "  f: true",
        "e:",
        "  - {claim: tier}",
        '  - "text with blanks"',
    ]
    lines = as_yaml(SETTINGS, origins=True).splitlines()
    assert lines[0].split("  # ")[1] == "f:1"
    assert lines[1] == "a:"


def test_it_is_data_for_a_program() -> None:
    """Nested maps with the same keys."""
    assert as_data(SETTINGS)["a"] == {"b": {"c": "x", "d": ["w", {"z": None}]}, "f": True}


_texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "007", "1e3", ".5", "-", "~", "null", "No", "on", "30s", "10/s", "0.0.0.0", "https://a.example/"]),
    st.from_regex(r"[-+.0-9eE]{1,6}", fullmatch=True),
)  # fmt: skip
_values = st.recursive(
    st.one_of(_texts, st.integers(-(10**9), 10**9), st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.from_regex("[a-z_]{3,8}"), inner, max_size=3)
    ),
    max_leaves=8,
)  # fmt: skip


@given(_values)
def test_whatever_is_written_reads_back(value: Any) -> None:
    """Quotes where YAML would read something else, between braces too."""
    try:
        text = as_yaml([Shown(("it",), value, "f:1")], origins=True)
        document = read_yaml(text)
    except ValueError:
        pytest.fail(text)
    assert document.data == {"it": value}


@pytest.mark.parametrize("text", ["https://login.shop.example/", "30s", "0.0.0.0", "/staff", "RS256", "at+jwt"])
def test_plain_words_need_no_quotes(text: str) -> None:
    """An operator would not write them either."""
    assert as_yaml([Shown(("it",), [text], "")], origins=False) == f"it: [{text}]"
