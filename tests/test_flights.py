"""bridge/flights.py: one look for all who ask at the same time, whoever of them stays."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from bridge.errors import ProviderUnavailable
from bridge.flights import Flights
from bridge.trace import Trace


class Waited(Trace):
    """What a caller is told that it waited for."""

    def __init__(self) -> None:
        self.endpoints: list[str] = []

    def waited(self, endpoint: str, seconds: float) -> None:
        """Notes the endpoint."""
        assert seconds >= 0
        self.endpoints.append(endpoint)


class Look:
    """Something that is found out when the test says so.

    Attributes:
        begun: How often it was begun.
        go_on: Lets it end.
        failure: What it ends with, if not with its number.
    """

    def __init__(self) -> None:
        self.begun = 0
        self.go_on = asyncio.Event()
        self.failure: Exception | None = None

    async def __call__(self, trace: Trace) -> int:
        """The look."""
        self.begun += 1
        await self.go_on.wait()
        trace.waited("userinfo", 0.5)
        if self.failure is not None:
            raise self.failure
        return self.begun


Join = Callable[[], Coroutine[Any, Any, int]]


async def begun(*joins: Join) -> list[asyncio.Task[int]]:
    """Each as a task that now waits."""
    tasks = [asyncio.create_task(join()) for join in joins]
    await asyncio.sleep(0.01)
    return tasks


async def test_all_who_ask_share_one_look_and_its_wait() -> None:
    """Another key, and whoever comes when it is over, has one of its own."""
    look, flights, traces = Look(), Flights[int](), [Waited(), Waited()]
    first, second = await begun(*(partial(flights.join, "a", look, trace) for trace in traces))
    [other] = await begun(lambda: flights.join("b", look, Trace()))
    assert look.begun == 2
    look.go_on.set()
    assert (await first, await second, await other) == (2, 2, 2)
    assert [trace.endpoints for trace in traces] == [["userinfo"], ["userinfo"]]
    assert await flights.join("a", look, Trace()) == 3


async def test_it_survives_whoever_began_it() -> None:
    """K21: a client that disconnects, or a deadline, ends nobody else's wait."""
    look, flights = Look(), Flights[int]()
    first, second = await begun(*[lambda: flights.join("a", look, Trace())] * 2)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    look.go_on.set()
    assert await second == 1
    assert look.begun == 1


async def test_its_failure_is_everybodys_and_nobodys_later() -> None:
    """Each who waits has an exception of his own; the next who comes looks again."""
    look, flights = Look(), Flights[int]()
    look.failure = ProviderUnavailable("it is down", hint="wait", retry_after=3)
    tasks = await begun(*[lambda: flights.join("a", look, Trace())] * 2)
    look.go_on.set()
    failures = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(failure, ProviderUnavailable) for failure in failures)
    assert [(str(failure), vars(failure)) for failure in failures] == [("it is down", vars(look.failure))] * 2
    assert failures[0] is not failures[1]
    look.failure = None
    assert await flights.join("a", look, Trace()) == 2


async def test_a_defect_that_nobody_waits_for_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """An expected failure is not; neither becomes an unretrieved exception."""
    for failure, lines in ((ProviderUnavailable(), 0), (RuntimeError("a defect"), 1)):
        look, flights = Look(), Flights[int]()
        look.failure = failure
        [only] = await begun(partial(flights.join, "a", look, Trace()))
        only.cancel()
        look.go_on.set()
        await asyncio.sleep(0.01)
        assert [record.levelno for record in caplog.records] == [logging.ERROR] * lines


async def test_closing_ends_what_is_under_way() -> None:
    """No task is left; whoever still waits is cancelled."""
    look, flights = Look(), Flights[int]()
    before = asyncio.all_tasks()
    [only] = await begun(lambda: flights.join("a", look, Trace()))
    await flights.close()
    with pytest.raises(asyncio.CancelledError):
        await only
    assert asyncio.all_tasks() == before
