"""Names that stand for persons: keyed hashes, which tell nothing without their key."""

import hashlib
import hmac

_DIGITS = 32
"""Hexadecimal digits of a hash: half of SHA-256, as few as RFC 2104 section 5 recommends."""


class Pseudonyms:
    """Names that stand for persons under one key.

    Args:
        key: ``audit.key``.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.key_name = self._hash("key")[:8]

    def subject(self, issuer: str, subject: str) -> str:
        """Of a visitor at an identity provider."""
        return self._hash("subject", issuer, subject)

    def id(self, value: str) -> str:
        """Of ``data.id``, letter by letter."""
        return self._hash("id", value)

    def email(self, value: str) -> str:
        """Of an address, in whatever case and between whatever blanks."""
        return self._hash("email", value.strip().lower())

    def phone(self, value: str) -> str:
        """Of a number in its international form; blanks, hyphens, dots, brackets and slashes do not matter."""
        return self._hash("phone", "".join(value.split()).translate(_BETWEEN_DIGITS))

    def _hash(self, *parts: str) -> str:
        said = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, said, hashlib.sha256).hex()[:_DIGITS]


_BETWEEN_DIGITS = str.maketrans("", "", "-./()")
