"""Refusals that it cost a request to find, kept for seconds: a visitor whose page asks again does not ask his provider.

Only what the token itself or its owner is refused for is kept. That a provider could not answer never is: it would
turn a moment's outage into one of ours (THREATS.md U10, U15).
"""

import copy
from collections.abc import Callable, Hashable

from cachetools import TTLCache

from bridge.errors import BridgeError, TokenExpired, TokenInactive, TokenUntrusted, VisitorError

LASTING = (TokenExpired, TokenInactive, TokenUntrusted, VisitorError)
"""What seconds do not change. ``TokenNotYetValid`` passes by itself, and ``TokenInvalid`` with a new key of the
provider's; ``TokenMissing`` and ``TokenMalformed`` cost no request."""

REFUSAL_BYTES = 950
"""Bytes of resident memory that a refusal takes beside its texts: key, objects, books. Measured on CPython 3.11."""


class RefusalCache:
    """Bounded in number, bytes and age.

    Args:
        max_entries: Refusals at most; 0 keeps none.
        max_bytes: Bytes at most, by estimate.
        max_age: Seconds that a refusal is kept.
        now: Seconds since the epoch.
    """

    def __init__(self, *, max_entries: int, max_bytes: int, max_age: float, now: Callable[[], float]) -> None:
        smallest = max(1, max_bytes // max(1, max_entries))
        self._refusals: TTLCache[Hashable, BridgeError] = TTLCache(
            max_bytes if max_entries else 0,
            ttl=max_age,
            timer=now,
            getsizeof=lambda refusal: max(_size(refusal), smallest),
        )

    def get(self, key: Hashable) -> BridgeError | None:
        """The refusal under a key, made anew: an exception that is raised twice drags its first way along."""
        kept = self._refusals.get(key)
        if kept is None:
            return None
        again = copy.copy(kept)
        again.cached = True
        return again

    def put(self, key: Hashable, refusal: BridgeError) -> None:
        """Keeps a refusal, without the way that it came, if it is one that lasts."""
        if isinstance(refusal, LASTING) and _size(refusal) <= self._refusals.maxsize:
            self._refusals[key] = copy.copy(refusal)


def _size(refusal: BridgeError) -> int:
    texts = (refusal.detail, refusal.hint, refusal.message)
    return REFUSAL_BYTES + sum(4 * len(text) for text in texts if text)
