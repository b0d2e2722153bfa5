"""What users of Vault, Dex, Envoy, Grafana, Kubernetes, oauth2-proxy and GitLab asked for, as far as the mapping goes.

There are forty. Each has a test with its number first in the name: here, or beside the stage that it belongs to.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from bridge.chat_user import ChatUser, Phone
from bridge.errors import IdentityUnusable, VisitorRefused
from bridge.mapping.parse import parse_mapping
from bridge.mapping.path import LEFT_OUT
from bridge.mapping.require_grammar import parse_require
from bridge.mapping.written import Written
from bridge.trace import RecordingTrace
from tests.mapping.language import apply, claims, errors, label, parse

VIETNAM = Phone("+84", "0901234567", "901234567")


@pytest.mark.parametrize(
    "name",
    [
        "https://shop.example/phone",
        "cognito:groups",
        "custom:tier",
        "urn:zitadel:iam:org:project:roles",
        "kubernetes.io",
        "a/b c",
    ],
)
def test_01_any_claim_by_its_literal_name(name: str) -> None:
    """A bare text is one literal key, whatever characters it has, and its parts are never walked."""
    nested: dict[str, Any] = {"kubernetes": {"io": "wrong"}, "https://shop": {"example/phone": "wrong"}}
    assert label(name, claims({**nested, name: "right"})) == "right"
    assert label(name, claims(nested)) is None


def test_02_nested_claims_by_literal_segments() -> None:
    """A list walks, also where a segment has a dot."""
    visitor = claims({"resource_access": {"shop.example": {"roles": "vip"}, "shop": {"example": {"roles": "wrong"}}}})
    assert label({"claim": ["resource_access", "shop.example", "roles"]}, visitor) == "vip"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (["emails", 0], "a@shop.example"),
        (["roles", "*", "name"], "admin, vip"),
        (["roles", 1, "name"], "vip"),
        (["emails", 7], None),
    ],
)
def test_03_into_lists(path: list[Any], expected: str | None) -> None:
    """By position, by a property of an element, or one property of every element."""
    visitor = claims({"emails": ["a@shop.example"], "roles": [{"name": "admin"}, {"name": "vip"}]})
    assert label({"claim": path, "transform": {"join": ", "}}, visitor) == expected


def test_04_keys_of_an_object() -> None:
    """ZITADEL's roles are an object that is keyed by role."""
    visitor = claims({"urn:zitadel:iam:org:project:roles": {"user": {"1": "x"}, "vip": {"1": "x"}}})
    value = {"lookup": {"claim": "urn:zitadel:iam:org:project:roles", "transform": "keys"}, "table": {"vip": "VIP"}}
    assert label(value, visitor) == "VIP"


def test_05_lone_text_and_split_text_as_lists() -> None:
    """A lone text is a list of one; text is split when told, and only then."""
    assert label({"claim": "groups", "transform": "first"}, claims({"groups": "vip"})) == "vip"
    split = {"claim": "scope", "transform": [{"split": " "}, "last"]}
    assert label(split, claims({"scope": "openid chat"})) == "chat"
    assert label("scope", claims({"scope": "openid chat"})) == "openid chat"
    vip = {"value": "VIP", "when": {"claim": "groups", "contains": "vip"}}
    assert label(vip, claims({"groups": "vip"})) == label(vip, claims({"groups": ["vip"]})) == "VIP"


def test_06_which_source() -> None:
    """Token, userinfo, introspection in that order, or the one that is named; one of ``sources:`` only by its name."""
    visitor = claims({"plan": "t"}, userinfo={"plan": "u", "more": "u"}, introspection={"plan": "i", "more": "i"})
    assert [label(name, visitor) for name in ("plan", "more")] == ["t", "u"]
    assert [label({"claim": "plan", "from": name}, visitor) for name in ("userinfo", "introspection")] == ["u", "i"]
    visitor = claims({"plan": "t"}, crm={"plan": "c", "tier": "c"})
    assert [label(name, visitor, sources=["crm"]) for name in ("plan", "tier")] == ["t", None]
    assert label({"claim": "plan", "from": "crm"}, visitor, sources=["crm"]) == "c"
    assert label({"claim": "plan", "from": "crm"}, claims({"plan": "t"}), sources=["crm"]) is None


