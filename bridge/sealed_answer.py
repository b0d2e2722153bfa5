"""An answer as it lies in a store that others can read and write: useless without the token, and not to be forged.

The key of an entry comes from the token (HKDF, RFC 5869), so that whoever reads the store without the token has noise.
Its salt is ``decides``, the hash of all that decides the callback's answers, header tokens and secrets among it: who
can write to the store, and even has a token of his own, but not the configuration, cannot make an entry that is taken.
An entry is sealed (AES-GCM) for its own name, so none can be put in another's place.
"""

import json
from dataclasses import asdict
from hashlib import sha256
from secrets import token_bytes
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bridge.access_token import AccessToken
from bridge.answer_cache import CacheKey, Entry
from bridge.chat_user import ChatUser, Phone
from bridge.provenance import Provenance

VERSION = b"cxgenie-idp-bridge answer 1"
"""Part of every key: an entry of another form cannot be opened."""

MAX_SEALED = 16 * 1024
"""Bytes of an entry: every field of a chat user is bounded, and all of them together are less.

Whose token it was is as long as the provider says it is: an entry that is larger for that is not kept in the store."""

_NONCE = 12  # bytes (NIST SP 800-38D section 8.2); random, for a key seals a handful of entries at most


class Unreadable(Exception):
    """Not an entry that this configuration sealed under this name for this token."""


def name_of(key: CacheKey) -> bytes:
    """Under what an entry lies: from it follows neither the token nor, by way of its digest, the entry's key."""
    callback, digest, decides = key
    return b"cxgenie-idp-bridge:" + sha256(b"name" + digest + decides + callback.encode()).hexdigest().encode()


def seal(entry: Entry, token: AccessToken, key: CacheKey) -> bytes:
    """The entry for the store."""
    nonce = token_bytes(_NONCE)
    return nonce + _cipher(token, key).encrypt(nonce, json.dumps(asdict(entry)).encode(), name_of(key))


def unseal(sealed: bytes, token: AccessToken, key: CacheKey) -> Entry:
    """The entry that was sealed.

    Raises:
        Unreadable: It is damaged, of somebody else, of another version, or too large.
    """
    if len(sealed) > MAX_SEALED:
        raise Unreadable
    try:
        plain = _cipher(token, key).decrypt(sealed[:_NONCE], sealed[_NONCE:], name_of(key))
    except (InvalidTag, ValueError):  # ValueError: not even a nonce
        raise Unreadable from None
    return _entry(**json.loads(plain))


def _entry(user: dict[str, Any], provenance: dict[str, Any], **members: Any) -> Entry:
    phone = user.pop("phone")
    known = ChatUser(**user, phone=None if phone is None else Phone(**phone))
    return Entry(known, provenance=Provenance(**provenance), **members)


def _cipher(token: AccessToken, key: CacheKey) -> AESGCM:
    callback, _, decides = key
    derived = HKDF(SHA256(), length=32, salt=decides, info=VERSION + b" " + callback.encode())
    return AESGCM(derived.derive(token.text.encode()))
