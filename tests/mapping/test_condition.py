"""CONDITION: yes, no, cannot tell."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.mapping.condition import OPERATORS
from bridge.mapping.condition_grammar import ConditionReader
from bridge.mapping.findings import Findings
from bridge.mapping.operand import OperandUnfit
from bridge.mapping.path import Path
from tests.mapping.json_values import json_values
from tests.mapping.language import claims

ABSENT = object()


def verdict(written: Any, value: Any = ABSENT) -> bool | None:
    """What a condition says where the claim ``c`` is this value."""
    findings = Findings()
    condition = ConditionReader("label", findings).condition(written, ())
    assert condition is not None, findings.errors
    return condition.evaluate(claims({} if value is ABSENT else {"c": value}))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True), ("true", True), (False, False), ("false", False), ("True", False), ("1", False), (ABSENT, False),
        ("", False), (None, False), (1, None), (0, None), ([], None), ([True], None), ({}, None),
    ],
)  # fmt: skip
def test_without_operator(value: Any, expected: bool | None) -> None:
    """Only true and the text "true" are a yes; "false" is truthy in Python (C29)."""
    assert verdict("c", value) is expected
    assert verdict({"claim": "c"}, value) is expected


@pytest.mark.parametrize(
    ("operator", "operand", "value", "expected"),
    [
        ("equals", "gold", "gold", True),
        ("equals", "gold", "Gold", False),
        ("equals", "0", 0, True),
        ("equals", "42", 42.0, True),
        ("equals", "42", 42.5, False),
        ("equals", True, True, True),
        ("equals", True, "true", True),
        ("equals", "true", True, True),
        ("equals", False, False, True),
        ("equals", "1", True, False),
        ("equals", "gold", ["gold"], False),
        ("equals", "gold", {"gold": 1}, None),
        ("equals", "gold", ABSENT, False),
        ("in", ["gold", "silver"], "silver", True),
        ("in", ["gold", True], True, True),
        ("in", ["gold"], ["gold"], False),
        ("in", ["gold"], {}, None),
        ("in", ["gold"], ABSENT, False),
        ("contains", "vip", ["staff", "vip"], True),
        ("contains", "vip", [], False),
        ("contains", "vip", ["vip-not"], False),
        ("contains", "7", [7, {"a": 1}, None, True], True),
        ("contains", "true", [True], False),
        ("contains", "openid", "profile openid email", True),
        ("contains", "open", "profile openid email", False),
        ("contains", "gold member", "gold member", True),
        ("contains", "7", 7, True),
        ("contains", "vip", {"vip": {}}, None),
        ("contains", "vip", True, None),
        ("contains", "vip", ABSENT, False),
        ("contains_any", ["vip", "gold"], ["gold"], True),
        ("contains_any", ["vip", "gold"], ["staff"], False),
        ("contains_any", ["vip"], {}, None),
        ("matches", "[a-z]+@shop\\.example", "ann@shop.example", True),
        ("matches", "[a-z]+@shop\\.example", "x ann@shop.example", False),
        ("matches", "[a-z]+@shop\\.example", "ann@shop.example\n", False),
        ("matches", "a|ab", "ab", True),
        ("matches", "Nguy.n", "Nguyễn", True),
        ("matches", "[0-9]+", 42, True),
        ("matches", ".*", "\ud800", True),
        ("matches", ".*", ["a"], None),
        ("matches", ".*", True, None),
        ("matches", ".*", ABSENT, False),
        ("starts_with", "staff-", "staff-1", True),
        ("starts_with", "staff-", "Staff-1", False),
        ("starts_with", "4", 42, True),
        ("starts_with", "a", ["a"], None),
        ("ends_with", "@shop.example", "a@shop.example", True),
        ("ends_with", "@shop.example", "a@shop.example.evil", False),
        ("ends_with", "a", ABSENT, False),
        ("present", True, "x", True),
        ("present", True, False, True),
        ("present", True, ABSENT, False),
        ("present", True, " ", False),
        ("present", True, None, False),
        ("present", False, ABSENT, True),
        ("present", False, None, True),
        ("present", False, 0, False),
        ("at_least", 18, 18, True),
        ("at_least", 18, 17.9, False),
        ("at_least", 18, "18", None),
        ("at_least", 18, True, None),
        ("at_least", 18, ABSENT, False),
        ("at_least", 10**400, 1e300, False),
        ("at_most", 2, 2.0, True),
        ("at_most", 2, 3, False),
        ("at_most", 2, [1], None),
    ],
)
def test_operator(operator: str, operand: Any, value: Any, expected: bool | None) -> None:
    """Each operator on each type; an absent claim is a no, a type it cannot take is cannot tell."""
    assert verdict({"claim": "c", operator: operand}, value) is expected


YES, NO, UNKNOWN = {"claim": "c", "equals": "x"}, {"claim": "c", "equals": "y"}, {"claim": "c", "at_least": 1}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"all": [YES, YES]}, True),
        ({"all": [YES, NO]}, False),
        ({"all": [YES, UNKNOWN]}, None),
        ({"all": [UNKNOWN, NO]}, False),
        ({"any": [NO, YES]}, True),
        ({"any": [NO, NO]}, False),
        ({"any": [NO, UNKNOWN]}, None),
        ({"any": [UNKNOWN, YES]}, True),
        ({"not": YES}, False),
        ({"not": NO}, True),
        ({"not": UNKNOWN}, None),
        ({"not": {"all": [YES, {"any": [UNKNOWN, NO]}]}}, None),
    ],
)
def test_three_values(written: Any, expected: bool | None) -> None:
    """all, any and not carry cannot tell on, unless the rest decides."""
    assert verdict(written, "x") is expected


def test_from() -> None:
    """A condition with from: reads that source alone."""
    condition = ConditionReader("label", Findings()).condition({"claim": "c", "from": "userinfo"}, ())
    assert condition is not None
    assert condition.evaluate(claims({"c": True}, userinfo={"c": False})) is False
    assert condition.evaluate(claims({}, userinfo={})) is False
    assert condition.evaluate(claims({"c": True})) is None, "nobody has asked userinfo"


@given(operator=st.sampled_from(sorted(OPERATORS)), operand=json_values, value=json_values)
def test_any_operand_and_value(operator: str, operand: Any, value: Any) -> None:
    """An operand is taken or refused with what to write; what was taken judges any claim."""
    try:
        judge = OPERATORS[operator](operand)
    except OperandUnfit as unfit:
        said = (unfit.found, unfit.cure)
    else:
        said = (operator, "taken")
        assert judge(value) in (True, False, None)
    assert all(said)


def test_names_for_the_trace() -> None:
    """A condition's text names its claims and operators, never what they are compared with."""
    written = {"all": [{"claim": ["a", "b"], "equals": "secret"}, {"any": [{"not": "c"}, "d"]}]}
    condition = ConditionReader("label", Findings()).condition(written, ())
    assert str(condition) == "all of ([a, b] equals, any of (not (c), d))"
    assert condition is not None
    assert sorted(path.name for path in condition.paths()) == ["a", "c", "d"]
    assert str(Path("c")) == "c"
