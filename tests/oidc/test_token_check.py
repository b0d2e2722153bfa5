"""bridge/oidc/token_check.py: for whom an opaque token was made, as Google, LINE, GitLab and Kakao say it."""

from collections.abc import Mapping
from typing import Any

import pytest

from bridge.access_token import AccessToken
from bridge.errors import BridgeError, ProviderBusy, ProviderUnavailable, TokenInactive
from bridge.oidc.endpoint_settings import TokenCheckSettings
from bridge.oidc.http import HttpClient, open_session
from bridge.oidc.token_check import TokenCheck
from tests.issuer.process import Issuer
from tests.oidc.answers import BROKEN, BUSY, TOKEN, UNREADABLE, client, verdict

GOOGLE = {"azp": "web", "aud": "web", "sub": "1", "scope": "openid", "exp": "1790000000", "expires_in": "3599"}


async def ask(issuer: Issuer, **settings: Any) -> Mapping[str, Any] | BridgeError:
    """What comes of one question."""
    made = TokenCheckSettings.model_validate({"url": f"{issuer.url}/token_check", **settings})
    assert list(made.problems(insecure=False)) == []
    async with client() as http:
        return await verdict(TokenCheck(http, made).ask(AccessToken(TOKEN)))


@pytest.mark.parametrize(
    ("token_in", "method", "authorization", "query", "form"),
    [
        ({"query": "access_token"}, "GET", None, {"access_token": [TOKEN]}, {}),
        ("bearer", "GET", f"Bearer {TOKEN}", {}, {}),
        ({"form": "token"}, "POST", None, {}, {"token": [TOKEN]}),
    ],
)
async def test_asks(
    issuer: Issuer,
    token_in: Any,
    method: str,
    authorization: str | None,
    query: dict[str, list[str]],
    form: dict[str, list[str]],
) -> None:
    """Google's and LINE's way, GitLab's way, and by POST."""
    issuer.set(tokens={TOKEN: {"token_check": GOOGLE}})
    assert await ask(issuer, token_in=token_in) == GOOGLE
    [sent] = issuer.recorded("token_check")
    assert (sent.method, sent.query, sent.form) == (method, query, form)
    assert sent.headers.get("authorization") == authorization


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_refused_tokens(issuer: Issuer, status: int) -> None:
    """Google and LINE say 400 of a token that they do not know."""
    issuer.set(token_check=GOOGLE, fault=f"token_check_{status}")
    assert isinstance(await ask(issuer), TokenInactive)


@pytest.mark.parametrize("fault", [*BROKEN, *UNREADABLE])
async def test_what_says_nothing(issuer: Issuer, fault: str) -> None:
    """U10, U14: unavailable, and never a leaked token."""
    issuer.set(token_check=GOOGLE, fault=f"token_check_{fault}")
    assert type(await ask(issuer, token_in={"query": "access_token"})) is ProviderUnavailable


@pytest.mark.parametrize("fault", BUSY)
async def test_a_provider_that_is_busy(issuer: Issuer, fault: str) -> None:
    """U09."""
    issuer.set(token_check=GOOGLE, fault=f"token_check_{fault}")
    assert isinstance(await ask(issuer), ProviderBusy)
    assert len(issuer.recorded("token_check")) == 1


@pytest.mark.parametrize(
    ("audience", "answer", "names"),
    [
        ("aud", {"aud": "web"}, ["web"]),
        ("aud", {"aud": ["web", "app"]}, ["web", "app"]),
        ("client_id", {"client_id": "1440057261"}, ["1440057261"]),
        (["application", "uid"], {"application": {"uid": "web"}}, ["web"]),
        ("app_id", {"app_id": 1234}, ["1234"]),
        ("aud", {}, []),
        ("aud", {"aud": None}, []),
        ("aud", {"aud": ""}, []),
        ("aud", {"aud": True}, []),
        ("aud", {"aud": 1.5}, []),
        ("aud", {"aud": {"web": 1}}, []),
        ("aud", {"aud": []}, []),
        ("aud", {"aud": ["web", None]}, []),
        ("aud", {"aud": ["web", ["app"]]}, []),
        ("application.uid", {"application": {"uid": "web"}}, []),
        (["application", "uid"], {"application": "web"}, []),
        (["application", "uid"], {"application": [{"uid": "web"}]}, []),
    ],
)
async def test_audiences(audience: Any, answer: dict[str, Any], names: list[str]) -> None:
    """Text, a list of texts or a whole number where the setting says; anything else names nobody."""
    settings = TokenCheckSettings.model_validate({"url": "https://a.example", "audience": audience})
    async with open_session() as session:
        check = TokenCheck(HttpClient(session, provider="shop", timeout=5.0), settings)
        assert check.audiences(answer) == names


@pytest.mark.parametrize(
    ("left", "seconds"),
    [
        (3599, 3599.0),
        ("3599", 3599.0),
        (12.5, 12.5),
        (10**400, 1e10),
        (None, None),
        (True, None),
        ("soon", None),
        ("٣", None),
        ("1e3", None),
        ("9" * 5000, None),
        ([], None),
    ],
)
async def test_time_left(issuer: Issuer, left: Any, seconds: float | None) -> None:
    """A number, or one as text; what is neither says nothing, and is no crash."""
    issuer.set(token_check={**GOOGLE, "expires_in": left})
    answer = await ask(issuer)
    assert not isinstance(answer, BridgeError)
    async with client() as http:
        assert TokenCheck(http, TokenCheckSettings()).expires_in(answer) == seconds


@pytest.mark.parametrize("left", [0, -1, "0", "-5", -0.5, -(10**400)])
async def test_no_time_left(issuer: Issuer, left: Any) -> None:
    """A token whose time is over is refused, whatever else the answer says."""
    issuer.set(token_check={**GOOGLE, "expires_in": left})
    assert isinstance(await ask(issuer), TokenInactive)
