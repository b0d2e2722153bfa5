"""bridge/oidc/kept_keys.py: when a set is read and written, and what a folder that fails does to the keys: nothing."""

import asyncio
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import ProviderUnavailable
from bridge.oidc.jwks import Published, RemoteKeys
from bridge.oidc.kept_keys import RENEWAL, SLOWEST, KeptKeys
from bridge.oidc.key import from_jwk
from bridge.oidc.key_set import KeySet
from bridge.oidc.key_store import Kept, KeyStore
from bridge.oidc.settings import ProviderSettings
from tests.issuer import keys

SETTINGS = ProviderSettings.model_validate({"issuer": "https://login.shop.example", "audience": "chat"})


def key_set(*names: str) -> KeySet:
    """A set of these keys."""
    return KeySet([from_jwk(keys.public_jwk(name)) for name in names])


class CountingStore(KeyStore):
    """A store that says how often it was written, and can be slow."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder), ["k3J9xQ-nobody-could-guess"])
        self.saves = 0
        self.gate: threading.Event | None = None

    def save(self, *arguments: Any) -> None:
        """As the real one, when the gate is open."""
        self.saves += 1
        if self.gate is not None:
            self.gate.wait(10)
        super().save(*arguments)

    def load(self, *arguments: Any) -> Kept | None:
        """As the real one, when the gate is open."""
        if self.gate is not None:
            self.gate.wait(10)
        return super().load(*arguments)


class Shop:
    """A provider, its store, and both clocks, which move together unless one of them jumps."""

    def __init__(self, folder: Path) -> None:
        self.time = self.wall = 1_900_000_000.0
        self.published: KeySet | None = key_set("rsa")
        self.store = CountingStore(folder)
        self.begin()

    def begin(self, slowest: float = SLOWEST) -> None:
        """A new process."""
        self.remote = RemoteKeys(
            self._fetch, provider="shop", refresh=600, keep_stale=86400, cooldown=5, monotonic=lambda: self.time
        )
        self.kept = KeptKeys(self.store, "shop", SETTINGS, self.remote, now=lambda: self.wall, slowest=slowest)

    async def _fetch(self) -> Published:
        if self.published is None:
            raise ProviderUnavailable("connection refused")
        return Published(self.published)

    def pass_time(self, seconds: float) -> None:
        """On both clocks."""
        self.time += seconds
        self.wall += seconds

    async def refresh(self) -> None:
        """A fetch, and whatever is saved after it."""
        await self.remote._fetch_once()
        await self.kept._save()

    async def serves(self, kid: str = "rsa") -> bool:
        """Whether it has this key."""
        try:
            return bool(await self.remote.candidates(kid, frozenset({"RS256"})))
        except ProviderUnavailable:
            return False


async def test_a_process_that_starts_in_an_outage_serves(tmp_path: Path) -> None:
    """K10, O07: as old as the set is, and not a second longer than without the restart."""
    shop = Shop(tmp_path)
    await shop.refresh()
    shop.published = None
    shop.pass_time(80000)
    shop.begin()
    assert not await shop.serves()
    await shop.kept.restore()
    assert (await shop.serves(), shop.remote.age) == (True, 80000)
    shop.pass_time(6401)
    assert not await shop.serves()
    shop.begin()
    await shop.kept.restore()
    assert not await shop.serves()


@pytest.mark.parametrize(("jump", "serves"), [(-3600, False), (3600, True), (86400, False)])
async def test_a_clock_that_jumped(jump: float, serves: bool, tmp_path: Path) -> None:
    """Backwards, the set is from the future and its age unknown; forwards, it is older than it seems."""
    shop = Shop(tmp_path)
    await shop.refresh()
    shop.published = None
    shop.pass_time(60)
    shop.wall += jump
    shop.begin()
    await shop.kept.restore()
    assert await shop.serves() is serves


async def test_writes_changes_and_now_and_again_the_time(tmp_path: Path) -> None:
    """A refresh that brings the same is written once per RENEWAL; a new key at once."""
    shop = Shop(tmp_path)
    await shop.kept._save()
    assert shop.store.saves == 0
    for seconds, names, saves in (
        (0, ["rsa"], 1),
        (30, ["rsa"], 1),
        (30, ["rsa", "rsa2"], 2),
        (RENEWAL - 30, ["rsa", "rsa2"], 2),
        (30, ["rsa", "rsa2"], 3),
        (30, [], 4),
    ):
        shop.pass_time(seconds)
        shop.published = key_set(*names)
        await shop.refresh()
        assert shop.store.saves == saves
    shop.begin()
    await shop.kept.restore()
    assert shop.remote.keys is not None
    assert shop.remote.keys.keys == ()


async def test_keeps_for_as_long_as_it_runs(tmp_path: Path) -> None:
    """Each good fetch is looked at; what is at hand already is kept at once, for state_dir may be new."""
    shop = Shop(tmp_path)
    await shop.remote._fetch_once()
    keeping = asyncio.create_task(shop.kept.keep())
    for names in ([], ["rsa", "rsa2"]):
        for _ in range(500):
            if shop.store.saves == (2 if names else 1):
                break
            await asyncio.sleep(0.01)
        shop.published = key_set("rsa", "rsa2")
        await shop.remote._fetch_once()
    assert shop.store.saves == 2
    keeping.cancel()


async def test_what_was_taken_over_is_newer_than_what_was_kept(tmp_path: Path) -> None:
    """A reload reads nothing."""
    shop = Shop(tmp_path)
    await shop.refresh()
    shop.begin()
    shop.remote.restore(key_set("rsa2"), 0)
    await shop.kept.restore()
    assert shop.remote.keys is not None
    assert [key.kid for key in shop.remote.keys.keys] == ["rsa2"]


async def test_a_folder_that_fails_later_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The keys go on serving; when it is well again that is said too, and the set is kept."""
    shop = Shop(tmp_path)
    shutil.rmtree(tmp_path / "keys")
    for _ in range(3):
        await shop.refresh()
    assert caplog.text.count("cannot be kept in state_dir") == 1
    assert await shop.serves()
    (tmp_path / "keys").mkdir()
    await shop.refresh()
    assert "can be kept again" in caplog.text
    assert shop.store.load("shop", SETTINGS, shop.wall) is not None


async def test_a_folder_that_does_not_answer_holds_nobody_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One thread waits for it, however often a save is due; names are resolved in others."""
    shop = Shop(tmp_path)
    shop.begin(slowest=0.05)
    shop.store.gate = threading.Event()
    for names in (["rsa"], ["rsa2"], ["rsa", "rsa2"]):
        shop.published = key_set(*names)
        await shop.refresh()
    assert await shop.serves()
    assert "TimeoutError" in caplog.text
    assert shop.store.saves == 1
    shop.store.gate.set()
    shop.store.close()


async def test_a_folder_that_is_slow_to_read_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The service starts without what was kept."""
    shop = Shop(tmp_path)
    await shop.refresh()
    shop.begin(slowest=0.05)
    shop.store.gate = threading.Event()
    await shop.kept.restore()
    assert "not read within" in caplog.text
    assert shop.remote.keys is None
    shop.store.gate.set()
