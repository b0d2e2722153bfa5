"""The last good key set of each provider on disk, so that a process started in the middle of an outage serves.

Only public keys are written. A file counts only if it carries an authentication code made with a header token of this
configuration, names this provider and where its keys come from, and is no older than ``keep_stale`` by the wall clock;
any other is ignored with a warning. So whoever can write to the folder, but has no header token, cannot have a key of
his own trusted. He can remove a set, or put back an older one whose time is not over: a key that was retired meanwhile
is then trusted until the next good fetch, which is tried at every start. Whoever can write to the folder *and* has a
header token can have any key trusted, so folder and files belong to the service alone (0700, 0600).
"""

import hashlib
import hmac
import json
import logging
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bridge import strict_json
from bridge.oidc.key_set import KeySet, read_key_set
from bridge.oidc.settings import ProviderSettings
from bridge.private_file import NotAFile, read_file, replace_file

_log = logging.getLogger(__name__)

MAX_BYTES = 2 * 1024 * 1024
"""More than 256 of the largest keys take."""

_LEFTOVER = 3600.0  # seconds after which a half-written file is nobody's any more


class KeyStoreUnusable(Exception):
    """``state_dir`` cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A key set that was good once.

    Attributes:
        keys: Its usable keys.
        fetched_at: Seconds since the epoch at which its provider gave it.
    """

    keys: KeySet
    fetched_at: float


class KeyStore:
    """A folder with one small file for each provider; several processes may share it. Reading and writing block.

    Attributes:
        thread: Where to call ``load`` and ``save``. It is the store's own: a folder of a network that does not answer
            must not take the threads in which names are resolved.

    Args:
        state_dir: The folder ``keys`` is made in it.
        secrets: The header tokens. A file carries a code by each, and one that is still known is enough: tokens can
            be rotated.

    Raises:
        KeyStoreUnusable: The folder cannot be made or written to.
    """

    def __init__(self, state_dir: str, secrets: Iterable[str]) -> None:
        self.thread = ThreadPoolExecutor(1, "key store")
        self._folder = Path(state_dir) / "keys"
        # Stretched, so that a file tells whoever reads it nothing of a header token that he could have guessed.
        self._codes = [
            hashlib.scrypt(secret.encode(), salt=b"idp-bridge key store", n=4096, r=8, p=1, dklen=32)
            for secret in sorted(set(secrets))
        ]
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for leftover in self._folder.glob(".*"):
                if leftover.lstat().st_mtime < time.time() - _LEFTOVER:
                    leftover.unlink()
            with tempfile.TemporaryFile(dir=self._folder):
                pass
        except OSError as error:
            raise KeyStoreUnusable(
                f"state_dir {state_dir} cannot be written to: {error.strerror or type(error).__name__}. "
                "Give it to the bridge's user, name another folder, or remove state_dir."
            ) from None

    def close(self) -> None:
        """Begins nothing more; what is being written is finished."""
        self.thread.shutdown(wait=False, cancel_futures=True)

    def load(self, provider: str, settings: ProviderSettings, now: float) -> Kept | None:
        """What was saved last for this provider as it is configured, if it may serve; a warning says why it may not.

        Args:
            provider: Its name.
            settings: Its settings.
            now: Seconds since the epoch.
        """
        try:
            return self._read(provider, settings, now)
        except FileNotFoundError:
            return None
        except OSError as error:
            reason = f"it cannot be read: {error.strerror or type(error).__name__}"
        except (ValueError, KeyError, TypeError) as error:
            reason = str(error) if isinstance(error, _Unfit) else "it is damaged"
        _log.warning(
            "provider %s: its kept key set is ignored, %s (%s)",
            provider,
            reason,
            self._file(provider),
            extra={"event": "kept_keys_ignored", "provider": provider},
        )
        return None

    def save(self, provider: str, settings: ProviderSettings, kept: Kept) -> None:
        """Keeps a set in place of the last one. A reader sees one or the other, also after a power cut.

        Raises:
            OSError: It cannot be written.
        """
        document = {
            "provider": provider,
            "source": settings.key_source,
            "fetched_at": kept.fetched_at,
            "keys": [key.as_jwk() for key in kept.keys.keys],
        }
        body = json.dumps(document).encode()
        head = b" ".join(self._code(secret, body) for secret in self._codes)
        replace_file(self._file(provider), head + b"\n" + body)

    def _read(self, provider: str, settings: ProviderSettings, now: float) -> Kept:
        try:
            content, _ = read_file(self._file(provider), MAX_BYTES)
        except NotAFile:
            raise _Unfit("it is no file") from None
        if len(content) > MAX_BYTES:
            raise _Unfit(f"it has more than {MAX_BYTES} bytes")
        head, _, body = content.partition(b"\n")
        ours = {self._code(secret, body) for secret in self._codes}
        if not any(hmac.compare_digest(theirs, code) for theirs in head.split(b" ")[:64] for code in ours):
            raise _Unfit("it is damaged, or was written with header tokens that are no longer configured")
        document = strict_json.loads(body)
        if (document["provider"], document["source"]) != (provider, settings.key_source):
            raise _Unfit("it was kept for another issuer or jwks.url")
        fetched_at = document["fetched_at"]
        if fetched_at > now:
            # Of unknown age: a clock was wrong, then or now.
            raise _Unfit(f"it is {fetched_at - now:.0f} s from the future. Is the clock right?")
        if now - fetched_at > settings.jwks.keep_stale:
            raise _Unfit(f"it is {now - fetched_at:.0f} s old, jwks.keep_stale is {settings.jwks.keep_stale:.0f} s")
        return Kept(read_key_set(body, provider), fetched_at)

    def _file(self, provider: str) -> Path:
        return self._folder / f"{provider}.json"

    @staticmethod
    def _code(secret: bytes, body: bytes) -> bytes:
        return hmac.new(secret, body, "sha256").hexdigest().encode()


class _Unfit(ValueError):
    """A file that may not serve; the message says why."""
