"""bridge/strict_json.py: one unambiguous JSON text or nothing."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.strict_json import JsonInvalid, loads

DEEP = 32


@pytest.mark.parametrize(
    ("data", "value"),
    [
        pytest.param(b'{"a": [1, -2.5, true, null, "x"]}', {"a": [1, -2.5, True, None, "x"]}, id="every type"),
        pytest.param(b" \n[]\t", [], id="white space around"),
        pytest.param('"Nguyễn"'.encode(), "Nguyễn", id="UTF-8"),
        pytest.param(b'"\\ud83d\\ude00"', "\U0001f600", id="a surrogate pair is one character"),
        pytest.param(b'"\\\\ud800"', "\\ud800", id="an escaped backslash is no surrogate"),
        pytest.param(b"[" * DEEP + b"]" * DEEP, None, id="as deep as allowed"),
        pytest.param(b'"' + b"[{" * 100 + b'"', "[{" * 100, id="brackets in text nest nothing"),
        pytest.param(b'"' + b'\\"[' * 100 + b'"', '"[' * 100, id="nor behind an escaped quote"),
        pytest.param(b"[" + b"[]," * 100 + b"[]]", [[]] * 101, id="many side by side are not deep"),
        pytest.param(b"1e308", 1e308, id="the largest power of ten of a double"),
        pytest.param(b"9" * 4300, int("9" * 4300), id="4,300 digits"),
    ],
)
def test_reads(data: bytes, value: Any) -> None:
    """What is unambiguous is read."""
    assert loads(data) == value or value is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b'{"a": 1, "a": 1}', "twice", id="duplicate member"),
        pytest.param(b'[{"b": {"a": 1, "\\u0061": 2}}]', "twice", id="duplicate member, nested, escaped"),
        pytest.param(b"\xff\xfe", "not UTF-8", id="invalid UTF-8"),
        pytest.param(b'"\xc0\xaf"', "not UTF-8", id="overlong UTF-8"),
        pytest.param(b'"\xed\xa0\x80"', "not UTF-8", id="a surrogate in UTF-8"),
        pytest.param('{"a": 1}'.encode("utf-16"), "not UTF-8", id="UTF-16 with its mark"),
        pytest.param('{"a": 1}'.encode("utf-16-le"), "not JSON", id="UTF-16 without"),
        pytest.param('{"a": 1}'.encode("utf-32-be"), "not JSON", id="UTF-32"),
        pytest.param(b"\xef\xbb\xbf{}", "byte order mark", id="BOM"),
        pytest.param(b"[" * (DEEP + 1) + b"]" * (DEEP + 1), "deep", id="one too deep"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "deep", id="100,000 deep"),
        pytest.param(b"[" * 100_000, "deep", id="100,000 deep, open"),
        pytest.param(b"NaN", "NaN", id="NaN"),
        pytest.param(b"[-Infinity]", "Infinity", id="Infinity"),
        pytest.param(b"1e999", "large", id="beyond a double"),
        pytest.param(b"9" * 4301, "not JSON", id="an integer beyond 4,300 digits"),
        pytest.param(b'"\\ud800"', "surrogate", id="lone surrogate"),
        pytest.param(b'{"\\uDFFF": 1}', "surrogate", id="lone surrogate as a name"),
        pytest.param(b"", "not JSON", id="empty"),
        pytest.param(b"{} {}", "not JSON", id="two texts"),
        pytest.param(b"{'a': 1}", "not JSON", id="single quotes"),
        pytest.param(b'{"a": 1,}', "not JSON", id="trailing comma"),
        pytest.param(b'"\x00"', "not JSON", id="a control character in text"),
    ],
)
def test_refuses(data: bytes, reason: str) -> None:
    """What two readers could read differently is refused, with the reason and nothing of the text."""
    with pytest.raises(JsonInvalid, match=reason):
        loads(data)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(_VALUES)
def test_reads_what_json_writes(value: Any) -> None:
    """Every JSON value survives the round trip."""
    assert loads(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_the_named_error(data: bytes) -> None:
    """No other exception comes out, whatever goes in."""
    try:
        value = loads(data)
    except JsonInvalid:
        return
    assert json.loads(data.decode()) == value
