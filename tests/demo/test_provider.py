"""The demo provider's endpoints."""

import aiohttp
import pytest
from authlib.oidc.discovery import OpenIDProviderMetadata

from bridge.demo.keys import published
from bridge.demo.provider import metadata
from bridge.demo.visitors import VISITORS
from tests.demo.flow import request_of, tokens
from tests.demo.running import KEYS, Pages


def test_the_metadata_is_what_the_standard_asks_for() -> None:
    """OpenID Connect Discovery section 3, by Authlib's own check."""
    OpenIDProviderMetadata(metadata("https://login.shop.example")).validate()


@pytest.mark.parametrize(
    "path", ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"], ids=["OIDC", "RFC 8414"]
)
async def test_discovery_leads_to_the_keys(running: Pages, client: aiohttp.ClientSession, path: str) -> None:
    """The document names this issuer, and its jwks_uri gives the public keys."""
    async with client.get(running.issuer + path) as answer:
        document = await answer.json()
    async with client.get(document["jwks_uri"]) as answer:
        keys = await answer.json()
    assert document["issuer"] == running.issuer
    assert keys == published(KEYS)


async def test_the_sign_in_page_offers_every_visitor(running: Pages, client: aiohttp.ClientSession) -> None:
    """One button each; the form posts the whole request again."""
    async with client.get(f"{running.issuer}/authorize", params=request_of(running)) as answer:
        html = await answer.text()
    assert answer.status == 200
    assert [key for key in VISITORS if f'name="visitor" value="{key}"' in html] == list(VISITORS)
    assert 'action="/authorize?response_type=code&amp;client_id=demo-shop&amp;' in html


async def test_userinfo_knows_whose_token_it_is(running: Pages, client: aiohttp.ClientSession) -> None:
    """OpenID Connect Core section 5.3: the claims of the token's scope, and the same subject."""
    body = await tokens(client, running, "grace")
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    async with client.get(f"{running.issuer}/userinfo", headers=headers) as answer:
        assert await answer.json() == VISITORS["grace"].profile
    headers = {"Authorization": f"Bearer {body['id_token']}"}
    async with client.get(f"{running.issuer}/userinfo", headers=headers) as answer:
        assert answer.status == 401


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Basic wrong", "Bearer", ""])
async def test_userinfo_tells_nobody_else(
    running: Pages, client: aiohttp.ClientSession, authorization: str | None
) -> None:
    """RFC 6750 section 3: 401 with a challenge."""
    headers = {} if authorization is None else {"Authorization": authorization}
    async with client.get(f"{running.issuer}/userinfo", headers=headers) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].lower().startswith("bearer ")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/token", b"\xff\xfe", 400),
        ("POST", "/token", b"", 400),
        ("POST", "/token", b"a" * 20000, 400),
        ("POST", "/token", b"grant_type", 400),
        ("POST", "/token", b"grant_type=authorization_code&grant_type=authorization_code", 400),
        ("GET", "/token", b"", 405),
        ("POST", "/authorize?a", b"visitor=an", 400),
        ("POST", "/authorize?client_id=a&client_id=a", b"visitor=an", 400),
        ("POST", "/authorize?client_id=%ff&response_type=%22", b"visitor=%ff", 400),
        ("GET", "/authorize", b"", 400),
        ("GET", "/", b"", 200),
        ("GET", "/nowhere", b"", 404),
    ],
)
async def test_whatever_comes_is_answered(
    running: Pages, client: aiohttp.ClientSession, method: str, path: str, body: bytes, status: int
) -> None:
    """Garbage is refused with a status of its own, never a 500."""
    async with client.request(method, running.issuer + path, data=body) as answer:
        assert answer.status == status