def test_11_fallback_chain() -> None:
    """The first usable value wins, also across sources."""
    value = {"first_of": ["nickname", {"join": ["family_name", "given_name"]}, "preferred_username"]}
    assert label(value, claims({"preferred_username": "an"}, userinfo={"given_name": "An"})) == "An"
    chain = {"first_of": [{"claim": "tier", "from": "crm"}, {"claim": "plan", "from": "userinfo"}, "plan"]}
    for sources, expected in (
        ({"crm": {"tier": "c"}, "userinfo": {"plan": "u"}}, "c"),
        ({"crm": {"tier": " "}, "userinfo": {"plan": "u"}}, "u"),
        ({"crm": {}}, "t"),
        ({}, "t"),
    ):
        assert label(chain, claims({"plan": "t"}, **sources), sources=["crm"]) == expected


@pytest.mark.parametrize(
    ("value", "usable"),
    [
        (None, False),
        ("", False),
        (" \t", False),
        ([], False),
        ({}, False),
        (["x"], False),
        (False, True),
        (0, True),
        ("0", True),
    ],
)
def test_12_usable(value: Any, usable: bool) -> None:
    """Present, not null, not blank, of a right type; false and 0 are values, no gaps."""
    looked_up = {"lookup": "c", "table": {"false": "is there", "0": "is there"}}
    assert (label(looked_up, claims({"c": value})) == "is there") is usable
    assert (label({"first_of": ["c", {"value": "next"}]}, claims({"c": value})) == "next") is (
        not usable or value is False
    )


def test_13_the_mapped_claim_wins() -> None:
    """No standard claim is preferred behind the operator's back."""
    visitor = claims({"name": "Standard", "email": "a@shop.example", "shop_name": "Mapped"})
    assert apply({"name": "shop_name"}, visitor).name == "Mapped"
    assert apply({"name": "absent"}, visitor).name is None


def test_14_constants_and_defaults() -> None:
    """``value`` always, ``default`` only where nothing was usable."""
    assert [
        label({"value": "C"}, claims({"plan": "gold"})),
        label({"claim": "plan", "default": "D"}, claims({"plan": "gold"})),
    ] == [
        "C",
        "gold",
    ]
    assert label({"claim": "plan", "default": "D"}, claims({"plan": " "})) == "D"


@pytest.mark.parametrize(
    ("visitor", "expected"),
    [
        ({"given_name": "Văn A", "family_name": "Nguyễn"}, "Nguyễn Văn A"),
        ({"given_name": "John", "family_name": None}, "John"),
        ({"given_name": "John", "family_name": " "}, "John"),
        ({}, None),
    ],
)
def test_15_join_without_traces(visitor: dict[str, Any], expected: str | None) -> None:
    """Missing parts leave no trace, and the order is the operator's: family name first in Vietnam."""
    assert label({"join": ["family_name", "middle_name", "given_name"]}, claims(visitor)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (42, "42"), (42.0, "42"), (2**53, "9007199254740992"), (10**30, "1" + "0" * 30), (-1, "-1"), (0.1, None),
        (1e300, None), (True, None), (["a"], None), ({"a": "b"}, None), ([["a"]], None),
    ],
)  # fmt: skip
def test_16_scalars_become_text_exactly(value: Any, expected: str | None) -> None:
    """Objects and lists never do, and a wrong type costs that field, not the login."""
    user = apply({"label": "c", "name": "name"}, claims({"c": value, "name": "An"}))
    assert (user.label, user.name) == (expected, "An")


