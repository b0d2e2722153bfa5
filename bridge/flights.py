"""Single flight: who asks what is already being found out waits for that, instead of asking once more.

A flight is a task of its own. It survives whoever began it (a caller that has gone, a deadline), because others may
wait for it and because its answer is worth keeping; and its failure is everybody's who waits, so that a provider that
fails is not asked once for each of them (THREATS.md K21).
"""

import asyncio
import copy
import logging
from collections.abc import Callable, Coroutine, Hashable
from time import perf_counter
from typing import Any, Generic, TypeVar

from bridge.errors import BridgeError
from bridge.trace import Trace

_log = logging.getLogger(__name__)

T = TypeVar("T")


class _Flight(Trace, Generic[T]):
    """One flight, and what it waited for: each who shares it has waited for that too."""

    def __init__(self, begin: Callable[[Trace], Coroutine[Any, Any, T]]) -> None:
        self.waits: list[tuple[str, float]] = []
        self.waiting = 0
        self.task = asyncio.create_task(begin(self), name="flight")

    def waited(self, endpoint: str, seconds: float) -> None:
        """Notes one."""
        self.waits.append((endpoint, seconds))


class Flights(Generic[T]):
    """The flights under way, by what they are about."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight[T]] = {}

    async def join(self, key: Hashable, begin: Callable[[Trace], Coroutine[Any, Any, T]], trace: Trace) -> T:
        """What the flight under this key gives; begins it where there is none.

        Args:
            key: What it is about.
            begin: Makes the flight. It is handed a trace of its own, for the caller's may end before it does.
            trace: Told what was waited for, as far as this caller did.

        Raises:
            BridgeError: What the flight ended with, made anew for each who waits.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight(begin)
            flight.task.add_done_callback(lambda _: self._ended(key))
        began = perf_counter()
        flight.waiting += 1
        try:
            # Unlike awaiting it, waiting for it leaves it alone when the one who waits is cancelled.
            await asyncio.wait({flight.task})
        except asyncio.CancelledError:
            flight.waiting -= 1
            raise
        longest = perf_counter() - began
        for endpoint, seconds in flight.waits:
            trace.waited(endpoint, min(seconds, longest))
        failure = flight.task.exception()
        if isinstance(failure, BridgeError):
            raise copy.copy(failure)
        return flight.task.result()

    async def close(self) -> None:
        """Ends what is still under way."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, key: Hashable) -> None:
        flight = self._flights.pop(key)
        failure = None if flight.task.cancelled() else flight.task.exception()
        if failure is not None and not flight.waiting and not isinstance(failure, BridgeError):
            _log.error("a defect met after all callers had gone", exc_info=failure, extra={"event": "internal_error"})
