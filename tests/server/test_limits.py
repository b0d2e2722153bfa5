"""What one request and all together may take."""

import asyncio
import gc
import weakref
from collections.abc import Sequence
from typing import Any

import pytest

from bridge.errors import BodyTooLarge, Overloaded
from bridge.server.limits import ClientGone, InFlight, TokenBucket, read_body, refuse_declared_length


class Clock:
    """Time as the test says."""

    now = 100.0

    def __call__(self) -> float:
        """Now."""
        return self.now


@pytest.mark.parametrize(
    ("rate", "steps", "expected"),
    [
        pytest.param(2.0, [0, 0, 0], [True, True, False], id="as many in one go as a second brings"),
        pytest.param(2.0, [0, 0, 0.5, 0], [True, True, True, False], id="refilled by time"),
        pytest.param(2.0, [0, 60, 0, 0], [True, True, True, False], id="never more than full"),
        pytest.param(0.5, [0, 0, 1, 1], [True, False, False, True], id="less than one a second"),
        pytest.param(0.0, [0, 1000], [False, False], id="none"),
    ],
)
def test_a_token_bucket_allows_its_rate(rate: float, steps: list[float], expected: list[bool]) -> None:
    """So many events per second, and a burst of one second's."""
    clock = Clock()
    bucket, allowed = TokenBucket(rate, now=clock), []
    for step in steps:
        clock.now += step
        allowed.append(bucket.take())
    assert allowed == expected


def receiving(*messages: dict[str, Any]) -> Any:
    """ASGI's receive, which gives these messages and then disconnects."""
    waiting = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(waiting, {"type": "http.disconnect"})

    return receive


def parts(*bodies: bytes) -> list[dict[str, Any]]:
    """Messages of a body in parts."""
    last = len(bodies) - 1
    return [{"type": "http.request", "body": body, "more_body": i < last} for i, body in enumerate(bodies)]


@pytest.mark.parametrize("bodies", [[b""], [b"12345"], [b"123", b"45"], [b"1"] * 5, [b"", b"12345", b""]])
async def test_a_body_is_read_whole(bodies: Sequence[bytes]) -> None:
    """However it comes in parts."""
    assert await read_body(receiving(*parts(*bodies)), 5) == b"".join(bodies)


@pytest.mark.parametrize("bodies", [[b"123456"], [b"123", b"456"], [b"1"] * 6, [b"1"] * 10_000])
async def test_a_body_beyond_the_limit_is_refused(bodies: Sequence[bytes]) -> None:
    """Counted while it is read."""
    with pytest.raises(BodyTooLarge):
        await read_body(receiving(*parts(*bodies)), 5)


@pytest.mark.parametrize("messages", [[], parts(b"1", b"2")[:1]])
async def test_a_caller_may_leave_while_its_body_is_read(messages: list[dict[str, Any]]) -> None:
    """Nobody is left to answer."""
    with pytest.raises(ClientGone):
        await read_body(receiving(*messages), 5)


@pytest.mark.parametrize("untrusted", [b"", b"0", b"5", b"x", b"-9", b"9x"])
def test_a_length_within_the_limit_is_taken(untrusted: bytes) -> None:
    """What is no number is left to the counting."""
    refuse_declared_length(untrusted, 5)


@pytest.mark.parametrize("untrusted", [b"6", b"99999999999999999999"])
def test_a_length_beyond_the_limit_is_refused(untrusted: bytes) -> None:
    """Before any of the body is read."""
    with pytest.raises(BodyTooLarge):
        refuse_declared_length(untrusted, 5)


async def test_places_are_limited_and_given_back() -> None:
    """Each task takes one, and gives it back however it ends."""
    in_flight, go_on = InFlight(2, 10), asyncio.Event()

    async def request(fails: bool) -> None:
        with in_flight:
            await go_on.wait()
            if fails:
                raise ValueError

    tasks = [asyncio.create_task(request(fails)) for fails in (True, False)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded), in_flight:
        pass
    go_on.set()
    await asyncio.wait(tasks)
    assert [type(task.exception()) for task in tasks] == [ValueError, type(None)]
    with in_flight:
        pass


async def test_thousands_of_reloads_without_a_request_leave_nothing() -> None:
    """Each configuration's places are let go when the next one comes, not when the next request does."""
    first = in_flight = InFlight(2, 10)
    gone = weakref.ref(first)
    for _ in range(3000):
        in_flight = InFlight(2, 10, before=in_flight)
    del first
    gc.collect()
    assert gone() is None
    with in_flight:
        assert in_flight.count == 1


async def test_a_request_has_its_time() -> None:
    """The oldest is ended first, each at its own time, and a task so ended is no cancelled task."""
    in_flight, ended = InFlight(10, 0.05), []

    async def request(number: int, wait: float) -> None:
        try:
            with in_flight:
                await asyncio.sleep(wait)
        except Overloaded:
            ended.append(number)
        await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        for number, wait in enumerate((60, 0, 60, 0.001, 60)):
            tasks.create_task(request(number, wait))
            await asyncio.sleep(0.02)
    assert ended == [0, 2, 4]


async def test_a_cancellation_from_elsewhere_stays_one() -> None:
    """What the deadline did not end is not called overloaded."""
    in_flight = InFlight(10, 60)

    async def request() -> None:
        with in_flight:
            await asyncio.sleep(60)

    task = asyncio.create_task(request())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
