"""A whole mapping applied to a visitor."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.authentication import chat_user
from bridge.chat_user import ChatUser, Phone
from bridge.errors import IdentityUnusable, VisitorRefused
from bridge.mapping.require_grammar import parse_require
from bridge.mapping.written import Written
from bridge.trace import RecordingTrace
from tests.mapping.json_values import json_objects, known_claims, sound_mappings, sound_rules
from tests.mapping.language import apply, claims, parse

KEYCLOAK: dict[str, Any] = {
    "name": {"first_of": [{"join": ["family_name", "given_name"]}, "name", "preferred_username"]},
    "email": {"claim": "email", "verified_by": "email_verified"},
    "phone": {"claim": "phone_number", "verified_by": "phone_number_verified", "region": "VN"},
    "avatar": {"claim": "picture", "upgrade": "https"},
    "label": {
        "first_of": [
            {"value": "VIP", "when": {"claim": ["realm_access", "roles"], "contains": "vip"}},
            {"value": "Customer"},
        ]
    },
}
VISITOR: dict[str, Any] = {
    "sub": "u1",
    "name": "Nguyễn Văn A",
    "email": "A@shop.example",
    "email_verified": True,
    "phone_number": "+84901234567",
    "phone_number_verified": "true",
    "picture": "http://cdn.shop.example/a.png",
    "realm_access": {"roles": ["vip"]},
}


def test_the_whole_user() -> None:
    """Each field from its claim, the phone number in both its parts."""
    assert apply(KEYCLOAK, claims(VISITOR), id_prefix="kc:") == ChatUser(
        id="kc:u1",
        name="Nguyễn Văn A",
        email="A@shop.example",
        phone=Phone("+84", "0901234567", "901234567"),
        avatar="https://cdn.shop.example/a.png",
        label="VIP",
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email_verified": "false"}, "email"),
        ({"email_verified": 1}, "email"),
        ({"email": ["A@shop.example"]}, "email"),
        ({"email": "A@shop.example "}, "email"),
        ({"phone_number": "0123"}, "phone"),
        ({"phone_number_verified": None}, "phone"),
        ({"picture": "javascript:alert(1)"}, "avatar"),
        ({"name": {"en": "Ann"}}, "name"),
    ],
)
def test_a_field_costs_itself(change: dict[str, Any], field: str) -> None:
    """A field that cannot be given is absent, and the others stay (C28, C29, M01)."""
    good, user = apply(KEYCLOAK, claims(VISITOR)), apply(KEYCLOAK, claims({**VISITOR, **change}))
    assert getattr(user, field) is None
    for other in {"id", "name", "email", "avatar", "label", "phone"} - {field}:
        assert getattr(user, other) == getattr(good, other)


@pytest.mark.parametrize(
    ("identity_method", "change"),
    [
        ("email", {"email_verified": False}),
        ("email", {"email": "ann"}),
        ("phone_number", {"phone_number": None}),
        ("phone_number", {"phone_number": "+84901234567;ext=1"}),
        ("phone_number", {"phone_number_verified": "yes"}),
    ],
)
def test_identity_unusable(identity_method: Any, change: dict[str, Any]) -> None:
    """Without the field that CX Genie identifies by there is no user; the trace says so, without a value."""
    trace = RecordingTrace()
    mapping = parse(KEYCLOAK, identity_method=identity_method).mapping
    assert mapping.apply(claims(VISITOR)).id == "u1"
    with pytest.raises(IdentityUnusable) as refused:
        mapping.apply(claims({**VISITOR, **change}), trace)
    assert trace.steps[-1].verdict == "refused"
    assert "ann" not in refused.value.detail


@pytest.mark.parametrize("subject", ["", " ", "u1 ", "u\n1", "u" * 256])
def test_id_unusable(subject: str) -> None:
    """An unusable subject is nobody where id identifies, and no more than absent elsewhere (C25)."""
    visitor = claims(VISITOR, subject=subject)
    with pytest.raises(IdentityUnusable):
        apply(KEYCLOAK, visitor)
    assert apply(KEYCLOAK, visitor, identity_method="email").id is None


@pytest.mark.parametrize(
    ("mapping", "layer", "sends_id"),
    [
        ({}, "common", False),
        ({"id": "sub"}, "common", True),
        ({"id": "sub"}, "callback", True),
        ({"id": "sub"}, "provider", True),
        ({"id": "sub"}, "preset", False),
        ({"id": "omit"}, "common", False),
    ],
)
def test_sends_id(mapping: dict[str, Any], layer: Any, sends_id: bool) -> None:
    """Id belongs into the answer beside another identity only where the operator himself named it."""
    both = {**mapping, "email": {"claim": "email", "verified_by": "email_verified"}}
    user = apply(both, claims(VISITOR), identity_method="email", layer=layer)
    assert (user.sends_id, user.id) == (sends_id, None if "omit" in mapping.values() else "u1")


@pytest.mark.parametrize(
    ("id_", "expected"),
    [
        ("oid", "the-object"),
        ({"claim": ["oid"]}, "the-object"),
        ({"claim": "customer", "verified_by": "trusted"}, "42"),
        ({"first_of": [{"claim": "legacy", "verified_by": "trusted"}, "oid"]}, "the-object"),
        ({"template": "{tid}/{customer}", "verified_by": "trusted"}, "t/42"),
    ],
)
def test_id_from(id_: Any, expected: str) -> None:
    """Id is the provider's subject, or a claim that is proven; the subject is what verification found."""
    visitor = claims({"sub": "pairwise", "oid": "not read again", "customer": 42.0, "tid": "t"}, subject="the-object")
    assert apply({"id": id_}, visitor, subject="oid").id == expected


