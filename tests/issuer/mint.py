"""Tokens, good and bad: header and payload are whatever the test says, down to the bytes.

    sign({"alg": "RS256", "kid": "rsa"}, good_claims(issuer, aud="other"), "rsa")
    sign('{"alg":"none","alg":"RS256"}', good_claims(issuer), "rsa", algorithm="RS256")

Signing is RFC 7515 section 5.1 over ``cryptography`` and nothing else.
"""

import hashlib
import hmac
import json
import secrets
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.issuer.keys import Key, TextbookRsa, base64url
from tests.issuer.keys import key as named_key

AUDIENCE = "chat"
"""The audience of a good token."""

MINTED: deque[str] = deque(maxlen=20_000)
"""The payload and the signature of each token that was made of late: whoever prints one has leaked it."""

PERSONS: deque[str] = deque(maxlen=20_000)
"""The values of ``PERSONAL`` claims in tokens of late, if they are long enough to be nothing else."""

PERSONAL = ("sub", "email", "name", "given_name", "family_name", "preferred_username", "phone_number", "picture")
"""Claims that say who a visitor is."""

_HASHES: Mapping[str, type[hashes.HashAlgorithm]] = {
    "1": hashes.SHA1,
    "256": hashes.SHA256,
    "384": hashes.SHA384,
    "512": hashes.SHA512,
}
# RFC 8017 section 9.2, note 1: DigestInfo without the digest.
_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


class Raw(str):
    """JSON text that goes into a token as it stands: ``good_claims(issuer, exp=Raw("1e999"))``."""

    __slots__ = ()


class At(int):
    """A NumericDate that many seconds from now, whenever the token is made: ``good_claims(issuer, exp=At(-31))``."""

    __slots__ = ()


def to_json(value: Any) -> bytes:
    """Compact JSON; members that are ``Raw`` go in as they are; text and bytes pass unchanged."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if not isinstance(value, Mapping):
        return json.dumps(value).encode()
    members = (
        f"{json.dumps(name)}:{member if isinstance(member, Raw) else json.dumps(member, separators=(',', ':'))}"
        for name, member in value.items()
    )
    return f"{{{','.join(members)}}}".encode("utf-8", "surrogatepass")


def good_claims(issuer: str, **members: Any) -> dict[str, Any]:
    """Claims that an honest issuer would give right now, for one hour.

    Args:
        issuer: ``iss``.
        members: More claims, or other values for those that are there; ``...`` removes one, ``At`` counts from now.
    """
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": "visitor-1",
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 3600,
        "jti": secrets.token_hex(8),
    }
    claims |= members
    return {name: now + value if isinstance(value, At) else value for name, value in claims.items() if value is not ...}


def good_header(algorithm: str = "RS256", kid: str | None = "rsa", **members: Any) -> dict[str, Any]:
    """A plain header; ``...`` removes a member, ``kid=None`` leaves it out."""
    header = {"alg": algorithm, "typ": "JWT"} | ({} if kid is None else {"kid": kid}) | members
    return {name: value for name, value in header.items() if value is not ...}


def good_token(issuer: str, **members: Any) -> str:
    """The baseline: RS256 under the issuer's first key."""
    return sign(good_header(), good_claims(issuer, **members), "rsa")


def sign(
    header: Mapping[str, Any] | str | bytes, payload: Any, key: str | Key | None, *, algorithm: str | None = None
) -> str:
    """A compact JWS (RFC 7515 section 7.1), truly signed.

    Args:
        header: An object, or the raw JSON text.
        payload: An object (see ``Raw``), any other JSON value, or raw text or bytes.
        key: A key's name, a key, the bytes of an HMAC secret, or ``None`` for an empty signature.
        algorithm: What to sign with, where that is not the header's own ``alg``.
    """
    signing_input = f"{base64url(to_json(header))}.{base64url(to_json(payload))}"
    _remember(signing_input.partition(".")[2], payload)
    if key is None:
        return f"{signing_input}."
    if algorithm is None:
        if not isinstance(header, Mapping):
            raise TypeError("a raw header needs an algorithm")
        algorithm = header["alg"]
    token = f"{signing_input}.{base64url(signature(algorithm, key, signing_input.encode()))}"
    MINTED.append(token.rpartition(".")[2])
    return token


