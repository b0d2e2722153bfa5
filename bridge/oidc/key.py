"""One verification key: what it is good for, and the check of a signature.

joserfc does the cryptography. What it leaves open is closed here (THREATS.md L12 to L15): a key is taken only if it is
strong, meant for signatures, and public; one bad key never spoils the rest of its set.
"""

import hashlib
import json
import warnings
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any

from joserfc import jwk
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from bridge.oidc.algorithms import ASYMMETRIC, CURVE_ALGORITHMS, EDDSA, EDWARDS, RSA_BITS, SYMMETRIC

_PUBLIC_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_MAX_RSA_BITS = 16384
_engines = JWSRegistry(algorithms=[*ASYMMETRIC, *SYMMETRIC])


class KeyUnusable(ValueError):
    """The key is weak, broken or meant for something else; the message says which, for the operator's log."""


class KeyForAnotherUse(KeyUnusable):
    """Its ``use`` is not ``sig``: providers publish their encryption keys too, which is no cause for alarm."""


class VerificationKey:
    """A key and the algorithms that it may verify.

    Attributes:
        kid: Its name in the key set; ``None`` for one that has none.
        algorithms: RFC 7518 and RFC 9864 names; one where the key names one (RFC 8725 section 3.1).
        issuer: The one issuer, or template, that it speaks for, where its set says so (Entra); else ``None``.
        fingerprint: Hexadecimal text, the same in every process for keys that verify the same tokens.
    """

    __slots__ = ("_key", "algorithms", "fingerprint", "issuer", "kid")

    def __init__(self, key: jwk.Key, kid: str | None, algorithms: frozenset[str], issuer: str | None = None) -> None:
        self._key = key
        self.kid = kid
        self.algorithms = algorithms
        self.issuer = issuer
        # As JSON, where a text cannot run into the next. The thumbprint (RFC 7638) is of the key's numbers alone.
        identity = json.dumps([kid, key.thumbprint(), sorted(algorithms), issuer])
        self.fingerprint = hashlib.sha256(identity.encode()).hexdigest()

    def verifies(self, algorithms: frozenset[str], signing_input: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's, made with one of these algorithms; ``none`` is no key's."""
        try:
            return any(
                _engines.get_alg(algorithm).verify(signing_input, signature, self._key)
                for algorithm in self.algorithms & algorithms
            )
        except (JoseError, ValueError, TypeError):
            return False

    def as_jwk(self) -> dict[str, str]:
        """Its public members, from which ``from_jwk`` makes it again.

        Raises:
            TypeError: It is a shared secret, which has none.
        """
        if isinstance(self._key, jwk.OctKey):
            raise TypeError("a shared secret has no public members")
        public = self._key.as_dict(private=False)
        named = {
            "kid": self.kid,
            "issuer": self.issuer,
            "alg": min(self.algorithms) if len(self.algorithms) == 1 else None,
        }
        members = {name: str(public[name]) for name in ("kty", *_PUBLIC_MEMBERS[str(public["kty"])])}
        return members | {name: value for name, value in named.items() if value is not None}

    def __repr__(self) -> str:
        return f"VerificationKey(kid={self.kid!r}, algorithms={sorted(self.algorithms)})"


def from_jwk(member: Any) -> VerificationKey:
    """A key of a published set (RFC 7517).

    Only the public members are read: of a private key published by mistake we take no more than of others.

    Raises:
        KeyUnusable: Not for signatures, symmetric, weak, malformed, or of an unknown kind, which is to be skipped
            (RFC 7517 section 5).
    """
    if not isinstance(member, Mapping):
        raise KeyUnusable("not an object")
    kty, kid, named = (_text(member, name) for name in ("kty", "kid", "alg"))
    # Only Entra gives it a meaning; elsewhere it is a member that we do not know. What is no text is nobody's issuer.
    issuer = member.get("issuer")
    if kty not in _PUBLIC_MEMBERS:
        raise KeyUnusable("a symmetric key, which must never be published" if kty == "oct" else "an unknown kty")
    if member.get("use", "sig") != "sig":
        raise KeyForAnotherUse("a use other than sig")
    operations = member.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise KeyUnusable("key_ops without verify")
    public: dict[str, str | list[str]] = {
        name: value for name in _PUBLIC_MEMBERS[kty] if isinstance(value := member.get(name), str)
    }
    if len(public) != len(_PUBLIC_MEMBERS[kty]):
        raise KeyUnusable("a member missing or no text")
    if max(map(len, public.values())) > _MAX_RSA_BITS // 6 + 4:
        raise KeyUnusable("larger than any key in use")
    try:
        with warnings.catch_warnings(action="ignore"):  # joserfc warns of weak keys; we refuse them
            key = jwk.import_key({"kty": kty, **public})
        fitting = _fitting_algorithms(key)
    except KeyUnusable:
        raise
    except (JoseError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise KeyUnusable("malformed, or a point off its curve") from error
    if named is not None:
        fitting &= set(EDWARDS) if named == EDDSA else {named}
        if not fitting:
            raise KeyUnusable("an alg that does not fit the key")
    return VerificationKey(key, kid, frozenset(fitting), issuer if isinstance(issuer, str | None) else "")


def _text(member: Mapping[str, Any], name: str) -> str | None:
    value = member.get(name)
    if value is not None and not isinstance(value, str):
        raise KeyUnusable(f"a {name} that is no text")
    return value


def from_pem(text: str) -> VerificationKey:
    """A public key that an operator gave as PEM text; it has no kid and so answers to any.

    Raises:
        KeyUnusable: Not the PEM text of a public key, or a weak one.
    """
    if "PRIVATE KEY" in text:
        raise KeyUnusable("a private key; the bridge needs, and should see, only the public one")
    for kind in (jwk.RSAKey, jwk.ECKey, jwk.OKPKey):
        try:
            with warnings.catch_warnings(action="ignore"):
                key = kind.import_key(text)
        except (JoseError, ValueError, TypeError):
            continue
        return VerificationKey(key, None, frozenset(_fitting_algorithms(key)))
    raise KeyUnusable("not the PEM text of a public key")


def from_secret(secret: str) -> VerificationKey:
    """A shared secret, good for as many HS algorithms as it is long enough for (RFC 7518 section 3.2)."""
    size = len(secret.encode())
    algorithms = frozenset(name for name in SYMMETRIC if size * 8 >= int(name[2:]))
    return VerificationKey(jwk.OctKey.import_key(secret), None, algorithms)


def unfit_public_key(text: str) -> str:
    """Why a PEM text is no usable public key, or an empty text."""
    try:
        from_pem(text)
    except KeyUnusable as error:
        return str(error)
    return ""


def _fitting_algorithms(key: jwk.Key) -> set[str]:
    if isinstance(key, jwk.RSAKey):
        numbers = key.public_key.public_numbers()
        if not RSA_BITS <= numbers.n.bit_length() <= _MAX_RSA_BITS:
            raise KeyUnusable(f"an RSA key of {numbers.n.bit_length()} bits, {RSA_BITS} or more were expected")
        if numbers.e < 3 or numbers.e % 2 == 0 or numbers.n % 2 == 0:
            raise KeyUnusable("an RSA key with a broken modulus or exponent")
        if _has_roca_fingerprint(numbers.n):
            raise KeyUnusable("an RSA key of the ROCA family (CVE-2017-15361), whose private key can be computed")
        return {name for name in ASYMMETRIC if name[:2] in {"RS", "PS"}}
    if isinstance(key, jwk.ECKey) and key.curve_name in CURVE_ALGORITHMS:
        return {CURVE_ALGORITHMS[key.curve_name]}
    if isinstance(key, jwk.OKPKey) and key.curve_name in EDWARDS:
        if _is_of_small_order(key):
            raise KeyUnusable("a point of small order, under which anybody can sign")
        return {key.curve_name}
    raise KeyUnusable("a curve that is not for signatures here")


# CVE-2017-15361: such a modulus is a power of 65537 modulo every small prime. These are the primes for which that
# tells, each with the residues in question (Nemec et al., "The Return of Coppersmith's Attack", 2017, section 5.1).
_ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
_ROCA_RESIDUES = tuple((prime, {pow(65537, power, prime) for power in range(prime)}) for prime in _ROCA_PRIMES)


def _has_roca_fingerprint(modulus: int) -> bool:
    return all(modulus % prime in residues for prime, residues in _ROCA_RESIDUES)


# RFC 8032 section 5: a public key is y, little-endian, and the sign of x in the highest bit. The points whose order
# divides the cofactor have these y; p and p + 1 are 0 and 1 in other spellings.
_P25519, _P448 = 2**255 - 19, 2**448 - 2**224 - 1
_SMALL_ORDER = {
    "Ed25519": {
        *(0, 1, _P25519 - 1, _P25519, _P25519 + 1),
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    },
    "Ed448": {0, 1, _P448 - 1, _P448, _P448 + 1},
}


def _is_of_small_order(key: jwk.OKPKey) -> bool:
    raw = key.as_dict(private=False)["x"]
    number = int.from_bytes(urlsafe_b64decode(f"{raw}=="), "little")
    bits = 256 if key.curve_name == "Ed25519" else 456
    return number & ~(1 << (bits - 1)) in _SMALL_ORDER[key.curve_name]
