"""``transform`` as operators write it: what is refused, where, and what to write instead."""

from typing import Any

import pytest

from bridge.mapping.transform import FORMS, NAMED
from tests.mapping.language import claims, errors, label, parse

LIST = "a list comes of it, text was wanted"


@pytest.mark.parametrize(
    ("transform", "found"),
    [
        ([], [("transform", "0 steps")]),
        (["trim"] * 17, [("transform", "17 steps")]),
        (["trimm"], [("transform.0", "unknown transform 'trimm'")]),
        ("trimm", [("transform", "unknown transform 'trimm'")]),
        (["pick"], [("transform.0", "unknown transform 'pick'")]),
        ([7], [("transform.0", "a number, a transform was expected")]),
        ([{}], [("transform.0", "an empty map")]),
        ([{"give": "x"}], [("transform.0", "no form")]),
        ([{"pik": "x"}], [("transform.0.pik", "unknown key 'pik'")]),
        ([{"pick": "x", "split": ","}], [("transform.0.split", "two forms at once, pick and split")]),
        ([{"split": ",", "at_most": 5}, "first"], [("transform.0.at_most", "unknown key 'at_most'")]),
        ([{"pick": "("}], [("transform.0.pick", "a regular expression that RE2 refuses: missing ): (")]),
        (["trim", {"only": [7]}, "last"], [("transform.1.only.0", "a number, text was expected")]),
        ([{"split": ","}], [("transform", LIST)]),
        (["keys"], [("transform", LIST)]),
        (["keys", "trim"], [("transform", LIST)]),
        ([{"only": ["a"]}], [("transform", LIST)]),
        (["keys", "keys", "first"], [("transform.1", "keys of a list")]),
        ([{"join": ","}, "values", "first"], [("transform.1", "values of text")]),
        (
            ["bogus", {"only": []}],
            [("transform.0", "unknown transform 'bogus'"), ("transform.1.only", "an empty list")],
        ),
    ],
)
def test_refused(transform: Any, found: list[tuple[str, str]]) -> None:
    """Every fault is found at its key, with what to write; what could only ever be absent is a fault too."""
    mapping = {"label": {"claim": "a", "transform": transform}}
    assert errors(mapping) == [(f"label.{where}", what) for where, what in found]
    assert all(problem.cure for problem in parse(mapping).errors)


def test_the_cures() -> None:
    """The nearest name, or the form that takes something."""
    cures = [problem.cure for problem in parse({"label": {"claim": "a", "transform": ["trimm", "pick"]}}).errors]
    assert cures == ["Did you mean trim?", "It takes something: write {pick: …}."]


def test_keys_of_what_is_always_text() -> None:
    """The types of every step are known where they can be: a template gives text."""
    assert errors({"label": {"template": "{a}", "transform": ["keys", "first"]}}) == [
        ("label.transform.0", "keys of text")
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"claim": "roles", "transform": ["first"]}, "admin"),
        ({"claim": "roles", "transform": "last"}, "vip"),
        ({"claim": "roles", "transform": [{"only_match": "^v"}, "first", "upper"]}, "VIP"),
        ({"claim": "scope", "transform": [{"split": " "}, {"only": ["b", "a"]}, {"join": "+"}]}, "a+b"),
        ({"claim": "plan", "transform": ["trim", "lower"]}, "gold"),
        ({"claim": "plan", "transform": [{"pick": "X"}]}, None),
        ({"claim": "plan", "transform": [{"pick": "X"}], "default": "none"}, "none"),
        ({"claim": "absent", "transform": ["lower"], "default": "NONE"}, "NONE"),
        ({"claim": "plan", "when": "absent", "transform": ["lower"], "default": "X"}, "X"),
        ({"template": "{plan}!", "transform": ["collapse", "title"]}, "Gold !"),
        ({"join": ["plan", "scope"], "transform": [{"pick": "G.*"}]}, "GOLD a b c"),
        ({"value": "a,b", "transform": [{"split": ","}, "last"]}, "b"),
        ({"first_of": ["absent", "roles"], "transform": ["first"]}, "admin"),
        (
            {"first_of": [{"claim": "roles", "transform": [{"only": ["zzz"]}]}, "scope"], "transform": ["first"]},
            "a b c",
        ),
        ({"first_of": [{"claim": "scope", "transform": [{"split": " "}]}], "transform": ["last"]}, "c"),
        ({"claim": "object", "transform": ["values", "first"]}, None),
        ({"claim": "object", "transform": ["values", "first", "keys", "first"]}, "ORG"),
        ({"claim": "flag", "transform": ["first"]}, None),
        ({"lookup": {"claim": "object", "transform": ["keys"]}, "table": {"gold": "Gold", "vip": "VIP"}}, "VIP"),
        (
            {
                "lookup": {"claim": "plan", "transform": ["trim", "lower"]},
                "table": {"gold": "Gold"},
                "transform": ["upper"],
            },
            "GOLD",
        ),
    ],
)
def test_order_of_effect(value: Any, expected: str | None) -> None:
    """Form, when, transform, default; types flow through the steps until text is wanted."""
    visitor = {
        "roles": ["admin", "vip"],
        "scope": "a b c",
        "plan": " GOLD ",
        "flag": True,
        "object": {"vip": {"ORG": "x"}},
    }
    assert label(value, claims(visitor)) == expected


