"""Named keys, good and bad, each made once per process and only when asked for; and their JWKs.

``rsa rsa2 ec256 ec384 ec521 ed25519 ed448`` are what honest issuers have. ``rsa1024 rsa_e1 rsa_e3 rsa_even rsa_roca
secp256k1 oct`` are what must never verify anything, except ``rsa_e3``, which is old but sound.
"""

import base64
import math
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

Jwk = dict[str, Any]


def base64url(data: bytes) -> str:
    """RFC 7515 section 2: the URL-safe alphabet without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unsigned(number: int, size: int | None = None) -> str:
    """RFC 7518 section 2, Base64urlUInt: big-endian, as short as it can be or of ``size`` bytes."""
    return base64url(number.to_bytes(size or max(1, (number.bit_length() + 7) // 8), "big"))


@dataclass(frozen=True, slots=True)
class TextbookRsa:
    """RSA as bare numbers, for keys that no library would make: signs what those keys would sign."""

    n: int
    e: int
    d: int


Key = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | TextbookRsa
    | bytes
)


def _rsa(bits: int = 2048, exponent: int = 65537) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(exponent, bits)


def _exponent_one() -> TextbookRsa:
    # With e = 1 everybody can sign: the signature is the padded message itself.
    return TextbookRsa(_numbers("rsa").public_numbers.n, 1, 1)


def _even_modulus() -> TextbookRsa:
    numbers = _numbers("rsa")
    d = pow(65537, -1, math.lcm(numbers.p - 1, numbers.q - 1))
    return TextbookRsa(2 * numbers.p * numbers.q, 65537, d)


def _roca() -> TextbookRsa:
    """A modulus as Infineon's library made them (CVE-2017-15361): modulo many primes, p and q are powers of 65537."""
    small = [n for n in range(2, 702) if all(n % d for d in range(2, math.isqrt(n) + 1))]
    primorial = math.prod(small)

    def prime() -> int:
        while True:
            k = secrets.randbits(1024 - primorial.bit_length()) | 1 << (1023 - primorial.bit_length())
            candidate = k * primorial + pow(65537, secrets.randbits(64), primorial)
            # Above three quarters of 2^1024, so that the product of two has 2,048 bits and not one less.
            if candidate >> 1022 == 3 and pow(2, candidate - 1, candidate) == 1:
                return candidate

    p, q = prime(), prime()
    return TextbookRsa(p * q, 65537, pow(65537, -1, math.lcm(p - 1, q - 1)))


_MAKERS: Mapping[str, Callable[[], Key]] = {
    "rsa": _rsa,
    "rsa2": _rsa,
    "rsa1024": lambda: _rsa(1024),
    "rsa_e1": _exponent_one,
    "rsa_e3": lambda: _rsa(exponent=3),
    "rsa_even": _even_modulus,
    "rsa_roca": _roca,
    "ec256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ec256b": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ec384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ec521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
    "oct": lambda: secrets.token_bytes(64),
}

GOOD = ("rsa", "ec256", "ec384", "ec521", "ed25519", "ed448")
"""One key of each sound kind: what an issuer publishes unless told otherwise, each under its name as ``kid``."""


@cache
def key(name: str) -> Key:
    """The private key of that name."""
    return _MAKERS[name]()


class _Keys(Mapping[str, Key]):
    """``KEYS["rsa"]``: every named key, made when first looked at."""

    def __getitem__(self, name: str) -> Key:
        return key(name)

    def __iter__(self) -> Any:
        return iter(_MAKERS)

    def __len__(self) -> int:
        return len(_MAKERS)


KEYS = _Keys()


def _numbers(name: str) -> rsa.RSAPrivateNumbers:
    private = key(name)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise TypeError(f"{name} is no RSA key")
    return private.private_numbers()


def _public_members(private: Key) -> Jwk:
    match private:
        case bytes():
            return {"kty": "oct", "k": base64url(private)}
        case TextbookRsa():
            return {"kty": "RSA", "n": unsigned(private.n), "e": unsigned(private.e)}
        case rsa.RSAPrivateKey():
            public = private.public_key().public_numbers()
            return {"kty": "RSA", "n": unsigned(public.n), "e": unsigned(public.e)}
        case ec.EllipticCurvePrivateKey():
            point = private.public_key().public_numbers()
            curve = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}.get(
                point.curve.name, point.curve.name
            )
            size = (point.curve.key_size + 7) // 8
            return {"kty": "EC", "crv": curve, "x": unsigned(point.x, size), "y": unsigned(point.y, size)}
        case _:
            curve = "Ed25519" if isinstance(private, ed25519.Ed25519PrivateKey) else "Ed448"
            return {"kty": "OKP", "crv": curve, "x": base64url(private.public_key().public_bytes_raw())}


def public_jwk(name: str, *, kid: str | None = "", **members: Any) -> Jwk:
    """The key as a member of a JWK set (RFC 7517 section 4).

    Args:
        name: Which key.
        kid: Its ``kid``: the key's name unless given; ``None`` leaves it out.
        members: More members, or other values for those that are there; ``...`` removes one.
    """
    made = {"use": "sig", **_public_members(key(name))}
    if kid is not None:
        made["kid"] = kid or name
    made |= members
    return {member: value for member, value in made.items() if value is not ...}


def private_jwk(name: str, **members: Any) -> Jwk:
    """The same with the private number that no issuer should publish; RSA and Edwards keys only."""
    private = key(name)
    if isinstance(private, rsa.RSAPrivateKey):
        numbers = private.private_numbers()
        secret = {"d": unsigned(numbers.d), "p": unsigned(numbers.p), "q": unsigned(numbers.q)}
    elif isinstance(private, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
        secret = {"d": base64url(private.private_bytes_raw())}
    else:
        raise TypeError(f"no private JWK for {name}")
    return public_jwk(name, **secret, **members)


def jwks(*names: str) -> dict[str, list[Jwk]]:
    """A JWK set of the named keys, ``GOOD`` unless given, each under its name as ``kid``."""
    return {"keys": [public_jwk(name) for name in names or GOOD]}


def public_pem(name: str) -> str:
    """The public key as the PEM text that an operator would configure."""
    return _spki(name, Encoding.PEM).decode("ascii")


def private_pem(name: str) -> str:
    """The private key as the PEM text with which a client of an issuer signs."""
    private = key(name)
    if isinstance(private, bytes | TextbookRsa):
        raise TypeError(f"{name} has no PEM form")
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def public_der(name: str) -> bytes:
    """The public key as a DER SubjectPublicKeyInfo."""
    return _spki(name, Encoding.DER)


def certificate(name: str) -> str:
    """A self-signed certificate of the key, as ``x5c`` has it: DER in plain base64."""
    private = key(name)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise TypeError(f"no certificate for {name}")
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "attacker")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(
        subject, subject, private.public_key(), x509.random_serial_number(), now, now + timedelta(days=1)
    ).sign(private, SHA256())
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode("ascii")


def _spki(name: str, encoding: Encoding) -> bytes:
    private = key(name)
    if isinstance(private, bytes | TextbookRsa):
        raise TypeError(f"{name} has no public form")
    return private.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