@pytest.mark.parametrize(
    ("phone", "national"),
    [
        ({"claim": "supabase", "international": True}, "0901234567"),
        ({"claim": "local", "region": "VN"}, "0901234567"),
        ({"claim": "local", "region": {"claim": "ctry"}}, "0901234567"),
        ({"claim": "local", "region": {"claim": "absent"}}, None),
        ({"claim": "local", "region": {"claim": "absent", "default": "VN"}}, "0901234567"),
        ("local", None),
        ({"national": "casdoor", "country_code": "ctry"}, "0901234567"),
        ({"national": "casdoor", "country_code": {"value": "+84"}}, "0901234567"),
        ({"national": "casdoor", "country_code": "code"}, "0901234567"),
        ({"national": "casdoor", "country_code": "absent"}, None),
        ({"national": "casdoor", "country_code": "bad"}, None),
        ({"national": "casdoor", "country_code": "ctry", "verified_by": "trusted"}, "0901234567"),
        ({"national": "casdoor", "country_code": "ctry", "verified_by": "ok"}, "0901234567"),
        ({"national": "casdoor", "country_code": "ctry", "verified_by": "no"}, None),
        ({"national": "casdoor", "country_code": "elsewhere", "verified_by": "ok"}, None),
        ({"national": "casdoor", "country_code": {"value": "84"}, "verified_by": "elsewhere_ok"}, None),
    ],
)
def test_shapes_of_phone(phone: Any, national: str | None) -> None:
    """The shapes that providers have (IDPS.md section 4); under a proof both parts come from its source."""
    token = {
        "supabase": "84901234567",
        "local": "090 123 4567",
        "casdoor": "901234567",
        "ctry": "vn",
        "code": 84,
        "ok": True,
    }
    visitor = claims({**token, "ok": True, "bad": "84a"}, userinfo={"elsewhere": "VN", "elsewhere_ok": True})
    user = apply({"phone": phone}, visitor)
    assert (user.phone and user.phone.national) == national


likely = st.fixed_dictionaries({}, optional={name: st.from_type(type(value)) for name, value in VISITOR.items()})


@given(token=json_objects, userinfo=json_objects, known=likely)
def test_any_claims(token: dict[str, Any], userinfo: dict[str, Any], known: dict[str, Any]) -> None:
    """No claims make a mapping fail but by having no identity, and recording changes nothing."""
    for identity_method in ("id", "email", "phone_number"):
        mapping = parse(KEYCLOAK, identity_method=identity_method).mapping
        visitor = claims({**token, **known}, userinfo=userinfo)
        try:
            user = mapping.apply(visitor)
        except IdentityUnusable:
            continue
        assert user == mapping.apply(visitor, RecordingTrace())
        for text in (user.id, user.name, user.email, user.avatar, user.label):
            assert text is None or text.encode()


