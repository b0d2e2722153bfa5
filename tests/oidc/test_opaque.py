"""Opaque tokens that userinfo identifies: bound by a token check, or by nothing, which the operator has spelled out."""

import time
from typing import Any

import pytest

from bridge.errors import BridgeError, ProviderUnavailable, TokenExpired, TokenInactive, TokenUntrusted
from bridge.oidc.endpoints import AnswerTests
from tests.issuer.mint import AUDIENCE, At, good_token
from tests.issuer.process import Issuer
from tests.oidc.opaque import TOKEN, anything, of_token_check, of_userinfo, steps, verify

CHECKED = {"aud": AUDIENCE, "azp": "web", "scope": "openid chat", "expires_in": 600}


def said_now(answer: dict[str, Any]) -> dict[str, Any]:
    """The good answer with other members, as ``mint.good_claims`` has them: ``...`` removes one, ``At`` counts."""
    said = {name: value for name, value in (CHECKED | answer).items() if value is not ...}
    return {name: int(time.time()) + value if isinstance(value, At) else value for name, value in said.items()}


async def test_userinfo_alone(issuer: Issuer) -> None:
    """U00: its answer is the claims; nothing says when the token ends but our own bound. Nothing else is asked."""
    issuer.set(userinfo={"sub": "u1", "name": "A"})
    claims = await verify(of_userinfo(issuer, max_token_age="1h"))
    assert (claims.subject, claims.sources) == ("u1", {"userinfo": {"sub": "u1", "name": "A"}})
    assert claims.expires_at == pytest.approx(time.time() + 3600, abs=20)
    assert issuer.requests() == {"/userinfo": 1}


async def test_every_step_is_told(issuer: Issuer) -> None:
    """What explain shows."""
    issuer.set(userinfo={"sub": "u1"}, token_check=CHECKED)
    asked = [("userinfo", "note"), ("userinfo", "ok"), ("userinfo's subject", "ok"), ("refused subjects", "ok")]
    assert await steps(of_userinfo(issuer)) == [("form", "ok"), ("incident switches", "ok"), *asked]
    names = ("audience", "authorized party", "sender constraint", "expiry", "scopes", "incident switches")
    checks = [(name, "ok") for name in names]
    check = [("token_check", "note"), ("token_check", "ok")]
    assert await steps(of_token_check(issuer)) == [("form", "ok"), *check, *checks, *asked]


async def test_a_plain_endpoint(issuer: Issuer) -> None:
    """Zalo's: the token in a header of its own, an id of its own, and an error of status 200."""

    def has_error(answer: Any) -> bool:
        return bool(answer.get("error"))

    settings = of_userinfo(issuer, userinfo={"token_in": {"header": "access_token"}, "subject": "id"})
    issuer.set(userinfo={"id": 42, "error": 0})
    assert (await verify(settings, tests=AnswerTests(userinfo_refused=has_error))).subject == "42"
    [sent] = issuer.recorded("userinfo")
    assert sent.headers["access_token"] == TOKEN
    assert "authorization" not in sent.headers
    issuer.set(userinfo={"id": 42, "error": 452})
    with pytest.raises(TokenInactive):
        await verify(settings, tests=AnswerTests(userinfo_refused=has_error))


@pytest.mark.parametrize("answer", [{}, {"sub": ""}, {"sub": None}, {"sub": True}, {"sub": ["u1"]}, {"id": "u1"}])
async def test_userinfo_without_a_subject(issuer: Issuer, answer: dict[str, Any]) -> None:
    """U01: it has named nobody."""
    issuer.set(userinfo=answer)
    with pytest.raises(TokenUntrusted, match="sub"):
        await verify(of_userinfo(issuer))


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"refuse": {"subjects": "u1"}}, TokenInactive),
        ({"refuse": {"subjects": "u2"}}, None),
        ({"refuse": {"issued_before": "2026-01-01T00:00:00Z"}}, TokenInactive),
    ],
)
async def test_incident_switches(issuer: Issuer, settings: dict[str, Any], error: type[BridgeError] | None) -> None:
    """By the subject that was found; and a token of which nobody says when it was issued may be an old one."""
    issuer.set(userinfo={"sub": "u1"})
    if error is None:
        assert (await verify(of_userinfo(issuer, **settings))).subject == "u1"
    else:
        with pytest.raises(error):
            await verify(of_userinfo(issuer, **settings))