def _remember(written: str, payload: Any) -> None:
    MINTED.append(written)
    if isinstance(payload, Mapping):
        values = [payload.get(name) for name in PERSONAL]
        PERSONS.extend(value for value in values if isinstance(value, str) and len(value) >= 8)


def signature(algorithm: str, key: str | Key, data: bytes) -> bytes:
    """The signature value of RFC 7518 section 3, RFC 8037 or RFC 9864; ``RS1`` and ``ES256K`` too."""
    private = named_key(key) if isinstance(key, str) else key
    digest = _HASHES.get(algorithm[2:].removesuffix("K"), hashes.SHA256)()
    match private:
        case bytes():
            return hmac.digest(private, data, digest.name)
        case TextbookRsa():
            return _textbook(private, data)
        case rsa.RSAPrivateKey() if algorithm.startswith("PS"):
            return private.sign(data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        case rsa.RSAPrivateKey():
            return private.sign(data, padding.PKCS1v15(), digest)
        case ec.EllipticCurvePrivateKey():
            return r_and_s(*decode_dss_signature(ecdsa_der(private, data, digest)), private.curve.key_size)
        case ed25519.Ed25519PrivateKey() | ed448.Ed448PrivateKey():
            return private.sign(data)


def ecdsa_der(private: ec.EllipticCurvePrivateKey, data: bytes, digest: hashes.HashAlgorithm) -> bytes:
    """The DER form that ECDSA has outside of JOSE."""
    return private.sign(data, ec.ECDSA(digest))


def r_and_s(r: int, s: int, bits: int) -> bytes:
    """RFC 7518 section 3.4: both numbers, each as long as the curve's order."""
    size = (bits + 7) // 8
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def pss(key: str, data: bytes, *, salt: int, mgf: type[hashes.HashAlgorithm] = hashes.SHA256) -> bytes:
    """RSASSA-PSS over SHA-256 with a salt or mask function that PS256 does not allow."""
    private = named_key(key)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise TypeError(f"{key} is no RSA key")
    return private.sign(data, padding.PSS(padding.MGF1(mgf()), salt), hashes.SHA256())


def pkcs1_block(
    data: bytes, size: int, *, garbage: bytes = b"", info: bytes = _DIGEST_INFO, shortest: bool = False
) -> bytes:
    """EMSA-PKCS1-v1_5 (RFC 8017 section 9.2) over SHA-256, or what forgers put in its place.

    Args:
        data: What is signed.
        size: The modulus's length in bytes.
        garbage: Bytes behind the digest, where none may stand.
        info: Another DigestInfo.
        shortest: Only eight bytes of padding, the garbage filling the rest.
    """
    tail = b"\x00" + info + hashlib.sha256(data).digest()
    if shortest:
        head = b"\x00\x01" + b"\xff" * 8 + tail
        return head + garbage * (size - len(head))
    return b"\x00\x01" + b"\xff" * (size - 2 - len(tail) - len(garbage)) + tail + garbage


def raw_rsa(key: str, block: bytes) -> bytes:
    """The RSA operation over a block that a library would refuse to sign."""
    private = named_key(key)
    if isinstance(private, rsa.RSAPrivateKey):
        numbers = private.private_numbers()
        private = TextbookRsa(numbers.public_numbers.n, numbers.public_numbers.e, numbers.d)
    if not isinstance(private, TextbookRsa):
        raise TypeError(f"{key} is no RSA key")
    return pow(int.from_bytes(block, "big"), private.d, private.n).to_bytes((private.n.bit_length() + 7) // 8, "big")


def _textbook(private: TextbookRsa, data: bytes) -> bytes:
    size = (private.n.bit_length() + 7) // 8
    return pow(int.from_bytes(pkcs1_block(data, size), "big"), private.d, private.n).to_bytes(size, "big")
