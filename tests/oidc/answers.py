"""What tests of userinfo, introspection and token check share: a client, a verifier of signed answers, a verdict."""

import json
import traceback
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from bridge.errors import BridgeError
from bridge.oidc.algorithms import ASYMMETRIC
from bridge.oidc.http import HttpClient, open_session
from bridge.oidc.issuer import Issuers
from bridge.oidc.jwks import StaticKeys
from bridge.oidc.key_set import read_key_set
from bridge.oidc.signature import allowed
from bridge.oidc.signed_answer import SignedAnswers
from tests.issuer import keys, mint

TOKEN = "opaque-token_with.every~kind+of/character=="
"""Not a JWT, and every character that RFC 6750's ``b64token`` allows."""

UNREADABLE = (
    "html", "nothing", "not_object", "null", "nan", "deep", "first_member_twice", "half", "utf16", "byte_order_mark",
)  # fmt: skip
"""Faults of an answer of status 200 that says nothing (THREATS.md U10)."""

BROKEN = (
    "204", "404", "500", "503", "gzip", "huge_body", "endless_chunked", "truncated", "reset", "not_http", "hang",
    "drip_feed", "redirect http://127.0.0.1:9/elsewhere", "redirect_307 http://127.0.0.1:9/elsewhere",
)  # fmt: skip
"""Faults of the exchange itself."""

BUSY: Mapping[str, tuple[float, float] | None] = {
    "429": None,
    "429_later": (7, 7),
    "429_date": (50, 60),
    "429_huge": (300, 300),
    "429_negative": None,
    "429_garbage": None,
}
"""U09: forms of Retry-After, and between which seconds they are read; ``None`` is no hint."""


@asynccontextmanager
async def client() -> AsyncIterator[HttpClient]:
    """A provider's client; what hangs is waited for that long, and what is good may take a while on a noisy machine."""
    async with open_session() as session:
        yield HttpClient(session, provider="shop", timeout=3.0)


def signed_answers(issuer: str, **changes: Any) -> SignedAnswers:
    """What verifies an issuer's signed answers with every key that it publishes."""
    made = {"audiences": frozenset({mint.AUDIENCE, "bridge"}), "keys": keys.jwks(), "algorithms": ASYMMETRIC} | changes
    return SignedAnswers(
        StaticKeys(read_key_set(json.dumps(made["keys"]).encode(), "shop")),
        allowed(made["algorithms"]),
        Issuers([issuer]),
        made["audiences"],
        leeway=30.0,
    )


async def verdict(asking: Awaitable[Mapping[str, Any]], *hidden: str) -> Mapping[str, Any] | BridgeError:
    """The answer, or the refusal, in no part of which any of the hidden texts stands, nor the token."""
    try:
        return await asking
    except BridgeError as refusal:
        told = "".join(traceback.format_exception(refusal)) + refusal.detail + refusal.hint
        assert not [text for text in (TOKEN, TOKEN[:12], *hidden) if text in told]
        return refusal
