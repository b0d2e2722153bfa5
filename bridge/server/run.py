"""The service: two ports in one event loop, from the first socket to the last answer."""

import asyncio
import contextlib
import gc
import logging
import resource
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import uvloop

from bridge.assemble import assemble
from bridge.config.model import Model
from bridge.server.access_log import StrangerLog
from bridge.server.admin import admin_app
from bridge.server.current import Assemble, Current
from bridge.server.event_log import EventHandler, EventLog, level_of
from bridge.server.port import Port, listen, url_of
from bridge.server.protocol import bounded_protocol
from bridge.server.reload import Reload, ReloadState, Source

SAME_WISH = 1.0
"""Seconds within which a second signal is the same wish to stop as the first: Ctrl-C in a shell reaches the whole
process group, and ``uv run`` hands it on once more. A later one ends the process at once."""

FAREWELL = 1.0
"""Seconds at most for which a stopping service still takes connections, telling each caller that this answer is its
last, so that nobody sends a request into a connection that is just being closed; and for which it then waits for the
first request of whoever has connected last."""

OPEN_FILES = 65536
"""Connections and files that the process allows itself, where the system's hard limit does."""


async def serve(
    model: Model,
    *,
    ready: Callable[[str, str], None] | None = None,
    stop: asyncio.Event | None = None,
    reuse_port: bool = False,
    log: EventLog | None = None,
    assemble: Assemble = assemble,
    source: Source | None = None,
) -> None:
    """Runs both ports until told to stop, then finishes what is in flight, ``server.grace`` at most.

    Args:
        model: The configuration. Port 0 takes a free one.
        ready: Told both addresses when both ports answer.
        stop: Ends the service when set; without it SIGTERM and SIGINT do.
        reuse_port: Share the public port with other processes.
        log: Where events go; default: as ``log:`` of the configuration says.
        assemble: Makes what answers of a configuration.
        source: Where the configuration is from; with it the service follows its changes, and SIGHUP.

    Raises:
        AddressUnavailable: A port is taken, or not ours to take.
    """
    log = log or EventLog(model.log)
    stop = stop or _stop_by_signal()
    draining = asyncio.Event()
    current, state = Current(assemble, log), ReloadState()
    with log.gathered(), _capture_logging(log), contextlib.ExitStack() as sockets:
        public_socket = sockets.enter_context(listen(model.server.host, model.server.port, reuse_port=reuse_port))
        admin_socket = sockets.enter_context(listen(model.admin.host, model.admin.port))
        async with contextlib.aclosing(current):
            await current.put(model)
            protocol = bounded_protocol(model.limits, draining=draining.is_set, refused=StrangerLog(log).refused)
            public = Port(current, protocol)
            followed = state if source else None
            admin = Port(admin_app(lambda: current.bridge, draining.is_set, log=log, reload=followed), protocol)

            async def put(new: Model) -> None:
                await current.put(new)
                protocol.limits = new.limits
                log.level = level_of(new.log)
                _set_levels(log.level)

            async with asyncio.TaskGroup() as tasks:
                serving = tasks.create_task(public.serve([public_socket]))
                tasks.create_task(admin.serve([admin_socket]))
                await public.accepting.wait()
                await admin.accepting.wait()
                addresses = url_of(public_socket), url_of(admin_socket)
                log.write(logging.INFO, "listening", url=addresses[0], admin_url=addresses[1])
                if ready is not None:
                    ready(*addresses)
                async with _following(source, put, log, state):
                    await stop.wait()
                draining.set()
                ends_at = time.monotonic() + current.model.server.grace
                log.write(logging.INFO, "draining", connections=public.connections)
                await public.say_farewell(min(FAREWELL, current.model.server.grace / 2))
                public.stop(ends_at - time.monotonic())
                await serving
                admin.stop(FAREWELL)
        log.write(logging.INFO, "stopped")


@contextlib.asynccontextmanager
async def _following(
    source: Source | None, put: Callable[[Model], Awaitable[None]], log: EventLog, state: ReloadState
) -> AsyncIterator[None]:
    """While in it, the configuration is what its files say."""
    if source is None:
        yield
        return
    reload = Reload(source, put, log=log, state=state)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, reload.look_now)
    watching = asyncio.create_task(reload.watch(), name="watch the configuration")
    try:
        yield
    finally:
        # SIGHUP stays harmless: whoever asks for a reload of a stopping service does not want it cut off.
        loop.add_signal_handler(signal.SIGHUP, lambda: None)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def run(source: Source, *, reuse_port: bool = False) -> None:
    """Runs the service in this process until a signal ends it.

    Raises:
        AddressUnavailable: A port is taken, or not ours to take.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))
    uvloop.run(serve(source.loaded.model, ready=_settle, reuse_port=reuse_port, source=source))


def _settle(_: str, __: str) -> None:
    """Has the garbage collector leave alone what was built at start, and look at a request's objects less often.

    They live for milliseconds and die by reference count: looking at them costs a tenth of a cached callback.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _stop_by_signal() -> asyncio.Event:
    loop, stop, signals = asyncio.get_running_loop(), asyncio.Event(), (signal.SIGTERM, signal.SIGINT)

    def told() -> None:
        if not stop.is_set():
            stop.set()
            loop.call_later(SAME_WISH, release)

    def release() -> None:
        for number in signals:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)  # from now on one ends the process

    for number in signals:
        loop.add_signal_handler(number, told)
    return stop


@contextlib.contextmanager
def _capture_logging(log: EventLog) -> Iterator[None]:
    root, handler = logging.getLogger(), EventHandler(log)
    level = root.level
    root.addHandler(handler)
    _set_levels(log.level)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def _set_levels(level: int) -> None:
    """Sets who may say what; debug lines of libraries are never written, for they may quote what is sent."""
    logging.getLogger().setLevel(max(level, logging.INFO))
    logging.getLogger("bridge").setLevel(level)
