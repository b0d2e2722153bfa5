"""The one reader of JSON: nothing is guessed, nothing ambiguous is taken.

Python's ``json.loads`` guesses UTF-16 and UTF-32, lets the last duplicate member win, reads ``NaN`` and ``1e999``, and
passes lone surrogates (THREATS.md L10). Everything from outside goes through here instead.
"""

import json
import math
import re
from itertools import accumulate
from typing import Any

MAX_DEPTH = 32
"""Levels of nesting that are read. Identity providers nest three or four deep."""

_TEXTS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)).difference(b"[]{}"))
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_PIECE = 8192
_SURROGATE = re.compile("[\ud800-\udfff]")
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")


class JsonInvalid(ValueError):
    """The bytes are not one unambiguous JSON text; the message says why and quotes nothing of it."""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonInvalid("a member appears twice")
    return members


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise JsonInvalid("a number is too large")
    return number


def _constant(_: str) -> float:
    raise JsonInvalid("NaN and Infinity are not JSON")


_decode = json.JSONDecoder(object_pairs_hook=_members, parse_float=_float, parse_constant=_constant).decode


def _depth_exceeds(data: bytes, limit: int) -> bool:
    if data.count(b"[") + data.count(b"{") <= limit:
        return False
    # Visitors choose the text, so nothing here may take a step of Python for each of its characters.
    brackets = _TEXTS.sub(b"", data).translate(None, _NO_BRACKETS)
    depth = 0
    # In pieces, between which a thread that reads a provider's large answer lets the event loop have its turn.
    for start in range(0, len(brackets), _PIECE):
        depths = list(accumulate(map(_STEPS.__getitem__, brackets[start : start + _PIECE]), initial=depth))
        if max(depths) > limit:
            return True
        depth = depths[-1]
    return False


def _has_lone_surrogate(value: Any) -> bool:
    # Surrogate pairs have become one character by now; what is left in the range stands alone.
    return _SURROGATE.search(json.dumps(value, ensure_ascii=False)) is not None


def loads(data: bytes, *, max_depth: int = MAX_DEPTH) -> Any:
    """The value of one JSON text.

    Args:
        data: UTF-8 without a byte order mark. The caller bounds its size.
        max_depth: Levels of nesting allowed.

    Raises:
        JsonInvalid: Not UTF-8, not JSON (RFC 8259), a member twice, nested too deep, NaN, Infinity or a number beyond
            a double's range, an integer of more than 4,300 digits, or a lone surrogate.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise JsonInvalid("not UTF-8") from None
    if text.startswith("\ufeff"):
        raise JsonInvalid("begins with a byte order mark")
    if _depth_exceeds(data, max_depth):
        raise JsonInvalid(f"nested more than {max_depth} deep")
    try:
        value = _decode(text)
    except JsonInvalid:
        raise
    except (ValueError, RecursionError):
        # ValueError is a syntax error or an integer beyond Python's limit of digits (CVE-2020-10735).
        raise JsonInvalid("not JSON") from None
    if _SURROGATE_ESCAPE.search(data) and _has_lone_surrogate(value):
        raise JsonInvalid("a lone surrogate")
    return value
