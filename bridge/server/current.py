"""The configuration that answers now. Another is put in its place whole, and no request sees parts of both."""

import asyncio
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from bridge.assemble import Bridge
from bridge.config.model import Model
from bridge.server.app import callback_app
from bridge.server.audit import AuditTrail
from bridge.server.callback import Gate
from bridge.server.event_log import EventLog
from bridge.server.metrics import Metrics

if TYPE_CHECKING:  # an extra, loaded where it is wanted
    from bridge.server.traces import Traces

LONGEST_FIRST_FETCH = 5.0
"""Seconds for which a configuration waits, before it answers, for the keys of providers that are new in it."""


class Assemble(Protocol):
    """What makes a bridge of a configuration: ``assemble``, unless a test has its own."""

    def __call__(self, model: Model, *, before: Bridge | None = None) -> AbstractAsyncContextManager[Bridge]:
        """A running bridge, which takes over from ``before`` what stays as it is."""


@dataclass(frozen=True, slots=True)
class _Generation:
    """One configuration at work."""

    model: Model
    bridge: Bridge
    gate: Gate
    app: ASGIApp
    stack: AsyncExitStack


class Current:
    """The application of the public port: that of the configuration that answers now.

    Requests that began under an earlier configuration finish under it; it is closed behind the last of them.

    Args:
        assemble: Makes a bridge of a configuration.
        log: Where events go.
        metrics: Where they are counted.
        audit: Where visitors are recorded; ``None`` where they are not.
        traces: Makes spans; ``None`` where nothing is traced.
    """

    def __init__(
        self,
        assemble: Assemble,
        log: EventLog,
        metrics: Metrics,
        audit: AuditTrail | None = None,
        traces: "Traces | None" = None,
    ) -> None:
        self._assemble = assemble
        self._log = log
        self._metrics = metrics
        self._audit = audit
        self._traces = traces
        self._now: _Generation | None = None
        self._finishing: set[asyncio.Task[None]] = set()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answers one request."""
        # No coroutine of its own: between this look and the request's place in flight nothing else runs, so a
        # configuration that has nobody in flight has nobody who is about to be.
        return self._generation.app(scope, receive, send)

    @property
    def model(self) -> Model:
        """The configuration."""
        return self._generation.model

    @property
    def bridge(self) -> Bridge:
        """What it became."""
        return self._generation.bridge

    @property
    def gate(self) -> Gate:
        """What its callbacks share."""
        return self._generation.gate

    async def put(self, model: Model) -> None:
        """Has a configuration answer from now on. Whatever fails before leaves everything as it was."""
        before = self._now
        async with AsyncExitStack() as stack:
            made = self._assemble(model, before=before.bridge if before else None)
            bridge = await stack.enter_async_context(made)
            if before is not None:
                with suppress(TimeoutError):  # a provider that is down from the start is no reason to wait longer
                    async with asyncio.timeout(LONGEST_FIRST_FETCH):
                        await bridge.first_fetches()
            gate = Gate(
                model.limits,
                self._log,
                self._metrics,
                self._audit,
                self._traces,
                trusted_proxies=model.server.trusted_proxies,
                before=before.gate if before else None,
            )
            self._now = _Generation(model, bridge, gate, callback_app(model, bridge, gate), stack.pop_all())
        if before is not None:
            task = asyncio.create_task(_finish(before), name="finish the configuration before")
            self._finishing.add(task)
            task.add_done_callback(self._finishing.discard)

    async def aclose(self) -> None:
        """Closes every configuration; requests in flight are given the time that they have."""
        if self._now is not None:
            await asyncio.gather(*self._finishing, _finish(self._now))

    @property
    def _generation(self) -> _Generation:
        assert self._now is not None, "nothing answers before the first configuration was put"  # noqa: S101 - ours
        return self._now


async def _finish(generation: _Generation) -> None:
    await generation.gate.in_flight.emptied()
    await generation.stack.aclose()
