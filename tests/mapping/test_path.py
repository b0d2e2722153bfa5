"""PATH and the text of a claim."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.mapping.path import EVERY, Path, as_text
from tests.mapping.json_values import json_objects, json_values
from tests.mapping.language import claims

CLAIMS = {
    "email": "a@shop.example",
    "https://shop.example/plan": "gold",
    "realm_access": {"roles": ["vip", "staff"]},
    "realm_access.roles": "literal",
    "resource_access": {"my.client": {"roles": ["buyer"]}},
    "emails": ["first@shop.example", "second@shop.example"],
    "roles": [{"name": "vip"}, {"id": 2}, {"name": "staff"}, "text"],
    "lone": {"name": "vip"},
    "nested": [{"tags": [{"t": 1}, {"t": 2}]}, {"tags": [{"t": 3}]}],
    "grid": [[1, 2], [3]],
    "blank": " \t",
    "empty": "",
    "null": None,
    "no": False,
    "zero": 0,
    "__class__": "plain data",
    "0": "a name that looks like a number",
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (Path("email"), "a@shop.example"),
        (Path("https://shop.example/plan"), "gold"),
        (Path("realm_access", "roles"), ["vip", "staff"]),
        (Path("realm_access.roles"), "literal"),
        (Path("resource_access", "my.client", "roles", 0), "buyer"),
        (Path("emails", 1), "second@shop.example"),
        (Path("emails", 2), None),
        (Path("emails", "1"), None),
        (Path("realm_access", 0), {"roles": ["vip", "staff"]}),
        (Path("email", 0), "a@shop.example"),
        (Path("email", 1), None),
        (Path("email", 0, 0), "a@shop.example"),
        (Path("lone", 0, "name"), "vip"),
        (Path("zero", 0), 0),
        (Path("null", 0), None),
        (Path("absent", 0), None),
        (Path("grid", 5), None),
        (Path("roles", EVERY, "name"), ["vip", "staff"]),
        (Path("lone", EVERY, "name"), ["vip"]),
        (Path("roles", EVERY, "absent"), None),
        (Path("nested", EVERY, "tags", EVERY, "t"), [1, 2, 3]),
        (Path("grid", EVERY), [[1, 2], [3]]),
        (Path("grid", EVERY, 0), [1, 3]),
        (Path("grid", EVERY, EVERY), [1, 2, 3]),
        (Path("blank"), None),
        (Path("empty"), None),
        (Path("null"), None),
        (Path("absent", "deeper"), None),
        (Path("no"), False),
        (Path("zero"), 0),
        (Path("__class__"), "plain data"),
        (Path("__class__", "__name__"), None),
        (Path("0"), "a name that looks like a number"),
    ],
    ids=str,
)
def test_walk(path: Path, expected: Any) -> None:
    """A name is literal and steps into objects, a number into lists, a star into each element; blank is absent."""
    assert path.find(claims(CLAIMS)) == expected


@pytest.mark.parametrize("name", ["iss", "aud", "exp", "azp", "scope", "cnf", "act", "sub"])
def test_claims_about_the_token(name: str) -> None:
    """Claims about the token are never read from userinfo where the token answered."""
    assert Path(name).find(claims({}, userinfo={name: "forged"})) is None
    assert Path(name).find(claims({}, introspection={name: "said"}, userinfo={name: "forged"})) == "said"
    assert Path(name).find(claims({name: "said"}, userinfo={name: "forged"})) == "said"


def test_subject_of_userinfo_alone() -> None:
    """For a token known by userinfo alone, sub is the provider's subject, and the rest stays unknown."""
    visitor = claims(userinfo={"sub": "other", "iss": "x"}, subject="u1")
    assert Path("sub").find(visitor) == "u1"
    assert Path("iss").find(visitor) is None


def test_order_of_sources() -> None:
    """The first of token, userinfo and introspection that has the claim gives it."""
    visitor = claims({"b": ""}, userinfo={"a": 2, "b": 2}, introspection={"a": 3, "b": 3, "c": 3})
    assert [Path(name).find(visitor) for name in "abc"] == [2, 2, 3]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", "text"),
        (" kept ", " kept "),
        ("\u2003", None),
        (42, "42"),
        (42.0, "42"),
        (-0.0, "0"),
        (1.5, None),
        (10**30, str(10**30)),
        pytest.param(10**5000, None, id="5001 digits"),
        (1e300, None),
        (float("inf"), None),
        (float("nan"), None),
        (True, None),
        (False, None),
        (0, "0"),
        (None, None),
        (["a"], None),
        ({"a": "b"}, None),
    ],
)
def test_as_text(value: Any, expected: str | None) -> None:
    """Text and whole numbers are text, exactly; a number that a double cannot hold exactly could be two visitors'."""
    assert as_text(value) == expected


steps = st.lists(st.one_of(st.text(max_size=3), st.integers(0, 3), st.just(EVERY)), max_size=5)


@given(members=json_objects, name=st.text(max_size=3), rest=steps)
def test_any_claims(members: dict[str, Any], name: str, rest: list[Any]) -> None:
    """No claims make a walk fail, and what it gives is never blank text."""
    found = Path(name, *rest).find(claims(members, userinfo=members))
    assert not isinstance(found, str) or found.strip()


@given(json_values)
def test_any_text(value: Any) -> None:
    """Whatever a claim is, its text is text with something in it, or nothing."""
    text = as_text(value)
    assert text is None or text.strip()


def test_a_source_of_facts_says_nothing_of_the_token() -> None:
    """Nor does its presence take the subject away from a token that is known by userinfo alone."""
    visitor = claims(userinfo={"sub": "typed"}, crm={"sub": "victim", "scope": "all", "tier": "gold"}, subject="u1")
    assert Path("sub").find(visitor) == "u1"
    assert [Path(name).read(visitor, "crm") for name in ("sub", "scope", "tier")] == [None, None, "gold"]
    assert Path("tier").find(visitor) is None