@pytest.mark.parametrize(
    ("flag", "proven"), [(True, True), ("true", True), (False, False), ("false", False), ("True", False), (1, False)]
)
def test_17_booleans_as_text(flag: Any, proven: bool) -> None:
    """Cognito's userinfo and Apple say "true" and "false"."""
    visitor = claims({"email": "an@shop.example", "email_verified": flag})
    user = apply({"email": {"claim": "email", "verified_by": "email_verified"}}, visitor)
    assert (user.email is not None) is proven


@pytest.mark.parametrize(
    ("transform", "value", "expected"),
    [
        (["trim", "collapse"], " a  b ", "a b"),
        (["lower"], "GOLD", "gold"),
        (["upper"], "gold", "GOLD"),
        ([{"pick": "tier-([a-z]+)"}], "x tier-gold y", "gold"),
        ([{"pick": "(a+)+$"}], "a" * 50_000 + "b", None),
        (["base64"], "Z29sZA", "gold"),
        ([{"strip_prefix": "plan:"}, {"strip_suffix": ":vn"}], "plan:gold:vn", "gold"),
        ([{"pick": "(.+)", "give": "<\\1>"}], "{x} \\1 ${y}", "<{x} \\1 ${y}>"),
    ],
)
def test_18_a_closed_set_of_transformations(transform: Any, value: str, expected: str | None) -> None:
    """No code, linear time, bounded; a claim's text is never a pattern or a template, which adds prefixes."""
    assert label({"claim": "c", "transform": transform}, claims({"c": value})) == expected
    assert label({"template": "<{c}>"}, claims({"c": "{d}", "d": "x"})) == "<{d}>"


def test_19_table_lookup() -> None:
    """From claim value to label, with a default; as it is written, or of any case where the operator says so."""
    table = {"6f1b2c3d-0000-4000-8000-1234567890ab": "Wholesale", "gold": "Gold member"}
    value = {"lookup": "group", "table": table, "default": "Customer"}
    found = [
        label(value, claims({"group": group})) for group in ("gold", "GOLD", "6f1b2c3d-0000-4000-8000-1234567890ab")
    ]
    assert found == ["Gold member", "Customer", "Wholesale"]
    any_case = {"lookup": {"claim": "group", "transform": "lower"}, "table": table}
    assert label(any_case, claims({"group": "GOLD"})) == "Gold member"


@pytest.mark.parametrize(
    ("roles", "expected"),
    [(["vip", "staff"], "Staff VIP"), (["vip"], "VIP"), (["gold"], "VIP"), (["user"], "Customer"), ([], "Customer")],
)
def test_20_label_by_membership(roles: list[str], expected: str) -> None:
    """Ordered rules, the first match wins; any of, all of."""
    both = {"all": [{"claim": "roles", "contains": "vip"}, {"claim": "roles", "contains": "staff"}]}
    value = {
        "first_of": [
            {"value": "Staff VIP", "when": both},
            {"value": "VIP", "when": {"claim": "roles", "contains_any": ["vip", "gold"]}},
            {"value": "Customer"},
        ]
    }
    assert label(value, claims({"roles": roles})) == expected


def test_21_filter_and_rename_lists() -> None:
    """By an allow list or a pattern, renamed, joined with a limit on count; the whole has a limit on length."""
    groups = [f"shop-{number}" for number in range(500)] + ["internal", "staff"]
    matched = [{"only_match": "^shop-[0-9]$"}, {"strip_prefix": "shop-"}, {"join": ", ", "at_most": 3}]
    assert label({"claim": "groups", "transform": matched}, claims({"groups": groups})) == "0, 1, 2"
    listed = [{"only": ["staff", "vip"]}, {"join": ", "}]
    assert label({"claim": "groups", "transform": listed}, claims({"groups": groups})) == "staff"
    assert len(label({"claim": "groups", "transform": {"join": ", "}}, claims({"groups": groups})) or "") == 255


