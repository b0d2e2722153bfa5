"""VALUE as operators write it: what is refused, where, and what to write instead."""

from typing import Any

import pytest

from bridge.mapping.value_grammar import BESIDE, FORMS
from tests.mapping.language import errors, parse

TEXT = "a number, text was expected"
VALUE = "a number, a claim's name or a form was expected"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (5, [("label", VALUE)]),
        (True, [("label", "true or false, a claim's name or a form was expected")]),
        (None, [("label", "nothing, a claim's name or a form was expected")]),
        ("", [("label", "blank, text was expected")]),
        ({}, [("label", "an empty map")]),
        (["a", "b"], [("label", "a bare list")]),
        ({"first_of": [["a", "b"]]}, [("label.first_of.0", "a bare list")]),
        ({"clam": "x"}, [("label.clam", "unknown key 'clam'")]),
        ({"when": "x"}, [("label", "no form")]),
        ({"claim": "a", "value": "b"}, [("label.value", "two forms at once, claim and value")]),
        ({"claim": "a", "where": {}}, [("label.where", "unknown key 'where'")]),
        ({"claim": "a", "region": "VN"}, [("label.region", "unknown key 'region'")]),
        ({"value": "a", "from": "token"}, [("label.from", "unknown key 'from'")]),
        ({"lookup": "a"}, [("label.table", "missing, a map was expected")]),
        ({"lookup": "a", "table": {}}, [("label.table", "an empty map, a map was expected")]),
        ({"lookup": "a", "table": ["x"]}, [("label.table", "a list of 1, a map was expected")]),
        ({"lookup": ["a", "b"], "table": {"x": "y"}}, [("label.lookup", "a bare list")]),
        ({"lookup": "a", "table": {True: "y"}}, [("label.table", "true or false, text was expected")]),
        ({"lookup": "a", "table": {"": "y"}}, [("label.table.", "blank, text was expected")]),
        ({"lookup": "a", "table": {"x": 7}}, [("label.table.x", TEXT)]),
        ({"lookup": "a", "table": {"x": "\u200b"}}, [("label.table.x", "a text that label can never be")]),
        ({"claim": "a", "table": {"x": "y"}}, [("label.table", "unknown key 'table'")]),
        (
            {"lookup": "a", "table": {"x": "y"}, "verified_by": "b"},
            [("label.verified_by", "a condition beside lookup")],
        ),
        ({"cel": "claims"}, [("label.cel", "a use of claims that names none")]),
        ({"cel": "claims.a", "from": "token"}, [("label.from", "unknown key 'from'")]),
        (
            {"value": "a", "transform": {"strip_prefix": "a"}},
            [("label.transform", "a transform that leaves nothing of the text")],
        ),
        ({"claim": "a", "transform": ["trimm"]}, [("label.transform.0", "unknown transform 'trimm'")]),
        ({"claim": "a", 1: "b"}, [("label", "a number as a key, text was expected")]),
        ({"claim": "a", "from": "crm"}, [("label.from", "unknown source 'crm'")]),
        ({"claim": "a", "from": ["token"]}, [("label.from", "unknown source, a list of 1")]),
        ({"claim": "aud", "from": "userinfo"}, [("label.from", "aud from userinfo")]),
        ({"value": 84901234567}, [("label.value", TEXT)]),
        ({"value": True}, [("label.value", "true or false, text was expected")]),
        ({"value": " "}, [("label.value", "blank, text was expected")]),
        ({"value": {"claim": "a"}}, [("label.value", "an object, text was expected")]),
        ({"value": "\u200b"}, [("label.value", "a text that label can never be")]),
        ({"claim": "a", "default": 7}, [("label.default", TEXT)]),
        ({"claim": "a", "default": None}, [("label.default", "nothing, text was expected")]),
        ({"claim": "a", "verified_by": "b", "default": "c"}, [("label.default", "default beside verified_by")]),
        ({"join": "a"}, [("label.join", "text, a list was expected")]),
        ({"join": []}, [("label.join", "an empty list")]),
        ({"join": ["a"], "with": 1}, [("label.with", TEXT)]),
        ({"first_of": {"claim": "a"}}, [("label.first_of", "an object, a list was expected")]),
        (
            {"first_of": ["a", 5, {"value": 6}]},
            [
                ("label.first_of.1", VALUE),
                ("label.first_of.2.value", TEXT),
            ],
        ),
        ({"first_of": ["a"], "verified_by": "ok"}, [("label.verified_by", "a condition beside first_of")]),
        ({"template": "{a}", "verified_by": {"claim": "ok"}}, [("label.verified_by", "a condition beside template")]),
        ({"template": 5}, [("label.template", TEXT)]),
        ({"template": "{a"}, [("label.template", "a stray {")]),
        ({"template": "a}"}, [("label.template", "a stray }")]),
        ({"template": "{}"}, [("label.template", "an empty {}")]),
        ({"template": "{a{b}}"}, [("label.template", "a stray {"), ("label.template", "a stray }")]),
        ({"template": "{a}", "where": ["a"]}, [("label.where", "a list of 1, a map was expected")]),
        ({"template": "{a}", "where": {"b": "c"}}, [("label.where.b", "a name that the template does not use")]),
        (
            {"template": "{a}", "where": {"a": 5}},
            [("label.where.a", VALUE)],
        ),
        ({"template": "{a}", "where": {"a": ["b", -1]}}, [("label.where.a.1", "no position in a list")]),
        ({"template": "{a}", "where": {1: "b"}}, [("label.where", "a number as a key, text was expected")]),
    ],
)
def test_refused(value: Any, found: list[tuple[str, str]]) -> None:
    """Every fault is found at its key, all of them at once, and each says what to write."""
    assert errors({"label": value}) == found
    assert all(problem.cure for problem in parse({"label": value}).errors)


