"""The service: two ports in one event loop, from the first socket to the last answer."""

import asyncio
import contextlib
import functools
import gc
import logging
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

import uvloop

from bridge.assemble import assemble as assembled
from bridge.config.model import Model
from bridge.server.access_log import StrangerLog
from bridge.server.admin import Readiness, admin_app
from bridge.server.appended_file import AppendedFile
from bridge.server.audit import AuditTrail
from bridge.server.capture import Capture, Captured
from bridge.server.counts import ReloadState
from bridge.server.current import Assemble, Current
from bridge.server.event_log import EventHandler, EventLog, level_of
from bridge.server.metrics import Live, Metrics
from bridge.server.open_files import allow_most, within_open_files
from bridge.server.port import Port, listen, url_of
from bridge.server.protocol import bounded_protocol
from bridge.server.reload import Reload, Source

if TYPE_CHECKING:  # an extra, loaded where it is wanted
    from bridge.server.traces import Traces

SAME_WISH = 1.0
"""Seconds within which a second signal is the same wish to stop as the first: Ctrl-C in a shell reaches the whole
process group, and ``uv run`` hands it on once more. A later one ends the process at once."""

FAREWELL = 1.0
"""Seconds at most for which a stopping service still takes connections, telling each caller that this answer is its
last, so that nobody sends a request into a connection that is just being closed; and for which it then waits for the
first request of whoever has connected last."""


async def serve(
    model: Model,
    *,
    ready: Callable[[str, str], None] | None = None,
    stop: asyncio.Event | None = None,
    reuse_port: bool = False,
    log: EventLog | None = None,
    assemble: Assemble | None = None,
    source: Source | None = None,
    seen: Callable[[Captured], None] | None = None,
) -> None:
    """Runs both ports until told to stop, then finishes what is in flight, ``server.grace`` at most.

    Args:
        model: The configuration. Port 0 takes a free one.
        ready: Told both addresses when both ports answer.
        stop: Ends the service when set; without it SIGTERM and SIGINT do.
        reuse_port: Share the public port with other processes.
        log: Where events go; default: as ``log:`` of the configuration says.
        assemble: Makes what answers of a configuration; default: what the service is made of.
        source: Where the configuration is from; with it the service follows its changes, and SIGHUP.
        seen: Told of each request once it is answered, for whoever waits for the first.

    Raises:
        AddressUnavailable: A port is taken, or not ours to take.
        FileUnavailable: ``audit.file`` cannot be written.
    """
    log = log or EventLog(model.log)
    stop = stop or _stop_by_signal()
    draining = asyncio.Event()
    metrics = Metrics()
    state = metrics.reloads
    with log.gathered(), _capture_logging(log), contextlib.ExitStack() as stack:
        public_socket = stack.enter_context(listen(model.server.host, model.server.port, reuse_port=reuse_port))
        admin_socket = stack.enter_context(listen(model.admin.host, model.admin.port))
        audit = stack.enter_context(_audited(model))
        async with (
            _traced(model, log) as traces,
            contextlib.aclosing(
                Current(assemble or _assembling(metrics, traces), log, metrics, audit, traces)
            ) as current,
        ):
            await current.put(model)
            protocol = bounded_protocol(
                within_open_files(model.limits, log),
                draining=draining.is_set,
                refused=StrangerLog(log, metrics).refused,
            )
            capture = Capture(lambda: current.model, keep=model.admin.capture, seen=seen)
            public = Port(capture.around(current), protocol)
            readiness = Readiness(lambda: current.bridge, draining.is_set)
            followed = state if source else None
            shown = capture if model.admin.capture else None
            admin = Port(admin_app(readiness, metrics, log=log, reload=followed, capture=shown), protocol)
            metrics.live = Live(
                bridge=lambda: current.bridge,
                configuration=lambda: current.model.fingerprint,
                ready=lambda: readiness.status == "ready",
                in_flight=lambda: current.gate.in_flight.count,
                connections=lambda: public.connections,
                lost_log_lines=lambda: log.lost,
                lost_audit_lines=lambda: audit.log.lost if audit else 0,
            )

            async def put(new: Model) -> None:
                await current.put(new)
                protocol.limits = within_open_files(new.limits, log)
                log.level = level_of(new.log)
                _set_levels(log.level)
                if audit is not None:
                    audit.configuration = new.fingerprint

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
        FileUnavailable: ``audit.file`` cannot be written.
    """
    allow_most()
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
def _audited(model: Model) -> Iterator[AuditTrail | None]:
    """The audit trail, while it is written; ``None`` where none is wanted."""
    if model.audit.mode == "off":
        yield None
        return
    with contextlib.ExitStack() as files:
        write = None
        if model.audit.file is not None:
            write = files.enter_context(contextlib.closing(AppendedFile(model.audit.file))).write
        trail = AuditTrail(model.audit, configuration=model.fingerprint, write=write)
        with trail.log.gathered():
            yield trail


def _assembling(metrics: Metrics, traces: "Traces | None") -> Assemble:
    """What the service is made of, watched."""
    begin_span = None if traces is None else traces.exchange
    return functools.partial(assembled, on_exchange=metrics.on_exchange, begin_span=begin_span)


@contextlib.asynccontextmanager
async def _traced(model: Model, log: EventLog) -> AsyncIterator["Traces | None"]:
    """What makes spans; ``None`` where nothing is traced."""
    if model.traces.endpoint is None:
        yield None
        return
    from bridge.server.traces import traced  # an extra, and 10 MiB of memory

    async with traced(model.traces, log) as traces:
        yield traces


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
