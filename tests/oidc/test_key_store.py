"""bridge/oidc/key_store.py: what is kept on disk, and what of it is believed."""

import json
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.oidc.key import from_jwk
from bridge.oidc.key_set import KeySet
from bridge.oidc.key_store import MAX_BYTES, Kept, KeyStore, KeyStoreUnusable
from bridge.oidc.settings import ProviderSettings
from tests.issuer import keys

SECRET, OTHER = "k3J9xQ-nobody-could-guess", "p8Lm2Z-nobody-could-guess"
NOW = 1_900_000_000.0
SET = KeySet([from_jwk(keys.public_jwk(name)) for name in keys.GOOD])


def settings(issuer: str = "https://login.shop.example", **members: object) -> ProviderSettings:
    """A provider's settings."""
    return ProviderSettings.model_validate({"issuer": issuer, "audience": "chat", **members})


def kept(folder: Path, *secrets: str) -> Path:
    """The file in which a store has kept the good set, fetched just now."""
    KeyStore(str(folder), secrets or (SECRET,)).save("shop", settings(), Kept(SET, NOW))
    return folder / "keys" / "shop.json"


def test_gives_back_what_was_kept(tmp_path: Path) -> None:
    """Every kind of key, and the time; another process with the same header token reads it."""
    kept(tmp_path)
    for store in (KeyStore(str(tmp_path), [SECRET]), KeyStore(str(tmp_path), [OTHER, SECRET])):
        found = store.load("shop", settings(), NOW + 60)
        assert found is not None
        assert (found.keys.revision, found.fetched_at) == (SET.revision, NOW)
    assert store.load("other", settings(), NOW) is None


def test_an_empty_set_is_kept_too(tmp_path: Path) -> None:
    """K13: a provider that withdrew all its keys must not have them back by a restart."""
    store = KeyStore(str(tmp_path), [SECRET])
    store.save("shop", settings(), Kept(KeySet([]), NOW))
    found = store.load("shop", settings(), NOW)
    assert found is not None
    assert found.keys.keys == ()


def test_belongs_to_its_owner_and_holds_public_keys_only(tmp_path: Path) -> None:
    """Neither a private member that a provider published by mistake nor a header token is in it."""
    store = KeyStore(str(tmp_path / "new" / "state"), [SECRET])
    private = keys.private_jwk("rsa")
    store.save("shop", settings(), Kept(KeySet([from_jwk(private)]), NOW))
    file = tmp_path / "new" / "state" / "keys" / "shop.json"
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = file.read_text()
    assert private["n"] in content
    assert not [name for name in ("d", "p", "q", "dp", "dq", "qi") if private.get(name, SECRET) in content]
    assert SECRET not in content
    assert [each.name for each in file.parent.iterdir()] == ["shop.json"]


