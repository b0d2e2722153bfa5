"""The last requests' outlines, kept in memory for whoever sets CX Genie up: ``admin.capture``, ``first-call``.

It stands round the public port's application, which answers as ever; without anybody to tell it is not there at all.
"""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge.config.model import Model
from bridge.server.request_id import HEADER
from bridge.server.request_shape import Shape, shape_of


@dataclass(frozen=True, slots=True)
class Captured:
    """One request, and what became of it.

    Attributes:
        shape: Its outline.
        answer: ``status``, ``code`` (``ok`` for a chat user), ``request_id``, ``milliseconds``.
        at: When it came.
    """

    shape: Shape
    answer: Mapping[str, Any]
    at: datetime

    def as_json(self) -> dict[str, Any]:
        """It for a program; nothing personal, no token, no secret."""
        return {
            "time": self.at.isoformat(timespec="milliseconds"),
            "request": dict(self.shape.outline),
            "answer": dict(self.answer),
            "slips": [{"found": slip.found, "cure": slip.cure} for slip in self.shape.slips],
        }


class Capture:
    """Looks at requests beside their answering.

    Args:
        model: The configuration that answers now.
        keep: How many outlines are kept.
        seen: Told of each request once it is answered; then even the body of a caller without the header token is
            read, which the service itself never does.
    """

    def __init__(
        self, model: Callable[[], Model], *, keep: int = 0, seen: Callable[[Captured], None] | None = None
    ) -> None:
        self._model = model
        self._kept: deque[dict[str, Any]] = deque(maxlen=keep)
        self._seen = seen

    @property
    def kept(self) -> Sequence[Mapping[str, Any]]:
        """The latest outlines, the oldest first."""
        return tuple(self._kept)

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application, looked at; itself where nobody wants to know."""
        if not self._kept.maxlen and self._seen is None:
            return app

        async def looked_at(scope: Scope, receive: Receive, send: Send) -> None:
            limits = self._model().limits
            at, exchange = datetime.now(UTC), _Exchange(receive, send, limits.body)
            if self._seen is not None:
                with contextlib.suppress(TimeoutError):  # what has come by then is shown, and the service times it out
                    async with asyncio.timeout(limits.deadline):
                        await exchange.read_ahead()
            began = perf_counter()
            try:
                await app(scope, exchange.receive, exchange.send)
            finally:
                # Whoever calls in a flood without the header token costs no work here either.
                if exchange.code != "too_many_failed_calls":
                    self._take(scope, exchange, at, perf_counter() - began)

        return looked_at

    def _take(self, scope: Scope, exchange: "_Exchange", at: datetime, seconds: float) -> None:
        shape = shape_of(scope, exchange.body, self._model())
        captured = Captured(shape, exchange.answer | {"milliseconds": round(seconds * 1000, 2)}, at)
        self._kept.append(captured.as_json())
        if self._seen is not None:
            self._seen(captured)


class _Exchange:
    """What goes through between the port and the application, remembered as far as it is of use."""

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self._receive = receive
        self._send = send
        self._limit = limit
        self._ahead: deque[Message] = deque()
        self._read: bytearray | None = None
        self._status = 0
        self._request_id = ""
        self.code = ""

    @property
    def body(self) -> bytes | None:
        """What was read of the body; ``None`` where nobody asked for it."""
        return None if self._read is None else bytes(self._read)

    @property
    def answer(self) -> dict[str, Any]:
        """What was answered; status 0 where the caller was gone."""
        return {"status": self._status, "code": self.code, "request_id": self._request_id}

    async def read_ahead(self) -> None:
        """Reads the body before the application asks for it, up to the limit."""
        more = True
        while more and len(self._read or b"") <= self._limit:
            message = await self._take_one()
            self._ahead.append(message)
            more = bool(message.get("more_body"))

    async def receive(self) -> Message:
        """The application's ``receive``."""
        return self._ahead.popleft() if self._ahead else await self._take_one()

    async def send(self, message: Message) -> None:
        """The application's ``send``."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = dict(message["headers"])
            self._request_id = headers.get(HEADER, b"").decode("latin-1")
        else:
            document = json.loads(message["body"] or b"{}")
            self.code = "ok" if document.get("status") is True else document.get("code", "")
        await self._send(message)

    async def _take_one(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            room = self._limit + 1 - len(self._read or b"")
            self._read = (self._read or bytearray()) + message.get("body", b"")[:room]
        return message
