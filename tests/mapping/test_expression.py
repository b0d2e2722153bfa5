"""CEL: what is taken, what is refused before it could cost anything, and what comes of any claims."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.mapping.expression import MAX_BYTES, MAX_ELEMENTS, compile_expression
from bridge.mapping.operand import OperandUnfit
from tests.mapping.json_values import json_objects, json_values, plain_data
from tests.mapping.language import claims, errors, label, parse
from tests.missing_extra import printed_without


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("claims.tier", ["tier"]),
        ('claims["https://shop.example/tier"]', ["https://shop.example/tier"]),
        ("claims [ 'a' ] . b", ["a"]),
        ('claims[r"a\\b"]', ["a\\b"]),
        ('"a" in claims', ["a"]),
        ('"a" in claims && !("b" in claims) ? "x" : "y"', ["a", "b"]),
        ("has(claims.a.b) ? claims.a.b : claims.c", ["a", "c"]),
        ('claims.l.filter(g, g.startsWith("v")).map(g, g + "!")', ["l"]),
        ('claims.l.all(x, x != "a") || claims.l.exists(x, x == "b") || claims.l.exists_one(x, x == "c")', ["l"]),
        ('claims.l.map(x, x.kind == "a", x["name"])', ["l"]),
        ('claims.l.exists(x, x.matches(r"^[0-9]+$"))', ["l"]),
        ('{"gold": "Gold", "silver": "Silver"}[claims.plan]', ["plan"]),
        ("size(claims.l) > 3 && claims.n >= 18 && int(string(claims.n)) == 1e3 - 0x1F", ["l", "n"]),
        ("// why\nclaims.a", ["a"]),
        ('"claims" + "x.map(y, y)"', []),
        ("claims.claims", ["claims"]),
        ("claims.exists.map", ["exists"]),
        ("claims.in_ + claims.true_", ["in_", "true_"]),
    ],
)
def test_taken(expression: str, names: list[str]) -> None:
    """Claims that are named literally, known functions, and macros beside each other."""
    assert list(compile_expression(expression).names) == names


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        (7, "a number, a CEL expression was expected"),
        (None, "nothing, a CEL expression was expected"),
        (" ", "blank, a CEL expression was expected"),
        ("1" * 1001, "an expression of 1001 characters"),
        ("claims.a +", "no CEL expression"),
        ("claims", "a use of claims that names none"),
        ("claims == {}", "a use of claims that names none"),
        ("claims.size()", "a use of claims that names none"),
        ("claims.map(k, k)", "a use of claims that names none"),
        ("claims[claims.a]", "a use of claims that names none"),
        ('claims["a" + "b"]', "a use of claims that names none"),
        ("claims[0]", "a use of claims that names none"),
        ("claims.?a", "a use of claims that names none"),
        ("has(claims)", "a use of claims that names none"),
        ('"a" + "b" in claims', "a use of claims that names none"),
        ('!"a" in claims', "a use of claims that names none"),
        ('"a" in claims.size()', "a use of claims that names none"),
        ("claims.l.exists(x, x in claims)", "a use of claims that names none"),
        ("tier", "unknown name tier"),
        ("token.tier", "unknown name token"),
        ("claims.l.map(x, x) + x", "unknown name x"),
        ("claims.l.map(x, y)", "unknown name y"),
        ("now()", "unknown function now"),
        ('timestamp("2026-01-01T00:00:00Z")', "unknown function timestamp"),
        ("dyn(claims.a)", "unknown function dyn"),
        ('matches(claims.a, "x")', "unknown function matches"),
        ("claims.a.lowerAscii()", "unknown method lowerAscii"),
        (".claims.a", "a dot with nothing before it"),
        ("claims.l.map(x, x.map(y, y))", "map inside map"),
        ("claims.l.exists(x, claims.m.all(y, y == x))", "all inside exists"),
        ("claims.l.map(x, x).map(y, y)", "too many macros"),
        (" && ".join(["claims.l.all(x, x)"] * 5), "too many macros"),
        ("claims.l.map(x, claims.l)", "a map of too much"),
        ("claims.l.map(x, [x, x])", "a map of too much"),
        ('claims.l.map(x, {"a": x})', "a map of too much"),
        ("claims.l.map(x, x + x + x + x + x)", "a map of too much"),
        ("claims.l.map(1, 2)", "map without a variable"),
        ("claims.l.map(claims, 1)", "map without a variable"),
        ("+".join(["claims.a"] * 17), "claims named 17 times"),
        ("claims.a.matches(claims.b)", "matches without a literal pattern"),
        ('claims.a.matches("a" + claims.b)', "matches without a literal pattern"),
        ('claims.a.matches("(")', "a regular expression that RE2 refuses: missing ): ("),
        ('claims.a.matches("(x{1,90}){1,9}")', "too large a pattern, or too many"),
        (" || ".join(['claims.a.matches("x")'] * 3), "too large a pattern, or too many"),
        ("(" * 33 + "1" + ")" * 33, "brackets nested too deep"),
        ("(claims.a", "a stray ("),
        ("claims.a)", "a stray )"),
        ("(claims.a]", "a stray ]"),
        ("claims.`a`", "something that cannot stand there, at character 8"),
        ('claims.l.map(b, b"x")', "something that cannot stand there, at character 18"),
        ("'''x''' + claims.a", "something that cannot stand there, at character 3"),
        ('claims["\\ud800"]', "a text that CEL cannot read"),
        ("claims.a = 1", "something that cannot stand there, at character 10"),
        ("claims.a; 1", "something that cannot stand there, at character 9"),
    ],
)
def test_refused(expression: Any, found: str) -> None:
    """Whatever could cost more than it may, or reads what it does not name, is refused when it is loaded."""
    with pytest.raises(OperandUnfit) as unfit:
        compile_expression(expression)
    assert unfit.value.found == found
    assert unfit.value.cure


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("claims.plan", "gold"),
        ('claims.plan == "gold" ? "VIP" : "Customer"', "VIP"),
        ("claims.absent", None),
        ('has(claims.absent) ? "a" : ""', None),
        ("claims.blank", None),
        ("null", None),
        ("claims.number + 1", "43"),
        ("claims.half", None),
        ("claims.flag", None),
        ("claims.roles", None),
        ("claims.roles[0]", "vip"),
        ("claims.roles[7]", None),
        ("claims.plan + 1", None),
        ("1 / 0", None),
        ("9223372036854775807 + claims.number", None),
        ("claims.huge", None),
    ],
)
def test_as_a_value(expression: str, expected: str | None) -> None:
    """Text or a whole number; null, blank, an error and anything else is absent."""
    visitor = claims(
        {"plan": "gold", "number": 42, "half": 0.5, "flag": True, "roles": ["vip"], "blank": " ", "huge": 10**40}
    )
    assert label({"cel": expression}, visitor) == expected
    assert label({"cel": expression, "default": "none"}, visitor) == (expected or "none")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("claims.n > 17", "yes"),
        ("claims.n > 18", None),
        ("claims.n", None),
        ("claims.absent > 1", None),
        ("true", "yes"),
    ],
)
def test_as_a_condition(expression: str, expected: str | None) -> None:
    """True is yes, false is no, and all else cannot tell."""
    visitor = claims({"n": 18})
    assert label({"value": "yes", "when": {"cel": expression}}, visitor) == expected
    negated = label({"value": "yes", "when": {"not": {"cel": expression}}}, visitor)
    assert negated == ("yes" if expression == "claims.n > 18" else None)


def test_in_a_table_and_through_transforms() -> None:
    """A list may come of it where a list is wanted."""
    visitor = claims({"roles": ["staff-a", "vip-b"]})
    some = 'claims.roles.filter(r, r.startsWith("vip-"))'
    assert label({"cel": some, "transform": ["first"]}, visitor) == "vip-b"
    assert label({"lookup": {"cel": some}, "table": {"vip-b": "VIP"}}, visitor) == "VIP"


def test_what_is_handed_in_is_cut() -> None:
    """Only the claims that are named, each to 100 elements and 2 KiB in all; missing ones are not there."""
    expression = compile_expression("size(claims.l) + size(claims.t) + size(claims.o)")
    long = {"l": ["x"] * 500, "t": "x" * 5000, "o": {str(number): 1 for number in range(500)}}
    assert expression.evaluate(long).value == MAX_ELEMENTS + MAX_BYTES + MAX_ELEMENTS
    assert expression.evaluate(long).cut
    short = {"l": ["x"] * 100, "t": "x" * 2048, "o": {}}
    assert (expression.evaluate(short).value, expression.evaluate(short).cut) == (2148, False)
    nested = compile_expression("claims.l").evaluate({"l": [["x" * 30] * 100] * 100})
    assert nested.cut
    assert len(str(nested.value)) < 3 * MAX_BYTES
    assert compile_expression("claims.t").evaluate({"t": "ễ" * 2000}).value == "ễ" * (MAX_BYTES // 3)


def test_not_in_a_proof() -> None:
    """A proof is a plain yes from the provider."""
    mapping = {"email": {"claim": "email", "verified_by": {"cel": "claims.ok"}}}
    assert errors(mapping) == [("email.verified_by.cel", "cel in verified_by")]


def test_what_the_visitor_can_edit() -> None:
    """A claim that visitors edit draws its warning here too."""
    (warning,) = parse({"label": {"cel": "claims.user_metadata.tier"}}).warnings
    assert warning.found == "user_metadata is the visitor's own"


def test_without_the_extra() -> None:
    """Without the library a mapping that uses CEL says how to install it, and any other does not even look for it."""
    program = (
        "from bridge.mapping.parse import Written, parse_mapping\n"
        "for value in ('plan', {'cel': 'claims.plan'}):\n"
        "    parsed = parse_mapping({'label': Written(value, ('mapping', 'label'), 'common')}, identity_method='id')\n"
        "    print([(problem.path, problem.found, problem.cure) for problem in parsed.errors])\n"
    )
    without, with_cel = printed_without("cel", program)
    assert without == "[]"
    assert "('mapping', 'label', 'cel')" in with_cel
    assert "pip install 'cxgenie-idp-bridge[cel]'" in with_cel


TOKENS = st.sampled_from(
    [
        "claims",
        ".",
        "a",
        "l",
        "x",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        '"a"',
        "'b'",
        "1",
        "2.5",
        "in",
        "==",
        "&&",
        "||",
        "!",
        "-",
        "+",
        "?",
        ":",
        ",",
        "map",
        "filter",
        "exists",
        "all",
        "has",
        "size",
        "matches",
        "string",
        "int",
        "true",
        "null",
        "<",
        "//",
        "\n",
    ]
)


@settings(deadline=None)  # the first expression loads the library
@given(st.one_of(st.lists(TOKENS, max_size=14).map(" ".join), st.text(max_size=30), plain_data), json_objects)
def test_any_expression(written: Any, visitor: dict[str, Any]) -> None:
    """Anything is an expression or unfit, and an expression takes any claims."""
    try:
        expression = compile_expression(written)
    except OperandUnfit as unfit:
        said: tuple[object, object] = (unfit.found, unfit.cure)
    else:
        said = ("taken", expression.evaluate(visitor))
    assert all(said)


@settings(deadline=None)  # the first expression loads the library
@given(
    st.sampled_from(
        [
            "claims.a",
            "claims.a.b",
            "claims.a[0]",
            "claims.a + claims.b",
            "claims.a == claims.b",
            "size(claims.a)",
            "string(claims.a)",
            "int(claims.a)",
            "double(claims.a)",
            "claims.a.map(x, x + x)",
            "claims.a.exists(x, x in claims.b)",
            "claims.a < claims.b",
            'claims.a.matches("^[0-9]+$")',
            "claims.a ? claims.b : claims.c",
            "-claims.a",
            "claims.a.filter(x, has(x.b))",
        ]
    ),
    json_objects,
    st.lists(json_values, min_size=3, max_size=3),
)
def test_any_claims(written: str, more: dict[str, Any], values: list[Any]) -> None:
    """No claims make an evaluation fail but by saying so."""
    said = compile_expression(written).evaluate({**more, **dict(zip("abc", values, strict=True))})
    assert said.value is None or not said.failure
