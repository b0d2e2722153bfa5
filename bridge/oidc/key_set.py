"""A key set: which of its keys may have signed a token. Where it comes from, and how fresh it is, is ``jwks``'s."""

import logging
from collections.abc import Sequence
from typing import Any

from bridge import strict_json
from bridge.oidc.key import KeyUnusable, VerificationKey, from_jwk

_log = logging.getLogger(__name__)

MAX_KEYS = 256
"""Keys of a set that are read; real sets have fewer than twenty."""

MAX_CANDIDATES = 8
"""Signatures that one token can make us compute."""


class KeySet:
    """The usable keys of one document. Immutable; a refresh makes a new one."""

    def __init__(self, keys: Sequence[VerificationKey]) -> None:
        self.keys = tuple(keys)
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


def read_key_set(document: bytes, provider: str) -> KeySet:
    """The usable keys of a JWK set (RFC 7517 section 5); each unusable one is skipped with a warning.

    Raises:
        ValueError: Not a JWK set; the message says why.
    """
    members: Any = strict_json.loads(document)
    members = members.get("keys") if isinstance(members, dict) else None
    if not isinstance(members, list):
        raise ValueError("no JWK set: a JSON object with a list of keys was expected")  # noqa: TRY004 - of data, not of code
    if len(members) > MAX_KEYS:
        raise ValueError(f"a set of {len(members)} keys, at most {MAX_KEYS} are read")
    keys = []
    for position, member in enumerate(members):
        try:
            keys.append(from_jwk(member))
        except KeyUnusable as error:
            # A provider's encryption keys are no cause for alarm; anything else deserves a look.
            level = logging.DEBUG if "use" in str(error) else logging.WARNING
            _log.log(
                level,
                "provider %s: key %d of its set is not used: %s",
                provider,
                position,
                error,
                extra={"event": "key_unused", "provider": provider},
            )
        else:
            if isinstance(member, dict) and "d" in member:
                _log.warning(
                    "provider %s PUBLISHES THE PRIVATE KEY of key %d of its set",
                    provider,
                    position,
                    extra={"event": "private_key_published", "provider": provider},
                )
    if not keys:
        _log.warning(
            "provider %s: its key set has no usable key; all its tokens will be refused",
            provider,
            extra={"event": "no_usable_key", "provider": provider},
        )
    return KeySet(keys)


def unfit_key_set(text: str, provider: str) -> str:
    """Why a JWK set that an operator gave verifies nothing, or an empty text."""
    try:
        return "" if read_key_set(text.encode(), provider).keys else "a key set without a usable key"
    except ValueError as error:
        return str(error)
