"""What decides a callback's answers, as one hash: who has the same one may take another's answers.

It is part of every cache key, so that a reload that changes nothing empties nothing, one that changes something never
serves what was true before, and replicas with one configuration share. It is a secret too, for it is made of the header
tokens and the providers' secrets, and what is shared is sealed with it (``sealed_answer``).
"""

import json
from hashlib import sha256
from typing import Any, Final

from pydantic import SecretStr

from bridge import __version__
from bridge.config.config_file import ConfigFile
from bridge.config.entries import CallbackEntry

# What is left out says how, when or how often, never who the visitor is. All else counts, and a new setting does by
# itself: what counts though it need not costs a cache that is filled again; the other way round would cost more.
_OF_THE_FILE: Final = {
    "callback", "callbacks", "providers", "server", "admin", "log", "limits", "cache", "state_dir", "audit", "traces"
}  # fmt: skip
_OF_A_CALLBACK: Final = {
    "path", "providers", "allow_from", "failure_status", "anonymous", "absent", "phone_format", "domains", "messages"
}  # fmt: skip
_OF_A_PROVIDER: Final = {"requests", "max_uses"}


def decides(file: ConfigFile, entry: CallbackEntry, version: str = __version__) -> bytes:
    """SHA-256 of all that decides the answers of one callback: 32 bytes, the same in every process.

    Args:
        file: The configuration, secrets resolved; where they are not, their stand-ins count.
        entry: The callback.
        version: Of the bridge: another may map the same claims otherwise, and its presets may say something else.
    """
    providers = {name: file.providers[name] for name in file.providers_of(entry)}
    deciding = {
        "version": version,
        "file": file.model_dump(exclude=_OF_THE_FILE),
        "callback": entry.model_dump(exclude=_OF_A_CALLBACK),
        "providers": {name: one.model_dump(exclude=_OF_A_PROVIDER) for name, one in providers.items()},
        "several": len(file.providers) > 1,  # a mapping for all is read otherwise where there is one provider
    }
    return sha256(json.dumps(deciding, sort_keys=True, default=_plain).encode()).digest()


def _plain(value: Any) -> Any:
    """What JSON has no word for: secrets."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    raise TypeError(f"{type(value).__name__} cannot be told apart")
