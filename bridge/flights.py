"""Single flight: who asks what is already being found out waits for that, instead of asking once more.

A flight is a task of its own. It survives whoever began it (a caller that has gone, a deadline), because others may
wait for it and because its answer is worth keeping; and its failure is everybody's who waits, so that a provider that
fails is not asked once for each of them (THREATS.md K21).
"""

import asyncio
import copy
import logging
from collections.abc import Callable, Coroutine, Hashable
from functools import partial
from time import perf_counter
from typing import Any, Generic, TypeVar

from bridge.errors import BridgeError
from bridge.trace import Trace

_log = logging.getLogger(__name__)

T = TypeVar("T")

Begin = Callable[[Trace], Coroutine[Any, Any, T]]
"""Makes a flight. It is handed a trace of its own, for the caller's may end before it does."""


class _Flight(Trace, Generic[T]):
    """One flight, and what it waited for: each who shares it has waited for that too."""

    def __init__(self, begin: Begin[T], landed: Callable[[], None]) -> None:
        self.waits: list[tuple[str, float]] = []
        self._landed = landed
        self._waiting: list[asyncio.Future[None]] = []
        self.task = asyncio.create_task(self._fly(begin), name="flight")
        self.task.add_done_callback(self._ended)

    def waited(self, endpoint: str, seconds: float) -> None:
        """Notes one."""
        self.waits.append((endpoint, seconds))

    def wait(self) -> asyncio.Future[None]:
        """Done when the task ends; who is cancelled while he waits for it leaves the task alone."""
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        return waiting

    async def _fly(self, begin: Begin[T]) -> T:
        try:
            return await begin(self)
        finally:
            # Here and not when the task has ended: those who wait go on a turn of the loop earlier.
            self._wake()

    def _wake(self) -> None:
        self._landed()
        self._waiting = [waiting for waiting in self._waiting if not waiting.done()]
        for waiting in self._waiting:
            waiting.set_result(None)

    def _ended(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            self._wake()  # one that never began has not done so itself
            return
        failure = task.exception()
        if failure is not None and not self._waiting and not isinstance(failure, BridgeError):
            _log.error("a defect met after all callers had gone", exc_info=failure, extra={"event": "internal_error"})


class Flights(Generic[T]):
    """The flights under way, by what they are about."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight[T]] = {}

    async def join(self, key: Hashable, begin: Begin[T], trace: Trace) -> T:
        """What the flight under this key gives; begins it where there is none.

        Args:
            key: What it is about.
            begin: Makes the flight.
            trace: Told what was waited for, as far as this caller did.

        Raises:
            BridgeError: What the flight ended with, made anew for each who waits.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight(begin, partial(self._landed, key))
        began = perf_counter()
        await flight.wait()
        longest = perf_counter() - began
        for endpoint, seconds in flight.waits:
            trace.waited(endpoint, min(seconds, longest))
        failure = flight.task.exception()
        if isinstance(failure, BridgeError):
            raise copy.copy(failure)
        return flight.task.result()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._flights)

    def __contains__(self, key: Hashable) -> bool:
        """Whether there is one under this key."""
        return key in self._flights

    async def close(self) -> None:
        """Ends what is still under way."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _landed(self, key: Hashable) -> None:
        self._flights.pop(key, None)
