"""The text of one YAML document, as data with positions."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.config.yaml_document import MAX_BYTES, read_yaml
from bridge.config.yaml_nodes import MAX_DEPTH, Mark, YamlInvalid


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("42", 42),
        ("-7", -7),
        ("007", 7),
        ("+84901234567", 84901234567),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("12:30:00", "12:30:00"),
        ("2026-11-01T10:00:00Z", "2026-11-01T10:00:00Z"),
        ("1.2.3", "1.2.3"),
        ("'true'", "true"),
        ('"42"', "42"),
        ("http://127.0.0.1:80/", "http://127.0.0.1:80/"),
        ("=", "="),
        ("|\n  %x\n", "%x\n"),
    ],
)
def test_plain_scalars_are_null_booleans_decimal_numbers_or_text(written: str, value: Any) -> None:
    """M16: YAML 1.2, and only its decimal numbers; what is quoted is text."""
    read = read_yaml(f"a: {written}\n").data["a"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "line", "column", "found"),
    [
        ("a: 1\n\tb: 2", 2, 1, "a tab"),
        ("a: b: c", 1, 5, "a colon where none can stand"),
        ("a:\n  b: 1\n  audience:chat\n", 3, 3, "a key without its colon"),
        ("a:\n  b: 1\n c: 2", 3, 2, "something other than a key"),
        ("- a\nb: c", 2, 1, "something other than a list item"),
        ("a: [1, 2\nb: 3", 1, 4, "a list that is not closed"),
        ("a: {b: 1", 1, 4, "a map that is not closed"),
        ("a: 'x\nb: 2", 1, 4, "a quotation mark that is never closed"),
        ('a: "\\q"', 1, 5, "a backslash with a letter that means nothing"),
        ("a: {: b}", 1, 5, "nothing where a value was expected"),
        ("a: @x", 1, 4, "a text that begins with @"),
        ("a: - b", 1, 4, "a list item where none can stand"),
        ("a: *", 1, 5, "not YAML: did not find expected alphabetic or numeric character"),
        ("%YAML 1.2\n---\na: 1", 1, 1, "a directive"),
        ("# x\n%TAG !a b\n---\na: 1", 2, 1, "a directive"),
        ("a: 1\n---\nb: 2", 2, 1, "a second document"),
        ("a: 1\n...\n# x\nb: 2", 4, 1, "more after the end of the document"),
        ("a: 1\n...\n%TAG ! x\n---\nb: 2", 3, 1, "more after the end of the document"),
        ("\ufeffa: 1", 1, 1, "a byte order mark"),
        (b"a: 1\nb: \xc3\xa9\xff", 2, 5, "a byte that is not UTF-8"),
        ("a: 1".encode("utf-16"), 1, 1, "UTF-16"),
        ("a: 1\nb: x\x00", 2, 5, "the invisible character U+0000"),
        ("a: x\u2028", 1, 5, "the invisible character U+2028"),
        ("a: x\x85", 1, 5, "the invisible character U+0085"),
        ("a: x\rb: y", 1, 5, "the invisible character U+000D"),
        ("a: \ud800", 1, 4, "the invisible character U+D800"),
        ("a: " + "[" * MAX_DEPTH, 1, 3 + MAX_DEPTH, f"nested more than {MAX_DEPTH} deep"),
        ("#" * (MAX_BYTES + 1), 1, 1, "more than 1 MiB"),
    ],
)
def test_what_is_no_document_is_located(text: str | bytes, line: int, column: int, found: str) -> None:
    """Reading stops at what cannot be YAML for us, and says where and what."""
    with pytest.raises(YamlInvalid) as caught:
        read_yaml(text)
    finding = caught.value.finding
    assert (finding.mark, finding.problem.found) == (Mark(line, column), found)
    assert finding.problem.cure


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\n...\n# the end\n",
        "--- # one document\na: 1\n",
        "a: 1\r\nb: 2\r\n",
        "a: 'x\ty' # a tab\there\n",
        "a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1),
        " " * (MAX_BYTES - 4) + "a: 1",
        '{"a":1,\n"b":[true,null,"é"]}',
        "",
        "# nothing\n",
    ],
)
def test_what_is_a_document_is_read(text: str) -> None:
    """The twins of what is refused: one step before each bound, and JSON, which is YAML."""
    assert read_yaml(text).findings == ()


def test_every_value_has_its_place() -> None:
    """A map's entry is where its key is, an item where it is itself, what is missing at what is around it."""
    document = read_yaml("# é\na:\n  - x\n  - {b: 007, c: &d [1]}\ne: *d\n")
    places = {
        (): (2, 1),
        ("a",): (2, 1),
        ("a", 0): (3, 5),
        ("a", 1): (4, 5),
        ("a", 1, "b"): (4, 6),
        ("a", 1, "c", 0): (4, 21),
        ("a", 1, "missing", "too"): (4, 5),
        ("a", 7): (2, 1),
        ("missing",): (2, 1),
        ("e",): (5, 1),
        ("e", 0): (4, 21),
    }
    assert {path: (document.mark(path).line, document.mark(path).column) for path in places} == places
    assert document.depth(("a", 1, "missing", "too")) == 2


