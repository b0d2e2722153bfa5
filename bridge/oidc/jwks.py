"""Key sets: which key may have signed a token (selection), and how fresh the published set is (freshness).

A remote set is fetched in the background, long before it is too old to use, so a callback waits for a provider only
when a token names a key that we have not seen, and then at most once per cool-down (panva/jose's three times: refresh,
cool-down, time limit of the exchange).
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from bridge import strict_json
from bridge.errors import ProviderError, ProviderUnavailable, TokenInvalid
from bridge.oidc.key import KeyUnusable, VerificationKey, from_jwk

_log = logging.getLogger(__name__)

MAX_KEYS = 256
"""Keys of a set that are read; real sets have fewer than twenty."""

MAX_CANDIDATES = 8
"""Signatures that one token can make us compute."""

FIRST_RETRY, LONGEST_RETRY = 1.0, 60.0
"""Seconds to the next background try after a failure: the first, doubled each time up to the longest."""


class KeySet:
    """The usable keys of one document. Immutable; a refresh makes a new one."""

    def __init__(self, keys: Sequence[VerificationKey]) -> None:
        self.keys = tuple(keys)
        self._by_kid: dict[str | None, list[VerificationKey]] = {}
        for key in self.keys:
            self._by_kid.setdefault(key.kid, []).append(key)

    def names(self, kid: str | None) -> bool:
        """Whether a key has this very kid, so that a newer set would tell nothing else of it."""
        return kid is not None and kid in self._by_kid

    def candidates(self, kid: str | None, algorithms: frozenset[str]) -> Sequence[VerificationKey]:
        """The keys that may have made a signature (RFC 7517 section 4.5, OpenID Connect Core section 10.1).

        Those of this kid; failing that those without one; for a token without kid all. Only keys that take one
        of the algorithms. At most ``MAX_CANDIDATES``.
        """
        keys = self.keys if kid is None else self._by_kid.get(kid) or self._by_kid.get(None) or ()
        return [key for key in keys if not algorithms.isdisjoint(key.algorithms)][:MAX_CANDIDATES]


def read_key_set(document: bytes, provider: str) -> KeySet:
    """The usable keys of a JWK set (RFC 7517 section 5); each unusable one is skipped with a warning.

    Raises:
        ValueError: Not a JWK set; the message says why.
    """
    members: Any = strict_json.loads(document)
    members = members.get("keys") if isinstance(members, dict) else None
    if not isinstance(members, list):
        raise ValueError("no JWK set: a JSON object with a list of keys was expected")  # noqa: TRY004 - of data, not of code
    if len(members) > MAX_KEYS:
        raise ValueError(f"a set of {len(members)} keys, at most {MAX_KEYS} are read")
    keys = []
    for position, member in enumerate(members):
        try:
            keys.append(from_jwk(member))
        except KeyUnusable as error:
            # A provider's encryption keys are no cause for alarm; anything else deserves a look.
            level = logging.DEBUG if "use" in str(error) else logging.WARNING
            _log.log(level, "provider %s: key %d of its set is not used: %s", provider, position, error)
        else:
            if isinstance(member, dict) and "d" in member:
                _log.warning("provider %s PUBLISHES THE PRIVATE KEY of key %d of its set", provider, position)
    if not keys:
        _log.warning("provider %s: its key set has no usable key; all its tokens will be refused", provider)
    return KeySet(keys)


class Keys(Protocol):
    """Where a provider's verification keys come from."""

    @property
    def revision(self) -> int:
        """Grows whenever the keys change: what was verified with older ones is looked at anew."""

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

    revision = 0

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys

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
        refresh: Seconds between fetches.
        keep_stale: Seconds for which the last good set serves while fetches fail.
        cooldown: Seconds between two looks for kids that we do not know.
        monotonic: A clock that never goes back, seconds.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[KeySet]],
        *,
        provider: str,
        refresh: float,
        keep_stale: float,
        cooldown: float,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._fetch = fetch
        self._sleep = sleep
        self._provider = provider
        self._refresh = refresh
        self._keep_stale = keep_stale
        self._cooldown = cooldown
        self._monotonic = monotonic
        self._keys: KeySet | None = None
        self._fetched_at = self._failed_at = self._looked_at = float("-inf")
        self._flight: asyncio.Task[None] | None = None
        self.failure: ProviderError | None = None
        self.first_fetch_ended = asyncio.Event()
        self.revision = 0

    @property
    def count(self) -> int:
        """How many keys are at hand."""
        return len(self._keys.keys) if self._keys else 0

    @property
    def age(self) -> float | None:
        """Seconds since the last good fetch; ``None`` before it."""
        return None if self._keys is None else self._monotonic() - self._fetched_at

    async def keep_fresh(self) -> None:
        """Fetches now and again for as long as it runs; a failure is tried again sooner, then ever more rarely."""
        retry = FIRST_RETRY
        while True:
            await self._fetch_once()
            if self.failure is None:
                retry, pause = FIRST_RETRY, self._refresh
            else:
                pause = min(max(retry, self.failure.retry_after or 0.0), max(self._refresh, LONGEST_RETRY))
                retry = min(retry * 2, LONGEST_RETRY)
            # Replicas that were started together should not ask together for ever.
            await self._sleep(pause * random.uniform(0.9, 1.0))  # noqa: S311 - nothing secret about it

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
        await self._fetch_once()
        return self.revision != before

    def _cooling(self) -> float:
        """Seconds until the next look is allowed."""
        return max(self._looked_at, self._failed_at) + self._cooldown - self._monotonic()

    def _usable(self) -> KeySet | None:
        if self._monotonic() - self._fetched_at > self._keep_stale:
            return None
        return self._keys

    async def _first_keys(self) -> KeySet:
        wait = self._failed_at + self._cooldown - self._monotonic()
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
        await self._fetch_once()
        if self.failure is not None:
            raise self._unavailable(self._cooldown)

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
            keys = await self._fetch()
        except ProviderError as failure:
            if self.failure is None:
                _log.warning(
                    "provider %s: its keys cannot be fetched: %s %s", self._provider, failure.detail, failure.hint
                )
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
            if self._keys is None or self._keys.keys != keys.keys:
                self.revision += 1
            self._keys, self.failure, self._fetched_at = keys, None, self._monotonic()
        finally:
            self._flight = None
            self.first_fetch_ended.set()


def _fitting(keys: KeySet, kid: str | None, algorithms: frozenset[str]) -> Sequence[VerificationKey]:
    found = keys.candidates(kid, algorithms)
    if not found:
        where = "under the token's kid" if keys.names(kid) else "in its key set, also after a fresh look"
        raise TokenInvalid(f"the provider has no key for {' or '.join(sorted(algorithms))} {where}")
    return found
