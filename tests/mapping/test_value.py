"""The forms of VALUE at run time."""

from typing import Any

import pytest

from bridge.trace import RecordingTrace
from tests.mapping.language import claims, errors, label, parse

PERSON = {
    "given_name": "Ann",
    "family_name": "Lee",
    "plan": "gold",
    "list": ["a", "b"],
    "one": ["a"],
    "flag": True,
    "object": {"en": "Ann"},
    "number": 42.0,
    "braces": "{given_name} {{7*7}}",
    "https://shop.example/plan": "silver",
    "vip": "true",
    "odd": 7,
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plan", "gold"),
        ({"claim": "plan"}, "gold"),
        ({"claim": ["object", "en"]}, "Ann"),
        ("number", "42"),
        ("absent", None),
        ("list", None),
        ("one", None),
        ("flag", None),
        ("object", None),
        ({"claim": ["list", 1]}, "b"),
        ({"value": "Customer"}, "Customer"),
        ({"template": "{given_name} {family_name}"}, "Ann Lee"),
        ({"template": "{given_name} {absent}"}, None),
        ({"template": "{{{given_name}}}"}, "{Ann}"),
        ({"template": "{https://shop.example/plan}!"}, "silver!"),
        ({"template": "{first} of {p}", "where": {"first": ["list", 0], "p": {"value": "two"}}}, "a of two"),
        ({"template": "{given_name}", "where": {"given_name": "plan"}}, "gold"),
        ({"template": "{x}", "where": {"x": {"claim": "absent", "default": "none"}}}, "none"),
        ({"template": "plain"}, "plain"),
        ({"template": "{braces}"}, "{given_name} {{7*7}}"),
        ({"join": ["family_name", "given_name"]}, "Lee Ann"),
        ({"join": ["family_name", "absent", "given_name"], "with": ", "}, "Lee, Ann"),
        ({"join": ["given_name", "given_name"], "with": ""}, "AnnAnn"),
        ({"join": ["absent", "list"]}, None),
        ({"first_of": ["absent", "list", "plan"]}, "gold"),
        ({"first_of": ["absent", "list"]}, None),
        ({"value": "VIP", "when": "vip"}, "VIP"),
        ({"value": "VIP", "when": "flag"}, "VIP"),
        ({"value": "VIP", "when": "plan"}, None),
        ({"value": "VIP", "when": {"not": "odd"}}, None),
        ({"value": "VIP", "when": "odd", "default": "Customer"}, "Customer"),
        ({"claim": "absent", "default": "Customer"}, "Customer"),
        ({"claim": "plan", "default": "Customer"}, "gold"),
        ({"first_of": [{"value": "VIP", "when": "absent"}, {"value": "Customer"}]}, "Customer"),
        ({"claim": "plan", "verified_by": "flag"}, "gold"),
        ({"claim": "plan", "verified_by": "odd"}, None),
        ({"claim": "plan", "verified_by": "absent"}, None),
        ({"claim": "plan", "verified_by": {"claim": "absent", "if_absent": "accept"}}, "gold"),
        ({"claim": "plan", "verified_by": {"claim": "odd", "if_absent": "accept"}}, None),
        ({"claim": "plan", "verified_by": {"all": ["flag", {"claim": "object", "present": True}]}}, "gold"),
        ({"claim": "plan", "verified_by": "trusted"}, "gold"),
        ({"claim": "plan", "verified_by": {"claim": "trusted"}}, None),
        ({"first_of": ["plan"], "verified_by": "trusted"}, "gold"),
        ({"lookup": "plan", "table": {"gold": "Gold member"}}, "Gold member"),
        ({"lookup": "plan", "table": {"silver": "Silver"}}, None),
        ({"lookup": "plan", "table": {"Gold": "Gold"}}, None),
        ({"lookup": "plan", "table": {"silver": "Silver"}, "default": "Customer"}, "Customer"),
        ({"lookup": "absent", "table": {"gold": "Gold"}}, None),
        ({"lookup": {"claim": "absent", "default": "none"}, "table": {"none": "No plan"}}, "No plan"),
        ({"lookup": "flag", "table": {"true": "Yes", "false": "No"}}, "Yes"),
        ({"lookup": "number", "table": {"42": "Answer"}}, "Answer"),
        ({"lookup": "object", "table": {"en": "x"}}, None),
        ({"lookup": "list", "table": {"b": "B", "a": "A"}}, "B"),
        ({"lookup": "list", "table": {"z": "Z"}}, None),
        ({"lookup": {"first_of": ["absent", "list"]}, "table": {"a": "A"}}, "A"),
        ({"lookup": {"template": "{plan}-{odd}"}, "table": {"gold-7": "Seven"}}, "Seven"),
        ({"first_of": [{"lookup": "plan", "table": {"x": "X"}}, "given_name"]}, "Ann"),
        ({"lookup": "plan", "table": {"gold": "Gold"}, "when": "absent"}, None),
    ],
)
def test_forms(value: Any, expected: str | None) -> None:
    """Each form gives its text or nothing; a claim of the wrong type costs that value, and the next one is tried."""
    assert label(value, claims(PERSON)) == expected


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ({"token": {"email": "a", "ok": True}, "userinfo": {"email": "b"}}, "a"),
        ({"token": {"email": "a"}, "userinfo": {"ok": True}}, None),
        ({"token": {"ok": True}, "userinfo": {"email": "b"}}, None),
        ({"token": {"email": "a"}, "userinfo": {"email": "b", "ok": True}}, "b"),
        ({"token": {"email": "a", "ok": False}, "introspection": {"email": "c", "ok": "true"}}, "c"),
        ({"token": {"email": ["a"], "ok": True}, "userinfo": {"email": "b", "ok": True}}, "b"),
    ],
)
def test_proof_of_the_same_source(sources: dict[str, Any], expected: str | None) -> None:
    """A flag of one source never proves a claim of another; the first source where the claim is usable gives it."""
    assert label({"claim": "email", "verified_by": "ok"}, claims(**sources)) == expected


