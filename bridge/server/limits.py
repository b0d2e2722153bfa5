"""What one request, and all of them together, may take."""

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from starlette.types import Receive

from bridge.errors import BodyTooLarge, Overloaded

IN_FLIGHT_RETRY_AFTER = 1
"""Seconds: a callback takes milliseconds, so a place is free by then."""


class ClientGone(Exception):
    """The caller closed the connection before its request was complete."""


class InFlight:
    """Places for requests that are being answered, each for a limited time; entered by the request's own task.

    One timer serves all: it waits for the oldest. A timer for each request would cost more than all else here.

    Args:
        limit: ``limits.in_flight``.
        deadline: Seconds for one request: ``limits.deadline``.
        before: Those of the configuration before: requests that still finish under it take up places here as well.

    Raises:
        Overloaded: On entering, when there is no place; on leaving, when the time was over and the task was cancelled.
    """

    def __init__(self, limit: int, deadline: float, *, before: "InFlight | None" = None) -> None:
        self._limit = limit
        self._deadline = deadline
        # One that nobody is in is let go at once: else a bridge that nobody calls or scrapes keeps one for each reload.
        self._before = before if before is not None and before.count else None
        self._emptied = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._since: dict[asyncio.Task[Any] | None, float] = {}  # the oldest first
        self._late: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def count(self) -> int:
        """How many requests are being answered, those of earlier configurations included."""
        if self._before is not None and self._before.count == 0:
            self._before = None
        return len(self._since) + (self._before.count if self._before else 0)

    async def emptied(self) -> None:
        """Returns when no request is in it; none may come any more. The deadline bounds how long that takes."""
        while self._since or self._late:
            self._emptied.clear()
            await self._emptied.wait()

    def __enter__(self) -> None:
        if (len(self._since) if self._before is None else self.count) >= self._limit:
            raise Overloaded(
                f"{self._limit} callbacks are being answered",
                hint="Is the provider slow? Else raise limits.in_flight, or run more replicas.",
                retry_after=IN_FLIGHT_RETRY_AFTER,
            )
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        self._since[asyncio.current_task(loop)] = loop.time()
        if self._timer is None:
            self._timer = loop.call_later(self._deadline, self._end_the_late)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        task = asyncio.current_task(self._loop)
        self._since.pop(task, None)
        late = task in self._late
        if late:
            self._late.discard(task)
        if not self._since and not self._late:
            self._emptied.set()
        if late and task is not None:
            task.uncancel()
            raise Overloaded(
                f"not answered within {self._deadline:g} s",
                hint="Did the caller send its whole body? Is the provider slow? limits.deadline sets the time.",
            ) from None

    def _end_the_late(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        for task, since in list(self._since.items()):
            due = since + self._deadline
            if task is None or due > loop.time():
                self._timer = loop.call_at(due, self._end_the_late)
                return
            del self._since[task]
            self._late.add(task)
            task.cancel()


class TokenBucket:
    """So many events per second, after a quiet time more in one go.

    Args:
        rate: Events per second; 0 allows none.
        saved: Seconds whose events may come in one go (but at least one event).
        now: Seconds of a clock that never goes back.
    """

    __slots__ = ("_at", "_left", "_most", "_now", "_rate")

    def __init__(self, rate: float, *, saved: float = 1.0, now: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._most = max(rate * saved, 1.0) if rate > 0 else 0.0
        self._left = self._most
        self._now = now
        self._at = now()

    def take(self) -> bool:
        """Whether one more event is allowed now."""
        now = self._now()
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def refuse_declared_length(untrusted: bytes, limit: int) -> None:
    """Refuses a body by its ``Content-Length``, before any of it is read.

    Raises:
        BodyTooLarge: It announces more than ``limit`` bytes.
    """
    # Twenty digits are beyond any limit; Python refuses to read thousands of them (CVE-2020-10735).
    if untrusted.isdigit() and int(untrusted.lstrip(b"0")[:20] or b"0") > limit:
        raise _too_large(limit)


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole body, counted while it is read.

    Args:
        receive: ASGI's.
        limit: Bytes at most: ``limits.body``.

    Raises:
        BodyTooLarge: There is more; what came so far is dropped.
        ClientGone: The connection ended first.
    """
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        parts, size = [body], len(body)
        while message.get("more_body") and size <= limit:
            message = await receive()
            parts.append(message.get("body", b""))
            size += len(parts[-1])
        body = b"".join(parts)
    if message["type"] != "http.request":
        raise ClientGone
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body has more than {limit} bytes", hint="limits.body sets how much is read.")
