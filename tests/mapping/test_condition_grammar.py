"""PATH and CONDITION as operators write them: what is refused, where, and what draws a warning."""

from typing import Any

import pytest

from tests.mapping.language import dotted, errors, parse


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (["a", "b", 0, "*", "c"], []),
        (["a"], []),
        ("*", []),
        ([], [("", "a path of 0 steps")]),
        (["a"] * 32, []),
        (["a"] * 33, [("", "a path of 33 steps")]),
        (["*", "a"], [(".0", 'a path that begins with "*"')]),
        ([0, "a"], [(".0", "a number, text was expected")]),
        (["a", -1], [(".1", "no position in a list")]),
        (["a", 10**5000], [(".1", "no position in a list")]),
        (["a", True], [(".1", 'true or false, a name, a whole number or "*" was expected')]),
        (["a", 1.5], [(".1", 'a number, a name, a whole number or "*" was expected')]),
        (["a", ""], [(".1", 'an empty name, a name, a whole number or "*" was expected')]),
        (
            ["a", ["b"], None],
            [
                (".1", 'a list of 1, a name, a whole number or "*" was expected'),
                (".2", 'nothing, a name, a whole number or "*" was expected'),
            ],
        ),
        (5, [("", "a number, text was expected")]),
        (None, [("", "nothing, text was expected")]),
        ({"a": "b"}, [("", "an object, text was expected")]),
    ],
)
def test_path(path: Any, found: list[tuple[str, str]]) -> None:
    """A path is a name, or a name and further names, whole numbers and stars."""
    assert errors({"label": {"claim": path}}) == [("label.claim" + where, what) for where, what in found]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("vip", []),
        (["a", "b"], [("", "a bare list")]),
        (True, [("", "true or false, a condition was expected")]),
        (None, [("", "nothing, a condition was expected")]),
        ({}, [("", "an empty map")]),
        ({"equals": "x"}, [("", "no form")]),
        ({"claim": "a", "equal": "x"}, [(".equal", "unknown key 'equal'")]),
        ({"claim": "a", "equals": "x", "in": ["y"]}, [(".in", "two operators, equals and in")]),
        ({"claim": "a", "all": ["b"]}, [(".all", "two forms at once, claim and all")]),
        ({"all": ["a"], "when": "b"}, [(".when", "unknown key 'when'")]),
        ({"all": []}, [(".all", "an empty list")]),
        ({"any": "a"}, [(".any", "text, a list was expected")]),
        (
            {"any": ["a", ["b"], {"not": 5}]},
            [(".any.1", "a bare list"), (".any.2.not", "a number, a condition was expected")],
        ),
        ({"not": ["a"]}, [(".not", "a bare list")]),
        ({"cel": "true"}, []),
        ({"cel": "true", "from": "token"}, [(".from", "unknown key 'from'")]),
        ({"cel": "now()"}, [(".cel", "unknown function now")]),
        ({"claim": "a", "if_absent": "accept"}, [(".if_absent", "if_absent outside verified_by")]),
        ({"claim": "a", "from": "userinfo"}, []),
        ({"claim": "a", "from": "crm"}, [(".from", "unknown source 'crm'")]),
        ({"claim": "a", "equals": True}, []),
        ({"claim": "a", "equals": 7}, [(".equals", "a number, text was expected")]),
        ({"claim": "a", "equals": ["x"]}, [(".equals", "a list of 1, text was expected")]),
        ({"claim": "a", "equals": ""}, [(".equals", "blank text")]),
        ({"claim": "a", "in": "x"}, [(".in", "text, a list was expected")]),
        ({"claim": "a", "in": []}, [(".in", "an empty list")]),
        ({"claim": "a", "in": ["x", 7]}, [(".in.1", "a number, text was expected")]),
        ({"claim": "a", "contains": True}, [(".contains", "true or false, text was expected")]),
        ({"claim": "a", "contains_any": ["x", None]}, [(".contains_any.1", "nothing, text was expected")]),
        ({"claim": "a", "starts_with": 84}, [(".starts_with", "a number, text was expected")]),
        ({"claim": "a", "ends_with": ""}, [(".ends_with", "blank text")]),
        ({"claim": "a", "present": "yes"}, [(".present", "text, true or false was expected")]),
        ({"claim": "a", "at_least": "18"}, [(".at_least", "text, a number was expected")]),
        ({"claim": "a", "at_least": True}, [(".at_least", "true or false, a number was expected")]),
        ({"claim": "a", "at_most": float("nan")}, [(".at_most", "a number, a number was expected")]),
        ({"claim": "a", "at_most": 10**400}, []),
        ({"claim": "a", "matches": "a{1,3}"}, []),
    ],
)
def test_condition(condition: Any, found: list[tuple[str, str]]) -> None:
    """A condition is a path, or one claim under at most one operator, or all, any, not."""
    mapping = {"label": {"value": "VIP", "when": condition}}
    assert errors(mapping) == [("label.when" + where, what) for where, what in found]
    assert all(problem.cure for problem in parse(mapping).errors)


@pytest.mark.parametrize("pattern", ["(a", "(?=a)", "(a)\\1", "a**", "((a{1000}){1000}){1000}", "\\", "[z-a]", "(?<x"])
def test_refused_patterns(pattern: str) -> None:
    """A pattern that the linear-time engine cannot run is refused when loaded, with the engine's reason."""
    ((where, found),) = errors({"label": {"value": "x", "when": {"claim": "a", "matches": pattern}}})
    assert where == "label.when.matches"
    assert found.startswith("a regular expression that RE2 refuses: ")


