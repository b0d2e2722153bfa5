"""A key set: which of its keys may have signed a token. Where it comes from, and how fresh it is, is ``jwks``'s."""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bridge import strict_json
from bridge.oidc.key import KeyForAnotherUse, KeyUnusable, VerificationKey, from_jwk

_log = logging.getLogger(__name__)

MAX_KEYS = 256
"""Keys of a set that are read; real sets have fewer than twenty."""

MAX_CANDIDATES = 8
"""Signatures that one token can make us compute."""


MAX_VALUES = 64 * MAX_KEYS
"""Members and items that are read in all; a key has about ten."""

LARGE = 64 * 1024
"""Bytes above which a fetched set is read in a thread. Entra's, the largest known, has about 20 KiB; a hostile one of
1 MiB takes a tenth of a second, for which nobody else should wait."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What whoever runs the bridge should know of a key set.

    Attributes:
        event: What the log calls it.
        said: What it is, to be read behind the provider's name.
        level: As the log grades it; below a warning it is ordinary.
    """

    event: Literal["key_unused", "private_key_published", "no_usable_key"]
    said: str
    level: int = logging.WARNING


class KeySet:
    """The usable keys of one document. Immutable; a refresh makes a new one.

    Attributes:
        keys: In the document's order.
        revision: Names the set by its content: the same keys have the same text in every process, whatever their order;
            empty where there are none.
    """

    def __init__(self, keys: Sequence[VerificationKey]) -> None:
        self.keys = tuple(keys)
        self.revision = _revision(self.keys)
        self._by_kid: dict[str | None, list[VerificationKey]] = {}
        for key in self.keys:
            self._by_kid.setdefault(key.kid, []).append(key)

    def names(self, kid: str | None) -> bool:
        """Whether a key has this very kid, so that a newer set would tell nothing else of it."""
        return kid is not None and kid in self._by_kid

    def candidates(self, kid: str | None, algorithms: frozenset[str]) -> Sequence[VerificationKey]:
        """The keys that may have made a signature (RFC 7517 section 4.5, OpenID Connect Core section 10.1).

        Those of this kid; failing that those without one; for a token without kid all. Only keys that take one
        of the algorithms. At most ``MAX_CANDIDATES``.
        """
        keys = self.keys if kid is None else self._by_kid.get(kid) or self._by_kid.get(None) or ()
        return [key for key in keys if not algorithms.isdisjoint(key.algorithms)][:MAX_CANDIDATES]


def _revision(keys: Sequence[VerificationKey]) -> str:
    fingerprints = sorted(key.fingerprint for key in keys)
    return hashlib.sha256("".join(fingerprints).encode()).hexdigest() if fingerprints else ""


def read_key_set(document: bytes, provider: str) -> KeySet:
    """The usable keys of a JWK set (RFC 7517 section 5); each unusable one is skipped with a warning.

    Raises:
        ValueError: Not a JWK set; the message says why.
    """
    keys, remarks = judged_key_set(document)
    return _with_remarks(keys, remarks, provider)


async def read_fetched_key_set(document: bytes, provider: str) -> KeySet:
    """The same for what a provider sent: of a size that no good one has, it is read beside the event loop.

    Raises:
        ValueError: Not a JWK set; the message says why.
    """
    if len(document) <= LARGE:
        return read_key_set(document, provider)
    keys, remarks = await asyncio.to_thread(judged_key_set, document)
    return _with_remarks(keys, remarks, provider)


def judged_key_set(document: bytes) -> tuple[KeySet, list[Remark]]:
    """The usable keys of a JWK set, and what is to be said of it; nothing is logged.

    Raises:
        ValueError: Not a JWK set; the message says why.
    """
    # A thread does not help against many values: the reader of JSON keeps the interpreter to itself until it is done.
    if sum(map(document.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise ValueError(f"more values than {MAX_KEYS} keys have")
    members: Any = strict_json.loads(document)
    members = members.get("keys") if isinstance(members, dict) else None
    if not isinstance(members, list):
        raise ValueError("no JWK set: a JSON object with a list of keys was expected")  # noqa: TRY004 - of data, not of code
    if len(members) > MAX_KEYS:
        raise ValueError(f"a set of {len(members)} keys, at most {MAX_KEYS} are read")
    keys, remarks = [], []
    for position, member in enumerate(members):
        try:
            keys.append(from_jwk(member))
        except KeyUnusable as error:
            level = logging.DEBUG if isinstance(error, KeyForAnotherUse) else logging.WARNING
            remarks.append(Remark("key_unused", f"key {position} of its set is not used: {error}", level))
        if isinstance(member, dict) and "d" in member:
            remarks.append(Remark("private_key_published", f"key {position} of its set is a PRIVATE KEY"))
    if not keys:
        said = "its key set has no usable key; all its tokens will be refused"
        remarks.append(Remark("no_usable_key", said))
    return KeySet(keys), remarks


def _with_remarks(keys: KeySet, remarks: list[Remark], provider: str) -> KeySet:
    """The keys, when what is to be said of their set was said: on the event loop, where the log is at home."""
    for each in remarks:
        _log.log(each.level, "provider %s: %s", provider, each.said, extra={"event": each.event, "provider": provider})
    return keys


def unfit_key_set(text: str) -> str:
    """Why a JWK set that an operator gave verifies nothing, or an empty text."""
    try:
        keys, _ = judged_key_set(text.encode())
    except ValueError as error:
        return str(error)
    return "" if keys.keys else "a key set without a usable key"
