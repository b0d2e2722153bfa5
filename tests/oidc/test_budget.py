"""bridge/oidc/budget.py: what a provider may be asked, with a clock of the test's own."""

import asyncio
import logging

import pytest

from bridge.access_token import AccessToken
from bridge.errors import BridgeError, ProviderBusy, ProviderError, ProviderUnavailable
from bridge.oidc.budget import ALARM_PAUSE, UNTOLD_PAUSE, WATCHED, Budget
from bridge.oidc.endpoint_settings import RequestSettings
from bridge.oidc.http import MAX_RETRY_AFTER

GOOD = AccessToken("good")


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Now."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """One for each test."""
    return Clock()


def budget(clock: Clock, **settings: object) -> Budget:
    """One request a second, ten at once, unless a test wants others."""
    made = RequestSettings.model_validate({"rate": "1/s", "burst": 10, **settings})
    return Budget(made, provider="shop", monotonic=clock)


def stranger(number: int = 0) -> AccessToken:
    """A token that nobody has seen."""
    return AccessToken(f"stranger-{number}")


async def ask(one: Budget, token: AccessToken = GOOD, failure: ProviderError | None = None) -> None:
    """One request that ends well, or with this failure."""
    async with one.request(token, "introspection", trusted=False):
        if failure is not None:
            raise failure


async def asked(one: Budget, tokens: list[AccessToken]) -> int:
    """How many of these requests there was room for."""
    outcomes = await asyncio.gather(*(ask(one, token) for token in tokens), return_exceptions=True)
    refusals = [outcome for outcome in outcomes if outcome is not None]
    assert all(isinstance(refusal, ProviderBusy) for refusal in refusals)
    return len(outcomes) - len(refusals)


async def test_strangers_leave_a_fifth_to_tokens_that_were_good(clock: Clock) -> None:
    """U09: a flood of guesses draws eight of ten; whoever was good before still gets his answer."""
    one = budget(clock)
    one.answered(GOOD, active=True)
    assert await asked(one, [stranger(number) for number in range(100)]) == 8
    assert await asked(one, [GOOD] * 5) == 2


async def test_trusted_tokens_are_no_strangers(clock: Clock) -> None:
    """A JWT whose signature is good cannot be guessed."""
    one = budget(clock)
    assert await asked(one, [stranger(number) for number in range(9)]) == 8
    async with one.request(stranger(99), "userinfo", trusted=True):
        pass


async def test_fills_up_again(clock: Clock) -> None:
    """At the rate, up to the burst; the refusal says how long that takes."""
    one = budget(clock)
    await asked(one, [stranger(number) for number in range(20)])
    with pytest.raises(ProviderBusy) as refusal:
        await ask(one, stranger())
    assert refusal.value.retry_after == pytest.approx(1.0)
    clock.now += 1.0
    assert await asked(one, [stranger(1), stranger(2)]) == 1
    clock.now += 3600.0
    assert await asked(one, [stranger(number) for number in range(20)]) == 8


async def test_a_burst_of_one_serves_everybody(clock: Clock) -> None:
    """There is nothing to keep a fifth of."""
    one = budget(clock, burst=1)
    assert await asked(one, [stranger(1), stranger(2)]) == 1


@pytest.mark.parametrize(
    ("failure", "pause"),
    [
        (ProviderBusy("429", retry_after=7.0), 7.0),
        (ProviderBusy("429"), UNTOLD_PAUSE),
        (ProviderBusy("429", retry_after=10.0**9), MAX_RETRY_AFTER),
        (ProviderUnavailable("503", retry_after=20.0), 20.0),
    ],
)
async def test_a_provider_that_asks_to_be_left_alone_is(clock: Clock, failure: ProviderError, pause: float) -> None:
    """U09: as it says, within bounds; the same code, with what is left of the time."""
    one = budget(clock)
    with pytest.raises(type(failure)):
        await ask(one, failure=failure)
    clock.now += pause - 1.0
    with pytest.raises(type(failure)) as refusal:
        await ask(one)
    assert refusal.value.retry_after == pytest.approx(1.0)
    async with one.request(GOOD, "userinfo", trusted=False):
        pass  # another endpoint has not asked for it
    clock.now += 1.0
    await ask(one)


@pytest.mark.parametrize("failure", [ProviderUnavailable("500"), ProviderUnavailable("500", retry_after=0.0)])
async def test_a_failure_alone_pauses_nothing(clock: Clock, failure: ProviderError) -> None:
    """U10: it heals at once."""
    one = budget(clock)
    with pytest.raises(ProviderUnavailable):
        await ask(one, failure=failure)
    await ask(one)


async def test_a_pause_never_gets_shorter(clock: Clock) -> None:
    """Two answers under way at the same time: the longer wish counts."""
    one = budget(clock)
    long, short = ProviderBusy("429", retry_after=60.0), ProviderBusy("429", retry_after=1.0)
    first = one.request(GOOD, "introspection", trusted=False)
    second = one.request(GOOD, "introspection", trusted=False)
    await first.__aenter__()
    await second.__aenter__()
    for entered, failure in ((first, long), (second, short)):
        assert not await entered.__aexit__(type(failure), failure, None)
    clock.now += 30.0
    with pytest.raises(ProviderBusy):
        await ask(one)


async def held(one: Budget, token: AccessToken, release: asyncio.Event) -> None:
    """A request that ends when it may."""
    async with one.request(token, "introspection", trusted=False):
        await release.wait()


async def test_few_are_under_way_and_few_wait(clock: Clock) -> None:
    """A slow provider: strangers take four places of five, as many as there are places wait, the others are told."""
    one = budget(clock, burst=1000, in_flight=5)
    one.answered(GOOD, active=True)
    release = asyncio.Event()
    strangers = [asyncio.create_task(held(one, stranger(number), release)) for number in range(20)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    refused = [task for task in strangers if task.done()]
    assert len(refused) == 20 - 4 - 5
    assert all(isinstance(task.exception(), ProviderBusy) for task in refused)
    await asyncio.wait_for(ask(one), 5)
    release.set()
    await asyncio.gather(*strangers, return_exceptions=True)
    await asyncio.wait_for(ask(one, stranger(99)), 5)


@pytest.mark.parametrize("before", [0, 4])
async def test_no_more_are_under_way_than_in_flight_says(clock: Clock, before: int) -> None:
    """Those that were good before too, beside however many strangers; the place that one leaves is the next one's."""
    one = budget(clock, burst=1000, in_flight=5)
    one.answered(GOOD, active=True)
    ends = [asyncio.Event() for _ in range(8)]
    under_way: list[int] = []

    async def ask_as(number: int) -> None:
        async with one.request(stranger(number) if number < before else GOOD, "introspection", trusted=False):
            under_way.append(number)
            await ends[number].wait()

    requests = [asyncio.create_task(ask_as(number)) for number in range(8)]
    for ended, expected in ((0, 5), (1, 6), (3, 8)):
        for end in ends[:ended]:
            end.set()
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(under_way) == expected
    for end in ends:
        end.set()
    await asyncio.gather(*requests)