def test_a_source_where_the_claim_is_of_a_wanted_type() -> None:
    """The first step says what is usable: an object in the token is no list of texts, so userinfo's text is taken."""
    visitor = claims({"plan": {"a": 1}}, userinfo={"plan": ["GOLD"]})
    assert label({"claim": "plan", "transform": ["lower", "first"]}, visitor) == "gold"
    assert label({"claim": "plan", "transform": ["keys", "first"]}, visitor) == "a"


@pytest.mark.parametrize(
    ("transform", "email", "expected"),
    [
        (["lower"], "An@Shop.Example", "an@shop.example"),
        (["trim", "lower"], " an@shop.example", None),
        (["lower"], "AN\u0130@shop.example", None),
        (["first"], ["an@shop.example", "b@shop.example"], "an@shop.example"),
        (["first", "lower"], ["An@shop.example"], "an@shop.example"),
        (["lower", "first"], ["nobody", "An@shop.example"], "an@shop.example"),
        ([{"split": ";"}, "first"], "an@shop.example;b@shop.example", None),
        ([{"pick": "<(.+)>"}], "An <an@shop.example>", None),
        (["base64"], "YW5Ac2hvcC5leGFtcGxl", None),
        (["keys", "lower", "first"], {" An@shop.example": 1}, None),
        ([{"join": "@"}], ["an", "shop.example"], None),
        ([{"strip_suffix": ".vn"}], "an@shop.example.vn", "an@shop.example"),
        ([{"strip_suffix": "@shop.example"}], "an@shop.example", None),
    ],
)
def test_an_address_is_one_before_any_transform(transform: Any, email: Any, expected: str | None) -> None:
    """Nothing is repaired into somebody's address: its syntax is checked before the first change and after."""
    parsed = parse({"email": {"claim": "email", "transform": transform}})
    assert parsed.errors == ()
    assert parsed.mapping.apply(claims({"email": email})).email == expected


def test_parts_of_an_address_are_no_addresses() -> None:
    """Only the whole value is checked: a part of a template, or what is looked up, is something else."""
    where = {"user": {"claim": "user", "transform": ["lower"]}}
    email = {"template": "{user}@shop.example", "where": where}
    found = {"lookup": {"claim": "user", "transform": ["lower"]}, "table": {"an": "an@shop.example"}}
    for value in (email, found):
        assert parse({"email": value}).mapping.apply(claims({"user": "AN"})).email == "an@shop.example"


def test_tables() -> None:
    """The closed set."""
    assert list(NAMED) == [
        *("trim", "collapse", "lower", "upper", "title", "digits", "base64", "first", "last", "keys", "values")
    ]
    assert list(FORMS) == ["pick", "strip_prefix", "strip_suffix", "split", "only", "only_match", "join"]
