"""bridge/oidc/userinfo.py: who a token's visitor is, asked over real sockets of an issuer that misbehaves."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from bridge.access_token import AccessToken
from bridge.errors import BridgeError, ProviderBusy, ProviderUnavailable, TokenInactive
from bridge.oidc.endpoint_settings import UserinfoSettings
from bridge.oidc.userinfo import Userinfo
from tests.issuer import mint
from tests.issuer.process import Issuer
from tests.oidc.answers import BROKEN, BUSY, TOKEN, UNREADABLE, client, signed_answers, verdict

VISITOR = {"sub": "visitor-1", "name": "An"}


async def ask(
    issuer: Issuer,
    *,
    url: str | None = None,
    refused: Callable[[Mapping[str, Any]], bool] | None = None,
    **settings: Any,
) -> Mapping[str, Any] | BridgeError:
    """What comes of one question."""
    made = UserinfoSettings.model_validate(settings)
    assert list(made.problems(insecure=False)) == []

    async def address() -> str:
        return url or f"{issuer.url}/userinfo"

    async with client() as http:
        userinfo = Userinfo(http, made, url=address, signed=signed_answers(issuer.url), refused=refused)
        return await verdict(userinfo.ask(AccessToken(TOKEN)))


PLACES: tuple[tuple[dict[str, Any], str, dict[str, str | None], dict[str, list[str]], dict[str, list[str]]], ...] = (
    ({}, "GET", {"authorization": f"Bearer {TOKEN}"}, {}, {}),
    ({"token_in": "bearer"}, "GET", {"authorization": f"Bearer {TOKEN}"}, {}, {}),
    ({"token_in": {"header": "access_token"}}, "GET", {"access_token": TOKEN, "authorization": None}, {}, {}),
    ({"token_in": {"query": "access_token"}}, "GET", {"authorization": None}, {"access_token": [TOKEN]}, {}),
    ({"token_in": {"form": "access_token"}}, "POST", {"authorization": None}, {}, {"access_token": [TOKEN]}),
    ({"query": {"fields": "id,na me&x"}}, "GET", {"authorization": f"Bearer {TOKEN}"}, {"fields": ["id,na me&x"]}, {}),
    (
        {"query": {"fields": "id"}, "token_in": {"query": "t"}},
        "GET",
        {"authorization": None},
        {"fields": ["id"], "t": [TOKEN]},
        {},
    ),
    (
        {"query": {"fields": "id"}, "token_in": {"form": "t"}},
        "POST",
        {"authorization": None},
        {"fields": ["id"]},
        {"t": [TOKEN]},
    ),
)


@pytest.mark.parametrize(("settings", "method", "headers", "query", "form"), PLACES)
async def test_the_token_goes_where_it_should(
    issuer: Issuer,
    settings: dict[str, Any],
    method: str,
    headers: dict[str, str | None],
    query: dict[str, list[str]],
    form: dict[str, list[str]],
) -> None:
    """U00: in its one place, whole, once, beside the fixed query."""
    issuer.set(tokens={TOKEN: {"userinfo": VISITOR}})
    assert await ask(issuer, **settings) == VISITOR
    [sent] = issuer.recorded("userinfo")
    assert (sent.method, sent.query, sent.form) == (method, query, form)
    assert {name: sent.headers.get(name) for name in headers} == headers
    assert "application/json" in sent.headers["accept"]
    assert "cookie" not in sent.headers


async def test_the_addresss_own_query_stays(issuer: Issuer) -> None:
    """An endpoint may have a query of its own."""
    issuer.set(userinfo=VISITOR)
    assert await ask(issuer, url=f"{issuer.url}/userinfo?version=2", token_in={"query": "t"}) == VISITOR
    assert issuer.recorded("userinfo")[0].query == {"version": ["2"], "t": [TOKEN]}


@pytest.mark.parametrize("status", [401, 403])
async def test_refused_tokens(issuer: Issuer, status: int) -> None:
    """U03: 401 and 403 are said of the token (RFC 6750 section 3.1)."""
    issuer.set(userinfo=VISITOR, fault=f"userinfo_{status}")
    assert isinstance(await ask(issuer), TokenInactive)


async def test_a_token_that_it_does_not_know(issuer: Issuer) -> None:
    """U03: as an honest issuer says it."""
    issuer.set(tokens={"another": {"userinfo": VISITOR}})
    assert isinstance(await ask(issuer), TokenInactive)


@pytest.mark.parametrize("fault", ["400", *BROKEN, *UNREADABLE])
@pytest.mark.parametrize("token_in", ["bearer", {"query": "access_token"}, {"form": "access_token"}], ids=str)
async def test_what_says_nothing(issuer: Issuer, fault: str, token_in: Any) -> None:
    """U10, U14: unavailable, in time; no error has the token, wherever it travelled."""
    issuer.set(userinfo=VISITOR, fault=f"userinfo_{fault}")
    assert type(await ask(issuer, token_in=token_in)) is ProviderUnavailable


async def test_an_odd_media_type_is_no_obstacle(issuer: Issuer) -> None:
    """The accepted twin: JSON is JSON, whatever it is called."""
    issuer.set(userinfo=VISITOR)
    for content_type in ("text/javascript", "text/html; charset=utf-8", "", "application/octet-stream"):
        issuer.set(content_types={"userinfo": content_type})
        assert await ask(issuer) == VISITOR


@pytest.mark.parametrize(("fault", "between"), BUSY.items())
async def test_a_provider_that_is_busy(issuer: Issuer, fault: str, between: tuple[float, float] | None) -> None:
    """U09: asked once, and its Retry-After is handed on, bounded."""
    issuer.set(userinfo=VISITOR, fault=f"userinfo_{fault}")
    refusal = await ask(issuer)
    assert isinstance(refusal, ProviderBusy)
    if between is None:
        assert refusal.retry_after is None
    else:
        assert refusal.retry_after is not None
        assert between[0] <= refusal.retry_after <= between[1]
    assert len(issuer.recorded("userinfo")) == 1


@pytest.mark.parametrize("kind", ["redirect", "redirect_307", "redirect_308"])
@pytest.mark.parametrize("token_in", ["bearer", {"query": "t"}, {"form": "t"}], ids=str)
async def test_redirects_are_not_followed(issuer: Issuer, kind: str, token_in: Any) -> None:
    """U14: the token goes to the address that was configured and to no other."""
    elsewhere = issuer.realm("elsewhere")
    elsewhere.set(userinfo=VISITOR)
    issuer.set(userinfo=VISITOR, fault=f"userinfo_{kind} {elsewhere.url}/userinfo")
    refusal = await ask(issuer, token_in=token_in)
    assert type(refusal) is ProviderUnavailable
    assert "redirect" in refusal.hint
    assert elsewhere.asked() == 0


async def test_an_answer_that_means_no(issuer: Issuer) -> None:
    """refused_when: a status of 200 with an error in it; its twin without."""
    issuer.set(userinfo={"error": 190, "message": "expired"})
    assert isinstance(await ask(issuer, refused=lambda answer: "error" in answer), TokenInactive)
    issuer.set(userinfo=VISITOR)
    assert await ask(issuer, refused=lambda answer: "error" in answer) == VISITOR


async def test_nobody_there(issuer: Issuer) -> None:
    """A closed port and a name that is none, with the token in the address."""
    for url in ("http://127.0.0.1:9/me", "http://nowhere.invalid/me", f"{issuer.url}/no-such-path"):
        assert type(await ask(issuer, url=url, token_in={"query": "t"})) is ProviderUnavailable


@pytest.mark.parametrize(
    ("content_type", "signed", "taken"),
    [
        ("application/jwt", True, True),
        ("Application/JWT; charset=utf-8", True, True),
        ("application/jwt", False, False),
        ("application/json", True, False),
        ("text/plain", True, False),
    ],
)
async def test_signed_answers(issuer: Issuer, content_type: str, signed: bool, taken: bool) -> None:
    """U11: what calls itself a JWT is verified as one, and a JWT is never decoded under another name."""
    claims = mint.good_claims(issuer.url, jti=...)
    issuer.set(
        userinfo=mint.sign(mint.good_header(), claims, "rsa") if signed else VISITOR,
        content_types={"userinfo": content_type},
    )
    answer = await ask(issuer)
    if taken:
        assert answer == claims
    else:
        assert type(answer) is ProviderUnavailable


@pytest.mark.parametrize("fault", ["html", "500", "reset", "truncated", "redirect http://127.0.0.1:9/x"])
async def test_no_log_has_the_token(issuer: Issuer, caplog: pytest.LogCaptureFixture, fault: str) -> None:
    """O10: not ours and not the HTTP client's, at any level, where the token stands in the address."""
    caplog.set_level(logging.DEBUG)
    issuer.set(userinfo=VISITOR, fault=f"userinfo_{fault}")
    assert isinstance(await ask(issuer, token_in={"query": "t"}), ProviderUnavailable)
    assert TOKEN[:12] not in caplog.text
