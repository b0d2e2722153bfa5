"""Transforms: each on text, numbers and lists, and what it cannot take."""

from base64 import b64encode, urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.mapping.operand import OperandUnfit
from bridge.mapping.transform import FORMS, MAX_CHARACTERS, MAX_ELEMENTS, NAMED, Transform
from tests.mapping.json_values import json_values, plain_data, texts


def made(step: Any) -> Transform:
    """A step that must be sound."""
    return NAMED[step] if isinstance(step, str) else FORMS[next(iter(step))].read(step)


@pytest.mark.parametrize(
    ("step", "value", "expected"),
    [
        ("trim", "  a b\t", "a b"),
        ("trim", "\u00a0a", "a"),
        ("trim", " ", None),
        ("trim", 42, "42"),
        ("trim", 42.0, "42"),
        ("trim", 42.5, None),
        ("trim", True, None),
        ("trim", {}, None),
        ("trim", None, None),
        ("trim", [" a ", "", None, True, {}, 7, [1]], ["a", "7"]),
        ("trim", [], None),
        ("trim", [None], None),
        ("collapse", " a \n\t b  c ", "a b c"),
        ("lower", "VIP ÀÉ \u0130\u212a", "vip ÀÉ \u0130\u212a"),
        ("upper", "vàng ß", "VÀNG SS"),
        ("title", "nguyễn VĂN a", "Nguyễn Văn A"),
        ("title", "nguye\u0302\u0303n", "Nguye\u0302\u0303n"),
        ("title", "o'neil anne-marie", "O'neil Anne-Marie"),
        ("digits", "+84 (90) 123-45", "849012345"),
        ("digits", "٣", None),
        ("digits", "none", None),
        ("base64", "dmlw", "vip"),
        ("base64", "w6A", "à"),
        ("base64", "w6A=", "à"),
        ("base64", "w6A==", None),
        ("base64", "_-8", None),
        ("base64", "8J-YgA", "😀"),
        ("base64", "8J+YgA==", "😀"),
        ("base64", "dml w", None),
        ("base64", "dmlwA", None),
        ("base64", "/w", None),
        ("base64", "dmlw\n", None),
        ("base64", ["dmlw", "!"], ["vip"]),
        ("first", ["a", "b"], "a"),
        ("first", [None, " ", "b"], "b"),
        ("first", "a", "a"),
        ("first", [], None),
        ("first", [{"a": 1}], {"a": 1}),
        ("first", [False, "b"], False),
        ("last", ["a", "b"], "b"),
        ("last", "a", "a"),
        ("last", [""], None),
        ("keys", {"vip": {}, "gold": 1}, ["vip", "gold"]),
        ("keys", {}, None),
        ("keys", ["a"], None),
        ("keys", "a", None),
        ("values", {"a": 1, "b": None, "c": ["x"]}, [1, ["x"]]),
        ("values", {}, None),
        ("values", 7, None),
        ({"pick": "([a-z]+)@"}, "an@shop.example", "an"),
        ({"pick": "[0-9]+"}, "no 42 of 43", "42"),
        ({"pick": "(a)|(b)", "give": "\\1-\\2"}, "b", "-b"),
        ({"pick": "(.)(.)", "give": "\\2\\1\\0\\\\"}, "xyz", "yxxy\\"),
        ({"pick": "(ễ)n"}, "Nguyễn", "ễ"),
        ({"pick": "x"}, "abc", None),
        ({"pick": "(x?)"}, "abc", None),
        ({"pick": "^/(.+)$"}, ["/a", "b", "/c"], ["a", "c"]),
        ({"pick": "^(.)"}, 42, "4"),
        ({"pick": "a", "give": "b"}, "a", "b"),
        ({"strip_prefix": "/"}, "/vip", "vip"),
        ({"strip_prefix": "/"}, "vip", "vip"),
        ({"strip_prefix": "vip"}, "vip", None),
        ({"strip_prefix": "shop-"}, ["shop-a", "b"], ["a", "b"]),
        ({"strip_suffix": " x"}, "a x", "a"),
        ({"split": ","}, "a,,b, c", ["a", "b", " c"]),
        ({"split": ","}, ["a,b", "c"], ["a", "b", "c"]),
        ({"split": " "}, " ", None),
        ({"split": "."}, "a", ["a"]),
        ({"split": ","}, ",", None),
        ({"only": ["vip", "7"]}, ["x", "vip", 7, True], ["vip", "7"]),
        ({"only": ["vip"]}, "vip", ["vip"]),
        ({"only": ["vip"]}, ["x"], None),
        ({"only": ["true"]}, [True], None),
        ({"only_match": "^shop-"}, ["shop-a", "b", "x shop-"], ["shop-a"]),
        ({"only_match": "a"}, {"a": 1}, None),
        ({"join": ", "}, ["a", 7, None, "b"], "a, 7, b"),
        ({"join": ", ", "at_most": 2}, ["a", "", "b", "c"], "a, b"),
        ({"join": ""}, ["a", "b"], "ab"),
        ({"join": "-"}, "a", "a"),
        ({"join": ", "}, [], None),
        ({"join": ", "}, [{}], None),
    ],
)
def test_each(step: Any, value: Any, expected: Any) -> None:
    """What comes of a value; of one that a step cannot take, nothing does."""
    assert made(step).apply(value) == expected


