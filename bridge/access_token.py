"""What the visitor brought: one string that must never be printed."""

import hashlib
import string

# RFC 6750 section 2.1: b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
_ALPHABET = (string.ascii_letters + string.digits + "-._~+/").encode("ascii")


class AccessToken:
    """A token of RFC 6750's ``b64token`` syntax; hides itself wherever it might be shown.

    Attributes:
        text: The token itself. Hand it to cryptography and to its own provider, to nothing else.
        looks_like_jwt: Whether it must be a JWT: three dot-separated parts, or anything that begins as a JSON object in
            base64url does (``eyJ``) and has a dot. Such a token is never treated as opaque (CONFIG.md, "Which token").

    Raises:
        ValueError: The text is not of that syntax.
    """

    __slots__ = ("_digest", "looks_like_jwt", "text")

    def __init__(self, text: str) -> None:
        # Deleting what is allowed and seeing whether anything stays costs half of what a regular expression does.
        unpadded = text.rstrip("=")
        if not unpadded or not text.isascii() or unpadded.encode("ascii").translate(None, _ALPHABET):
            raise ValueError("not b64token syntax")
        self.text = text
        dots = text.count(".")
        self.looks_like_jwt = dots == 2 or (dots > 0 and text.startswith("eyJ"))
        self._digest: bytes | None = None

    @property
    def digest(self) -> bytes:
        """SHA-256 of the whole token, 32 bytes: the key of every cache (THREATS.md U15); computed once."""
        if self._digest is None:
            self._digest = hashlib.sha256(self.text.encode("ascii")).digest()
        return self._digest

    @property
    def signed_digest(self) -> bytes:
        """SHA-256 of a verified JWT without its signature, 32 bytes: the same for all texts of one such token.

        Whoever has an ECDSA signature (r, s) has (r, n - s) too, which is as good (THREATS.md J37).
        """
        return hashlib.sha256(self.text.rpartition(".")[0].encode("ascii")).digest()

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that tell tokens apart in a log and give nothing away."""
        return self.digest[:6].hex()

    def __repr__(self) -> str:
        return f"AccessToken(<{len(self.text)} characters, {self.fingerprint}>)"