def test_a_number_is_remembered_as_it_was_written() -> None:
    """So that the cure can quote what the operator typed, with its plus sign and zeros."""
    document = read_yaml("a: +84901234567\nb: 007\nc: 1e3\nd: '5'\ne: text\n")
    assert [document.written((key,)) for key in "abcde"] == ["+84901234567", "007", "1e3", None, None]
    assert document.written(("missing",)) is None


_texts = st.one_of(
    st.text(max_size=200),
    st.text(alphabet="ab:-?,[]{}#&*!|>'\"%@` \n\t\\0.~<=", max_size=200),
    st.lists(
        st.sampled_from(
            [
                "a: ",
                "- ",
                "[",
                "]",
                "{",
                "}",
                ",",
                "&a ",
                "*a",
                "\n",
                "  ",
                "'",
                '"',
                "? ",
                "!x ",
                "|",
                ">",
                "<<: ",
                "no: ",
            ]
        ),
        max_size=60,
    ).map("".join),
)


@given(_texts)
def test_any_text_is_a_document_or_a_located_problem(text: str) -> None:
    """Nothing else escapes, and every place that is named is in the text."""
    try:
        findings = read_yaml(text).findings
    except YamlInvalid as invalid:
        findings = (invalid.finding,)
    rows = text.split("\n")
    for finding in findings:
        assert 1 <= finding.mark.line <= len(rows) + 1
        row = rows[finding.mark.line - 1] if finding.mark.line <= len(rows) else ""
        assert 1 <= finding.mark.column <= len(row) + 1


@given(st.binary(max_size=100))
def test_any_bytes_are_a_document_or_a_located_problem(data: bytes) -> None:
    """A file need not be text."""
    try:
        found = [finding.problem.found for finding in read_yaml(data).findings]
    except YamlInvalid as invalid:
        found = [invalid.finding.problem.found]
    assert all(found)


_finite = st.floats(allow_nan=False, allow_infinity=False)
_visible = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cn"), exclude_characters="\ufeff")
)
_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**18), 10**18), _finite, _visible),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_visible.filter(bool), inner, max_size=4)),
    max_leaves=20,
)


@given(st.dictionaries(_visible.filter(lambda key: 0 < len(key) < 200), _json, max_size=4))
def test_json_is_read_as_it_is(value: dict[str, Any]) -> None:
    """A file written by a program as JSON means what the program meant."""
    document = read_yaml(json.dumps(value, ensure_ascii=False, indent=1))
    assert document.findings == ()
    assert _alike(document.data, value)


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    return bool(one == other) or (isinstance(one, float) and math.isclose(one, other))
