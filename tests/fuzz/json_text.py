"""JSON values of every type, and texts that are nearly JSON."""

import json
import random
from collections.abc import Mapping
from typing import Any

from tests.issuer.mint import Raw, to_json

NUMBERS = (
    "0", "-0", "-1", "1.5", "1e999", "-1e999", "1e-999", "NaN", "Infinity", "-Infinity", "9" * 400, "9" * 5000, "1E400",
    "0x10", "01", "+1", ".5", "1.", "1e", "9007199254740993", "99999999999", "253402300800", "18446744073709551616",
)  # fmt: skip
TEXTS = (
    '""', '" "', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"\\u0000"', '"\\u202e"', '"\x01"', '"\\x41"',
    '"true"', '"null"', '"__proto__"', "'x'", '"' + "x" * 300 + '"', '"none"', '"RS256 "', '"\\r\\nX: 1"', '"\\',
    '"\u0130"', '"\ufeff"', '"\ud800"',
)  # fmt: skip
WORDS = ("true", "false", "null", "undefined", "True", "nul", "", "/**/1")


def value(rng: random.Random, depth: int = 3) -> str:
    """One value's text, seldom ill-formed; of any type, nested a little, or very deep."""
    kind = rng.randrange(8 if depth else 5)
    if kind == 0:
        return rng.choice(NUMBERS)
    if kind == 1:
        return rng.choice(TEXTS)
    if kind == 2:
        return rng.choice(WORDS)
    if kind == 3:
        return str(rng.choice((-1, 1)) * rng.randrange(10 ** rng.randrange(1, 40)))
    if kind == 4:
        return json.dumps("".join(chr(rng.randrange(0x20, 0x2FF)) for _ in range(rng.randrange(12))))
    if kind == 5:
        return "[" + ",".join(value(rng, depth - 1) for _ in range(rng.randrange(4))) + "]"
    if kind == 6:
        names = (rng.choice(("a", "a", "b", "alg", "")) for _ in range(rng.randrange(4)))
        return "{" + ",".join(f"{json.dumps(name)}:{value(rng, depth - 1)}" for name in names) + "}"
    levels = rng.choice((2, 31, 32, 33, 200, 3000))
    return rng.choice(("[", '{"a":')) * levels + "1" + rng.choice("]}") * levels if rng.random() < 0.3 else "[]"


def changed(rng: random.Random, members: Mapping[str, Any], names: tuple[str, ...]) -> bytes:
    """An object with one to three members set, removed, written twice or in another order, in some encoding."""
    parts = {name: member if isinstance(member, Raw) else Raw(json.dumps(member)) for name, member in members.items()}
    twice = b""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        name = rng.choice(names)
        kind = rng.randrange(10)
        if kind == 0:
            parts.pop(name, None)
        elif kind == 1:
            twice += f",{json.dumps(name)}:{value(rng)}".encode("utf-8", "surrogatepass")
        elif kind == 2:
            parts = dict(rng.sample(list(parts.items()), len(parts)))
        else:
            parts[name] = Raw(value(rng))
    text = to_json(parts)
    text = text[:-1] + twice + b"}" if twice else text
    return disguised(rng, text) if rng.random() < 0.2 else text


def disguised(rng: random.Random, text: bytes) -> bytes:
    """The same text in another encoding, with other blanks, wrapped or cut."""
    plain = text.decode("utf-8", "replace")
    return rng.choice(
        (
            lambda: plain.encode(rng.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "utf-7"))),
            lambda: b"\xef\xbb\xbf" + text,
            lambda: rng.choice((b" ", b"\n\t", b"\x0c", b"\xa0", b"\0")) + text,
            lambda: text + rng.choice((b" ", b"\r\n", b"\0", b"{}", b"}", b",", b"\xff\xfe", b"\xc0\x80")),
            lambda: b"[" + text + b"]",
            lambda: json.dumps(plain).encode(),
            lambda: text[: rng.randrange(len(text))],
            lambda: text.replace(b":", b" : ").replace(b",", b"\r\n,\t"),
            lambda: text.replace(b'"', rng.choice((b"'", b'\\"', b"\xe2\x80\x9c")), rng.randrange(1, 4)),
            lambda: b"".join(
                b"\\u%04x" % byte if byte in b"aeiou" and rng.random() < 0.3 else bytes([byte]) for byte in text
            ),
        )
    )()


def unambiguous(text: bytes) -> Any:
    """The value of a JSON text as a second reader sees it.

    Raises:
        ValueError: It is none, or readers may differ about it.
    """

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise ValueError("twice")
        return dict(pairs)

    def constant(name: str) -> Any:
        raise ValueError(name)

    read = json.loads(text.decode("utf-8"), object_pairs_hook=members, parse_constant=constant)
    json.dumps(read, allow_nan=False, ensure_ascii=False).encode("utf-8")  # no infinity, no lone surrogate
    return read
