"""Where a provider's keys come from, and how fresh they are. Which of them may have signed a token is ``key_set``'s.

A remote set is fetched in the background, long before it is too old to use, so a callback waits for a provider only
when a token names a key that we have not seen, and then at most once per cool-down (panva/jose's three times: refresh,
cool-down, time limit of the exchange).
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.errors import ProviderError, ProviderUnavailable, TokenInvalid
from bridge.oidc.key import VerificationKey
from bridge.oidc.key_set import KeySet

_log = logging.getLogger(__name__)

FIRST_RETRY, LONGEST_RETRY = 1.0, 60.0
"""Seconds to the next background try after a failure: the first, doubled each time up to the longest."""

MAX_WAITING = 128
"""Callbacks that wait for a look for newer keys: a quarter of the requests in flight by default."""

SHORTEST_REFRESH = 30.0
"""Seconds: a provider that calls its set stale sooner, or at once, is not asked more often (THREATS.md K19)."""


@dataclass(frozen=True, slots=True)
class Published:
    """A key set as a provider has just published it.

    Attributes:
        keys: Its usable keys.
        max_age: Seconds for which the provider calls it fresh; ``None`` where it says nothing.
    """

    keys: KeySet
    max_age: float | None = None


class Keys(Protocol):
    """Where a provider's verification keys come from."""

    @property
    def revision(self) -> str:
        """Names the keys at hand by their content; empty before any. What others verified is looked at anew."""

    async def candidates(self, kid: str | None, algorithms: frozenset[str]) -> Sequence[VerificationKey]:
        """The keys to try, one or more.

        Raises:
            TokenInvalid: No key fits.
            ProviderUnavailable, ProviderBusy: The keys cannot be had now, or we may not look for this kid yet.
        """

    async def renewed(self, kid: str | None) -> bool:
        """Whether there are other keys now, after those at hand did not verify a signature of this kid.

        Where a key is named so there is nothing to look for: a forged signature causes no request. Where none is, the
        provider may have rotated keys without names, which is looked up at most once per cool-down.
        """


class StaticKeys:
    """Keys that the operator gave: public keys, secrets, or a key set from a file."""

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys

    @property
    def revision(self) -> str:
        """Names the keys; see ``Keys``."""
        return self._keys.revision

    async def candidates(self, kid: str | None, algorithms: frozenset[str]) -> Sequence[VerificationKey]:
        """The keys to try; see ``Keys``."""
        return _fitting(self._keys, kid, algorithms)

    async def renewed(self, kid: str | None) -> bool:  # noqa: ARG002 - as ``Keys`` has it
        """Never; see ``Keys``."""
        return False


