"""One authorization-code flow, step by step, for tests that spoil a step."""

import re
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from tests.demo.running import Pages

VERIFIER = "v" * 43


def request_of(pages: Pages, **changed: str | None) -> dict[str, str]:
    """The shop's authorization request; a parameter of None is left out."""
    parameters: dict[str, str | None] = {
        "response_type": "code",
        "client_id": "demo-shop",
        "redirect_uri": f"{pages.shop}/callback",
        "scope": "openid profile email phone",
        "state": "s1",
        "nonce": secrets.token_hex(8),
        "code_challenge": create_s256_code_challenge(VERIFIER),
        "code_challenge_method": "S256",
        **changed,
    }
    return {name: value for name, value in parameters.items() if value is not None}


async def authorize(
    client: aiohttp.ClientSession, pages: Pages, visitor: str | None = "an", **changed: str | None
) -> tuple[int, dict[str, str], str]:
    """Status, parameters of the redirect (empty without one) and text of the answer of the authorization endpoint."""
    url = f"{pages.issuer}/authorize"
    form = {} if visitor is None else {"visitor": visitor}
    async with client.post(url, params=request_of(pages, **changed), data=form, allow_redirects=False) as answer:
        query = parse_qs(urlsplit(answer.headers.get("Location", "")).query)
        return answer.status, {name: values[0] for name, values in query.items()}, await answer.text()


async def redeem(
    client: aiohttp.ClientSession, pages: Pages, code: str, **changed: str | None
) -> tuple[int, Mapping[str, Any]]:
    """Status and body of the token endpoint's answer; a parameter of None is left out."""
    parameters: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": f"{pages.shop}/callback",
        "client_id": "demo-shop",
        "code_verifier": VERIFIER,
        **changed,
    }
    form = {name: value for name, value in parameters.items() if value is not None}
    async with client.post(f"{pages.issuer}/token", data=form) as answer:
        return answer.status, await answer.json()


async def tokens(
    client: aiohttp.ClientSession, pages: Pages, visitor: str = "an", **changed: str | None
) -> dict[str, Any]:
    """The tokens of a flow in which nothing is spoilt."""
    _, redirect, _ = await authorize(client, pages, visitor, **changed)
    status, body = await redeem(client, pages, redirect["code"])
    assert status == 200, body
    return dict(body)


def data_token(html: str) -> str | None:
    """What the page's script tag has for the widget."""
    found = re.search(r'<script src="/widget.js"[^>]* data-token="([^"]*)"', html)
    return found[1] if found else None
