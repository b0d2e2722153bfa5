"""One cache for all replicas: Valkey or Redis, which never sees more than names and noise (``sealed_answer``).

It spares the provider requests and is nothing that an answer depends on: each command has little time, and after a
failure the server is left alone for a while, which grows. Whatever comes of that is only a miss.
"""

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from math import ceil
from typing import Any, TypeVar

from bridge.access_token import AccessToken
from bridge.answer_cache import CacheKey, Entry
from bridge.sealed_answer import MAX_SEALED, Unreadable, name_of, seal, unseal

_log = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds for which a server that failed is not asked; doubled each time that it fails again."""

MAX_CONNECTIONS = 32
"""Commands at the same time; more wait for a place, within their own time."""

# What an error reply begins with: NOAUTH, OOM, READONLY. The rest of it may quote what we sent, a password included.
_REPLY_CODE = re.compile(r"[A-Z]{2,20}(?= |\Z)")


class SharedCache:
    """The server's client. Refusals are not shared: they are not worth a second.

    Attributes:
        hits: Entries found and opened.
        misses: Names that the server did not have.
        unreadable: Entries that could not be opened: damaged, or put there by somebody else.
        failures: Commands that failed or took too long.
        skipped: Commands that were not sent because the server is left alone.

    Args:
        url: ``valkey``, ``valkeys`` (TLS), ``redis``, ``rediss`` (TLS) or ``unix``; may hold a password.
        timeout: Seconds for one command, connecting included.
        ca_pem: A private certificate authority, for TLS.
        now: Seconds since the epoch.
        monotonic: Seconds of a clock that never goes back.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float,
        ca_pem: str | None = None,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.hits = self.misses = self.unreadable = self.failures = self.skipped = 0
        self._timeout = timeout
        self._now = now
        self._monotonic = monotonic
        self._gone = False
        self._pause = FIRST_PAUSE
        self._silent_until = float("-inf")
        self._users = 0
        self._client = _client(url, timeout, ca_pem)

    @asynccontextmanager
    async def in_use(self) -> AsyncIterator[None]:
        """For as long as one configuration needs it; behind the last of them it is closed."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                await self.close()

    async def get(self, token: AccessToken, key: CacheKey) -> Entry | None:
        """What a replica put there for this token, if it is still good."""
        # Not GET: whoever can write there could have us read half a gigabyte.
        sealed = await self._ask(lambda: self._client.getrange(name_of(key), 0, MAX_SEALED))
        if sealed is None:
            return None
        if not sealed:
            self.misses += 1
            return None
        try:
            entry = unseal(sealed, token, key)
        except Unreadable:
            self.unreadable += 1
            return None
        if entry.expires_at <= self._now():
            self.misses += 1
            return None
        self.hits += 1
        return entry

    async def put(self, token: AccessToken, key: CacheKey, entry: Entry) -> None:
        """Leaves an answer for the other replicas; the server forgets it when it expires."""
        milliseconds = ceil((entry.expires_at - self._now()) * 1000)
        if milliseconds > 0:
            sealed = seal(entry, token, key)
            if len(sealed) <= MAX_SEALED:  # else no replica would read it
                await self._ask(lambda: self._client.set(name_of(key), sealed, px=milliseconds))

    async def close(self) -> None:
        """Ends the connections."""
        await self._client.aclose()

    async def _ask(self, command: Callable[[], Awaitable[T]]) -> T | None:
        trying = self._gone
        if self._monotonic() < self._silent_until:
            self.skipped += 1
            return None
        if trying:
            self._leave_alone()  # one finds out whether it is back; the others do without meanwhile
        try:
            async with asyncio.timeout(self._timeout):
                answer = await command()
        except Exception as error:  # noqa: BLE001 - whatever its client makes of a broken server, no callback is lost
            self._failed(error, trying=trying)
            return None
        if trying:
            self._gone = False
            self._silent_until = float("-inf")
            _log.info("the shared cache can be reached again", extra={"event": "shared_cache_back"})
        return answer

    def _failed(self, error: Exception, *, trying: bool) -> None:
        self.failures += 1
        if trying:
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
            self._leave_alone()
        elif not self._gone:
            self._gone, self._pause = True, FIRST_PAUSE
            self._leave_alone()
            code = _REPLY_CODE.match(str(error))
            _log.warning(
                "the shared cache cannot be reached, each process remembers for itself: %s %s",
                type(error).__name__,
                code[0] if code else "",
                extra={"event": "shared_cache_gone"},
            )

    def _leave_alone(self) -> None:
        self._silent_until = self._monotonic() + self._pause


def _client(url: str, timeout: float, ca_pem: str | None) -> Any:
    from valkey.asyncio import BlockingConnectionPool, Valkey  # optional: the extra [valkey]

    # Its TLS takes any certificate of any host unless told otherwise.
    tls = {"ssl_cert_reqs": "required", "ssl_check_hostname": True, "ssl_ca_data": ca_pem}
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=MAX_CONNECTIONS,
        timeout=None,
        socket_timeout=timeout,
        **(tls if url.startswith(("valkeys:", "rediss:")) else {}),
    )
    return Valkey.from_pool(pool)
