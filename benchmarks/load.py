"""The load: keep-alive connections that post one callback after another and check every answer.

Its own process, so that its work is not counted as the server's: ``load.py PORT CONNECTIONS COUNT FILE``, where FILE
holds one ``[request, answer]`` per line. Prints the seconds that COUNT requests took; any wrong answer ends it.
"""

import asyncio
import itertools
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import cast

import orjson
import uvloop

Exchange = tuple[bytes, object]


class Caller(asyncio.Protocol):
    """One connection: sends the next request as soon as the last answer is read whole."""

    def __init__(self, exchanges: Iterator[Exchange], done: asyncio.Future[None]) -> None:
        self._exchanges = exchanges
        self._done = done
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._next()

    def data_received(self, data: bytes) -> None:
        """Reads an answer that has a Content-Length, as all of ours do."""
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if not blank or len(body) < int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]):
            return
        if not head.startswith(b"HTTP/1.1 200 ") or orjson.loads(body) != self._expected:
            self._fail(f"a wrong answer: {self._received!r}")
            return
        self._received = b""
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        """An answer is still due unless all are in."""
        self._fail(f"the server closed a connection: {error}")

    def _next(self) -> None:
        exchange = next(self._exchanges, None)
        if exchange is not None:
            request, self._expected = exchange
            self._transport.write(request)
        elif not self._done.done():
            self._done.set_result(None)

    def _fail(self, reason: str) -> None:
        if not self._done.done():
            self._done.set_exception(RuntimeError(reason))


async def drive(port: int, connections: int, exchanges: Iterator[Exchange]) -> float:
    """Seconds from the first request to the last answer."""
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(connections)]
    for end in ends:
        await loop.create_connection(partial(Caller, exchanges, end), "127.0.0.1", port)
    async with asyncio.timeout(120):  # seconds; far beyond any run that is worth a number
        await asyncio.gather(*ends)
    return time.perf_counter() - started


if __name__ == "__main__":
    port, connections, count = map(int, sys.argv[1:4])
    with Path(sys.argv[4]).open("rb") as lines:
        work = [(request.encode(), answer) for request, answer in map(orjson.loads, lines)]
    print(uvloop.run(drive(port, connections, itertools.islice(itertools.cycle(work), count))))
