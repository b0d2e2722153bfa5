"""The service: two ports in one event loop, from the first socket to the last answer."""

import asyncio
import contextlib
import gc
import logging
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager

import uvicorn
import uvloop
from starlette.types import ASGIApp

from bridge.assemble import Bridge, assemble
from bridge.config.model import Model
from bridge.server.access_log import StrangerLog
from bridge.server.admin import admin_app
from bridge.server.app import callback_app
from bridge.server.capture import Capture, Captured
from bridge.server.event_log import EventHandler, EventLog
from bridge.server.protocol import BoundedProtocol, bounded_protocol

BACKLOG = 2048
"""Connections that the system holds for us while we are busy."""

KEEP_ALIVE = 65
"""Seconds that an idle connection is kept: longer than load balancers keep theirs (60), so that they close first."""

FAREWELL = 1.0
"""Seconds at most for which a stopping service still takes connections, telling each caller that this answer is its
last, so that nobody sends a request into a connection that is just being closed."""

OPEN_FILES = 65536
"""Connections and files that the process allows itself, where the system's hard limit does."""


class AddressUnavailable(Exception):
    """A port cannot be listened on; the message says which and why."""


async def serve(
    model: Model,
    *,
    ready: Callable[[str, str], None] | None = None,
    stop: asyncio.Event | None = None,
    reuse_port: bool = False,
    log: EventLog | None = None,
    bridge: AbstractAsyncContextManager[Bridge] | None = None,
    seen: Callable[[Captured], None] | None = None,
) -> None:
    """Runs both ports until told to stop, then finishes what is in flight, ``server.grace`` at most.

    Args:
        model: The configuration. Port 0 takes a free one.
        ready: Told both addresses when both ports answer.
        stop: Ends the service when set; without it SIGTERM and SIGINT do, and the second of them ends the process.
        reuse_port: Share the public port with other processes.
        log: Where events go; default: as ``log:`` of the configuration says.
        bridge: What answers; default: what the configuration becomes.
        seen: Told of each request once it is answered, for whoever waits for the first.

    Raises:
        AddressUnavailable: A port is taken, or not ours to take.
    """
    log = log or EventLog(model.log)
    stop = stop or _stop_by_signal()
    draining = asyncio.Event()
    with log.gathered(), _capture_logging(log), contextlib.ExitStack() as sockets:
        public_socket = sockets.enter_context(_listen(model.server.host, model.server.port, reuse_port=reuse_port))
        admin_socket = sockets.enter_context(_listen(model.admin.host, model.admin.port))
        async with bridge or assemble(model) as running:
            protocol = bounded_protocol(model.limits, draining=draining.is_set, refused=StrangerLog(log).refused)
            capture = Capture(lambda: model, keep=model.admin.capture, seen=seen)
            public = _Server(capture.around(callback_app(model, running, log=log)), protocol, model.server.grace)
            shown = capture if model.admin.capture else None
            admin = _Server(admin_app(running, draining.is_set, log=log, capture=shown), protocol, 2 * FAREWELL)
            async with asyncio.TaskGroup() as tasks:
                serving = tasks.create_task(public.serve([public_socket]))
                tasks.create_task(admin.serve([admin_socket]))
                await public.accepting.wait()
                await admin.accepting.wait()
                addresses = _url(public_socket), _url(admin_socket)
                log.write(logging.INFO, "listening", url=addresses[0], admin_url=addresses[1])
                if ready is not None:
                    ready(*addresses)
                await stop.wait()
                draining.set()
                log.write(logging.INFO, "draining", connections=public.connections)
                await public.say_farewell(min(FAREWELL, model.server.grace))
                public.should_exit = True
                await serving
                admin.should_exit = True
        log.write(logging.INFO, "stopped")


def run(model: Model, *, reuse_port: bool = False) -> None:
    """Runs the service in this process until a signal ends it.

    Raises:
        AddressUnavailable: A port is taken, or not ours to take.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))
    uvloop.run(serve(model, ready=_settle, reuse_port=reuse_port))


def _settle(_: str, __: str) -> None:
    """Has the garbage collector leave alone what was built at start, and look at a request's objects less often.

    They live for milliseconds and die by reference count: looking at them costs a tenth of a cached callback.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


class _Server(uvicorn.Server):
    """One port of uvicorn's, which leaves signals and logs to us."""

    def __init__(self, app: ASGIApp, protocol: type[BoundedProtocol], grace: float) -> None:
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
                timeout_graceful_shutdown=int(max(0, grace - FAREWELL)),
            )
        )
        self.accepting = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Takes none: two servers share the process."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to accept connections."""
        await super().startup(sockets)
        self.accepting.set()

    @property
    def connections(self) -> int:
        """How many callers are connected."""
        return len(self.server_state.connections)

    async def say_farewell(self, seconds: float) -> None:
        """Lets each connected caller have one more answer, which tells it to connect elsewhere."""
        for connection in self.server_state.connections:
            if isinstance(connection, BoundedProtocol):
                connection.last_answer()
        until = time.monotonic() + seconds
        while self.connections and time.monotonic() < until:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)


def _listen(host: str, port: int, *, reuse_port: bool = False) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG, reuse_port=reuse_port)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise AddressUnavailable(
            f"cannot listen on {host}:{port}: {reason}. Stop what uses it, or choose another port."
        ) from None


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _stop_by_signal() -> asyncio.Event:
    loop, stop, signals = asyncio.get_running_loop(), asyncio.Event(), (signal.SIGTERM, signal.SIGINT)

    def first() -> None:
        stop.set()
        for number in signals:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)  # the second one ends the process

    for number in signals:
        loop.add_signal_handler(number, first)
    return stop


@contextlib.contextmanager
def _capture_logging(log: EventLog) -> Iterator[None]:
    root, handler = logging.getLogger(), EventHandler(log)
    level = root.level
    root.addHandler(handler)
    root.setLevel(max(log.level, logging.INFO))
    logging.getLogger("bridge").setLevel(log.level)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
