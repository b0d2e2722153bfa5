"""A new configuration without a restart: its files are watched, and SIGHUP asks for a look at once.

The files are read again every second and compared by content. That sees whatever way a file changes: an editor's new
file in the old one's place, the symbolic link that Kubernetes swaps, a network's file system that tells nobody. A
handful of small files costs less than half a millisecond of each second, in a thread.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bridge.config.digests import UNREADABLE, differ, digests_now
from bridge.config.load import InvalidConfiguration, Loaded
from bridge.config.model import Model
from bridge.oidc.key_store import KeyStoreUnusable
from bridge.server.counts import ReloadState
from bridge.server.event_log import EventLog, trace_of

LOOK = 1.0
"""Seconds between two looks at the files."""

SETTLED = 0.2
"""Seconds for which the files must hold the same before they are read: half a file may be a good configuration too."""

MOST_PROBLEMS = 20
"""Problems of a bad file that are told; ``idp-bridge check`` tells all."""

LIVE = {"server": {"grace", "trusted_proxies"}, "admin": set[str](), "log": {"level"}}
"""Of these sections only these keys take effect without a restart; of all others but ``FIXED`` every key does."""

FIXED = ("state_dir", "audit", "traces")
"""What is opened at start, and stays as it is."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a configuration comes from.

    Attributes:
        loaded: What it came to at start.
        load: Reads it anew, as it was read at start; raises ``InvalidConfiguration`` and ``OSError``.
        problems: What is wrong with the file, where the last good configuration was started with in its place.
        keep: Keeps what was taken for such a start; raises ``OSError``.
    """

    loaded: Loaded
    load: Callable[[], Loaded]
    problems: tuple[str, ...] = ()
    keep: Callable[[Loaded], None] | None = None


class Reload:
    """Puts a new configuration in place of the running one when its files change.

    Args:
        source: Where the configuration comes from.
        put: Has a configuration answer from now on; whatever it raises, the one before goes on.
        log: Where events go.
        state: Where it keeps how it went.
        now: Seconds since the epoch.
    """

    def __init__(
        self,
        source: Source,
        put: Callable[[Model], Awaitable[None]],
        *,
        log: EventLog,
        state: ReloadState,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._load = source.load
        self._model = source.loaded.model
        self._running = self._seen = source.loaded.files
        self._cut: tuple[str, ...] = ()
        self._put = put
        self._log = log
        self._now = now
        self._asked = asyncio.Event()
        self.state = state
        state.loaded_at = now()

    def look_now(self) -> None:
        """Reads the files at once, and says what came of it even if they are as they were."""
        self._asked.set()

    async def watch(self) -> None:
        """Watches the files until cancelled."""
        self._say_cut(self._source.loaded)
        if self._source.problems:
            self._started_with_last_good(self._source.problems)
        else:
            await self._keep(self._source.loaded)
        while True:
            try:
                asked = await self._asked_within(LOOK)
                if asked or await asyncio.to_thread(differ, self._seen):
                    await self._settle()
                    await self.reload()
            except Exception as error:  # noqa: BLE001 - a look that fails (no thread to be had) is not the last one
                self._defect(error)

    async def reload(self) -> None:
        """Reads the files once; a good configuration that is another than the running one takes its place."""
        began = time.monotonic()
        try:
            loaded = await asyncio.to_thread(self._load)
            self._seen = loaded.files
            if loaded.files == self._running:
                self._ended(ok=True)
                self._log.write(logging.INFO, "reload_unchanged")
                return
            model = with_fixed(self._model, loaded.model)
            await self._put(model)
        except InvalidConfiguration as invalid:
            self._seen = invalid.files
            self._failed([str(problem) for problem in invalid.problems])
        except KeyStoreUnusable as error:
            self._failed([str(error)])
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the new one, the running one goes on
            if isinstance(error, OSError) and error.filename is not None:
                # No such file, not ours to read, a device that fails, no descriptor left: the system's, not ours.
                self._seen = {**self._seen, Path(error.filename): UNREADABLE}
                self._failed([f"{error.filename}: cannot be read: {error.strerror}"])
                return
            self._defect(error)
            self._failed([f"a defect of the bridge ({type(error).__name__}): please report it"])
        else:
            self._succeeded(loaded, model, time.monotonic() - began)
            await self._keep(loaded)

    async def _asked_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._asked.wait()
        except TimeoutError:
            return False
        self._asked.clear()
        return True

    async def _settle(self) -> None:
        """Returns when the files hold what they held a moment ago."""
        while True:
            before, self._seen = self._seen, await asyncio.to_thread(digests_now, self._seen)
            if self._seen == before:
                return
            await asyncio.sleep(SETTLED)

    async def _keep(self, taken: Loaded) -> None:
        """Keeps what was taken for a later start with a bad file; a folder that fails is no reason to stop serving."""
        if self._source.keep is None:
            return
        try:
            await asyncio.to_thread(self._source.keep, taken)
        except OSError as error:
            reason = f"{error.filename}: {error.strerror or type(error).__name__}"
            hint = "A start with a bad configuration would have an older one, or none. Look at the folder."
            self._log.write(logging.WARNING, "last_good_not_kept", reason=reason, hint=hint)

    def _started_with_last_good(self, problems: tuple[str, ...]) -> None:
        shown = problems[:MOST_PROBLEMS]
        self.state.failed += 1
        self._ended(ok=False, problems=shown)
        hint = "An earlier configuration answers. Mend the file: it is read again when it changes."
        self._log.write(logging.ERROR, "started_with_last_good", count=len(problems), problems=shown, hint=hint)

    def _succeeded(self, loaded: Loaded, model: Model, seconds: float) -> None:
        fixed = list(restart_needed(self._model, loaded.model))
        self._model, self._running = model, loaded.files
        self.state.loaded_at = self._now()
        self.state.succeeded += 1
        self._ended(ok=True)
        warnings = [str(warning) for warning in loaded.warnings[:MOST_PROBLEMS]]
        told = {"warnings": warnings} if warnings else {}
        self._log.write(logging.INFO, "reloaded", seconds=round(seconds, 3), **told)
        for key in fixed:
            hint = "It stays as it is. Restart the bridge to apply it."
            self._log.write(logging.WARNING, "restart_needed", key=key, hint=hint)
        self._say_cut(loaded)

    def _say_cut(self, loaded: Loaded) -> None:
        """Names the secrets that are a line break shorter than their files, once (THREATS.md O14)."""
        if loaded.cut and loaded.cut != self._cut:
            hint = "The line break at the end of the file is no part of the secret."
            self._log.write(logging.INFO, "line_break_cut", keys=loaded.cut, hint=hint)
        self._cut = loaded.cut

    def _failed(self, problems: list[str]) -> None:
        shown = problems[:MOST_PROBLEMS]
        self.state.failed += 1
        self._ended(ok=False, problems=tuple(shown))
        hint = "The configuration before goes on. Mend the file: it is read again when it changes."
        self._log.write(logging.ERROR, "reload_failed", count=len(problems), problems=shown, hint=hint)

    def _defect(self, error: Exception) -> None:
        self._log.write(logging.ERROR, "internal_error", trace=trace_of(error))

    def _ended(self, *, ok: bool, problems: tuple[str, ...] = ()) -> None:
        self.state.last_at = self._now()
        self.state.last_ok = ok
        self.state.problems = problems


def restart_needed(running: Model, new: Model) -> Iterator[str]:
    """The keys that differ and cannot change while the service runs."""
    for section, live in LIVE.items():
        was, wanted = getattr(running, section), getattr(new, section)
        for key in type(was).model_fields:
            if key not in live and getattr(was, key) != getattr(wanted, key):
                yield f"{section}.{key}"
    for key in FIXED:
        if getattr(running, key) != getattr(new, key):
            yield key


def with_fixed(running: Model, new: Model) -> Model:
    """The new configuration with what cannot change as it is."""
    sections = {
        section: getattr(running, section).model_copy(update={key: getattr(getattr(new, section), key) for key in live})
        for section, live in LIVE.items()
    }
    return replace(new, **{key: getattr(running, key) for key in FIXED}, **sections)
