"""A provider that only answers userinfo, after a while, and for so little CPU that what is measured is who asks.

Its own process: ``userinfo.py PORT SECONDS FILE`` answers ``/good/userinfo`` with the JSON in FILE so long after it was
asked, ``/revoked/userinfo`` with 401, and ``/asked`` at once with how often it was asked. Tokens are not looked at.
"""

import asyncio
import selectors
import sys
from pathlib import Path
from typing import cast


class Userinfo(asyncio.Protocol):
    """One connection, whose caller sends a request only after the last answer.

    Attributes:
        asked: Requests to userinfo on all connections.
    """

    asked = 0

    def __init__(self, seconds: float, profile: bytes) -> None:
        self._seconds = seconds
        self._good = _http(b"200 OK", profile)
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps what the answers go to."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answers a GET whose head is complete."""
        self._received += data
        if not self._received.endswith(b"\r\n\r\n"):
            return
        path = self._received.split(b" ", 2)[1]
        self._received = b""
        if path == b"/asked":
            self._transport.write(_http(b"200 OK", b"%d" % Userinfo.asked))
            return
        Userinfo.asked += 1
        answer = self._good if path == b"/good/userinfo" else _http(b"401 Unauthorized", b"{}")
        asyncio.get_running_loop().call_later(self._seconds, self._transport.write, answer)


def _http(status: bytes, body: bytes) -> bytes:
    head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(body)) + body


async def serve(port: int, seconds: float, profile: bytes) -> None:
    """Until the process is told to end."""
    server = await asyncio.get_running_loop().create_server(lambda: Userinfo(seconds, profile), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    # uvloop's timers, and epoll's, are whole milliseconds: answers that are due within one would all be sent together.
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        runner.run(serve(int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]).read_bytes()))
