"""Who calls: only CX Genie's server knows the header token."""

import hmac
import re
from collections.abc import Sequence
from hashlib import sha256

from bridge.errors import CallerUnauthorized

# One or two words of visible ASCII without commas, which would make it a list (RFC 9110 section 5.6.1). The vendor
# writes the secret first, the rest of the world the scheme (RFC 9110 section 11.4); blanks and tabs may surround them.
_WORD = rb"([!-+\--~]+)"
_FORM = re.compile(rb"[ \t]*+" + _WORD + rb"(?:[ \t]++" + _WORD + rb")?+[ \t]*+")

_ROOM = 256
"""Bytes that an ``Authorization`` value may have beyond the longest secret: the scheme, and blanks."""


class HeaderTokens:
    """The secrets of one callback, of which a caller must show one.

    Only their SHA-256 digests are kept: digests are equally long, so a comparison in constant time gives away not even
    the length of a secret, and there is nothing to print.

    Args:
        secrets: Visible ASCII without blanks or commas, several while rotating. Without any, everybody is refused.
    """

    __slots__ = ("_digests", "_longest")

    def __init__(self, secrets: Sequence[str]) -> None:
        self._digests = tuple(sha256(secret.encode()).digest() for secret in secrets)
        self._longest = max(map(len, secrets), default=0) + _ROOM

    def check(self, authorization: Sequence[bytes]) -> None:
        """Lets the caller pass, or not (CONTRACT.md, "The request").

        The forms are ``SECRET Bearer``, ``Bearer SECRET`` and ``SECRET``, the scheme in any case. Every failure costs
        one digest and one comparison with every secret, and is told apart in the log only (CWE-208).

        Args:
            authorization: The values of all ``Authorization`` headers of the request.

        Raises:
            CallerUnauthorized: Missing, repeated, of another form, or not one of the secrets.
        """
        shown, fault = self._untrusted_secret(authorization)
        digest = sha256(shown).digest()
        known = False
        for expected in self._digests:
            known |= hmac.compare_digest(expected, digest)
        if fault or not known:
            raise CallerUnauthorized(
                fault or "the header token is none of this callback's",
                hint='the "Header token" typed into CX Genie and this callback\'s header_token must be the same',
            )

    def _untrusted_secret(self, authorization: Sequence[bytes]) -> tuple[bytes, str]:
        """What the caller shows, and what is wrong with its form ("" if nothing); a faulty form shows nothing."""
        if len(authorization) != 1:
            return b"", f"{len(authorization)} Authorization headers, 1 was expected"
        value = authorization[0]
        if len(value) > self._longest:
            return b"", "the Authorization header is longer than any header token"
        form = _FORM.fullmatch(value)
        if form is None:
            return b"", "the Authorization header holds no header token"
        first, second = form.groups()
        if second is None or second.lower() == b"bearer":
            return first, ""
        if first.lower() == b"bearer":
            return second, ""
        return b"", "the Authorization header is of another scheme than Bearer"
