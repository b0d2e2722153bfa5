"""Settings as YAML that a person reads, each with where it is from, or as nested maps for a program."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

# Without quotes these are text in YAML 1.2 and in its predecessor, also between braces.
_PLAIN = re.compile(
    r"(?!(?:null|true|false|yes|no|on|off|y|n)$)(?![0-9]+(?:\.[0-9]*)?(?:e[-+]?[0-9]+)?$)[a-z0-9/](?:[a-z0-9_./@+-]|:(?=//))*",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting.

    Attributes:
        path: Its keys.
        value: As an operator would write it; a secret is masked.
        origin: Where it is from: ``bridge.yaml:7``, ``preset keycloak``, ``default``.
    """

    path: tuple[str, ...]
    value: Any
    origin: str


def as_yaml(settings: Iterable[Shown], *, origins: bool) -> str:
    """The settings as YAML, with their origins as comments."""
    lines: list[str] = []
    before: tuple[str, ...] = ()
    for shown in _grouped(settings):
        *around, key = shown.path
        common = _common(before, around)
        lines += [f"{'  ' * depth}{_scalar(around[depth])}:" for depth in range(common, len(around))]
        text = f"{_scalar(key)}: {_flow(shown.value)}" if not key.isdecimal() else f"- {_flow(shown.value)}"
        line = "  " * len(around) + text
        lines.append(f"{line:<48}  # {shown.origin}" if origins else line)
        before = tuple(around)
    return "\n".join(lines)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many keys two paths begin with together."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _grouped(settings: Iterable[Shown]) -> list[Shown]:
    """In an order in which what is inside one key stands together."""
    listed = list(settings)
    order: dict[tuple[str, ...], int] = {}
    for shown in listed:
        for depth in range(1, len(shown.path) + 1):
            order.setdefault(shown.path[:depth], len(order))
    return sorted(listed, key=lambda shown: [order[shown.path[:depth]] for depth in range(1, len(shown.path) + 1)])


def as_data(settings: Iterable[Shown]) -> dict[str, Any]:
    """The settings as nested maps, for a program."""
    data: dict[str, Any] = {}
    for shown in settings:
        *around, key = shown.path
        inside = data
        for name in around:
            inside = inside.setdefault(name, {})
        inside[key] = shown.value
    return data


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    written = json.dumps(value, ensure_ascii=False)
    return "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in written)