@pytest.mark.parametrize(
    ("step", "found", "inside"),
    [
        ({"pick": "("}, "a regular expression that RE2 refuses", ("pick",)),
        ({"pick": "(?=a)"}, "a regular expression that RE2 refuses", ("pick",)),
        ({"pick": "(a)\\1"}, "a regular expression that RE2 refuses", ("pick",)),
        ({"pick": "((a{900}){900}){900}"}, "a regular expression that RE2 refuses", ("pick",)),
        ({"pick": "a" * 1001}, "a regular expression of 1001 characters", ("pick",)),
        ({"pick": 7}, "a number, text was expected", ("pick",)),
        ({"pick": "(a)", "give": "\\2"}, "\\2, and the pattern has 1 group", ("give",)),
        ({"pick": "a", "give": "\\x"}, "a stray backslash", ("give",)),
        ({"pick": "a", "give": ""}, "an empty text", ("give",)),
        ({"strip_prefix": ""}, "an empty text", ("strip_prefix",)),
        ({"strip_suffix": ["x"]}, "a list of 1, text was expected", ("strip_suffix",)),
        ({"split": ""}, "an empty text", ("split",)),
        ({"only": "vip"}, "text, a list was expected", ("only",)),
        ({"only": ["vip", 7]}, "a number, text was expected", ("only", 1)),
        ({"only_match": "["}, "a regular expression that RE2 refuses", ("only_match",)),
        ({"join": 7}, "a number, text was expected", ("join",)),
        (
            {"join": ",", "at_most": 0},
            "a number below 1 or too large, a whole number from 1 was expected",
            ("at_most",),
        ),
        ({"join": ",", "at_most": "5"}, "text, a whole number from 1 was expected", ("at_most",)),
        ({"join": ",", "at_most": True}, "true or false, a whole number from 1 was expected", ("at_most",)),
    ],
)
def test_refused(step: Any, found: str, inside: tuple[str | int, ...]) -> None:
    """What a step takes is checked when it is read, and the fault's place is told."""
    with pytest.raises(OperandUnfit) as unfit:
        made(step)
    assert unfit.value.found.startswith(found)
    assert unfit.value.inside == inside
    assert unfit.value.cure


@pytest.mark.parametrize(
    ("step", "value"),
    [
        ("trim", "x" * (MAX_CHARACTERS + 1)),
        ("trim", ["x"] * (MAX_ELEMENTS + 1)),
        ("trim", ["x" * 1000] * 300),
        ("keys", {str(number): 1 for number in range(MAX_ELEMENTS + 1)}),
        ("upper", "ß" * MAX_CHARACTERS),
        ({"pick": "(.+)", "give": "\\1" * 100}, "x" * 20_000),
        ({"pick": "(.+)", "give": "\\1" * 100}, ["x" * 2000] * 20),
        ({"split": ","}, "x," * (MAX_ELEMENTS + 1)),
        ({"join": "x" * 1000}, ["a"] * 1000),
    ],
)
def test_bounded(step: Any, value: Any) -> None:
    """Neither what is taken nor what is made grows without bound: beyond it the value is absent."""
    assert made(step).apply(value) is None


def test_at_the_bound() -> None:
    """The twin: what is just as large as allowed is taken."""
    assert made("trim").apply("x" * MAX_CHARACTERS) == "x" * MAX_CHARACTERS
    assert made({"split": ","}).apply(",".join("x" * MAX_ELEMENTS)) == ["x"] * MAX_ELEMENTS


def test_a_claim_is_never_a_pattern() -> None:
    """What looks like a group or a pattern in a claim stays text."""
    assert made({"pick": "(.+)", "give": "<\\1>"}).apply("\\0 (a+)+$ {x}") == "<\\0 (a+)+$ {x}>"


@given(texts.filter(lambda text: text.isascii()))
def test_base64_round_trip(text: str) -> None:
    """Both alphabets, with and without padding."""
    for encode in (b64encode, urlsafe_b64encode):
        encoded = encode(text.encode()).decode()
        expected = text if text.strip() else None
        assert made("base64").apply(encoded) == made("base64").apply(encoded.rstrip("=")) == expected


@given(st.sampled_from(sorted(NAMED)), json_values)
def test_any_value(name: str, value: Any) -> None:
    """No value makes a step fail, and what it gives is there: never null, blank or an empty list."""
    result = made(name).apply(value)
    assert result is None or not isinstance(result, str | list) or (result and not str(result).isspace())


@given(
    st.sampled_from(sorted(FORMS)),
    st.dictionaries(st.sampled_from(["give", "at_most"]), plain_data),
    plain_data,
    json_values,
)
def test_any_operand(name: str, more: dict[str, Any], operand: Any, value: Any) -> None:
    """An operand is taken or refused with its place, and what was taken takes any value."""
    step = {name: operand, **{key: item for key, item in more.items() if key in FORMS[name].keys}}
    try:
        made(step).apply(value)
        where = name
    except OperandUnfit as unfit:
        where = str(unfit.inside[0])
    assert where in {name, "give", "at_most"}
