"""How often each good token came: a cached page that gives one customer's token to everybody shows here.

The counts are this process's own, and bounded: under a flood of good tokens the one that came longest ago is forgotten
first. So they are an alarm and a brake, not a ledger.
"""

from collections import OrderedDict

USE_BYTES = 250
"""Bytes of resident memory that one token takes: digest, count, place. Measured on CPython 3.11."""


class TokenUses:
    """Counts, by the token's SHA-256.

    Args:
        max_bytes: Bytes at most, by estimate.
    """

    def __init__(self, *, max_bytes: int) -> None:
        self._most = max(1, max_bytes // USE_BYTES)
        self._counts: OrderedDict[bytes, int] = OrderedDict()

    def count(self, digest: bytes) -> int:
        """Notes one more use; gives how many there were, this one included."""
        count = self._counts[digest] = self._counts.pop(digest, 0) + 1
        if len(self._counts) > self._most:
            self._counts.popitem(last=False)
        return count
