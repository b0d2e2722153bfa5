"""What users of other gateways asked for about userinfo and opaque tokens, at a running bridge.

The numbers are those of tests/mapping/test_capabilities.py.
"""

from typing import Any

import pytest

from bridge.config.load import InvalidConfiguration
from tests.bridge_process import SECRET, Answer, StartBridge, configuration, provider
from tests.config.files import read
from tests.issuer import mint
from tests.issuer.process import Issuer

SUBJECT = "visitor-1"
OPAQUE = "0123456789abcdef0123456789abcdef01234567"
PROFILE = {"sub": SUBJECT, "name": "Nguyễn Văn An", "email": "an@shop.example", "email_verified": True}


def ask(start_bridge: StartBridge, settings: dict[str, Any], token: str, **members: Any) -> Answer:
    """What a bridge of its own, with this one provider, says of a token."""
    return start_bridge(configuration(providers={"shop": settings}, **members)).post(token)


@pytest.mark.parametrize(
    ("when", "claims", "mapping", "asked"),
    [
        ("missing", {}, {}, True),
        ("missing", {**PROFILE, "phone_number": "", "picture": ""}, {"phone": "omit", "avatar": "omit"}, False),
        ("missing", {"name": "An"}, {"email": "omit", "phone": "omit", "avatar": "omit"}, False),
        ("missing", {"name": "An"}, {"phone": "omit", "avatar": "omit"}, True),
        ("never", {}, {}, False),
        ("always", PROFILE, {}, True),
    ],
)
def test_07_userinfo_only_where_a_mapped_field_needs_it(
    issuer: Issuer, start_bridge: StartBridge, when: str, claims: dict[str, Any], mapping: dict[str, Any], asked: bool
) -> None:
    """``missing`` knows what the mapping reads and the token lacks; ``never`` and ``always`` are as they say."""
    issuer.set(userinfo=PROFILE)
    settings = provider(issuer.url, userinfo={"when": when}, mapping=mapping)
    answer = ask(start_bridge, settings, mint.good_token(issuer.url, **claims))
    assert answer.json["data"]["id"] == SUBJECT
    assert issuer.requests().get("/userinfo", 0) == asked


@pytest.mark.parametrize(
    ("subject", "signer", "code"),
    [
        (SUBJECT, None, None),
        ("visitor-2", None, "token_untrusted"),
        (SUBJECT, "rsa", None),
        ("visitor-2", "rsa", "token_untrusted"),
    ],
)
def test_08_userinfo_about_the_tokens_subject(
    issuer: Issuer, start_bridge: StartBridge, subject: str, signer: str | None, code: str | None
) -> None:
    """OpenID Connect Core section 5.3.2: about another one it must not be used, plain or signed."""
    said: Any = {**PROFILE, "sub": subject}
    if signer is not None:
        said = mint.sign(mint.good_header(), {**said, "iss": issuer.url, "aud": mint.AUDIENCE}, signer)
    issuer.set(userinfo=said, content_types={"userinfo": "application/jwt"} if signer else {})
    settings = provider(issuer.url, userinfo={"when": "always"})
    answer = ask(start_bridge, settings, mint.good_token(issuer.url))
    assert answer.code == code
    assert code or answer.json["data"]["email"] == PROFILE["email"]


def test_08_a_signed_answer_is_verified(issuer: Issuer, start_bridge: StartBridge) -> None:
    """One that somebody else signed says nothing: the visitor is let in with what the token itself says."""
    forged = mint.sign(mint.good_header(), {**PROFILE, "iss": issuer.url, "aud": mint.AUDIENCE}, "rsa2")
    issuer.set(userinfo=forged, content_types={"userinfo": "application/jwt"})
    settings = provider(issuer.url, userinfo={"when": "always"})
    answer = ask(start_bridge, settings, mint.good_token(issuer.url))
    assert answer.json["data"] == {"id": SUBJECT}


