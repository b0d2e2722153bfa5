"""Chat users already worked out, kept for the next time that the same token comes.

The widget sends the same token at each page that opens it. An entry never outlives its token, nor the keys that
verified it, and the whole is bounded in entries and bytes (THREATS.md U15, O08).
"""

from collections.abc import Callable
from dataclasses import dataclass

from cachetools import TLRUCache

from bridge.chat_user import ChatUser

_ENTRY_BYTES = 800
"""Bytes that an entry takes beside its texts: digest, objects, the cache's own books. Measured on CPython 3.11."""

CacheKey = tuple[str, bytes]
"""The callback's name and the token's SHA-256."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer.

    Attributes:
        user: The chat user.
        provider: The provider's name.
        revision: The provider's key revision that verified the token.
        expires_at: Seconds since the epoch at which the entry is dead.
        size: Bytes that it takes, about.
    """

    user: ChatUser
    provider: str
    revision: str
    expires_at: float
    size: int


class AnswerCache:
    """Bounded in number, bytes and age.

    Args:
        max_entries: Entries at most.
        max_bytes: Bytes at most, by estimate.
        max_age: Seconds that an entry is kept at most.
        now: Seconds since the epoch.
    """

    def __init__(self, *, max_entries: int, max_bytes: int, max_age: float, now: Callable[[], float]) -> None:
        self._now = now
        self._max_age = max_age
        # A cache of cachetools has one bound. Weighing each entry at its share of either makes both hold.
        self._smallest = max(1, max_bytes // max(1, max_entries))
        self._entries: TLRUCache[CacheKey, Entry] = TLRUCache(
            max_bytes if max_entries else 0,
            ttu=lambda _, entry, __: entry.expires_at,
            timer=now,
            getsizeof=lambda entry: max(entry.size, self._smallest),
        )

    def get(self, key: CacheKey) -> Entry | None:
        """The live entry under a key."""
        return self._entries.get(key)

    def put(self, key: CacheKey, user: ChatUser, *, provider: str, revision: str, expires_at: float) -> None:
        """Keeps an answer until the token expires or ``max_age`` is over, whichever is first."""
        until = min(expires_at, self._now() + self._max_age)
        entry = Entry(user, provider, revision, until, _size(user))
        if entry.size <= self._entries.maxsize:
            self._entries[key] = entry


def _size(user: ChatUser) -> int:
    texts = (user.id, user.name, user.email, user.avatar, user.label)
    return _ENTRY_BYTES + sum(4 * len(text) if not text.isascii() else len(text) for text in texts if text)