def test_the_cure_for_a_bare_list() -> None:
    """A bare list is answered with both spellings that it could have been."""
    (problem,) = parse({"name": ["picture", "data"]}).errors
    assert "{claim: [picture, data]}" in problem.cure
    assert "{first_of: [picture, data]}" in problem.cure


@pytest.mark.parametrize(
    ("key", "meant"), [("verified_bye", "verified_by"), ("form", "from"), ("defualt", "default"), ("wen", "when")]
)
def test_did_you_mean(key: str, meant: str) -> None:
    """An unknown key is answered with the nearest known one."""
    (problem,) = parse({"label": {"claim": "a", key: "b"}}).errors
    assert problem.cure == f"Did you mean {meant}?"


def nested(levels: int) -> Any:
    """A VALUE so many levels deep."""
    value: Any = "a"
    for _ in range(levels - 1):
        value = {"first_of": [value]}
    return value


def test_depth() -> None:
    """Eight levels are read, nine are not, and no depth makes reading fail."""
    assert errors({"label": nested(8)}) == []
    assert errors({"label": nested(9)}) == [("label" + ".first_of.0" * 8, "nested more than 8 deep")]
    assert len(errors({"label": nested(5000)})) == 1


def test_quoted_text_stays_text() -> None:
    """The twin of "quote it": a number in quotes is a text."""
    assert errors({"label": {"value": "84901234567"}}) == []


def test_tables() -> None:
    """The language is these forms, and beside them these keys in their order of effect."""
    assert list(FORMS) == ["claim", "value", "template", "join", "first_of", "lookup", "cel"]
    assert list(BESIDE) == ["when", "transform", "default"]


@pytest.mark.parametrize(
    ("members", "position"),
    [
        (["tier", {"value": "Customer"}], None),
        ([{"value": "Customer"}, "tier"], 1),
        ([{"value": "VIP", "when": "vip"}, {"value": "Customer"}], None),
        ([{"claim": "tier", "default": "x"}, {"value": "Customer"}], 1),
        ([{"claim": "tier", "default": "x", "when": "vip"}, {"value": "Customer"}], 1),
        (["tier", {"first_of": ["plan", {"value": "a"}]}, "other", "more"], 2),
        ([{"first_of": ["plan", {"value": "a"}], "when": "vip"}, "other"], None),
        ([{"lookup": "tier", "table": {"a": "b"}}, "other"], None),
    ],
)
def test_what_can_never_be_reached_is_doubted(members: list[Any], position: int | None) -> None:
    """After a value that is always there no other is looked at: most likely the order is a slip."""
    warnings = parse({"label": {"first_of": members}}).warnings
    expected = [] if position is None else [(("mapping", "label", "first_of", position), "never reached")]
    assert [(problem.path, problem.found) for problem in warnings] == expected
