"""bridge/mapping/answer_test.py: CONDITIONs that are asked of one answer of a provider's."""

from typing import Any

import pytest

from bridge.mapping.answer_test import parse_answer_test

ZALO = {"all": [{"claim": "error", "present": True}, {"not": {"claim": "error", "equals": "0"}}]}


@pytest.mark.parametrize(
    ("condition", "answer", "holds", "may_hold"),
    [
        (ZALO, {"id": "1"}, False, False),
        (ZALO, {"error": 0}, False, False),
        (ZALO, {"error": "0"}, False, False),
        (ZALO, {"error": 452}, True, True),
        (ZALO, {"error": {"code": 0}}, False, True),
        ({"claim": ["error", "code"], "present": True}, {"error": {"code": 5}}, True, True),
        ({"claim": "aud", "equals": "web"}, {"aud": "web"}, True, True),
        ({"claim": "aud", "equals": "web"}, {"aud": {}}, False, True),
        ({"claim": "aud", "equals": "web"}, {}, False, False),
        ({"claim": "state", "from": "userinfo", "equals": "x"}, {"state": "x"}, True, True),
        ("blocked", {"blocked": True}, True, True),
    ],
)
def test_what_cannot_be_told_is_neither(condition: Any, answer: dict[str, Any], holds: bool, may_hold: bool) -> None:
    """A rule must hold for sure; a refusal may not be possible."""
    parsed = parse_answer_test([condition], [("x",)])
    assert parsed.errors == ()
    assert (parsed.test.holds(answer), parsed.test.may_hold(answer)) == (holds, may_hold)


def test_all_must_hold() -> None:
    """Rules add up."""
    test = parse_answer_test([{"claim": "a", "equals": "1"}, {"claim": "b", "equals": "2"}], [("a",), ("b",)]).test
    assert test.holds({"a": "1", "b": "2"})
    assert not test.holds({"a": "1"})


def test_each_problem_has_its_place() -> None:
    """As every CONDITION's."""
    parsed = parse_answer_test([{"claim": "a", "equls": "1"}, 5], [("rules", 0), ("rules", 1)])
    assert [problem.path for problem in parsed.errors] == [("rules", 0, "equls"), ("rules", 1)]