async def test_who_gives_up_leaves_his_place(clock: Clock) -> None:
    """A cancelled callback, waiting or asking, takes nothing with it."""
    one = budget(clock, burst=1000, in_flight=5)
    for _ in range(3):
        tasks = [asyncio.create_task(held(one, stranger(number), asyncio.Event())) for number in range(9)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.wait_for(asyncio.gather(*(ask(one, stranger(number)) for number in range(4))), 5)


async def test_many_bad_answers_raise_the_alarm_once_a_minute(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """More than half of the last hundred, and a name instead of any token."""
    caplog.set_level(logging.WARNING)
    one = budget(clock)
    for number in range(WATCHED * 3):
        one.answered(stranger(number), active=False)
    [alarm] = caplog.messages
    assert "provider shop" in alarm
    assert "stranger" not in alarm
    clock.now += ALARM_PAUSE
    one.answered(stranger(), active=False)
    assert len(caplog.messages) == 2


async def test_few_bad_answers_are_no_alarm(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """Half of them may be expired tokens of pages that were left open."""
    caplog.set_level(logging.WARNING)
    one = budget(clock)
    for number in range(WATCHED * 3):
        one.answered(stranger(number), active=number % 2 == 0)
    assert caplog.messages == []


async def test_a_new_budget_goes_on_where_the_one_before_left_off(clock: Clock) -> None:
    """A reload is no new burst, forgets no pause and nobody who was good."""
    before = budget(clock)
    before.answered(GOOD, active=True)
    await asked(before, [stranger(number) for number in range(20)])
    with pytest.raises(ProviderBusy):
        async with before.request(GOOD, "userinfo", trusted=False):
            raise ProviderBusy("429", retry_after=60.0)
    after = budget(clock, burst=20)
    after.adopt(before)
    assert await asked(after, [stranger()]) == 0
    assert await asked(after, [GOOD, GOOD]) == 1
    with pytest.raises(BridgeError, match="not asked for"):
        async with after.request(GOOD, "userinfo", trusted=True):
            pass
