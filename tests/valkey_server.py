"""A small server that speaks Valkey's protocol (RESP2) over a real socket, and fails as it is told."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

from tests.stream_server import stream_server

Fault = Literal["", "hang", "close", "error", "garbage"]


class ValkeyServer:
    """What the cache asks of one, and no more.

    Attributes:
        port: Where it listens.
        data: What it holds: the value, and its time to live in milliseconds.
        fault: What it does instead of answering.
        asked: The commands that came, but those that every client begins with.
        open: How many clients are connected.
        hanging: Set when a command came that is not answered before the next on its connection is.
    """

    def __init__(self) -> None:
        self.port = 0
        self.data: dict[bytes, tuple[bytes, int]] = {}
        self.fault: Fault = ""
        self.asked: list[bytes] = []
        self.open = 0
        self.hanging = asyncio.Event()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        owed = b""
        self.open += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            while True:
                count = int((await reader.readuntil(b"\r\n"))[1:])
                words = []
                for _ in range(count):
                    size = int((await reader.readuntil(b"\r\n"))[1:])
                    words.append((await reader.readexactly(size + 2))[:-2])
                answer = self._answer(words)
                if answer is None:
                    break
                owed += answer
                if self.fault == "hang" and self.asked:
                    self.hanging.set()
                else:
                    writer.write(owed)
                    owed = b""
        self.open -= 1

    def _answer(self, words: list[bytes]) -> bytes | None:
        command = words[0].upper()
        if command == b"CLIENT":
            return b"+OK\r\n"
        self.asked.append(command)
        match self.fault:
            case "close":
                return None
            case "error":
                return b"-NOAUTH Authentication required. planted-secret\r\n"
            case "garbage":
                return b"HTTP/1.1 400 Bad Request\r\n\r\n"
        if command == b"SET":
            self.data[words[1]] = words[2], int(words[words.index(b"PX") + 1])
            return b"+OK\r\n"
        assert command == b"GETRANGE"
        value = self.data.get(words[1], (b"", 0))[0][int(words[2]) : int(words[3]) + 1]
        return b"$%d\r\n%b\r\n" % (len(value), value)


@asynccontextmanager
async def valkey_server(tls: ssl.SSLContext | None = None) -> AsyncIterator[ValkeyServer]:
    """A running one."""
    server = ValkeyServer()
    async with stream_server(server.converse, tls=tls) as server.port:
        yield server
