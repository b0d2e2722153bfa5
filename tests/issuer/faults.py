"""Named ways in which an issuer's endpoint misbehaves: ``jwks_500`` is the fault ``500`` at the endpoint ``jwks``.

Each fault is the bytes of an answer, or a coroutine that writes what no well-formed answer is.
"""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from tests.issuer import token_endpoints

ENDPOINTS = ("discovery", "metadata", "jwks", *token_endpoints.ENDPOINTS)
"""OpenID Connect Discovery's address, RFC 8414's, the key set, and what is asked about tokens."""

Answer = bytes | Callable[[asyncio.StreamWriter, bytes], Awaitable[None]]
"""A whole answer, or what writes one, given the body that would have been right."""


def http(status: int, body: bytes = b"", content_type: str = "application/json", **headers: str) -> bytes:
    """An HTTP/1.1 answer; underscores in header names become hyphens."""
    lines = [f"HTTP/1.1 {status} Any", f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def _hang(writer: asyncio.StreamWriter, body: bytes) -> None:
    await asyncio.sleep(3600)


async def _drip_feed(writer: asyncio.StreamWriter, body: bytes) -> None:
    writer.write(http(200, body)[: -len(body)])
    for byte in body:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.2)


async def _huge_body(writer: asyncio.StreamWriter, body: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 104857600\r\n\r\n")
    for _ in range(1600):
        writer.write(b" " * 65536)
        await writer.drain()


async def _endless_chunked(writer: asyncio.StreamWriter, body: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b" " * 65536 + b"\r\n")
        await writer.drain()


async def _truncated(writer: asyncio.StreamWriter, body: bytes) -> None:
    writer.write(http(200, body)[: -len(body) // 2])
    writer.close()


async def _reset(writer: asyncio.StreamWriter, body: bytes) -> None:
    writer.transport.abort()


async def _gzip(writer: asyncio.StreamWriter, body: bytes) -> None:
    writer.write(http(200, gzip.compress(body), Content_Encoding="gzip"))


async def _gzip_bomb(writer: asyncio.StreamWriter, body: bytes) -> None:
    writer.write(http(200, gzip.compress(body + b" " * 50_000_000), Content_Encoding="gzip"))


async def _duplicate_members(writer: asyncio.StreamWriter, body: bytes) -> None:
    writer.write(http(200, body[:1] + b'"keys":[],"issuer":"http://127.0.0.1:9",' + body[1:]))


async def _first_member_twice(writer: asyncio.StreamWriter, body: bytes) -> None:
    name = next(iter(json.loads(body)))
    writer.write(http(200, body[:1] + json.dumps(name).encode() + b":null," + body[1:]))


async def _half(writer: asyncio.StreamWriter, body: bytes) -> None:
    writer.write(http(200, body[: len(body) // 2]))


async def _429_date(writer: asyncio.StreamWriter, body: bytes) -> None:
    writer.write(http(429, Retry_After=format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)))


async def _utf16(writer: asyncio.StreamWriter, body: bytes) -> None:
    writer.write(http(200, body.decode().encode("utf-16"), "application/json; charset=utf-16"))


async def _byte_order_mark(writer: asyncio.StreamWriter, body: bytes) -> None:
    writer.write(http(200, b"\xef\xbb\xbf" + body))


async def _octet_stream(writer: asyncio.StreamWriter, body: bytes) -> None:
    writer.write(http(200, body, "application/octet-stream"))


FAULTS: Mapping[str, Answer] = {
    **{str(status): http(status, b'{"error":"x"}') for status in (204, 400, 401, 403, 404, 429, 500, 503)},
    "429_later": http(429, Retry_After="7"),
    "429_date": _429_date,
    "429_negative": http(429, Retry_After="-7"),
    "429_huge": http(429, Retry_After="9" * 30),
    "429_garbage": http(429, Retry_After="soon"),
    "html": http(200, b"<!doctype html><title>Sign in to the Wi-Fi</title>", "text/html"),
    "nothing": http(200),
    "not_object": http(200, b"[]"),
    "null": http(200, b"null"),
    "empty_object": http(200, b"{}"),
    "empty": http(200, b'{"keys":[]}'),
    "keys_object": http(200, b'{"keys":{}}'),
    "keys_null": http(200, b'{"keys":null}'),
    "nan": http(200, b'{"keys":NaN}'),
    "deep": http(200, b'{"keys":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "many_keys": http(200, json.dumps({"keys": [{"kty": "oct"}] * 20_000}).encode()),
    "not_http": b"SSH-2.0-OpenSSH_9.2\r\n",
    "hang": _hang,
    "drip_feed": _drip_feed,
    "huge_body": _huge_body,
    "endless_chunked": _endless_chunked,
    "truncated": _truncated,
    "reset": _reset,
    "gzip": _gzip,
    "gzip_bomb": _gzip_bomb,
    "duplicate_members": _duplicate_members,
    "first_member_twice": _first_member_twice,
    "half": _half,
    "utf16": _utf16,
    "byte_order_mark": _byte_order_mark,
    "octet_stream": _octet_stream,
}


def find(fault: str, endpoint: str) -> Answer | None:
    """The fault of that name, if it is this endpoint's.

    Raises:
        LookupError: There is no such fault, so a misspelt one cannot pass for an honest issuer.
    """
    where = next((one for one in ENDPOINTS if fault.startswith(f"{one}_")), "")
    name = fault.removeprefix(f"{where}_")
    moved = _REDIRECTS.get(name.partition(" ")[0])
    if not where or not (name in FAULTS or (moved and " " in name)):
        raise LookupError(fault)
    if where != endpoint:
        return None
    return http(moved, Location=name.partition(" ")[2]) if moved else FAULTS[name]


_REDIRECTS = {"redirect": 302, "redirect_307": 307, "redirect_308": 308}
