"""One request and its answer on one connection."""

from asyncio import Transport
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

CLOSE = (b"connection", b"close")
"""The header of an answer that is to be its connection's last."""


class Exchange(RequestResponseCycle):
    """One request and its answer, which goes out in one piece: each write is a system call."""

    _head = b""

    async def send(self, message: ASGISendEvent) -> None:
        """Takes the start of an answer, then its whole body; all of ours are so, and all have a content-length."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected or self.transport.is_closing():
            self.disconnected = True  # uvicorn tells only the latest request of a pipeline
            return
        if message["type"] == "http.response.start":
            self.response_started = True
            self.waiting_for_100_continue = False
            headers = message["headers"]
            if CLOSE in headers:
                self.keep_alive = False
                headers = [header for header in headers if header != CLOSE]
            self._head = head_lines(message["status"], self.default_headers, headers)
        elif message["type"] == "http.response.body" and not self.response_complete:
            ending = b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n"
            body = b"" if self.scope["method"] == "HEAD" else message["body"]
            self.transport.write(b"".join((self._head, ending, body)))
            self.response_complete = True
            self.message_event.set()
            if not self.keep_alive:
                self.transport.close()
            self.on_response()


def head_lines(status: int, *headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The status line and headers of an answer, without the empty line behind them. No value may hold a line break."""
    lines = [STATUS_LINE[status]]
    for some in headers:
        lines += [b"%b: %b\r\n" % header for header in some]
    return b"".join(lines)


class PipelineFlow(FlowControl):
    """Reads no further while requests of a pipeline wait: uvicorn's own would take in more with each answer."""

    def __init__(self, transport: Transport, pipeline: deque[Any]) -> None:
        super().__init__(transport)
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        """Reads on, if nothing waits."""
        if not self._pipeline:
            super().resume_reading()


class ClosingTransport:
    """A transport whose ``close`` is the protocol's; everything else goes straight through."""

    __slots__ = ("_close", "_closed", "_transport", "get_extra_info", "pause_reading", "resume_reading", "write")

    def __init__(self, transport: Transport, close: Callable[[], None]) -> None:
        self._transport = transport
        self._close = close
        self._closed = False
        self.write = transport.write
        self.get_extra_info = transport.get_extra_info
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def is_closing(self) -> bool:
        """Whether nothing may be written any more."""
        return self._closed or self._transport.is_closing()

    def close(self) -> None:
        """Ends the connection, once."""
        if not self._closed:
            self._closed = True
            self._close()