def test_lookup_of_mixed_lists() -> None:
    """For a list, the first row of the table whose key is in it, whatever else is; numbers and flags as text."""
    table = {"true": "flag", "7": "seven", "x": "x"}
    for value, expected in (([{}, 7.0, None], "seven"), ([7, True], "flag"), ([[7]], None), ([], None), (["X"], None)):
        assert label({"lookup": "c", "table": table}, claims({"c": value})) == expected
    assert label({"lookup": "c", "table": table}, claims({"c": {"a": 1}}, userinfo={"c": "x"})) == "x"
    assert label({"lookup": "c", "table": table}, claims({"c": 0.5}, userinfo={"c": ["x"]})) == "x"


@pytest.mark.parametrize(("source", "expected"), [("token", "t"), ("userinfo", "u"), ("introspection", None)])
def test_from(source: str, expected: str | None) -> None:
    """from: reads one source alone."""
    assert label({"claim": "plan", "from": source}, claims({"plan": "t"}, userinfo={"plan": "u"})) == expected


def test_trace_tells_why_and_no_values() -> None:
    """Every rule that is tried leaves a step with the claim's name, and no step holds a claim's value."""
    value = {
        "first_of": [
            "list",
            {"claim": "plan", "verified_by": "odd"},
            {"template": "{absent}!"},
            {"value": "VIP", "when": {"claim": "plan", "equals": "other"}},
            {"claim": "absent", "default": "Customer"},
        ]
    }
    trace = RecordingTrace()
    parse({"label": value}).mapping.apply(claims(PERSON), trace)
    steps = [(step.verdict, step.reason) for step in trace.steps if step.name == "label"]
    assert {step.stage for step in trace.steps} == {"mapping"}
    assert steps == [
        ("skipped", "list of the token: a list of 2, text was wanted: add first or join"),
        ("skipped", "plan of the token: not proven by odd"),
        ("skipped", "absent: no such claim, or blank"),
        ("skipped", "the template lacks a value"),
        ("skipped", "when plan equals: no"),
        ("skipped", "absent: no such claim, or blank"),
        ("ok", "the default"),
        ("ok", "is given"),
    ]


def test_wanted() -> None:
    """What is read for label and when is not wanted of a provider, what proves an address is."""
    mapping = {
        "label": "plan",
        "name": {"join": [{"template": "{given_name}{x}", "where": {"x": ["o", "x"]}}, "family_name"]},
        "email": {"claim": "email", "verified_by": {"all": ["a", {"claim": "b", "equals": "c"}]}},
        "avatar": {"claim": "picture", "when": "public", "default": "https://shop.example/a.png"},
        "phone": {"national": "phone", "country_code": {"claim": ["address", "country"]}, "verified_by": "phone_ok"},
    }
    wanted = "sub given_name o family_name email a b picture phone address phone_ok"
    assert errors(mapping) == []
    assert parse(mapping).mapping.claims_wanted() == frozenset(wanted.split())
