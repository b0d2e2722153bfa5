"""One configuration after another: each request has one, places are counted across them, and none is left behind."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bridge.assemble import Bridge
from bridge.config.model import LogSettings, Model
from bridge.server.current import Current
from bridge.server.event_log import EventLog
from tests.server.service import SECRET, StandInBridge, model
from tests.server.wire import PATIENCE


class Assembly:
    """Makes stand-in bridges, and remembers.

    Attributes:
        made: What was assembled, in order, each with the one before it.
        open: Those that are not closed.
    """

    def __init__(self) -> None:
        self.made: list[tuple[Bridge, Bridge | None]] = []
        self.open: set[Bridge] = set()
        self.fails = False

    @contextlib.asynccontextmanager
    async def __call__(self, model: Model, *, before: Bridge | None = None) -> AsyncIterator[Bridge]:
        """One more."""
        if self.fails:
            raise ValueError(model)
        bridge = StandInBridge()
        self.made.append((bridge, before))
        self.open.add(bridge)
        try:
            yield bridge
        finally:
            self.open.discard(bridge)


async def answer(current: Current, token: str) -> int:
    """The status of one callback."""
    statuses: list[int] = []
    body = b'{"access_token": "%b"}' % token.encode()

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    headers = [(b"authorization", f"{SECRET} Bearer".encode()), (b"content-type", b"application/json")]
    await current({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive, send)
    return statuses[0]


@pytest.fixture
def assembly() -> Assembly:
    """Nothing assembled yet."""
    return Assembly()


@pytest.fixture
async def current(assembly: Assembly) -> AsyncIterator[Current]:
    """The first configuration, answering."""
    log = EventLog(LogSettings(), write=lambda _: None)
    async with contextlib.aclosing(Current(assembly, log)) as made:
        await made.put(model())
        yield made
    assert not assembly.open


async def until(condition: Callable[[], bool]) -> None:
    """Returns when it holds, which it does as soon as other tasks have had their turns."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0)


async def under_way(current: Current, assembly: Assembly) -> asyncio.Task[int]:
    """A request that waits under the latest configuration."""
    task = asyncio.create_task(answer(current, "waits"))
    latest = assembly.made[-1][0]
    assert isinstance(latest, StandInBridge)
    await until(lambda: latest.standing_in.begun.acquire(blocking=False))
    return task


def let_go(assembly: Assembly, number: int) -> None:
    """Lets the requests of one configuration go on."""
    bridge = assembly.made[number][0]
    assert isinstance(bridge, StandInBridge)
    bridge.standing_in.go_on.set()


async def test_a_request_finishes_under_what_it_began_with(current: Current, assembly: Assembly) -> None:
    """The old configuration is open as long as it answers, and closed behind the last answer (O02)."""
    waiting = await under_way(current, assembly)
    first = current.bridge
    await current.put(model())
    assert current.bridge is not first
    assert assembly.made[-1] == (current.bridge, first)
    assert await answer(current, "good") == 200
    assert assembly.open == {first, current.bridge}
    let_go(assembly, 0)
    assert await waiting == 200
    await until(lambda: first not in assembly.open)


async def test_one_that_nobody_waits_for_is_closed_at_once(current: Current, assembly: Assembly) -> None:
    """A hundred reloads leave one bridge."""
    for _ in range(100):
        await current.put(model())
    await until(lambda: len(assembly.open) == 1)
    assert assembly.open == {current.bridge}


async def test_places_are_counted_across_the_swap(current: Current, assembly: Assembly) -> None:
    """Requests that finish under an older configuration take up places of the newer ones, each one place."""
    waiting = [await under_way(current, assembly)]
    for _ in range(2):
        await current.put(model(limits={"in_flight": 3}))
        waiting.append(await under_way(current, assembly))
    assert current.gate.in_flight.count == 3
    assert await answer(current, "good") == 503
    let_go(assembly, 0)
    assert await waiting[0] == 200
    assert await answer(current, "good") == 200
    for number in (1, 2):
        let_go(assembly, number)
    assert await asyncio.gather(*waiting) == [200, 200, 200]
    assert current.gate.in_flight.count == 0


async def test_the_deadline_is_that_of_its_own_configuration(current: Current, assembly: Assembly) -> None:
    """A request that never ends does not keep its configuration for ever."""
    await current.put(model(limits={"deadline": "100ms"}))
    waiting = await under_way(current, assembly)
    short = current.bridge
    await current.put(model())
    assert await waiting == 503
    await until(lambda: short not in assembly.open)
    let_go(assembly, -2)


@pytest.mark.parametrize(("rate", "is_carried"), [("1000/s", True), ("2000/s", False)])
async def test_patience_is_not_renewed_by_a_reload(current: Current, rate: str, is_carried: bool) -> None:
    """Calls without the header token are counted on, unless another rate is set."""
    bucket, strangers = current.gate.failed_callers, current.gate.strangers
    await current.put(model(limits={"failed_callers": rate}))
    assert (current.gate.failed_callers is bucket) is is_carried
    assert current.gate.strangers is strangers


async def test_one_that_cannot_be_assembled_changes_nothing(current: Current, assembly: Assembly) -> None:
    """The one before answers on."""
    before, assembly.fails = current.bridge, True
    with pytest.raises(ValueError, match="Model"):
        await current.put(model())
    assert current.bridge is before
    assert await answer(current, "good") == 200
