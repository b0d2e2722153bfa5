"""``require`` at run time: who is let in, and what those who are not are told."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.chat_user import ChatUser, Phone
from bridge.errors import VisitorRefused
from bridge.mapping.operand import OperandUnfit
from bridge.mapping.require import FIELDS, Require
from bridge.mapping.require_grammar import parse_require
from bridge.mapping.written import Written
from bridge.trace import RecordingTrace
from tests.mapping.json_values import json_objects, plain_data
from tests.mapping.language import claims

USER = ChatUser(
    "own:u1", "An", "an@shop.example", Phone("+84", "0901234567", "901234567"), "https://shop.example/a.png"
)


def rules(*written: Any) -> Require:
    """Rules that must be sound, as if they stood at the top."""
    parsed = parse_require([Written(list(written), ("require",), "common")])
    assert parsed.errors == ()
    return parsed.require


def refused(require: Require, visitor: dict[str, Any], user: ChatUser = USER) -> VisitorRefused | None:
    """The refusal, if there is one."""
    try:
        require.check_claims(claims(visitor))
        require.check_user(user)
    except VisitorRefused as refusal:
        return refusal
    return None


@pytest.mark.parametrize(
    ("rule", "wanted", "unwanted"),
    [
        ("member", {"member": True}, {"member": False}),
        ({"claim": "tenant", "equals": "vn"}, {"tenant": "vn"}, {"tenant": "th"}),
        ({"claim": "tenant", "equals": "vn"}, {"tenant": "vn"}, {}),
        ({"claim": "tenant", "equals": "vn"}, {"tenant": "vn"}, {"tenant": {"vn": 1}}),
        ({"not": {"claim": "act", "present": True}}, {}, {"act": {"sub": "staff"}}),
        ({"not": "is_anonymous"}, {}, {"is_anonymous": True}),
        ({"not": "is_anonymous"}, {"is_anonymous": False}, {"is_anonymous": 1}),
        ({"any": ["a", {"claim": "roles", "contains_any": ["vip", "gold"]}]}, {"roles": ["gold"]}, {"roles": []}),
        ({"cel": "claims.n > 17"}, {"n": 18}, {"n": 17}),
        ({"cel": "claims.n > 17"}, {"n": 18}, {"n": "18"}),
    ],
)
def test_on_claims(rule: Any, wanted: dict[str, Any], unwanted: dict[str, Any]) -> None:
    """Only a yes lets in: no and cannot tell refuse."""
    assert refused(rules(rule), wanted) is None
    assert refused(rules(rule), unwanted) is not None


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ({"field": "email", "ends_with": "@shop.example"}, True),
        ({"field": "email", "ends_with": "@other.example"}, False),
        ({"field": "id", "starts_with": "own:"}, True),
        ({"field": "name", "present": True}, True),
        ({"field": "label", "present": True}, False),
        ({"field": "label", "present": False}, True),
        ({"field": "label", "equals": "VIP"}, False),
        ({"field": "phone_number", "matches": "\\+84[0-9]+"}, True),
        ({"field": "country_code", "in": ["+84", "+66"]}, True),
        ({"field": "country_code", "in": ["+1"]}, False),
        ({"field": "avatar", "contains": "x"}, False),
    ],
)
def test_on_fields(rule: Any, wanted: bool) -> None:
    """A rule on a field of the finished chat user; an absent field is a no but for present: false."""
    assert (refused(rules(rule), {}) is None) == wanted
    if not wanted:
        assert refused(rules(rule), {}, ChatUser()) is not None


def test_the_first_that_fails_answers() -> None:
    """In order, claims before fields, wherever they stand in the list; the text is the rule's own."""
    require = rules(
        {"field": "label", "present": True, "message": "field"},
        {"claim": "a", "message": "first"},
        {"claim": "b", "message": "second"},
        "c",
    )
    assert [
        refusal.message if (refusal := refused(require, visitor)) else None
        for visitor in ({}, {"a": True}, {"a": True, "b": True}, {"a": True, "b": True, "c": True})
    ] == ["first", "second", None, "field"]


def test_what_the_log_is_told() -> None:
    """The rule's place, its claim and the verdict; never what was found or asked for."""
    refusal = refused(
        rules("ok", {"claim": ["org", "name"], "equals": "secret-org"}), {"ok": True, "org": {"name": "theirs"}}
    )
    assert refusal is not None
    assert refusal.detail == "require.1: [org, name] equals: no"
    assert refusal.hint
    assert refusal.code == "visitor_refused"


def test_every_rule_is_traced() -> None:
    """Each rule that was asked, with its place and verdict; what was found stands apart."""
    trace = RecordingTrace()
    require = rules("member", {"claim": "plan", "equals": "gold"}, {"field": "email", "present": True})
    with pytest.raises(VisitorRefused):
        require.check_claims(claims({"member": True, "plan": "silver"}), trace)
    require.check_user(USER, trace)
    assert [(step.stage, step.name, step.verdict, step.reason) for step in trace.steps] == [
        ("require", "require.0", "ok", "member: yes"),
        ("require", "require.1", "refused", "plan equals: no"),
        ("require", "require.2", "ok", "email present: yes"),
    ]
    assert [step.value for step in trace.steps] == [{"member": True}, {"plan": "silver"}, {"email": "an@shop.example"}]
    assert "silver" not in str(trace.steps)


def test_without_rules_everybody_is_wanted() -> None:
    """No rule, no refusal."""
    assert refused(Require(), {}, ChatUser()) is None


def test_fields_are_the_chat_users() -> None:
    """Each field that CX Genie is sent, by the mapping's names."""
    assert [read(USER) for read in FIELDS.values()] == [
        "own:u1", "An", "an@shop.example", "+84901234567", "+84", "https://shop.example/a.png", None,
    ]  # fmt: skip


RULES = st.one_of(
    plain_data,
    st.lists(plain_data, max_size=3),
    st.dictionaries(
        st.sampled_from(["field", "message", "name", "claim", "equals", "cel", "present"]), plain_data, max_size=3
    ),
    st.fixed_dictionaries({"field": st.sampled_from(sorted(FIELDS)), "equals": st.text(max_size=3)}),
)


@settings(deadline=None)  # the first expression loads the library
@given(RULES, st.sampled_from(["preset", "common", "provider"]), json_objects)
def test_any_rules_and_claims(written: Any, layer: Any, visitor: dict[str, Any]) -> None:
    """Any data is rules or problems below it, and what could be read lets in or refuses by its one name."""
    try:
        parsed = parse_require([Written(written, ("require",), layer)])
    except OperandUnfit as unfit:
        pytest.fail(f"{unfit} is no problem with a place")
    assert all(problem.path[0] == "require" and problem.found for problem in parsed.errors)
    refused(parsed.require, visitor)
    refused(parsed.require, visitor, ChatUser())