class RemoteKeys:
    """A published key set, kept fresh.

    Args:
        fetch: Gets the set anew; raises a ``ProviderError``.
        provider: The provider's name, for logs.
        refresh: Seconds between fetches, fewer where the provider says so.
        keep_stale: Seconds for which the last good set serves while fetches fail.
        cooldown: Seconds between two looks for kids that we do not know.
        max_waiting: Callbacks that may wait for one look at a time: a slow provider must not hold all the places of
            requests in flight for tokens that anybody can make up.
        monotonic: A clock that never goes back, seconds.
        sleep: Waits for seconds.

    Attributes:
        failure: Why the last fetch failed; ``None`` after a good one.
        first_fetch_ended: Set when it has, well or ill.
        news: Set by each good fetch; whoever waits for it clears it.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Published]],
        *,
        provider: str,
        refresh: float,
        keep_stale: float,
        cooldown: float,
        max_waiting: int = MAX_WAITING,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._fetch = fetch
        self._sleep = sleep
        self._provider = provider
        self._refresh = refresh
        self._keep_stale = keep_stale
        self._cooldown = cooldown
        self._max_waiting = max_waiting
        self._waiting = 0
        self._monotonic = monotonic
        self._keys: KeySet | None = None
        self._max_age: float | None = None
        self._fetched_at = self._failed_at = self._looked_at = self._due_at = float("-inf")
        self._flight: asyncio.Task[None] | None = None
        self.failure: ProviderError | None = None
        self.first_fetch_ended = asyncio.Event()
        self.news = asyncio.Event()

    @property
    def revision(self) -> str:
        """Names the keys; see ``Keys``."""
        return self._keys.revision if self._keys else ""

    @property
    def keys(self) -> KeySet | None:
        """Those at hand; ``None`` before any."""
        return self._keys

    @property
    def count(self) -> int:
        """How many keys are at hand."""
        return len(self._keys.keys) if self._keys else 0

    @property
    def age(self) -> float | None:
        """Seconds since the last good fetch; ``None`` before it."""
        return None if self._keys is None else self._monotonic() - self._fetched_at

    def adopt(self, other: "RemoteKeys", *, at_once: bool = False) -> None:
        """Goes on where another left off: its keys and their age, its failure, its cool-down.

        For a configuration that replaces one with the same provider: what is fresh is not fetched anew, and keys that
        serve through an outage go on serving, for ``keep_stale`` from when they were really fetched.

        Args:
            other: Of the same provider, on the same clock.
            at_once: Fetch all the same: it is asked in another way now.
        """
        self._keys, self._max_age, self._fetched_at = other._keys, other._max_age, other._fetched_at  # noqa: SLF001 - one
        self._failed_at = other._failed_at  # noqa: SLF001 - of its own kind
        if other._flight is None:  # noqa: SLF001 - else what it will bring is not known here, so we may look as well
            self._looked_at = other._looked_at  # noqa: SLF001 - as above
        self.failure = other.failure
        if not other.first_fetch_ended.is_set():
            return
        self.first_fetch_ended.set()
        if not at_once:
            retry_at = self._monotonic() + self._recovering()
            self._due_at = retry_at if self.failure else self._fetched_at + self._fresh_for()

    def restore(self, keys: KeySet, age: float) -> None:
        """Begins with keys from an earlier run: they serve, for what is left of ``keep_stale``, until the first fetch.

        Args:
            keys: The keys.
            age: Seconds since they were fetched.
        """
        self._keys, self._fetched_at = keys, self._monotonic() - age

    async def keep_fresh(self) -> None:
        """Fetches now and again for as long as it runs; a failure is tried again sooner, then ever more rarely.

        What was adopted is let grow old first.
        """
        if (left := self._due_at - self._monotonic()) > 0:
            await self._sleep(left)
        retry = FIRST_RETRY
        while True:
            await self._fetch_once()
            if self.failure is None:
                retry, pause = FIRST_RETRY, self._fresh_for()
            else:
                pause, retry = retry, min(retry * 2, LONGEST_RETRY)
            # Replicas that were started together should not ask together for ever, nor sooner than they were told.
            jitter = random.uniform(0.0, 0.1)  # noqa: S311 - nothing secret about it
            known = self.failure
            await self._sleep(max(pause * (1 - jitter), self._told_to_wait() * (1 + jitter)))
            while (
                self.failure is not known and (left := self._failed_at + self._told_to_wait() - self._monotonic()) > 0
            ):
                known = self.failure  # a callback asked meanwhile, and was told to wait
                await self._sleep(left)

    def _fresh_for(self) -> float:
        """Seconds until the set at hand is to be fetched anew: as its provider says, within our own bounds."""
        if self._max_age is None:
            return self._refresh
        return min(max(self._max_age, self._cooldown, SHORTEST_REFRESH), self._refresh)

    def _told_to_wait(self) -> float:
        """Seconds from its last failure on for which the provider asked to be left alone, within our own bounds."""
        asked = self.failure.retry_after or 0.0 if self.failure else 0.0
        return min(asked, max(self._refresh, LONGEST_RETRY))

    async def candidates(self, kid: str | None, algorithms: frozenset[str]) -> Sequence[VerificationKey]:
        """The keys to try; see ``Keys``."""
        keys = self._usable() or await self._first_keys()
        found = keys.candidates(kid, algorithms)
        if not found and not keys.names(kid):
            await self._look_for_newer(kid)
            keys = self._usable() or keys
        return found or _fitting(keys, kid, algorithms)

    async def renewed(self, kid: str | None) -> bool:
        """Whether there are other keys now; see ``Keys``."""
        if self._keys is None or self._keys.names(kid) or self._cooling() > 0:
            return False
        before = self.revision
        self._looked_at = self._monotonic()
        await self._look()
        return self.revision != before

    def _cooling(self) -> float:
        """Seconds until the next look is allowed."""
        return max(self._looked_at + self._cooldown - self._monotonic(), self._recovering())

    def _recovering(self) -> float:
        """Seconds until a provider that has just failed may be asked again, also where it has said how long."""
        return self._failed_at + max(self._cooldown, self._told_to_wait()) - self._monotonic()

    def _usable(self) -> KeySet | None:
        if self._monotonic() - self._fetched_at > self._keep_stale:
            return None
        return self._keys

    async def _first_keys(self) -> KeySet:
        wait = self._recovering()
        if self._flight is None and wait > 0:
            raise self._unavailable(wait)
        await self._fetch_once()
        keys = self._usable()
        if keys is None:
            raise self._unavailable(self._cooldown)
        return keys

    async def _look_for_newer(self, kid: str | None) -> None:
        wait = self._cooling()
        if wait > 0 and self._flight is None:
            if kid is None:
                return  # Nothing says that there is such a key anywhere.
            raise ProviderUnavailable(
                f"a kid that is not in the key set of {self._provider}; the cool-down runs for {wait:.1f} s more",
                retry_after=wait,
            )
        if wait <= 0:
            self._looked_at = self._monotonic()
        await self._look()
        if self.failure is not None:
            raise self._unavailable(self._cooldown)

    async def _look(self) -> None:
        """Fetches because of a token whose key we do not know."""
        if self._waiting >= self._max_waiting:
            raise ProviderUnavailable(
                f"{self._waiting} callbacks already wait for new keys of {self._provider}", retry_after=self._cooldown
            )
        self._waiting += 1
        try:
            await self._fetch_once()
        finally:
            self._waiting -= 1

    def _unavailable(self, retry_after: float) -> ProviderError:
        failure = self.failure or ProviderUnavailable("its keys have not been fetched")
        wait = max(retry_after, failure.retry_after or 0.0)
        return type(failure)(f"no keys of {self._provider}: {failure.detail}", hint=failure.hint, retry_after=wait)

    async def _fetch_once(self) -> None:
        """Fetches, or waits for the fetch that is under way; its result survives whoever started it."""
        if self._flight is None:
            self._flight = asyncio.create_task(self._fly(), name=f"jwks {self._provider}")
        await asyncio.shield(self._flight)

    async def _fly(self) -> None:
        try:
            published = await self._fetch()
        except ProviderError as failure:
            if self.failure is None:
                said = ". ".join(filter(None, (failure.detail, failure.hint)))
                _log.warning("provider %s: its keys cannot be fetched: %s", self._provider, said)
            self.failure, self._failed_at = failure, self._monotonic()
        except Exception:  # noqa: BLE001 - logged with its trace just below
            # A defect of ours must not end the refreshing for ever; the keys at hand go on serving.
            _log.exception("provider %s: its keys cannot be fetched", self._provider)
            self.failure, self._failed_at = (
                ProviderUnavailable("a defect of the bridge; see its log"),
                self._monotonic(),
            )
        else:
            if self.failure is not None:
                _log.warning("provider %s: its keys can be fetched again", self._provider)
            self._keys, self._max_age = published.keys, published.max_age
            self.failure, self._fetched_at = None, self._monotonic()
            self.news.set()
        finally:
            self._flight = None
            self.first_fetch_ended.set()


def _fitting(keys: KeySet, kid: str | None, algorithms: frozenset[str]) -> Sequence[VerificationKey]:
    found = keys.candidates(kid, algorithms)
    if not found:
        where = "under the token's kid" if keys.names(kid) else "in its key set, also after a fresh look"
        raise TokenInvalid(f"the provider has no key for {' or '.join(sorted(algorithms))} {where}")
    return found
