"""What can be done to a good token's text without its key: bytes, parts, base64url, signatures as numbers."""

import base64
import json
import random
from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.fuzz import json_text
from tests.issuer.keys import base64url, key

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493

_BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_OTHERS = "+/=.~ \t\n\r\0%&,;:\"'\\é\u0130\u202e\ud800\uff0e\u200b٣"


def decoded(part: str) -> bytes:
    """The bytes of a part."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def second_form(token: str) -> str:
    """An ES256 token with s replaced by n - s, which verifies just as well (THREATS J37)."""
    signed, _, signature = token.rpartition(".")
    raw = decoded(signature)
    s = P256_ORDER - int.from_bytes(raw[32:], "big")
    return f"{signed}.{base64url(raw[:32] + s.to_bytes(32, 'big'))}"


def _character(rng: random.Random, token: str) -> str:
    at = rng.randrange(len(token))
    new = rng.choice((rng.choice(_BASE64URL), rng.choice(_OTHERS), chr(ord(token[at]) ^ 1 << rng.randrange(8))))
    return token[:at] + new + token[at + 1 :]


def _inserted(rng: random.Random, token: str) -> str:
    at = rng.randrange(len(token) + 1)
    return token[:at] + rng.choice(_BASE64URL + _OTHERS) * rng.choice((1, 1, 2, 4, 40)) + token[at:]


def _cut(rng: random.Random, token: str) -> str:
    at = rng.randrange(len(token))
    return token[:at] + token[at + rng.choice((1, 1, 2, 4, 40, 400)) :]


def _repeated(rng: random.Random, token: str) -> str:
    at, size = rng.randrange(len(token)), rng.randrange(1, 100)
    return token[:at] + token[at : at + size] * rng.choice((2, 3, 50)) + token[at + size :]


def _byte(rng: random.Random, token: str) -> str:
    parts = token.split(".")
    which = rng.randrange(3)
    raw = bytearray(decoded(parts[which]))
    for _ in range(rng.choice((1, 1, 1, 3))):
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    parts[which] = base64url(bytes(raw))
    return ".".join(parts)


def _parts(rng: random.Random, token: str) -> str:
    parts = token.split(".")
    which = rng.randrange(3)
    kind = rng.randrange(7)
    if kind == 0:
        del parts[which]
    elif kind == 1:
        parts.insert(rng.randrange(4), parts[which])
    elif kind == 2:
        rng.shuffle(parts)
    elif kind == 3:
        parts[which] = ""
    elif kind == 4:
        parts += [""] * rng.choice((1, 2, 3000))
    elif kind == 5:
        parts[which] = base64url(parts[which].encode())
    else:
        header, payload, signature = parts
        return json.dumps({"protected": header, "payload": payload, "signature": signature})
    return ".".join(parts)


def _base64(rng: random.Random, token: str) -> str:
    parts = token.split(".")
    which = rng.randrange(3)
    part = parts[which]
    last = _BASE64URL.index(part[-1])
    parts[which] = rng.choice(
        (
            part + "=" * rng.choice((1, 2, 3, -len(part) % 4 or 4)),
            part.replace("-", "+").replace("_", "/"),
            part[:-1] + _BASE64URL[last ^ rng.choice((1, 2, 3))],
            part + rng.choice(_BASE64URL),
            part[:-1],
            "\n".join((part[:30], part[30:])),
            "".join(f"%{ord(character):02X}" for character in part),
            part.swapcase(),
            base64.b32encode(decoded(part)).decode(),
            decoded(part).hex(),
        )
    )
    return ".".join(parts)


def _around(rng: random.Random, token: str) -> str:
    blank = rng.choice((" ", "\n", "\t", "\0", "\ufeff", "\xa0", "Bearer ", '"', "=", "."))
    return rng.choice((blank + token, token + blank, blank + token + blank))


def _member(rng: random.Random, token: str) -> str:
    header, payload, signature = token.split(".")
    names: tuple[str, ...]
    if rng.random() < 0.5:
        names = ("alg", "kid", "typ", "crit", "b64", "zip", "jwk", "jku", "x5u", "x5c", "cty", "nonce")
        header = base64url(json_text.changed(rng, json.loads(decoded(header)), names))
    else:
        names = ("iss", "sub", "aud", "exp", "nbf", "iat", "azp", "cnf", "email", "email_verified", "typ")
        payload = base64url(json_text.changed(rng, json.loads(decoded(payload)), names))
    return f"{header}.{payload}.{signature}"


def _number(rng: random.Random, token: str) -> str:
    """The signature as a number, moved to where a careless verifier would find it as good."""
    signed, _, part = token.rpartition(".")
    raw = decoded(part)
    size = len(raw)
    if size == 256:
        return f"{signed}.{base64url(_moved_rsa(rng, raw))}"
    first, second = raw[:32], raw[32:]
    order = ED25519_ORDER if json.loads(decoded(signed.split(".")[0]))["alg"] == "Ed25519" else P256_ORDER
    byte_order = "little" if order == ED25519_ORDER else "big"
    number = int.from_bytes(second, byte_order)  # type: ignore[arg-type]  # a literal of two
    moved = rng.choice((0, 1, order, order - 1, order + 1, number + order, 2 * order - number, order - number))
    moved_bytes = (moved % 2**256).to_bytes(32, byte_order)  # type: ignore[arg-type]  # a literal of two
    zero = bytes(32)
    r, s = (int.from_bytes(half, "big") for half in (first, second))
    new = rng.choice(
        (
            first + moved_bytes,
            moved_bytes + second,
            zero + second,
            first + zero,
            zero + zero,
            second + first,
            encode_dss_signature(r, s),
            b"\0" + first + b"\0" + second,
            b"",
            raw[:-1],
            raw + b"\0",
            raw + raw,
        )
    )
    return f"{signed}.{base64url(new)}"


def _moved_rsa(rng: random.Random, raw: bytes) -> bytes:
    private = key("rsa")
    assert isinstance(private, rsa.RSAPrivateKey)
    modulus = private.public_key().public_numbers().n
    number = int.from_bytes(raw, "big")
    moved = rng.choice((number + modulus, modulus - number, 0, 1, modulus, modulus - 1, modulus + 1))
    return rng.choice((moved.to_bytes(257, "big"), (moved % 2**2048).to_bytes(256, "big"), b"\0" + raw, raw[1:], b""))


_CHANGES: Sequence[Callable[[random.Random, str], str]] = (
    _character, _inserted, _cut, _repeated, _byte, _byte, _parts, _base64, _around, _member, _number,
)  # fmt: skip


def changed(rng: random.Random, tokens: Sequence[str]) -> tuple[str, str]:
    """Another text made of good ones, and by which change; seldom the same, or ES256's second form of it."""
    if rng.random() < 0.06:
        return "parts of several", ".".join(rng.choice(tokens).split(".")[part] for part in range(3))
    change = rng.choice(_CHANGES)
    return change.__name__.strip("_"), change(rng, rng.choice(tokens))
