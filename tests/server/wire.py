"""A caller that speaks HTTP byte by byte, and can therefore speak it wrongly."""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

PATIENCE = 10.0
"""Seconds after which a missing answer is a failure."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; ``headers`` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body's value."""
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """The failure's code; ``None`` for a success."""
        document = self.json
        return document["code"] if document["status"] is False else None

    def assert_decent(self) -> None:
        """The headers that every answer of ours has, and those that none has."""
        assert self.headers["content-type"] == "application/json"
        assert self.headers["cache-control"] == "no-store"
        assert self.headers["x-content-type-options"] == "nosniff"
        assert 1 <= len(self.headers["x-request-id"]) <= 64
        assert "server" not in self.headers
        assert not any(name.startswith("access-control") for name in self.headers)


class Wire:
    """One connection.

    Args:
        port: Where to, on this machine.
        room: Bytes that the system takes for us before we read them; default: its own choice.
        source: From which of this machine's addresses.
    """

    def __init__(self, port: int, *, room: int | None = None, source: str | None = None) -> None:
        self._socket = socket.socket()
        self._socket.settimeout(PATIENCE)
        if room is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        if source is not None:
            self._socket.bind((source, 0))
        self._socket.connect(("127.0.0.1", port))
        self._received = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._socket.close()

    def send(self, data: bytes) -> Self:
        """Sends bytes as they are."""
        self._socket.sendall(data)
        return self

    def end(self) -> Self:
        """Sends no more, but goes on reading."""
        self._socket.shutdown(socket.SHUT_WR)
        return self

    def answer(self, *, to: str = "POST") -> Answer:
        """The next answer, decent as each must be; ``to`` is the method, for an answer to HEAD has no body."""
        while b"\r\n\r\n" not in self._received:
            self._receive()
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        version, status, _ = line.split(" ", 2)
        assert version == "HTTP/1.1"
        if status == "100":
            return Answer(100, {}, b"")
        headers = {name.lower(): value for name, value in (field.split(": ", 1) for field in fields)}
        assert len(headers) == len(fields), "a header twice"
        length = 0 if to == "HEAD" else int(headers["content-length"])
        while len(self._received) < length:
            self._receive()
        body, self._received = self._received[:length], self._received[length:]
        answer = Answer(int(status), headers, body)
        answer.assert_decent()
        return answer

    def is_closed(self) -> bool:
        """Waits for the other end to close, without a reset; false if there is another answer instead."""
        if self._received:
            return False
        self._received = self._socket.recv(65536)
        return not self._received

    def _receive(self) -> None:
        data = self._socket.recv(65536)
        assert data, f"closed after {self._received!r}"
        self._received += data
