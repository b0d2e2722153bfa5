"""What one provider may be asked about tokens in all (``requests``): its own limit must not be ours to exhaust.

Anybody can send strings that look like opaque tokens. Each could cause a request, and a provider that counts them
would soon answer nobody (THREATS.md U09). So requests are drawn from a bucket of which a part is kept for tokens that
were good before; few are under way at a time, so that a slow provider does not hold others up; and a provider that asks
to be left alone is.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from cachetools import LRUCache

from bridge.access_token import AccessToken
from bridge.errors import ProviderBusy, ProviderError
from bridge.oidc.endpoint_settings import RequestSettings
from bridge.oidc.http import MAX_RETRY_AFTER, Endpoint

_log = logging.getLogger(__name__)

UNTOLD_PAUSE: Final = 5.0
"""Seconds after a 429 that does not say how long to wait."""

KEPT: Final = 5
"""One of so many requests of the burst, and of those under way, is kept for tokens that were good before."""

MAX_KNOWN: Final = 10_000
"""Tokens that were good before and are remembered, by their digests: about 2 MB."""

WATCHED: Final = 100
"""The last answers about opaque tokens, of which too many that say no raise the alarm."""

ALARM_PAUSE: Final = 60.0
"""Seconds between two alarms."""


class Budget:
    """One provider's.

    Args:
        settings: How much.
        provider: The provider's name, for messages.
        monotonic: Seconds of a clock that never goes back.
    """

    def __init__(
        self, settings: RequestSettings, *, provider: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._provider = provider
        self._monotonic = monotonic
        self._level = float(settings.burst)
        self._filled_at = monotonic()
        self._kept = settings.burst / KEPT
        self._places = asyncio.Semaphore(settings.in_flight)
        self._strangers_places = asyncio.Semaphore(max(1, settings.in_flight - settings.in_flight // KEPT))
        self._waiting = {True: 0, False: 0}
        self._paused: dict[Endpoint, tuple[float, ProviderError]] = {}
        self._known: LRUCache[bytes, None] = LRUCache(MAX_KNOWN)
        self._answers: deque[bool] = deque(maxlen=WATCHED)
        self._alarmed_at = float("-inf")

    @asynccontextmanager
    async def request(self, token: AccessToken, endpoint: Endpoint, *, trusted: bool) -> AsyncIterator[None]:
        """Room for one request about a token.

        Args:
            token: What is asked about.
            endpoint: What is asked.
            trusted: Whether the token is known to be the provider's: its signature or introspection has said so.

        Raises:
            ProviderBusy: There is no room; ``retry_after`` says for how long about.
            ProviderUnavailable: The endpoint failed and asked to be left alone.
        """
        known = trusted or token.digest in self._known
        self._refuse_while_paused(endpoint)
        if self._waiting[known] >= self._settings.in_flight:
            raise ProviderBusy(
                f"{self._waiting[known]} callbacks already wait to ask {self._provider}",
                hint="requests.in_flight of the provider bounds what is under way; is the provider slow?",
                retry_after=1.0,
            )
        self._draw(known=known)
        await self._enter(known=known)
        try:
            self._refuse_while_paused(endpoint)  # it may have asked for it while we waited
            try:
                yield
            except ProviderError as failure:
                self._note(endpoint, failure)
                raise
        finally:
            self._places.release()
            if not known:
                self._strangers_places.release()

    def answered(self, token: AccessToken, *, active: bool) -> None:
        """Takes note of what the provider said of an opaque token."""
        if active:
            self._known[token.digest] = None
        self._answers.append(active)
        inactive = self._answers.count(False)
        if not active and len(self._answers) == WATCHED and inactive > WATCHED // 2:
            now = self._monotonic()
            if now - self._alarmed_at >= ALARM_PAUSE:
                self._alarmed_at = now
                _log.warning(
                    "provider %s: %d of the last %d opaque tokens asked about were not good: somebody may be guessing; "
                    "a token_pattern keeps what is none from being asked about",
                    self._provider,
                    inactive,
                    WATCHED,
                    extra={"event": "many_inactive_tokens", "provider": self._provider},
                )

    def adopt(self, other: "Budget") -> None:
        """Goes on where the budget of the configuration before left off, so that a reload opens no new one.

        Args:
            other: Of the same provider, on the same clock.
        """
        other._refill()  # noqa: SLF001 - one of its own kind
        self._level = min(other._level, float(self._settings.burst))  # noqa: SLF001 - as above
        self._filled_at = other._filled_at  # noqa: SLF001 - as above
        self._paused = dict(other._paused)  # noqa: SLF001 - as above
        self._known = other._known  # noqa: SLF001 - as above
        self._answers = other._answers  # noqa: SLF001 - as above
        self._alarmed_at = other._alarmed_at  # noqa: SLF001 - as above

    def _refill(self) -> None:
        now = self._monotonic()
        gained = (now - self._filled_at) * self._settings.rate
        self._level, self._filled_at = min(self._level + gained, float(self._settings.burst)), now

    def _draw(self, *, known: bool) -> None:
        self._refill()
        needed = 1.0 if known else 1.0 + self._kept
        # A burst too small to be parted serves everybody.
        needed = min(needed, float(self._settings.burst))
        if self._level < needed:
            raise ProviderBusy(
                f"the budget of requests to {self._provider} is spent"
                + ("" if known else ", but for what is kept for tokens that were good before"),
                hint="requests.rate and requests.burst of the provider set it; a narrow token_pattern saves it.",
                retry_after=(needed - self._level) / self._settings.rate,
            )
        self._level -= 1.0

    async def _enter(self, *, known: bool) -> None:
        self._waiting[known] += 1
        try:
            if not known:
                await self._strangers_places.acquire()
            try:
                await self._places.acquire()
            except asyncio.CancelledError:
                if not known:
                    self._strangers_places.release()
                raise
        finally:
            self._waiting[known] -= 1

    def _refuse_while_paused(self, endpoint: Endpoint) -> None:
        if endpoint not in self._paused:
            return
        until, failure = self._paused[endpoint]
        left = until - self._monotonic()
        if left > 0:
            raise type(failure)(
                f"{failure.detail}; it is not asked for {left:.1f} s more", hint=failure.hint, retry_after=left
            )
        del self._paused[endpoint]

    def _note(self, endpoint: Endpoint, failure: ProviderError) -> None:
        pause = failure.retry_after
        if pause is None and isinstance(failure, ProviderBusy):
            pause = UNTOLD_PAUSE
        if pause:
            pause = min(pause, MAX_RETRY_AFTER)
            until, _ = self._paused.get(endpoint, (float("-inf"), failure))
            if self._monotonic() + pause > until:
                self._paused[endpoint] = (self._monotonic() + pause, failure)