@settings(deadline=None)  # the first expression loads the library
@given(
    mapping=sound_mappings,
    rules=sound_rules,
    method=st.sampled_from(["id", "email", "phone_number"]),
    token=known_claims,
    userinfo=st.one_of(json_objects, known_claims),
)
def test_any_claims_under_any_mapping(
    mapping: dict[str, Any], rules: list[Any], method: Any, token: dict[str, Any], userinfo: dict[str, Any]
) -> None:
    """The mapping and the rules are taken; what comes of claims is text that can be sent, recorded or not."""
    if (method == "email" and "email" not in mapping) or method == "phone_number":
        method = "id"
    parsed = parse(mapping, identity_method=method)
    require = parse_require([Written(rules, ("require",), "common")])
    assert (parsed.errors, require.errors) == ((), ())
    visitor, trace = claims(token, userinfo=userinfo), RecordingTrace()
    try:
        user = chat_user(visitor, parsed.mapping, require.require)
    except (IdentityUnusable, VisitorRefused) as refusal:
        ended = refusal.code
    else:
        ended = "given"
        assert user == chat_user(visitor, parsed.mapping, require.require, trace)
        for text in (user.id, user.name, user.email, user.avatar, user.label):
            assert text is None or (text.encode() and not text.isspace())
        given = {step.name for step in trace.steps if step.reason == "is given"}
        assert given == {name for name in ("id", "name", "email", "phone", "avatar", "label") if getattr(user, name)}
    assert ended in {"given", "identity_unusable", "visitor_refused"}
    assert parsed.mapping.claims_wanted()


def test_what_is_asked_of_whom() -> None:
    """Claims that only a source of facts has are not worth asking the provider for; the sources are known at load."""
    mapping = {
        "name": {"first_of": [{"claim": "nick", "from": "crm"}, "name"]},
        "avatar": {"claim": "photo", "from": "crm", "when": {"claim": "consent", "from": "erp"}},
        "label": {"template": "{a}{b}", "where": {"a": {"claim": "x", "from": "erp"}, "b": {"value": "b"}}},
        "phone": {"claim": "phone", "region": {"lookup": {"claim": "ctry", "from": "geo"}, "table": {"vn": "VN"}}},
        "email": "omit",
    }
    parsed = parse(mapping, sources=["crm", "erp", "geo", "unread"])
    assert parsed.errors == ()
    assert parsed.mapping.asks == {"name": {"crm"}, "avatar": {"crm", "erp"}, "label": {"erp"}, "phone": {"geo"}}
    assert parsed.mapping.sources_wanted() == {"crm", "erp", "geo"}
    assert parsed.mapping.claims_wanted() == {"sub", "name", "phone"}
    assert parse({"name": "name"}, sources=["crm"]).mapping.sources_wanted() == frozenset()


def test_a_proven_number_is_never_read_from_a_source_of_facts() -> None:
    """Even where it has the number, the country and the flag under the same names."""
    mapping = {"phone": {"national": "n", "country_code": "c", "verified_by": "ok"}}
    number = {"n": "901234567", "c": "VN", "ok": True}
    assert apply(mapping, claims({}, crm=number), sources=["crm"]).phone is None
    assert apply(mapping, claims({}, userinfo=number, crm={}), sources=["crm"]).phone is not None


def test_the_id_that_sources_are_asked_by() -> None:
    """With its prefix, as the answer has it; nothing where it is unusable or switched off."""
    assert parse({}, id_prefix="shop:").mapping.id_of(claims({}, subject="u1")) == "shop:u1"
    assert parse({}).mapping.id_of(claims({}, subject="u1 ")) is None
    parsed = parse({"id": "omit", "email": {"claim": "email", "verified_by": "trusted"}}, identity_method="email")
    assert parsed.mapping.id_of(claims({}, subject="u1")) is None