def test_22_a_list_that_was_cut_off() -> None:
    """Entra moves more than 200 groups to ``_claim_names`` or says ``hasgroups``: that can be told from no groups."""
    cut = {"any": [{"claim": ["_claim_names", "groups"], "present": True}, {"claim": "hasgroups"}]}
    vip = {"value": "VIP", "when": {"claim": "groups", "contains": "g-vip"}}
    value = {"first_of": [vip, {"value": "Many groups", "when": cut}, {"value": "Customer"}]}
    for visitor, expected, noticed in (
        ({"groups": ["g-vip"]}, "VIP", False),
        ({"groups": []}, "Customer", False),
        ({"_claim_names": {"groups": "src1"}}, "Many groups", True),
        ({"_claim_names": {"address": "src1"}}, "Customer", False),
        ({"hasgroups": "true"}, "Many groups", True),
    ):
        trace = RecordingTrace()
        user = parse({"label": value, "name": "groups"}).mapping.apply(claims(visitor), trace)
        assert user.label == expected
        said = [step.reason for step in trace.steps if "left it out" in step.reason]
        assert said == ([f"groups: {LEFT_OUT}", f"when groups contains: no; groups: {LEFT_OUT}"] if noticed else [])


def test_22_a_rule_on_a_list_that_was_cut_off() -> None:
    """The log and explain say that the list was cut off, where the visitor is refused because of it."""
    written = Written([{"claim": "groups", "contains": "g-vip"}], ("require",), "common")
    trace = RecordingTrace()
    with pytest.raises(VisitorRefused) as refusal:
        parse_require([written]).require.check_claims(claims({"hasgroups": True}), trace)
    assert refusal.value.detail == f"require.0: groups contains: no; groups: {LEFT_OUT}"
    assert trace.steps[-1].reason == f"groups contains: no; groups: {LEFT_OUT}"


def test_23_one_mapping_per_issuer_with_shared_parts() -> None:
    """Targets come from the layer that has them last; each keeps the place where it was written."""
    shared = {"name": Written("name", ("mapping", "name"), "common")}
    for tier in ("custom:tier", "https://shop.example/tier"):
        own = {"label": Written(tier, ("providers", "x", "mapping", "label"), "provider")}
        user = parse_mapping({**shared, **own}, identity_method="id").mapping.apply(
            claims({"name": "An", tier: "gold"})
        )
        assert (user.name, user.label) == ("An", "gold")


@pytest.mark.parametrize(
    ("phone", "visitor"),
    [
        ("p", {"p": "+84901234567"}),
        ({"claim": "p", "international": True}, {"p": "84901234567"}),
        ({"claim": "p", "region": "VN"}, {"p": "0084901234567"}),
        ({"national": "p", "country_code": "ctry"}, {"p": "901234567", "ctry": "VN"}),
        ({"claim": "p", "region": {"claim": "ctry"}}, {"p": "0901234567", "ctry": "vn"}),
        ({"claim": "p", "region": {"lookup": "locale", "table": {"vi": "VN"}}}, {"p": "0901234567", "locale": "vi"}),
        ({"claim": "p", "region": "VN"}, {"p": "(090) 123-45.67"}),
        ({"claim": "p", "region": "VN"}, {"p": "0901234567 ext. 12"}),
    ],
)
def test_24_phones_of_every_shape(phone: Any, visitor: dict[str, Any]) -> None:
    """Into national number and calling code; blanks, dots, hyphens, brackets and an extension are tolerated."""
    assert apply({"phone": phone}, claims(visitor)).phone == VIETNAM


@pytest.mark.parametrize("bad", ["call me", "+84", "+8490123456789012", "+84\u0660\u0661"])
def test_25_a_phone_that_cannot_be_read(bad: str) -> None:
    """It is left out, or refuses where a rule says so; the trace says why, without the number."""
    trace = RecordingTrace()
    mapping = parse({"phone": "p"}).mapping
    user = mapping.apply(claims({"p": bad}), trace)
    assert user.phone is None
    assert [step.verdict for step in trace.steps if step.name == "phone"][-1] == "refused"
    assert bad not in str(trace.steps)
    rule = Written(
        [{"field": "phone_number", "present": True, "message": "Please add a phone."}], ("require",), "common"
    )
    with pytest.raises(VisitorRefused) as refused:
        parse_require([rule]).require.check_user(user)
    assert refused.value.message == "Please add a phone."