@pytest.mark.parametrize(
    ("proof", "found"),
    [
        ("email_verified", []),
        (["email", "verified"], [("", "a bare list")]),
        ({"claim": ["email", "verified"]}, []),
        ({"claim": "verified", "contains": "email"}, []),
        ({"claim": "ok", "if_absent": "accept"}, []),
        ({"all": ["a", {"claim": "b", "if_absent": "accept"}]}, []),
        ({"claim": "ok", "if_absent": "deny"}, [(".if_absent", "unknown value")]),
        ({"claim": "ok", "if_absent": True}, [(".if_absent", "unknown value")]),
        ({"claim": "ok", "from": "token"}, [(".from", "from in verified_by")]),
        ({"any": ["a", "b"]}, [(".any", "any in verified_by")]),
        ({"not": "a"}, [(".not", "not in verified_by")]),
        ({"all": ["a", {"not": "b"}]}, [(".all.1.not", "not in verified_by")]),
        ({"cel": "true"}, [(".cel", "cel in verified_by")]),
        ({"claim": "blocked", "present": False}, [(".present", "present: false in verified_by")]),
        ({"claim": "id", "present": True}, []),
        ("email", [("", "a claim that proves itself")]),
        ({"all": [{"claim": ["email"], "present": True}]}, [("", "a claim that proves itself")]),
        ({"all": ["email_verified", {"claim": "email", "ends_with": "@shop.example"}]}, []),
        (True, [("", "true or false, a condition was expected")]),
    ],
)
def test_proof(proof: Any, found: list[tuple[str, str]]) -> None:
    """verified_by is a plain yes of the provider's: no not, no any, nothing absent, not the claim itself."""
    assert errors({"name": {"claim": "email", "verified_by": proof}}) == [
        ("name.verified_by" + where, what) for where, what in found
    ]


VOUCHING: list[Any] = [
    {"claim": "email", "verified_by": "trusted"},
    {"first_of": ["email", "mail"], "verified_by": "trusted"},
    {"first_of": [{"claim": "email", "verified_by": {"claim": "ok", "if_absent": "accept"}}]},
    {"claim": "email", "verified_by": {"all": ["a", {"claim": "ok", "if_absent": "accept"}]}},
]


@pytest.mark.parametrize("value", VOUCHING)
@pytest.mark.parametrize("layer", ["preset", "common", "callback", "provider"])
def test_vouching(value: Any, layer: Any) -> None:
    """With several providers the operator vouches for each of them, not for all at once."""
    assert errors({"email": value}, layer=layer) == []
    found = errors({"email": value}, layer=layer, several_providers=True)
    assert [what.endswith("for all providers") for _, what in found] == (
        [True] if layer in ("common", "callback") else []
    )


def test_vouching_for_a_pair() -> None:
    """A national number beside its country is vouched for under a provider only, too."""
    phone = {"national": "n", "country_code": "c", "verified_by": "trusted"}
    assert errors({"phone": phone}, several_providers=True) == [
        ("phone.verified_by", "verified_by: trusted for all providers")
    ]


def test_trusted_is_also_a_name() -> None:
    """A claim that is called trusted is {claim: trusted}, and vouches for nothing."""
    assert errors({"email": {"claim": "email", "verified_by": {"claim": "trusted"}}}, several_providers=True) == []


@pytest.mark.parametrize(
    ("value", "warned"),
    [
        ("realm_access.roles", True),
        ({"claim": "realm_access.roles"}, True),
        ({"value": "x", "when": "realm_access.roles"}, True),
        ({"template": "{realm_access.roles}"}, True),
        ({"claim": ["realm_access.roles"]}, False),
        ({"claim": ["resource_access", "my.client", "roles"]}, False),
        ("https://shop.example/plan", False),
        ("urn:zitadel:iam:org:1.2", False),
        ("cognito:groups.x", False),
        ("shop.example/plan", True),
        ("name", False),
    ],
)
def test_dots(value: Any, warned: bool) -> None:
    """A name with dots that is no URL draws a warning with both spellings, and is read literally all the same."""
    parsed = parse({"label": value})
    assert parsed.errors == ()
    assert len(parsed.warnings) == warned
    if warned and "realm" in parsed.warnings[0].found:
        assert "[realm_access, roles]" in parsed.warnings[0].cure
        assert "['realm_access.roles']" in parsed.warnings[0].cure


@pytest.mark.parametrize(
    ("target", "layer", "warned"),
    [("label", "common", ["label.claim"]), ("name", "common", []), ("label", "preset", [])],
)
def test_editable_claims(target: str, layer: Any, warned: list[str]) -> None:
    """What visitors can edit themselves draws a warning where it says more than their name."""
    parsed = parse({target: {"claim": ["user_metadata", "tier"]}}, layer=layer)
    assert [dotted(problem) for problem in parsed.warnings] == warned


def test_depth() -> None:
    """Conditions count as levels, too, and no depth makes reading fail."""
    condition: Any = "a"
    for _ in range(6):
        condition = {"not": condition}
    assert errors({"label": {"value": "x", "when": condition}}) == []
    assert errors({"label": {"value": "x", "when": {"not": condition}}}) == [
        ("label.when" + ".not" * 7, "nested more than 8 deep")
    ]
    for _ in range(5000):
        condition = {"all": [condition]}
    assert len(errors({"label": {"value": "x", "when": condition}})) == 1
