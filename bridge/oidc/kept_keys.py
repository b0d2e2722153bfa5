"""One provider's keys and what is kept of them on disk: read once at the start, written as they change."""

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from bridge.oidc.jwks import RemoteKeys
from bridge.oidc.key_store import Kept, KeyStore
from bridge.oidc.settings import ProviderSettings

_log = logging.getLogger(__name__)
Given = TypeVar("Given")

RENEWAL = 600.0
"""Seconds after which the time of a set that has not changed is written anew, sooner where ``keep_stale`` is short."""

SLOWEST = 5.0
"""Seconds after which a folder that does not answer, such as a network's, is left alone."""


class KeptKeys:
    """One provider's keys in the store.

    Args:
        store: The store.
        provider: Its name.
        settings: Its settings.
        remote: Its keys.
        now: Seconds since the epoch.
        slowest: Seconds that the store may take.
    """

    def __init__(
        self,
        store: KeyStore,
        provider: str,
        settings: ProviderSettings,
        remote: RemoteKeys,
        *,
        now: Callable[[], float] = time.time,
        slowest: float = SLOWEST,
    ) -> None:
        self._store = store
        self._provider = provider
        self._settings = settings
        self._remote = remote
        self._now = now
        self._slowest = slowest
        self._renewal = min(RENEWAL, settings.jwks.keep_stale / 10)
        self._saved: tuple[str, float] | None = None
        self._failing = False

    async def restore(self) -> None:
        """Has the kept set serve, as old as it is, where there are no keys yet; the first fetch decides on it."""
        if self._remote.keys is not None:
            return
        try:
            kept = await self._called(partial(self._store.load, self._provider, self._settings, self._now()))
        except TimeoutError:
            _log.warning("provider %s: its kept key set was not read within %g s", self._provider, self._slowest)
            return
        if kept is not None:
            age = self._now() - kept.fetched_at
            self._remote.restore(kept.keys, age)
            _log.info("provider %s: %d kept keys serve, fetched %.0f s ago", self._provider, self._remote.count, age)

    async def keep(self) -> None:
        """Saves each set that the provider newly publishes, and now and again its time, for as long as it runs."""
        while True:
            await self._save()
            await self._remote.news.wait()
            self._remote.news.clear()

    async def _save(self) -> None:
        keys, age, now = self._remote.keys, self._remote.age, self._now()
        if keys is None or age is None:
            return
        if self._saved is not None and self._saved[0] == keys.revision and now - self._saved[1] < self._renewal:
            return
        kept = Kept(keys, now - age)
        try:
            await self._called(partial(self._store.save, self._provider, self._settings, kept))
        except (OSError, TimeoutError) as error:
            if not self._failing:
                reason = getattr(error, "strerror", None) or type(error).__name__
                lost = "They serve, but a restart during an outage would begin without them"
                _log.warning("provider %s: its keys cannot be kept in state_dir: %s. %s", self._provider, reason, lost)
            self._failing = True
            return
        if self._failing:
            _log.warning("provider %s: its keys can be kept again", self._provider)
        self._failing, self._saved = False, (keys.revision, now)

    async def _called(self, call: Callable[[], Given]) -> Given:
        """What the store gives, in time."""
        async with asyncio.timeout(self._slowest):
            return await asyncio.get_running_loop().run_in_executor(self._store.thread, call)