@pytest.mark.parametrize(
    ("proof", "without", "with_no"),
    [
        ("ok", None, None),
        ({"claim": "ok", "if_absent": "accept"}, "an@shop.example", None),
        ("trusted", *["an@shop.example"] * 2),
    ],
)
def test_26_gates(proof: Any, without: str | None, with_no: str | None) -> None:
    """Three choices of proof; and an address as identity without any is refused when the file is loaded."""
    mapping = {"email": {"claim": "email", "verified_by": proof}}
    given = [
        apply(mapping, claims({"email": "an@shop.example", **flag})).email for flag in ({}, {"ok": False}, {"ok": True})
    ]
    assert given == [without, with_no, "an@shop.example"]
    assert errors(mapping, identity_method="email") == []
    assert errors({"email": "email"}, identity_method="email") == [("email", "email from email without verified_by")]


@pytest.mark.parametrize(
    "email",
    [
        "a@b@shop.example",
        "an@shop.example\n",
        "an\x00@shop.example",
        "an@",
        "a" * 65 + "@shop.example",
        " an@shop.example",
    ],
)
def test_27_checked_never_repaired(email: str) -> None:
    """Not even where a transform could make a good address of it."""
    for transform in ({}, {"transform": ["trim", "lower"]}, {"transform": [{"pick": "[a-z]+@[a-z.]+"}]}):
        assert apply({"email": {"claim": "email", **transform}}, claims({"email": email})).email is None


@pytest.mark.parametrize("claim", [["user_metadata", "tier"], ["unsafe_metadata", "tier"]])
def test_28_what_visitors_can_edit(claim: list[str]) -> None:
    """A warning, wherever it would decide something."""
    for value in (
        {"claim": claim},
        {"value": "VIP", "when": {"claim": claim, "equals": "gold"}},
        {"lookup": {"claim": claim}, "table": {"a": "b"}},
    ):
        assert [problem.found for problem in parse({"label": value}).warnings] == [f"{claim[0]} is the visitor's own"]
    assert parse({"name": {"claim": claim}}).warnings == ()


@pytest.mark.parametrize(
    ("avatar", "address", "given"),
    [
        ("a", "https://cdn.shop.example/a.png", True),
        ("a", "http://cdn.shop.example/a.png", False),
        ({"claim": "a", "upgrade": "https"}, "http://cdn.shop.example/a.png", True),
        (
            {"claim": "a", "when": {"not": {"claim": "a", "starts_with": "https://graph.microsoft.com/"}}},
            "https://graph.microsoft.com/v1.0/me/photo",
            False,
        ),
        ("a", "https://user:secret@cdn.shop.example/a.png", False),
        ("a", "https://cdn.shop.example/" + "a" * 2048, False),
    ],
)
def test_29_avatar(avatar: Any, address: str, given: bool) -> None:
    """An absolute https address of limited length, http upgraded only when told; one that needs a token is dropped."""
    assert (apply({"avatar": avatar}, claims({"a": address})).avatar is not None) is given


def test_30_rules_on_claims() -> None:
    """Before the mapping, with the operators of a CONDITION, each with the operator's own text."""
    rules = [
        {"claim": "tenant", "in": ["vn", "th"], "message": "Not here."},
        {"claim": "plan", "present": True, "message": "No plan."},
    ]
    require = parse_require([Written(rules, ("require",), "common")]).require
    require.check_claims(claims({"tenant": "vn", "plan": "gold"}))
    for visitor, message in (({"tenant": "us", "plan": "gold"}, "Not here."), ({"tenant": "vn"}, "No plan.")):
        with pytest.raises(VisitorRefused) as refused:
            require.check_claims(claims(visitor))
        assert refused.value.message == message