@pytest.mark.parametrize(
    ("binding", "endpoint", "ours", "foreign"),
    [
        ({"introspection": {"auth_method": "none"}}, "introspection", {"active": True, "aud": mint.AUDIENCE},
         {"active": True, "aud": "other"}),
        ({"token_check": {}}, "token_check", {"aud": mint.AUDIENCE}, {"aud": "other"}),
        ({"token_check": {"audience": ["application", "uid"]}}, "token_check", {"application": {"uid": mint.AUDIENCE}},
         {"application": {"uid": "other"}}),
        ({"audience": [], "token_check": {"rules": [{"claim": "client_id", "equals": "web"}]}}, "token_check",
         {"client_id": "web"}, {"client_id": "other"}),
    ],
)  # fmt: skip
def test_09_an_opaque_token_is_bound_by_a_second_answer(
    issuer: Issuer,
    start_bridge: StartBridge,
    binding: dict[str, Any],
    endpoint: str,
    ours: dict[str, Any],
    foreign: dict[str, Any],
) -> None:
    """Introspection, tokeninfo, or a rule on named members; a token of another application is good and not for us."""
    other = "f" * 40
    issuer.set(tokens={OPAQUE: {endpoint: ours, "userinfo": PROFILE}, other: {endpoint: foreign, "userinfo": PROFILE}})
    binding = {**binding, endpoint: {**binding[endpoint], "url": f"{issuer.url}/{endpoint}"}}
    settings = {"audience": mint.AUDIENCE, "userinfo": {"url": f"{issuer.url}/userinfo"}, **binding}
    bridge = start_bridge(configuration(providers={"shop": settings}))
    assert bridge.post(OPAQUE).json["data"]["id"] == SUBJECT
    assert bridge.post(other).code == "token_untrusted"


def test_09_userinfo_alone_is_spelled_out(issuer: Issuer, start_bridge: StartBridge) -> None:
    """U04: it says whose a token is, and not for whom: without the operator's word the file is refused."""
    issuer.set(tokens={OPAQUE: {"userinfo": PROFILE}})
    settings = {"userinfo": {"url": f"{issuer.url}/userinfo"}, "unbound_tokens": "accept"}
    assert ask(start_bridge, settings, OPAQUE).json["data"]["id"] == SUBJECT
    text = f"version: 1\ncallback: {{header_token: {SECRET}}}\nproviders:\n  zalo: {{preset: zalo}}\n"
    with pytest.raises(InvalidConfiguration) as invalid:
        read(text, allow_inline_secrets=True)
    [problem] = invalid.value.problems
    assert str(problem).startswith("bridge.yaml:4:3: providers.zalo.unbound_tokens: missing, with userinfo alone")
    assert "write unbound_tokens: accept" in str(problem)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"id": "5987650128976534", "name": "An", "error": 0, "message": "Success"}, None),
        ({"id": "5987650128976534", "name": "An"}, None),
        ({"error": 452, "message": "Session key invalid"}, "token_inactive"),
        ({"id": "5987650128976534", "error": {"code": 190}}, "token_inactive"),
    ],
)
def test_10_a_plain_who_am_i_endpoint(
    issuer: Issuer, start_bridge: StartBridge, answer: dict[str, Any], code: str | None
) -> None:
    """Zalo's, by its preset: address, header that carries the token, fixed query, and how a 200 answer says no."""
    token = "7aTo8qPjU7kQ_x2b-" * 5
    issuer.set(tokens={token: {"userinfo": answer}})
    settings = {"preset": "zalo", "unbound_tokens": "accept", "userinfo": {"url": f"{issuer.url}/userinfo"}}
    told = ask(start_bridge, settings, token)
    assert told.code == code
    assert code or told.json["data"] == {"id": "5987650128976534", "name": "An"}
    [sent] = issuer.recorded("userinfo")
    assert sent.headers["access_token"] == token
    assert sent.query == {"fields": ["id,name,picture"]}
    assert "authorization" not in sent.headers


def test_38_a_field_that_gives_nothing_is_named(issuer: Issuer, start_bridge: StartBridge) -> None:
    """In the log and in a metric, once for each answer that was worked out, and never by what its claim holds."""
    settings = provider(issuer.url, mapping={"label": "omit"})
    bridge = start_bridge(configuration(providers={"shop": settings}))
    unfit = "the-home-of-this-visitor"
    some = {"name": "An", "email": unfit, "email_verified": True, "phone_number": unfit, "phone_number_verified": True}
    every = {**PROFILE, "phone_number": "+84901234567", "phone_number_verified": True, "picture": "https://a.example/b"}
    for claims in (some, every):
        token = mint.good_token(issuer.url, **claims)
        assert [bridge.post(token).status for _ in range(2)] == [200, 200]
    lines = [bridge.next_event("callback", after=number) for number in range(4)]
    assert [line["cached"] for line in lines] == [False, True, False, True]
    assert [line.get("absent") for line in lines] == [["email", "phone", "avatar"], None, None, None]
    counted = {labels: n for (name, labels), n in bridge.metrics().items() if name == "idp_bridge_fields_absent_total"}
    assert counted == {
        (("callback", "default"), ("field", field), ("provider", "shop")): 1 for field in ("email", "phone", "avatar")
    }
    assert not bridge.said(unfit)
