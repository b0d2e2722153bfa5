"""What the tests of opaque tokens share: a provider over a real issuer, and what comes of one token."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from bridge.access_token import AccessToken
from bridge.claims import Claims
from bridge.oidc.endpoints import AnswerTests
from bridge.oidc.http import HttpClient, open_session
from bridge.oidc.provider import Provider
from bridge.oidc.providers import Providers
from bridge.oidc.settings import ProviderSettings
from bridge.trace import SILENT, RecordingTrace, Trace
from tests.issuer import mint
from tests.issuer.process import Issuer

TOKEN = "0123456789abcdef0123456789abcdef01234567"
"""An opaque token."""

WANTED = frozenset({"sub", "name", "email", "email_verified", "picture"})
"""What a mapping reads."""

INTROSPECTED: Mapping[str, Any] = {
    "introspection": {"client_id": "bridge", "client_secret": "s3cret-of-the-bridge"},
    "audience": mint.AUDIENCE,
}
"""Settings of a provider that is asked whether a token is good."""


def active(issuer: Issuer, **members: Any) -> dict[str, Any]:
    """What introspection says of a good token; ``...`` removes a member."""
    said = {"active": True, "client_id": "web", "token_type": "Bearer", **members}
    return mint.good_claims(issuer.url, **said)


def of_userinfo(issuer: Issuer, **settings: Any) -> dict[str, Any]:
    """Settings of a provider of which only userinfo is known."""
    userinfo = {"url": f"{issuer.url}/userinfo", **settings.pop("userinfo", {})}
    return {"userinfo": userinfo, "unbound_tokens": "accept", **settings}


def of_token_check(issuer: Issuer, **settings: Any) -> dict[str, Any]:
    """Settings of a provider with an endpoint that says for whom a token is, and one that says whose."""
    check = {"url": f"{issuer.url}/token_check", **settings.pop("token_check", {})}
    userinfo = {"url": f"{issuer.url}/userinfo"}
    return {"token_check": check, "userinfo": userinfo, "audience": mint.AUDIENCE, **settings}


def anything(*values: Any) -> list[Any]:
    """Values of any type."""
    return list(values)


@asynccontextmanager
async def entrance(
    settings: Mapping[str, Any], tests: AnswerTests | None = None, wanted: frozenset[str] = WANTED
) -> AsyncIterator[Providers]:
    """What a callback of this one provider asks."""
    made = ProviderSettings.model_validate({"http": {"timeout": "1s"}, **settings})
    assert list(made.problems()) == []
    async with open_session() as session:
        http = HttpClient(session, provider="shop", timeout=made.http.timeout)
        yield Providers([Provider("shop", made, http, tests=tests or AnswerTests())], {"shop": wanted})


async def verify(
    settings: Mapping[str, Any],
    token: str = TOKEN,
    *,
    trace: Trace = SILENT,
    tests: AnswerTests | None = None,
    wanted: frozenset[str] = WANTED,
) -> Claims:
    """The claims of one token at a provider made for it."""
    async with entrance(settings, tests, wanted) as providers:
        return await providers.verify(AccessToken(token), trace)


async def steps(settings: Mapping[str, Any], token: str = TOKEN) -> list[tuple[str, str]]:
    """Names and verdicts of every step that a good token goes through."""
    trace = RecordingTrace()
    await verify(settings, token, trace=trace)
    return [(step.name, step.verdict) for step in trace.steps]