def test_31_rules_on_the_finished_user() -> None:
    """Identity field there, name not empty, domain of the address."""
    rules = [{"field": "name", "present": True}, {"field": "email", "ends_with": "@shop.example"}]
    require = parse_require([Written(rules, ("require",), "common")]).require
    require.check_user(ChatUser("u1", "An", "an@shop.example"))
    for user in (
        ChatUser("u1", None, "an@shop.example"),
        ChatUser("u1", "An", "an@evil.example"),
        ChatUser("u1", "An"),
    ):
        with pytest.raises(VisitorRefused):
            require.check_user(user)


def test_33_kind_claims_in_rules() -> None:
    """What a provider's kind claims say can be asked for where the token checks do not know it (Entra's ``idtyp``)."""
    require = parse_require([Written([{"claim": "idtyp", "equals": "user"}], ("require",), "common")]).require
    require.check_claims(claims({"idtyp": "user"}))
    with pytest.raises(VisitorRefused):
        require.check_claims(claims({"idtyp": "app"}))


@pytest.mark.parametrize("method", ["id", "email", "phone_number"])
def test_34_no_silent_fallback_for_the_identity(method: Any) -> None:
    """It is there, or there is no login; every other field may be absent."""
    mapping = {
        "email": {"claim": "email", "verified_by": "email_verified"},
        "phone": {"claim": "phone", "verified_by": "phone_verified"},
        "name": "name",
    }
    full = {"email": "an@shop.example", "email_verified": True, "phone": "+84901234567", "phone_verified": True}
    parsed = parse(mapping, identity_method=method)
    assert parsed.mapping.apply(claims(full)).name is None
    missing = {
        "id": (full, ""),
        "email": ({**full, "email_verified": False}, "u1"),
        "phone_number": ({**full, "phone": "x"}, "u1"),
    }
    visitor, subject = missing[method]
    with pytest.raises(IdentityUnusable):
        parsed.mapping.apply(claims(visitor, subject=subject))


@pytest.mark.parametrize(
    ("name", "rule", "nobody"),
    [
        ("anonymous", {"not": {"claim": "is_anonymous", "equals": True}}, {"is_anonymous": True}),
        ("anonymous", {"not": {"claim": ["firebase", "with"], "equals": "nobody"}}, {"firebase": {"with": "nobody"}}),
        ("impersonated", {"claim": "act", "present": False}, {"act": {"sub": "staff"}}),
        ("machine", {"not": {"claim": "idtyp", "equals": "app"}}, {"idtyp": "app"}),
        ("pending", {"not": {"claim": "sts", "equals": "pending"}}, {"sts": "pending"}),
    ],
)  # fmt: skip
def test_35_subjects_that_are_nobody(name: str, rule: dict[str, Any], nobody: dict[str, Any]) -> None:
    """Refused by a preset's rule, taken where ``allow`` names it, and then they can be labelled."""
    layer = Written([{**rule, "name": name}], ("require",), "preset")
    parse_require([layer]).require.check_claims(claims({}))
    with pytest.raises(VisitorRefused):
        parse_require([layer]).require.check_claims(claims(nobody))
    parse_require([layer], allow=[name]).require.check_claims(claims(nobody))
    assert label({"value": name, "when": {"not": rule}}, claims(nobody)) == name


def test_36_id_is_unique_across_issuers() -> None:
    """A prefix for each issuer, or tenant and object; never another's prefix."""
    assert apply({}, claims({}, subject="u1"), id_prefix="own:").id == "own:u1"
    with pytest.raises(IdentityUnusable):
        apply({}, claims({}, subject="own:u1"), other_prefixes=["own:"])
    both = {"id": {"template": "{tid}/{oid}", "verified_by": "trusted"}}
    assert apply(both, claims({"tid": "t", "oid": "o"})).id == "t/o"


def test_none_of_them_is_lost() -> None:
    """Each number is the name of a test somewhere in the tree."""
    numbered = re.compile(r"^(?:async )?def test_(\d\d)_", re.MULTILINE)
    tests = (file.read_text("utf-8") for file in Path(__file__).parents[1].rglob("test_*.py"))
    found = {int(number) for text in tests for number in numbered.findall(text)}
    assert set(range(1, 41)) - found == set()
