"""A finished answer -> ASGI messages."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.types import Send

from bridge.contract.response import Answer, headers_of
from bridge.server.request_id import HEADER


async def send_answer(send: Send, answer: Answer, request_id: str, *more: tuple[bytes, bytes]) -> None:
    """Sends an answer with its ``X-Request-ID`` and, where given, further headers."""
    headers = (*answer.headers, (HEADER, request_id.encode("ascii")), *more)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def json_answer(status: int, document: Mapping[str, Any]) -> Answer:
    """An answer of the private port to a program that reads JSON."""
    body = orjson.dumps(document)
    return Answer(status, body, headers_of(body))


def plain_answer(status: int, body: bytes, content_type: bytes) -> Answer:
    """An answer of the private port of another kind."""
    return Answer(status, body, headers_of(body, content_type))
