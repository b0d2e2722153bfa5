"""A port: from its socket to its last connection."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from bridge.server.protocol import BoundedProtocol

BACKLOG = 2048
"""Connections that the system holds for us while we are busy."""

KEEP_ALIVE = 65
"""Seconds that an idle connection is kept: longer than load balancers keep theirs (60), so that they close first."""


class AddressUnavailable(Exception):
    """A port cannot be listened on; the message says which and why."""


class Port(uvicorn.Server):
    """One port of uvicorn's, which leaves signals and logs to us."""

    def __init__(self, app: ASGIApp, protocol: type[BoundedProtocol]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=protocol,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                log_level="error",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=BACKLOG,
                timeout_keep_alive=KEEP_ALIVE,
            )
        )
        self.accepting = asyncio.Event()
        self._protocol_class = protocol
        self._listening: list[socket.socket] = []

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Takes none: two servers share the process."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to accept connections."""
        await super().startup(sockets)
        self._listening = sockets or []
        self.accepting.set()

    async def stop_listening(self) -> None:
        """Closes the port, and takes in who has connected already: closed with them in its queue, it resets them."""
        for listening in self._listening:
            with listening.dup() as queue:
                for server in self.servers:
                    server.close()
                listening.close()
                queue.setblocking(False)
                connected = []
                with contextlib.suppress(BlockingIOError):  # nobody more has connected
                    while True:
                        connected.append(queue.accept()[0])
            for connection in connected:
                await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> asyncio.Protocol:
        return self._protocol_class(self.config, self.server_state, self.lifespan.state)

    def stop(self, grace: float) -> None:
        """Ends it, and gives what is in flight so many seconds."""
        self.config.timeout_graceful_shutdown = int(max(0, grace))
        self.should_exit = True

    @property
    def connections(self) -> int:
        """How many callers are connected."""
        return len(self.server_state.connections)

    async def say_farewell(self, seconds: float) -> None:
        """Lets each connected caller have one more answer, which tells it to connect elsewhere; then closes the port.

        Whoever has connected by then gets its answer too: it could not know.

        Args:
            seconds: How long it waits for callers to ask once more, at most; and again for the last to come.
        """
        for connection in self._connections():
            connection.last_answer()
        await _until(lambda: not self.connections, seconds)
        await self.stop_listening()
        await _until(lambda: not any(connection.is_owed_an_answer for connection in self._connections()), seconds)

    def _connections(self) -> Iterator[BoundedProtocol]:
        return (each for each in self.server_state.connections if isinstance(each, BoundedProtocol))


async def _until(done: Callable[[], bool], seconds: float) -> None:
    """Returns when it is so, or after so many seconds."""
    until = time.monotonic() + seconds
    while not done() and time.monotonic() < until:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)


def listen(host: str, port: int, *, reuse_port: bool = False) -> socket.socket:
    """A socket that listens there; port 0 takes a free one.

    Raises:
        AddressUnavailable: It is taken, or not ours to take.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG, reuse_port=reuse_port)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise AddressUnavailable(
            f"cannot listen on {host}:{port}: {reason}. Stop what uses it, or choose another port."
        ) from None


def url_of(listening: socket.socket) -> str:
    """Where a socket listens, as an address to call."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