async def test_a_token_check(issuer: Issuer) -> None:
    """U00: for us, so userinfo is asked whose it is; the check's own end counts, and it is no source of claims."""
    issuer.set(userinfo={"sub": "u1"}, token_check=CHECKED)
    claims = await verify(of_token_check(issuer))
    assert (claims.subject, list(claims.sources)) == ("u1", ["userinfo"])
    assert claims.expires_at == pytest.approx(time.time() + 600, abs=20)
    assert issuer.requests() == {"/token_check": 1, "/userinfo": 1}


@pytest.mark.parametrize(
    ("answer", "settings", "error"),
    [
        *(({"aud": aud}, {}, TokenUntrusted) for aud in anything("other", ["other"], "", None, {}, ..., 5)),
        ({"aud": ["other", AUDIENCE]}, {}, None),
        ({"aud": ..., "app": {"id": AUDIENCE}}, {"token_check": {"audience": ["app", "id"]}}, None),
        ({"azp": "evil"}, {"authorized_parties": "web"}, TokenUntrusted),
        ({"azp": ...}, {"authorized_parties": "web"}, TokenUntrusted),
        ({}, {"authorized_parties": "web", "required_scopes": "chat"}, None),
        ({"scope": "openid"}, {"required_scopes": "chat"}, TokenUntrusted),
        ({"jti": "x"}, {"refuse": {"token_ids": "x"}}, TokenInactive),
        ({"iat": "1433978353"}, {"refuse": {"issued_before": "2026-01-01T00:00:00Z"}}, TokenInactive),
        ({"iat": 4_000_000_000}, {"refuse": {"issued_before": "2026-01-01T00:00:00Z"}}, None),
        ({"expires_in": 0}, {}, TokenInactive),
        ({"expires_in": "3599"}, {}, None),
        ({"expires_in": ...}, {}, None),
        ({"exp": At(-31)}, {}, TokenExpired),
        ({"exp": At(-29), "expires_in": ...}, {}, None),
        ({"exp": "1433978353"}, {}, None),
        ({"cnf": {"jkt": "x"}}, {}, TokenUntrusted),
        ({"cnf": None}, {}, None),
    ],
)
async def test_what_a_token_check_says(
    issuer: Issuer, answer: dict[str, Any], settings: dict[str, Any], error: type[BridgeError] | None
) -> None:
    """U04: a token of another client is refused before userinfo is asked."""
    issuer.set(userinfo={"sub": "u1"}, token_check=said_now(answer))
    if error is None:
        assert (await verify(of_token_check(issuer, **settings))).subject == "u1"
        return
    with pytest.raises(error):
        await verify(of_token_check(issuer, **settings))
    assert "/userinfo" not in issuer.requests()


@pytest.mark.parametrize(
    ("answer", "end"),
    [({"exp": At(60)}, 60), ({"exp": At(3600)}, 600), ({"exp": At(60), "expires_in": ...}, 60), ({"exp": "soon"}, 600)],
)
async def test_the_end_that_a_token_check_names(issuer: Issuer, answer: dict[str, Any], end: float) -> None:
    """U15: nothing is remembered beyond the earlier of the two ends that it may name."""
    issuer.set(userinfo={"sub": "u1"}, token_check=said_now(answer))
    assert (await verify(of_token_check(issuer))).expires_at == pytest.approx(time.time() + end, abs=20)


@pytest.mark.parametrize("holds", [True, False])
async def test_rules_of_a_token_check(issuer: Issuer, holds: bool) -> None:
    """Beside the audience or in its stead; the operator's own test of the answer."""
    issuer.set(userinfo={"sub": "u1"}, token_check={"app": "web"})
    settings = of_token_check(issuer, audience=[], token_check={"rules": [{"claim": "app", "equals": "web"}]})
    tests = AnswerTests(token_check_rules=lambda answer: holds and answer == {"app": "web"})
    if holds:
        assert (await verify(settings, tests=tests)).subject == "u1"
    else:
        with pytest.raises(TokenUntrusted, match="rules"):
            await verify(settings, tests=tests)


@pytest.mark.parametrize("fault", ["userinfo_500", "userinfo_html", "token_check_500", "token_check_html"])
async def test_without_an_answer_nobody_is_let_in(issuer: Issuer, fault: str) -> None:
    """U10: never the token's fault."""
    issuer.set(userinfo={"sub": "u1"}, token_check=CHECKED, fault=fault)
    with pytest.raises(ProviderUnavailable):
        await verify(of_token_check(issuer))


async def test_a_provider_without_an_issuer_takes_no_jwt(issuer: Issuer) -> None:
    """U17: and is never shown one."""
    issuer.set(userinfo={"sub": "u1"})
    with pytest.raises(TokenUntrusted) as refusal:
        await verify(of_userinfo(issuer), good_token(issuer.url))
    assert "opaque tokens only" in refusal.value.hint
    assert issuer.asked() == 0
