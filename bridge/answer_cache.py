"""Chat users already worked out, kept for the next time that the same token comes.

The widget sends the same token at each page that opens it. An entry never outlives its token, nor the keys that
verified it, and the whole is bounded in entries and bytes (THREATS.md U15, O08).
"""

from collections.abc import Callable
from dataclasses import dataclass

from cachetools import TLRUCache

from bridge.chat_user import ChatUser
from bridge.refusal_cache import RefusalCache
from bridge.token_uses import TokenUses

ENTRY_BYTES = 1300
"""Bytes of resident memory that an entry takes beside its texts: key, objects, books. Measured on CPython 3.11."""

CacheKey = tuple[str, bytes, bytes]
"""The callback's name, the token's SHA-256, and the SHA-256 of what decides the callback's answers."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer.

    Attributes:
        user: The chat user.
        provider: The provider's name.
        revision: The keys of the provider that verified the token.
        expires_at: Seconds since the epoch at which the entry is dead.
    """

    user: ChatUser
    provider: str
    revision: str
    expires_at: float


class AnswerCache:
    """What one process remembers of tokens; three quarters of ``max_bytes`` are the answers'.

    Attributes:
        refusals: Refusals that it cost a request to find.
        uses: How often each token came.

    Args:
        max_entries: Answers at most; 0 remembers none, and no refusals.
        max_bytes: Bytes at most, by estimate.
        max_age: Seconds that an answer is kept at most.
        refused_age: Seconds that a refusal is kept.
        now: Seconds since the epoch.
    """

    def __init__(
        self, *, max_entries: int, max_bytes: int, max_age: float, refused_age: float, now: Callable[[], float]
    ) -> None:
        self._now = now
        self._max_age = max_age
        eighth = max_bytes // 8
        # A cache of cachetools has one bound. Weighing each entry at its share of either makes both hold.
        most = max_bytes - 2 * eighth
        smallest = max(1, most // max(1, max_entries))
        self._entries: TLRUCache[CacheKey, Entry] = TLRUCache(
            most if max_entries else 0,
            ttu=lambda _, entry, __: entry.expires_at,
            timer=now,
            getsizeof=lambda entry: max(_size(entry.user), smallest),
        )
        self.refusals = RefusalCache(max_entries=max_entries, max_bytes=eighth, max_age=refused_age, now=now)
        self.uses = TokenUses(max_bytes=eighth)

    def get(self, key: CacheKey) -> Entry | None:
        """The live entry under a key."""
        return self._entries.get(key)

    def put(self, key: CacheKey, user: ChatUser, *, provider: str, revision: str, expires_at: float) -> Entry:
        """Keeps an answer until the token expires or ``max_age`` is over, whichever is first; gives what is kept."""
        entry = Entry(user, provider, revision, min(expires_at, self._now() + self._max_age))
        if _size(user) <= self._entries.maxsize:
            self._entries[key] = entry
        return entry


def _size(user: ChatUser) -> int:
    texts = (user.id, user.name, user.email, user.avatar, user.label)
    return ENTRY_BYTES + sum(4 * len(text) if not text.isascii() else len(text) for text in texts if text)
