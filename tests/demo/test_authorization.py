"""The demo provider's authorization-code flow: what it refuses, each beside the same flow without the fault."""

import aiohttp
import pytest
from authlib.oauth2.rfc6749 import InvalidRequestError
from joserfc import jwt

from bridge.demo.authorization import TOKEN_SECONDS, Call, profile
from bridge.demo.visitors import VISITORS
from tests.demo.flow import authorize, redeem, tokens
from tests.demo.running import KEYS, Pages

SCOPE = "openid profile email phone"


async def test_the_access_token_is_rfc_9068_with_a_profile(running: Pages, client: aiohttp.ClientSession) -> None:
    """Header and claims that a real provider's access token has, for ten minutes."""
    body = await tokens(client, running)
    token = jwt.decode(body["access_token"], KEYS, algorithms=["RS256"])
    claims = dict(token.claims)
    assert token.header == {"typ": "at+jwt", "alg": "RS256", "kid": KEYS.keys[0].kid}
    assert claims.pop("exp") - claims.pop("iat") == TOKEN_SECONDS == body["expires_in"] == 600
    assert claims.pop("jti")
    assert claims == {
        "iss": running.issuer,
        "aud": "cxgenie-chat",
        "azp": "demo-shop",
        "client_id": "demo-shop",
        "scope": SCOPE,
        **VISITORS["an"].profile,
        "realm_access": {"roles": ["customer"]},
    }


async def test_the_id_token_is_for_the_shop(running: Pages, client: aiohttp.ClientSession) -> None:
    """Made for the client, tied to its request by the nonce and to the access token by at_hash."""
    body = await tokens(client, running, nonce="n1")
    claims = jwt.decode(body["id_token"], KEYS, algorithms=["RS256"]).claims
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (running.issuer, "demo-shop", "n1")
    assert {"exp", "iat", "auth_time", "at_hash", "name", "email"} <= set(claims)


async def test_the_scope_opens_the_claims(running: Pages, client: aiohttp.ClientSession) -> None:
    """Without the scope a claim is neither in the tokens nor at the userinfo endpoint."""
    body = await tokens(client, running, scope="openid email")
    claims = jwt.decode(body["access_token"], KEYS, algorithms=["RS256"]).claims
    assert {"email", "email_verified"} <= set(claims)
    assert not {"name", "phone_number", "picture"} & set(claims)
    assert set(profile(VISITORS["an"], "openid")) == {"sub"}


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "openid admin"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"nonce": "n0"}, "invalid_request"),
        ({"prompt": "none", "visitor": None}, "login_required"),
    ],
)
async def test_a_faulty_request_is_sent_back_with_its_error(
    running: Pages, client: aiohttp.ClientSession, changed: dict[str, str | None], error: str
) -> None:
    """The client is known and its address good, so that the error goes there (RFC 6749 section 4.1.2.1)."""
    await authorize(client, running, nonce="n0")
    assert (await authorize(client, running))[1].keys() == {"code", "state"}
    status, redirect, _ = await authorize(client, running, **changed)
    assert status == 303
    assert redirect["error"] == error
    assert redirect["state"] == "s1"


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": None},
        {"client_id": "another"},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": 'https://evil.example/"\n'},
    ],
)
async def test_nothing_is_sent_to_an_address_that_is_not_the_clients(
    running: Pages, client: aiohttp.ClientSession, changed: dict[str, str | None]
) -> None:
    """Where client or address is in doubt, the error stays here."""
    status, redirect, text = await authorize(client, running, **changed)
    assert (status, redirect) == (400, {})
    assert '"error"' in text


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code": "wrong"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1/"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"client_id": "another"}, "invalid_client"),
        ({"client_id": None}, "invalid_client"),
        ({"client_secret": "guess"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": '"\n\u1ec5'}, "unsupported_grant_type"),
    ],
)
async def test_a_faulty_token_request_gets_no_token(
    running: Pages, client: aiohttp.ClientSession, changed: dict[str, str | None], error: str
) -> None:
    """RFC 6749 section 5.2, RFC 7636 section 4.6; the same code without the fault gives one."""
    await tokens(client, running)
    _, redirect, _ = await authorize(client, running)
    status, body = await redeem(client, running, **{"code": redirect["code"], **changed})  # type: ignore[arg-type]  # a table
    assert status == 400
    assert body["error"] == error
    assert "access_token" not in body


@pytest.mark.parametrize("first", [{}, {"code_verifier": "w" * 43}])
async def test_a_code_works_once(running: Pages, client: aiohttp.ClientSession, first: dict[str, str]) -> None:
    """It is spent by the first attempt, well or ill (RFC 6749 section 4.1.2)."""
    _, redirect, _ = await authorize(client, running)
    await redeem(client, running, redirect["code"], **first)
    status, body = await redeem(client, running, redirect["code"])
    assert (status, body["error"]) == (400, "invalid_grant")


def test_a_parameter_twice_is_refused() -> None:
    """RFC 6749 section 3.1: whoever checks the first must not be told otherwise by the second."""
    once = [("client_id", "a")]
    assert Call("GET", "http://127.0.0.1/", {}, once).payload.data == {"client_id": "a"}
    with pytest.raises(InvalidRequestError):
        Call("GET", "http://127.0.0.1/", {}, once + once)
