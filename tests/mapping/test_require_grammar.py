"""``require`` as operators write it: layers that add up, names that a preset's rules have, and every fault."""

from typing import Any

import pytest

from bridge.mapping.require_grammar import NOBODY, parse_require
from bridge.mapping.written import Written


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (5, [("0", "a number, a condition was expected")]),
        (["a", "b"], [("0", "a bare list")]),
        ({}, [("0", "an empty map")]),
        ({"message": "x"}, [("0", "no form")]),
        ({"claim": "a", "mesage": "x"}, [("0.mesage", "unknown key 'mesage'")]),
        ({"claim": "a", "name": "anonymous"}, [("0.name", "unknown key 'name'")]),
        ({"claim": "a", "message": 5}, [("0.message", "a number, text was expected")]),
        ({"claim": "a", "message": " "}, [("0.message", "blank, text was expected")]),
        ({"claim": "a", "message": "\x1b[31m"}, [("0.message", "more than 500 characters, or one that nobody sees")]),
        ({"claim": "a", "message": "x" * 501}, [("0.message", "more than 500 characters, or one that nobody sees")]),
        ({"claim": "a", "if_absent": "accept"}, [("0.if_absent", "if_absent outside verified_by")]),
        ({"claim": "a", "equals": 5}, [("0.equals", "a number, text was expected")]),
        ({"all": ["a"], "message": "x", "when": "b"}, [("0.when", "unknown key 'when'")]),
        ({"not": {"claim": "a", "message": "x"}}, [("0.not.message", "unknown key 'message'")]),
        ({"all": [{"field": "email", "present": True}]}, [("0.all.0.field", "unknown key 'field'")]),
        ({"cel": "claims"}, [("0.cel", "a use of claims that names none")]),
        ({"field": "email"}, [("0", "no operator")]),
        ({"field": "emial", "present": True}, [("0.field", "unknown field 'emial'")]),
        ({"field": "phone", "present": True}, [("0.field", "unknown field 'phone'")]),
        ({"field": ["email"], "present": True}, [("0.field", "a list of 1 as a field")]),
        ({"field": "email", "present": True, "equals": "x"}, [("0.equals", "two operators, present and equals")]),
        ({"field": "email", "at_least": 5}, [("0.at_least", "unknown key 'at_least'"), ("0", "no operator")]),
        ({"field": "email", "claim": "a", "present": True}, [("0.claim", "unknown key 'claim'")]),
        ({"field": "email", "matches": "("}, [("0.matches", "a regular expression that RE2 refuses: missing ): (")]),
        ({"field": "email", "in": ["a", 5]}, [("0.in.1", "a number, text was expected")]),
    ],
)  # fmt: skip
def test_refused(rule: Any, found: list[tuple[str, str]]) -> None:
    """Every fault is found at its key, and each says what to write."""
    parsed = parse_require([Written([rule], ("require",), "common")])
    shown = [(".".join(map(str, problem.path[1:])), problem.found) for problem in parsed.errors]
    assert shown == found
    assert all(problem.cure for problem in parsed.errors)


def test_did_you_mean() -> None:
    """A target's name is answered with the field that CX Genie is sent for it."""
    cures = [
        parse_require([Written({"field": name, "present": True}, ("require",), "common")]).errors[0].cure
        for name in ("phone", "emial", "zzz")
    ]
    assert cures[:2] == ["Did you mean phone_number?", "Did you mean email?"]
    assert cures[2].startswith("Known here: id, name, email, phone_number, ")


def test_rules_add_up() -> None:
    """Preset, top, callback, provider: all of them, each at its own place."""
    layers = [
        Written([{"claim": "a", "name": "anonymous"}], ("providers", "x", "require"), "preset"),
        Written(["b"], ("require",), "common"),
        Written("c", ("callbacks", "shop", "require"), "callback"),
        Written(("d", {"field": "name", "present": True}), ("providers", "x", "require"), "provider"),
    ]
    require = parse_require(layers).require
    assert [(str(rule.condition), rule.path) for rule in require.on_claims] == [
        ("a", ("providers", "x", "require", 0)),
        ("b", ("require", 0)),
        ("c", ("callbacks", "shop", "require")),
        ("d", ("providers", "x", "require", 0)),
    ]
    assert [rule.path for rule in require.on_fields] == [("providers", "x", "require", 1)]


@pytest.mark.parametrize("name", NOBODY)
def test_a_presets_rule_is_lifted_by_its_name(name: str) -> None:
    """And by nothing else: rules without a name, and an operator's own, stay."""
    rules = [{"not": "a", "name": name}, {"claim": "b", "equals": "c"}]
    layers = [Written(rules, ("require",), "preset"), Written(["d"], ("require",), "common")]
    assert len(parse_require(layers).require.on_claims) == 3
    assert [str(rule.condition) for rule in parse_require(layers, allow=[name]).require.on_claims] == ["b equals", "d"]
    others = [other for other in NOBODY if other != name]
    assert len(parse_require(layers, allow=others).require.on_claims) == 3


def test_names_of_a_preset_are_known() -> None:
    """Only those that ``allow`` can name."""
    (problem,) = parse_require([Written([{"claim": "a", "name": "nobody"}], ("require",), "preset")]).errors
    assert (problem.path, problem.found) == (("require", 0, "name"), "unknown name")


def test_what_visitors_can_edit() -> None:
    """A rule on what visitors edit themselves draws a warning; a preset's does not."""
    rule = {"claim": ["user_metadata", "tier"], "equals": "gold"}
    assert [problem.found for problem in parse_require([Written([rule], ("require",), "common")]).warnings] == [
        "user_metadata is the visitor's own"
    ]
    assert parse_require([Written([rule], ("require",), "preset")]).warnings == ()
