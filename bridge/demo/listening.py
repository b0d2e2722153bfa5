"""Ports and servers of the demo: loopback only, and any free port where the usual one is taken."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette

HOST = "127.0.0.1"


def listen(port: int) -> socket.socket:
    """A listening socket on a port of the loopback address, or on any free one if that port is taken.

    Connections wait in it until a server is started, so that nobody need poll for that.

    Raises:
        OSError: There is no port to be had.
    """
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        return socket.create_server((HOST, 0))


def free_or_any(port: int) -> int:
    """That port if it is free now, else 0 for any: for a server that opens its own socket."""
    with listen(port) as probe:
        return port if port_of(probe) == port else 0


def port_of(listener: socket.socket) -> int:
    """The port of a listening socket."""
    port: int = listener.getsockname()[1]
    return port


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves Ctrl-C alone: the bridge takes it, and everything else stops with the bridge."""
        yield


@asynccontextmanager
async def serving(app: Starlette, listener: socket.socket) -> AsyncIterator[None]:
    """Serves an application on a socket for as long as the context is open."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="error",
        access_log=False,
        lifespan="on",
        ws="none",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    with contextlib.closing(listener):
        task = asyncio.create_task(server.serve([listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await task
