"""Chat users already worked out, kept for the next time that the same token comes.

The widget sends the same token at each page that opens it. An entry never outlives its token, nor the keys that
verified it, and the whole is bounded in entries and bytes (THREATS.md U15, O08).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from cachetools import TLRUCache

from bridge.chat_user import ChatUser
from bridge.provenance import Provenance
from bridge.refusal_cache import RefusalCache
from bridge.token_uses import TokenUses

ENTRY_BYTES = 1500
"""Bytes of resident memory that an entry takes beside its texts: key, objects, books. Measured on CPython 3.11."""

CacheKey = tuple[str, bytes, bytes]
"""The callback's name, the token's SHA-256, and the SHA-256 of what decides the callback's answers."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer.

    Attributes:
        user: The chat user.
        provider: The provider's name.
        provenance: Whose token it was.
        revision: The keys of the provider that verified the token; empty where none had a say.
        expires_at: Seconds since the epoch at which the entry is dead.
    """

    user: ChatUser
    provider: str
    provenance: Provenance
    revision: str
    expires_at: float


class AnswerCache:
    """What one process remembers of tokens; three quarters of ``max_bytes`` are the answers'.

    Args:
        max_entries: Answers at most; 0 remembers none, and no refusals.
        max_bytes: Bytes at most, by estimate.
        max_age: Seconds that an answer is kept at most.
        refused_age: Seconds that a refusal is kept.
        now: Seconds since the epoch.

    Attributes:
        refusals: Refusals that it cost a request to find.
        uses: How often each token came.
        hits: How often a live entry was found.
        misses: How often none was.
    """

    def __init__(
        self, *, max_entries: int, max_bytes: int, max_age: float, refused_age: float, now: Callable[[], float]
    ) -> None:
        self.hits = self.misses = 0
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
            getsizeof=lambda entry: max(_size(entry), smallest),
        )
        self.refusals = RefusalCache(max_entries=max_entries, max_bytes=eighth, max_age=refused_age, now=now)
        self.uses = TokenUses(max_bytes=eighth)

    def get(self, key: CacheKey) -> Entry | None:
        """The live entry under a key."""
        entry = self._entries.get(key)
        if entry is None:
            self.misses += 1
        else:
            self.hits += 1
        return entry

    @property
    def entries(self) -> int:
        """How many answers are kept."""
        return len(self._entries)

    @property
    def bytes(self) -> int:
        """How much of ``max_bytes`` they take, where each counts as at least its share of the bound."""
        return int(self._entries.currsize)

    def put(self, key: CacheKey, entry: Entry) -> Entry:
        """Keeps an answer until the token expires or ``max_age`` is over, whichever is first; gives what is kept."""
        latest = self._now() + self._max_age
        kept = entry if entry.expires_at <= latest else replace(entry, expires_at=latest)
        if _size(kept) <= self._entries.maxsize:
            self._entries[key] = kept
        return kept


def _size(entry: Entry) -> int:
    user, known = entry.user, entry.provenance
    texts = (user.id, user.name, user.email, user.avatar, user.label, known.issuer, known.subject, known.client)
    return ENTRY_BYTES + sum(4 * len(text) if not text.isascii() else len(text) for text in texts if text)
