"""A finished answer -> ASGI messages."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.types import Send

from bridge.contract.response import Answer
from bridge.server.request_id import HEADER


async def send_answer(send: Send, answer: Answer, request_id: str, *more: tuple[bytes, bytes]) -> None:
    """Sends an answer with its ``X-Request-ID`` and, where given, further headers."""
    headers = (*answer.headers, (HEADER, request_id.encode("ascii")), *more)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def json_answer(status: int, document: Mapping[str, Any]) -> Answer:
    """An answer of the private port to a program that reads JSON."""
    return plain_answer(status, orjson.dumps(document), b"application/json")


def plain_answer(status: int, body: bytes, content_type: bytes) -> Answer:
    """An answer of the private port, with the headers that every answer of ours has."""
    return Answer(
        status,
        body,
        (
            (b"content-type", content_type),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ),
    )
