"""Random bodies, content types and Authorization headers: named refusals, and nothing taken that was not there."""

import json
import random
import re
import urllib.parse
from typing import Any

import pytest

from bridge.contract.header_token import HeaderTokens
from bridge.contract.request import body_kind, read_request
from bridge.errors import BodyInvalid, CallerUnauthorized, MediaTypeUnsupported, TokenMalformed, TokenMissing
from tests.fuzz import json_text
from tests.fuzz.campaign import Campaign, Record

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl-_c2lnbmF0dXJl"
SECRETS = ("k3J9-vq_8ZrT2mXw5Lh0", "the-one-before-7f3a91c2")
MAX_TOKEN = 300
BLANKS = " \t\n\f\r"

Body = tuple[bytes, bytes]
"""Content type and body."""


def disturbed(rng: random.Random, data: bytes) -> bytes:
    """The bytes with a few of them flipped, inserted, cut or repeated; often none."""
    for _ in range(rng.choice((0, 0, 1, 1, 2, 5))):
        at = rng.randrange(len(data) + 1)
        odd = rng.choice(
            (b" ", b"\t", b"\r\n", b"\0", b",", b'"', b"%", b"&", b"+", b"\xff", b"\xc3\xa9", b"=", b"Bearer")
        )
        data = rng.choice(
            (
                data[:at] + odd + data[at:],
                data[:at] + data[at + rng.choice((1, 1, 5)) :],
                data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :],
                data[:at] + data[max(0, at - 9) : at] + data[at:],
                data.swapcase() if rng.random() < 0.1 else data,
            )
        )
    return data


def body(rng: random.Random) -> tuple[str, Body]:
    """A callback's body and what its header says of it."""
    token = rng.choice(
        (TOKEN, TOKEN, f" {TOKEN}\n", f"Bearer {TOKEN}", f"Bearer{TOKEN}", "undefined", "", "x" * 301, "a\0b", "a b")
    )
    members = {"access_token": token, "user_id": "victim", "email": "v@shop.example", "data": {"a": [1]}}
    if rng.random() < 0.6:
        kind, names = b"application/json", ("access_token", "access_token", "user_id", "email", "data", "access_tokeN")
        text = json_text.changed(rng, members, names) if rng.random() < 0.7 else json.dumps(members).encode()
    else:
        kind, pairs = b"application/x-www-form-urlencoded", [(name, str(value)) for name, value in members.items()]
        text = urllib.parse.urlencode(rng.choices(pairs, k=3) if rng.random() < 0.3 else pairs).encode()
    if rng.random() < 0.2:
        kind += rng.choice(
            (b"; charset=utf-8", b';charset="UTF-8"', b"; charset=utf-16", b";;", b"; x", b'; a="b', b", text/html")
        )
    return "body", (disturbed(rng, kind) if rng.random() < 0.2 else kind, disturbed(rng, text))


def _form(text: bytes) -> dict[str, str]:
    """A form as a second reader sees it: RFC 3986 escapes of UTF-8, plus for a blank, no name twice."""

    def plain(part: str) -> str:
        return urllib.parse.unquote(part.replace("+", " "), errors="strict")

    pairs = [tuple(map(plain, pair.split("=", 1))) for pair in text.decode("ascii").split("&")]
    if len({name for name, *_ in pairs}) != len(pairs):
        raise ValueError("twice")
    return {name: value for name, value in pairs}  # noqa: C416 - a pair of another length is an error here


async def judge_body(drawn: Body) -> str:
    """What is read must be what a second reader finds under ``access_token``, blanks and one ``Bearer`` taken off."""
    content_type, text = drawn
    try:
        kind = body_kind([content_type])
        request = read_request(text, kind, max_token=MAX_TOKEN)
    except (MediaTypeUnsupported, BodyInvalid, TokenMissing, TokenMalformed) as refusal:
        return refusal.code
    essence, _, parameters = content_type.lower().partition(b";")
    assert essence.strip(b" \t") == (b"application/json" if kind == "json" else b"application/x-www-form-urlencoded")
    charset = re.search(rb'(?:^|;)[ \t]*charset="?([^";]*)', parameters)
    assert charset is None or charset[1].strip() in {b"utf-8", b"utf8"}
    fields: dict[str, Any] = json_text.unambiguous(text) if kind == "json" else _form(text)
    written = fields["access_token"]
    assert isinstance(written, str)
    bare = re.sub(r"^bearer[ \t\n\f\r]+", "", written.strip(BLANKS), flags=re.IGNORECASE)
    assert request.token.text == bare
    assert len(bare) <= MAX_TOKEN
    assert re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", bare)
    assert request.untrusted_user_id in (None, fields.get("user_id"))
    return "taken"


def authorization(rng: random.Random) -> tuple[str, list[bytes]]:
    """The values of all Authorization headers of a request."""
    secret, scheme = rng.choice(SECRETS), rng.choice(("Bearer", "bearer", "BEARER", "Basic", "", "Bearer Bearer"))
    words = rng.choice(
        ((secret, scheme), (scheme, secret), (secret,), (secret, secret), (secret[:-1], scheme), (scheme,))
    )
    value = disturbed(rng, rng.choice((" ", " ", "  ", "\t", ", ")).join(words).encode())
    return "Authorization", rng.choice(([value], [value], [value], [value, value], [b"x", value], []))


async def judge_authorization(values: list[bytes]) -> str:
    """Whoever passes has shown one header with one whole secret, with or without the scheme, and nothing else."""
    try:
        HeaderTokens(SECRETS).check(values)
    except CallerUnauthorized as refusal:
        return refusal.code
    (value,) = values
    words = [word for word in re.split(rb"[ \t]+", value) if word]
    secrets = [word for word in words if word.decode() in SECRETS]
    assert len(secrets) == 1, "no secret, or two"
    assert [word.lower() for word in words if word not in secrets] in ([], [b"bearer"])
    return "passed"


async def _readers(cases: int, record: Record, *, fixed: bool) -> None:
    bodies = Campaign(cases, record, fixed=fixed)
    await bodies.run(body, judge_body)
    assert bodies.outcomes["taken"] > cases / 20
    assert set(bodies.outcomes) == {
        "taken", "media_type_unsupported", "body_invalid", "token_missing", "token_malformed"
    }  # fmt: skip
    headers = Campaign(cases, record, fixed=fixed)
    await headers.run(authorization, judge_authorization)
    assert headers.outcomes["passed"] > cases / 20


async def test_request_readers(record_property: Record) -> None:
    """H: a token is taken only from where it unambiguously stands; a caller passes only with a whole secret."""
    await _readers(15_000, record_property, fixed=True)


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
async def test_request_readers_very_often(record_property: Record) -> None:
    """The same with a new seed."""
    await _readers(500_000, record_property, fixed=False)
