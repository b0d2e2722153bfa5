"""bridge/oidc/introspection.py: RFC 7662 over real sockets of an issuer that misbehaves."""

from collections.abc import Mapping
from typing import Any

import pytest

from bridge.access_token import AccessToken
from bridge.errors import BridgeError, ProviderBusy, ProviderUnavailable, TokenInactive
from bridge.oidc.endpoint_settings import IntrospectionSettings
from bridge.oidc.introspection import Introspection
from bridge.oidc.signed_answer import INTROSPECTION
from tests.issuer import mint
from tests.issuer.process import Issuer
from tests.oidc.answers import BROKEN, BUSY, TOKEN, UNREADABLE, client, signed_answers, verdict

SECRET = "s3cret-of-the-bridge"
ACTIVE = {"active": True, "sub": "visitor-1", "aud": "chat", "client_id": "web"}


async def ask(issuer: Issuer, token: str = TOKEN) -> Mapping[str, Any] | BridgeError:
    """What comes of one question."""
    settings = IntrospectionSettings.model_validate({"client_id": "bridge", "client_secret": SECRET})
    assert list(settings.problems(insecure=False)) == []

    async def address() -> str:
        return f"{issuer.url}/introspection"

    async with client() as http:
        introspection = Introspection(http, settings, url=address, signed=signed_answers(issuer.url))
        return await verdict(introspection.ask(AccessToken(token)), SECRET)


async def test_asks(issuer: Issuer) -> None:
    """U00: RFC 7662 section 2.1, as our client; once."""
    issuer.set(tokens={TOKEN: {"introspection": ACTIVE}}, client={"id": "bridge", "secret": SECRET})
    assert await ask(issuer) == ACTIVE
    [sent] = issuer.recorded("introspection")
    assert (sent.method, sent.query) == ("POST", {})
    assert sent.form == {"token": [TOKEN], "token_type_hint": ["access_token"]}
    assert sent.basic == ("bridge", SECRET)
    assert sent.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "application/json" in sent.headers["accept"]
    assert INTROSPECTION in sent.headers["accept"]


@pytest.mark.parametrize(
    "active",
    [False, None, "true", "True", 1, 1.0, [True], {"active": True}, ...],
    ids=repr,
)
async def test_active_is_true_or_the_token_is_not(issuer: Issuer, active: Any) -> None:
    """U03: the boolean, and nothing that resembles it; nor is nothing said yes."""
    answer = {**ACTIVE, "active": active} if active is not ... else {"sub": "visitor-1"}
    issuer.set(introspection=answer)
    assert isinstance(await ask(issuer), TokenInactive)


async def test_an_unknown_token(issuer: Issuer) -> None:
    """U03: as an honest issuer says it."""
    issuer.set(tokens={"another": {"introspection": ACTIVE}})
    assert isinstance(await ask(issuer), TokenInactive)


@pytest.mark.parametrize("fault", ["400", *BROKEN, *UNREADABLE])
async def test_what_says_nothing(issuer: Issuer, fault: str) -> None:
    """U10, U14: unavailable, in time; no error has the token or the client's secret."""
    issuer.set(introspection=ACTIVE, fault=f"introspection_{fault}")
    assert type(await ask(issuer)) is ProviderUnavailable


@pytest.mark.parametrize("fault", BUSY)
async def test_a_provider_that_is_busy(issuer: Issuer, fault: str) -> None:
    """U09: asked once."""
    issuer.set(introspection=ACTIVE, fault=f"introspection_{fault}")
    assert isinstance(await ask(issuer), ProviderBusy)
    assert len(issuer.recorded("introspection")) == 1


@pytest.mark.parametrize("kind", ["redirect", "redirect_307", "redirect_308"])
async def test_redirects_are_not_followed(issuer: Issuer, kind: str) -> None:
    """U14: neither the token nor the secret goes where a redirect points."""
    elsewhere = issuer.realm("elsewhere")
    elsewhere.set(introspection=ACTIVE)
    issuer.set(introspection=ACTIVE, fault=f"introspection_{kind} {elsewhere.url}/introspection")
    assert type(await ask(issuer)) is ProviderUnavailable
    assert elsewhere.asked() == 0


@pytest.mark.parametrize(
    ("status", "body", "detail", "hint"),
    [
        (401, {"error": "invalid_client"}, "refuses us", "client_secret"),
        (401, "<html>", "refuses us", "client_secret"),
        (403, {}, "refuses us", "may this client introspect"),
        (400, {"error": "invalid_client"}, "refuses us", "client_secret"),
        (400, {"error": "unauthorized_client"}, "refuses us", "client_secret"),
        (400, {"error": "unsupported_token_type"}, "no tokens of this kind", "when: opaque"),
        (400, {"error": "invalid_request"}, "HTTP 400 invalid_request", ""),
        (400, {"error": ["invalid_client"]}, "HTTP 400", ""),
        (400, {"error": TOKEN}, "HTTP 400", ""),
        (404, {}, "HTTP 404", "right address"),
        (201, ACTIVE, "HTTP 201", ""),
    ],
)
async def test_statuses_are_about_us(issuer: Issuer, status: int, body: Any, detail: str, hint: str) -> None:
    """U03's other half: here a refusal means our client, never the visitor; the operator is told what to mend."""
    issuer.set(introspection=body, statuses={"introspection": status})
    refusal = await ask(issuer)
    assert type(refusal) is ProviderUnavailable
    assert detail in refusal.detail
    assert hint in refusal.hint


def signed(issuer: Issuer, **members: Any) -> str:
    """RFC 9701's answer."""
    given = {"sub": ..., "exp": ..., "aud": "bridge", "token_introspection": ACTIVE, **members}
    return mint.sign(mint.good_header(typ=INTROSPECTION), mint.good_claims(issuer.url, **given), "rsa")


async def test_a_signed_answer(issuer: Issuer) -> None:
    """U11: what it says of the token counts as if it were said plainly."""
    issuer.set(introspection=signed(issuer), content_types={"introspection": f"application/{INTROSPECTION}"})
    assert await ask(issuer) == ACTIVE
    for active in (False, "true", None):
        issuer.set(introspection=signed(issuer, token_introspection={**ACTIVE, "active": active}))
        assert isinstance(await ask(issuer), TokenInactive)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (f"application/{INTROSPECTION}", "plain"),
        (f"application/{INTROSPECTION}", "another audience"),
        ("application/jwt", "good"),
        ("application/json", "good"),
        ("", "good"),
    ],
)
async def test_signed_answers_that_are_not_believed(issuer: Issuer, content_type: str, body: str) -> None:
    """U11: under its media type only a JWT, under others none; twin above."""
    bodies = {"plain": ACTIVE, "good": signed(issuer), "another audience": signed(issuer, aud="another")}
    issuer.set(introspection=bodies[body], content_types={"introspection": content_type})
    assert type(await ask(issuer)) is ProviderUnavailable