def rewritten(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    """Does something to the file's content."""
    return lambda file: file.write_bytes(change(file.read_bytes()))


def replaced(make: Callable[[Path], object]) -> Callable[[Path], object]:
    """Puts something else in the file's place."""

    def change(file: Path) -> None:
        file.rename(file.with_name("moved"))
        make(file)

    return change


def with_another_key(content: bytes) -> bytes:
    """The document with one key more, under the codes of the old one."""
    head, _, body = content.partition(b"\n")
    document = json.loads(body)
    document["keys"].append(keys.public_jwk("rsa2"))
    return head + b"\n" + json.dumps(document).encode()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": rewritten(lambda _: b""),
    "cut short": rewritten(lambda content: content[:-1]),
    "half of it": rewritten(lambda content: content[: len(content) // 2]),
    "one bit": rewritten(lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]),
    "a key of somebody's": rewritten(with_another_key),
    "no code": rewritten(lambda content: b"\n" + content.partition(b"\n")[2]),
    "another's code": rewritten(lambda content: b"0" * 64 + content[64:]),
    "no line": rewritten(lambda content: content.replace(b"\n", b"")),
    "too large": rewritten(lambda content: content + b" " * MAX_BYTES),
    "not text": rewritten(lambda _: bytes(range(256))),
    "a folder": replaced(lambda file: file.mkdir()),
    "a pipe": replaced(os.mkfifo),
    "a link": replaced(lambda file: file.symlink_to(file.with_name("moved"))),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_file_that_is_not_whole_is_ignored(
    damage: Callable[[Path], object], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning, which names the file; the next good set takes its place where it can."""
    damage(kept(tmp_path))
    assert KeyStore(str(tmp_path), [SECRET]).load("shop", settings(), NOW) is None
    assert len(caplog.records) == 1
    assert str(tmp_path / "keys" / "shop.json") in caplog.text


@pytest.mark.parametrize(
    ("secrets", "load_as", "at", "reason"),
    [
        ([OTHER], settings(), 0, "no longer configured"),
        ([], settings(), 0, "no longer configured"),
        ([SECRET], settings("https://login.other.example"), 0, "another issuer"),
        ([SECRET], settings(jwks={"url": "https://login.shop.example/keys"}), 0, "another issuer or jwks.url"),
        ([SECRET], settings(http={"insecure": True}), 0, "another issuer"),
        ([SECRET], settings(), 86401, "86401 s old"),
        ([SECRET], settings(jwks={"keep_stale": "1h"}), 3601, "3600 s"),
        ([SECRET], settings(), -1, "Is the clock right?"),
    ],
)
def test_a_set_that_is_not_ours_or_not_of_now_is_ignored(
    secrets: list[str],
    load_as: ProviderSettings,
    at: float,
    reason: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Written by somebody without a header token, for other settings, too old, or from the future."""
    kept(tmp_path)
    assert KeyStore(str(tmp_path), secrets).load("shop", load_as, NOW + at) is None
    assert reason in caplog.text


@pytest.mark.parametrize(
    ("load_as", "at"),
    [
        (settings(), 0),
        (settings(), 86400),
        (settings(jwks={"keep_stale": "3d", "refresh": "1m"}), 2 * 86400),
        (settings(http={"timeout": "1s"}, audience="other"), 60),
    ],
)
def test_what_an_operator_mends_in_an_outage_loses_nothing(
    load_as: ProviderSettings, at: float, tmp_path: Path
) -> None:
    """Times, limits and everything that does not say whose keys they are."""
    kept(tmp_path)
    assert KeyStore(str(tmp_path), [SECRET]).load("shop", load_as, NOW + at) is not None


def test_another_providers_file_is_ignored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Also where both have the same issuer: a name of its own is a trust of its own."""
    kept(tmp_path).rename(tmp_path / "keys" / "staff.json")
    assert KeyStore(str(tmp_path), [SECRET]).load("staff", settings(), NOW) is None
    assert "another issuer" in caplog.text


def test_header_tokens_can_be_rotated(tmp_path: Path) -> None:
    """While both are listed each set is good under either, so it is found when the old one is gone."""
    kept(tmp_path, SECRET, OTHER)
    assert KeyStore(str(tmp_path), [OTHER]).load("shop", settings(), NOW) is not None


@pytest.mark.parametrize("where", ["a file", "below a file", "a file named keys"])
def test_a_folder_that_cannot_be_used_is_a_sentence(where: str, tmp_path: Path) -> None:
    """Which, why, and what to do."""
    (tmp_path / "file").touch()
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "keys").touch()
    state_dir = tmp_path / {"a file": "file", "below a file": "file/state", "a file named keys": "state"}[where]
    with pytest.raises(KeyStoreUnusable, match=r"state_dir .* cannot be written to: .*Give it to the bridge's user"):
        KeyStore(str(state_dir), [SECRET])


def test_half_written_files_are_swept_up(tmp_path: Path) -> None:
    """What a killed process left, once it is certain that nobody writes it any more."""
    folder = kept(tmp_path).parent
    old, new = folder / ".shop.old", folder / ".shop.new"
    for leftover in (old, new):
        leftover.touch()
    os.utime(old, (time.time() - 7200,) * 2)
    store = KeyStore(str(tmp_path), [SECRET])
    assert (old.exists(), new.exists()) == (False, True)
    assert store.load("shop", settings(), NOW) is not None


def test_a_write_that_fails_leaves_the_last_set(tmp_path: Path) -> None:
    """And nothing half-written."""
    folder = kept(tmp_path).parent
    store = KeyStore(str(tmp_path), [SECRET])
    (folder / "staff.json").mkdir()
    with pytest.raises(OSError, match="directory"):
        store.save("staff", settings(), Kept(SET, NOW))
    assert sorted(each.name for each in folder.iterdir()) == ["shop.json", "staff.json"]
    assert store.load("shop", settings(), NOW) is not None
