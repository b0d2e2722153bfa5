"""bridge/oidc/jwks.py: where keys come from, and how fresh they are. The clock is handed in; nothing waits for real."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from bridge.errors import ProviderBusy, ProviderUnavailable, TokenInvalid
from bridge.oidc.jwks import MAX_WAITING, Published, RemoteKeys, StaticKeys
from bridge.oidc.key import VerificationKey, from_jwk
from bridge.oidc.key_set import KeySet
from tests.issuer.keys import public_jwk


def key_set(*members: dict[str, Any]) -> KeySet:
    """A set of these keys."""
    return KeySet([from_jwk(member) for member in members])


def kids(keys: Sequence[VerificationKey]) -> list[str | None]:
    """What the keys are called."""
    return [key.kid for key in keys]


async def test_static_keys_say_why_not() -> None:
    """Nothing is fetched for keys that the operator gave."""
    keys = StaticKeys(key_set(public_jwk("rsa")))
    assert kids(await keys.candidates("rsa", frozenset({"RS256"}))) == ["rsa"]
    for kid, algorithm in (("rsa", "ES256"), ("other", "RS256")):
        with pytest.raises(TokenInvalid):
            await keys.candidates(kid, frozenset({algorithm}))


class Publisher:
    """What a provider publishes, how often it was asked, and the clock."""

    def __init__(self, *names: str) -> None:
        self.keys = key_set(*(public_jwk(name) for name in names))
        self.fetches = self.under_way = 0
        self.max_age: float | None = None
        self.failure: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.time = 1000.0
        self.remote = RemoteKeys(
            self.fetch, provider="shop", refresh=600, keep_stale=86400, cooldown=5, monotonic=lambda: self.time
        )

    async def fetch(self) -> Published:
        """What the remote set calls; waits or fails when told to."""
        self.fetches += 1
        self.under_way += 1
        try:
            return await self._answer()
        finally:
            self.under_way -= 1

    async def _answer(self) -> Published:
        assert self.under_way == 1, "two at once: the older could end last"
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return Published(self.keys, self.max_age)

    async def pauses(self, number: int, *, refresh: float = 600, cooldown: float = 5) -> list[float]:
        """How long the background waits after each of its first fetches."""
        pauses: list[float] = []

        async def sleep(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == number:
                raise asyncio.CancelledError

        remote = RemoteKeys(
            self.fetch,
            provider="shop",
            refresh=refresh,
            keep_stale=86400,
            cooldown=cooldown,
            monotonic=lambda: self.time,
            sleep=sleep,
        )
        with pytest.raises(asyncio.CancelledError):
            await remote.keep_fresh()
        return pauses

    def publish(self, *names: str) -> None:
        """Puts other keys into the published set."""
        self.keys = key_set(*(public_jwk(name) for name in names))

    async def ask(self, kid: str = "rsa") -> list[str | None]:
        """The candidates for an RS256 token of that kid."""
        return kids(await self.remote.candidates(kid, frozenset({"RS256"})))


DOWN = ProviderUnavailable("connection refused")


class TestFreshness:
    """RemoteKeys."""

    async def test_fetches_once_and_remembers(self) -> None:
        """The first token waits for the keys, the next ones find them."""
        shop = Publisher("rsa")
        assert [await shop.ask() for _ in range(3)] == [["rsa"]] * 3
        assert (shop.fetches, shop.remote.count, shop.remote.age) == (1, 1, 0.0)

    async def test_a_cold_start_is_one_fetch(self) -> None:
        """K21: a thousand callbacks at once share it, its failure too."""
        shop = Publisher("rsa")
        assert await asyncio.gather(*(shop.ask() for _ in range(1000))) == [["rsa"]] * 1000
        assert shop.fetches == 1
        down = Publisher()
        down.failure = DOWN
        answers = await asyncio.gather(*(down.ask() for _ in range(1000)), return_exceptions=True)
        assert {type(answer) for answer in answers} == {ProviderUnavailable}
        assert down.fetches == 1

    async def test_a_rotated_key_is_found_within_one_call(self) -> None:
        """K01: an unknown kid makes the set be fetched anew, at once."""
        shop = Publisher("rsa")
        await shop.ask()
        shop.publish("rsa", "rsa2")
        assert await shop.ask("rsa2") == ["rsa2"]
        assert shop.fetches == 2

    async def test_unknown_kids_cost_one_fetch_per_cool_down(self) -> None:
        """K02: after a fresh look the kid is wrong; until the next is allowed we cannot tell; known kids never mind."""
        shop = Publisher("rsa")
        await shop.ask()
        with pytest.raises(TokenInvalid, match="fresh look"):
            await shop.ask("x0")
        shop.time += 2
        for kid in ("x0", "x1", "x2"):
            with pytest.raises(ProviderUnavailable) as refusal:
                await shop.ask(kid)
            assert refusal.value.retry_after == pytest.approx(3)
        assert await shop.ask() == ["rsa"]
        shop.time += 3
        with pytest.raises(TokenInvalid):
            await shop.ask("x3")
        assert shop.fetches == 3

    async def test_unknown_kids_at_once_share_the_look(self) -> None:
        """K02, K21: a burst is one look, and its result is everybody's."""
        shop = Publisher("rsa")
        await shop.ask()
        shop.publish("rsa", "rsa2")
        answers = await asyncio.gather(*(shop.ask(kid) for kid in ["x", "rsa2"] * 50), return_exceptions=True)
        assert [type(answer) for answer in answers] == [TokenInvalid, list] * 50
        assert shop.fetches == 2

    async def test_another_algorithm_under_a_known_kid_is_no_reason_to_look(self) -> None:
        """A key's kid is known: what it cannot do, a newer set would not tell."""
        shop = Publisher("rsa")
        with pytest.raises(TokenInvalid):
            await shop.remote.candidates("rsa", frozenset({"ES256"}))
        assert shop.fetches == 1

    async def test_known_keys_serve_through_an_outage(self) -> None:
        """K10: an unknown kid is 503 then, for we cannot tell; the failure is not repeated for every caller."""
        shop = Publisher("rsa")
        await shop.ask()
        shop.failure = DOWN
        for _ in range(3):
            with pytest.raises(ProviderUnavailable, match=r"refused|cool-down"):
                await shop.ask("x")
        assert shop.fetches == 2
        assert await shop.ask() == ["rsa"]
        shop.time += 86400
        assert await shop.ask() == ["rsa"]
        shop.time += 1
        with pytest.raises(ProviderUnavailable, match="connection refused"):
            await shop.ask()
        shop.failure, shop.time = None, shop.time + 5
        assert await shop.ask() == ["rsa"]

    async def test_starts_without_its_provider_and_heals(self) -> None:
        """O07: nothing is asked more often than the cool-down allows, and the first try after it succeeds."""
        shop = Publisher("rsa")
        shop.failure = DOWN
        for _ in range(3):
            with pytest.raises(ProviderUnavailable, match="connection refused"):
                await shop.ask()
        assert (shop.fetches, shop.remote.first_fetch_ended.is_set(), shop.remote.count) == (1, True, 0)
        shop.failure, shop.time = None, shop.time + 5
        assert await shop.ask() == ["rsa"]

    async def test_a_retired_key_goes_with_the_next_set(self) -> None:
        """K03: a good refresh decides what is trusted."""
        shop = Publisher("rsa", "rsa2")
        await shop.ask("rsa2")
        shop.publish("rsa")
        with pytest.raises(TokenInvalid):
            await shop.ask("x")
        shop.time += 5
        with pytest.raises(TokenInvalid):
            await shop.ask("rsa2")

    async def test_revision_tells_changes_only(self) -> None:
        """A refresh that brings the same keys makes nobody verify anew; there is none before the first."""
        shop = Publisher("rsa")
        seen = [shop.remote.revision]
        for names in (("rsa",), ("rsa",), ("rsa", "rsa2"), ("rsa",)):
            shop.publish(*names)
            shop.time += 5
            await shop.remote._fetch_once()
            seen.append(shop.remote.revision)
        assert seen[0] == ""
        assert seen[1] == seen[2] == seen[4] != seen[3]

    async def test_a_fetch_survives_whoever_started_it(self) -> None:
        """K21: the client whose callback began it goes; the others still get the keys."""
        shop = Publisher("rsa")
        shop.gate = asyncio.Event()
        first, second = asyncio.create_task(shop.ask()), asyncio.create_task(shop.ask())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        first.cancel()
        shop.gate.set()
        assert await second == ["rsa"]
        with pytest.raises(asyncio.CancelledError):
            await first
        assert shop.fetches == 1

    async def test_keys_without_names_are_renewed_after_a_failed_signature(self) -> None:
        """K01: nothing but the signature shows such a rotation, so it is looked for, once per cool-down."""
        shop = Publisher()
        shop.keys = key_set(public_jwk("rsa", kid=None))
        assert await shop.ask("any") == [None]
        shop.keys = key_set(public_jwk("rsa2", kid=None))
        assert [await shop.remote.renewed(kid) for kid in ("any", None)] == [True, False]
        shop.time += 5
        assert not await shop.remote.renewed(None)
        assert shop.fetches == 3

    async def test_a_named_key_is_never_renewed_for_a_signature(self) -> None:
        """J48: whoever forges under a known kid causes no request."""
        shop = Publisher("rsa")
        await shop.ask()
        assert not await shop.remote.renewed("rsa")
        assert shop.fetches == 1

    async def test_not_everybody_waits_for_a_slow_provider(self) -> None:
        """K02: made-up kids hold a bounded number of places while the look hangs; known kids never wait."""
        shop = Publisher("rsa")
        await shop.ask()
        shop.gate = asyncio.Event()
        waiting = [asyncio.create_task(shop.ask(f"x{number}")) for number in range(MAX_WAITING)]
        await asyncio.sleep(0.01)
        with pytest.raises(ProviderUnavailable, match="already wait"):
            await shop.ask("one-more")
        assert await shop.ask() == ["rsa"]
        shop.gate.set()
        assert {type(end) for end in await asyncio.gather(*waiting, return_exceptions=True)} == {TokenInvalid}

    async def test_a_busy_provider_is_busy(self) -> None:
        """U09: its 429 and its Retry-After reach the caller."""
        shop = Publisher("rsa")
        shop.failure = ProviderBusy("HTTP 429", retry_after=7.0)
        with pytest.raises(ProviderBusy) as refusal:
            await shop.ask()
        assert refusal.value.retry_after == pytest.approx(7)

    async def test_a_defect_of_ours_ends_no_refreshing(self, caplog: pytest.LogCaptureFixture) -> None:
        """Whatever escapes the fetch is logged with its trace and counts as an outage."""
        shop = Publisher("rsa")
        shop.failure = RuntimeError("a bug")
        with pytest.raises(ProviderUnavailable, match="defect"):
            await shop.ask()
        assert "a bug" in caplog.text

    @pytest.mark.parametrize("failing", [False, True])
    async def test_keeps_fresh_in_the_background(self, failing: bool) -> None:
        """A good set is fetched anew after refresh; a failure is tried again sooner, then ever more rarely."""
        shop = Publisher("rsa")
        shop.failure = DOWN if failing else None
        pauses = await shop.pauses(4)
        wanted = [1, 2, 4, 8] if failing else [600] * 4
        assert all(0.9 * full <= pause <= full for pause, full in zip(pauses, wanted, strict=True))

    @pytest.mark.parametrize(
        ("max_age", "settings", "pause"),
        [
            (None, {}, 600),
            (120, {}, 120),
            (0, {}, 30),
            (29, {}, 30),
            (10**9, {}, 600),
            (0, {"cooldown": 60}, 60),
            (0, {"refresh": 10}, 10),
            (0, {"refresh": 10, "cooldown": 60}, 10),
            (10**9, {"refresh": 10}, 10),
        ],
    )
    async def test_what_the_provider_calls_fresh(
        self, max_age: float | None, settings: dict[str, float], pause: float
    ) -> None:
        """K19: its Cache-Control makes us come sooner, within our own bounds, and never later."""
        shop = Publisher("rsa")
        shop.max_age = max_age
        assert all(0.9 * pause <= slept <= pause for slept in await shop.pauses(3, **settings))

    @pytest.mark.parametrize(
        ("retry_after", "refresh", "pause"),
        [(None, 600, 1), (0, 600, 1), (7, 600, 7), (300, 600, 300), (300, 100, 100), (300, 10, 60)],
    )
    async def test_a_provider_that_asks_to_be_left_alone(
        self, retry_after: float | None, refresh: float, pause: float
    ) -> None:
        """U09: Retry-After holds the background back, never less than asked, within bounds."""
        shop = Publisher()
        shop.failure = ProviderBusy("HTTP 429", retry_after=retry_after)
        (slept,) = await shop.pauses(1, refresh=refresh)
        assert (pause <= slept <= 1.1 * pause) if retry_after else (0.9 * pause <= slept <= pause)

    async def test_visitors_do_not_ask_it_sooner_either(self) -> None:
        """U09: nor does an unknown kid; known keys serve meanwhile, and when the time is over it is asked again."""
        shop = Publisher("rsa")
        await shop.ask()
        shop.failure = ProviderUnavailable("HTTP 503", retry_after=50.0)
        for wait, fetches in ((0, 2), (49, 2), (1, 3)):
            shop.time += wait
            with pytest.raises(ProviderUnavailable) as refusal:
                await shop.ask("x")
            assert shop.fetches == fetches
            assert refusal.value.retry_after == pytest.approx(1 if wait == 49 else 50)
        assert await shop.ask() == ["rsa"]

    async def test_one_fetch_at_a_time(self) -> None:
        """A result that arrives late cannot overwrite a newer one: whoever asks meanwhile waits for the same."""
        shop = Publisher("rsa")
        await shop.ask()
        shop.gate = asyncio.Event()
        shop.time += 600
        background = asyncio.create_task(shop.remote.keep_fresh())
        visitors = [asyncio.create_task(shop.ask("rsa2")) for _ in range(3)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        shop.time += 600
        late = asyncio.create_task(shop.ask("rsa2"))
        await asyncio.sleep(0)
        shop.publish("rsa2")
        shop.gate.set()
        assert await asyncio.gather(*visitors, late) == [["rsa2"]] * 4
        background.cancel()
        assert (shop.fetches, shop.under_way) == (2, 0)


class TestAdoption:
    """RemoteKeys.adopt: a configuration replaces another."""

    async def test_nothing_that_is_fresh_is_fetched(self) -> None:
        """The keys serve at once, and the background begins when they are due, as if nothing had happened."""
        old, new = Publisher("rsa"), Publisher()
        await old.ask()
        old.time += 100
        new.time = old.time
        new.remote.adopt(old.remote)
        assert (await new.ask(), new.fetches, new.remote.age) == (["rsa"], 0, 100)
        assert new.remote.first_fetch_ended.is_set()
        assert new.remote.revision == old.remote.revision
        pauses: list[float] = []

        async def sleep(seconds: float) -> None:
            pauses.append(seconds)
            raise asyncio.CancelledError

        new.remote._sleep = sleep
        with pytest.raises(asyncio.CancelledError):
            await new.remote.keep_fresh()
        assert (pauses, new.fetches) == ([500], 0)

    async def test_an_outage_goes_on(self) -> None:
        """Stale keys serve for keep_stale from their real fetch; the provider is not asked sooner than before."""
        old, new = Publisher("rsa"), Publisher()
        await old.ask()
        old.failure = new.failure = DOWN
        old.time += 86000
        with pytest.raises(ProviderUnavailable):
            await old.ask("x")
        new.time = old.time
        new.remote.adopt(old.remote)
        assert await new.ask() == ["rsa"]
        with pytest.raises(ProviderUnavailable, match="cool-down"):
            await new.ask("x")
        assert new.fetches == 0
        new.time += 401
        with pytest.raises(ProviderUnavailable, match="connection refused"):
            await new.ask()
        assert new.fetches == 1

    async def test_a_provider_that_asked_to_be_left_alone_is(self) -> None:
        """U09: a reload is no reason to ask it sooner."""
        old, new = Publisher(), Publisher("rsa")
        old.failure = ProviderBusy("HTTP 429", retry_after=50.0)
        with pytest.raises(ProviderBusy):
            await old.ask()
        new.remote.adopt(old.remote)
        with pytest.raises(ProviderBusy):
            await new.ask()
        assert new.fetches == 0

    async def test_one_that_is_asked_in_another_way_is_asked_at_once(self) -> None:
        """What an operator mends in an outage is tried at once; the keys serve meanwhile."""
        old, new = Publisher("rsa"), Publisher("rsa2")
        await old.ask()
        new.remote.adopt(old.remote, at_once=True)
        assert new.remote.first_fetch_ended.is_set()
        assert await new.ask() == ["rsa"]
        background = asyncio.create_task(new.remote.keep_fresh())
        await asyncio.wait_for(new.remote.news.wait(), 5)
        background.cancel()
        assert await new.ask("rsa2") == ["rsa2"]

    async def test_a_look_under_way_is_not_the_last_word(self) -> None:
        """What it brings, it brings the other: whoever comes with that key meanwhile is no victim of the cool-down."""
        old, new = Publisher("rsa"), Publisher("rsa", "rsa2")
        await old.ask()
        old.publish("rsa", "rsa2")
        new.time = old.time
        old.gate = asyncio.Event()
        waiting = asyncio.create_task(old.ask("rsa2"))
        await asyncio.sleep(0)
        new.remote.adopt(old.remote)
        assert (await new.ask("rsa2"), new.fetches) == (["rsa2"], 1)
        old.gate.set()
        assert await waiting == ["rsa2"]

    async def test_one_that_never_fetched_gives_nothing(self) -> None:
        """The first fetch is then ours."""
        old, new = Publisher("rsa"), Publisher("rsa")
        new.remote.adopt(old.remote)
        assert not new.remote.first_fetch_ended.is_set()
        assert (await new.ask(), new.fetches) == (["rsa"], 1)


class TestRestoring:
    """RemoteKeys.restore: keys from an earlier run."""

    async def test_they_serve_for_what_is_left_of_their_time(self) -> None:
        """K10: keep_stale counts from when they were fetched; there is no need to wait for the provider."""
        shop = Publisher()
        shop.failure = DOWN
        shop.remote.restore(key_set(public_jwk("rsa")), 86000)
        assert (await shop.ask(), shop.fetches, shop.remote.age) == (["rsa"], 0, 86000)
        assert not shop.remote.first_fetch_ended.is_set()
        shop.time += 401
        with pytest.raises(ProviderUnavailable, match="connection refused"):
            await shop.ask()

    async def test_the_first_fetch_is_not_put_off(self) -> None:
        """K03: and what it brings is all that counts; a retired key is gone."""
        shop = Publisher("rsa2")
        shop.remote.restore(key_set(public_jwk("rsa")), 1)
        background = asyncio.create_task(shop.remote.keep_fresh())
        await asyncio.wait_for(shop.remote.news.wait(), 5)
        background.cancel()
        assert await shop.ask("rsa2") == ["rsa2"]
        shop.time += 5
        with pytest.raises(TokenInvalid):
            await shop.ask("rsa")
