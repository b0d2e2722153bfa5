"""A visitor's values as they may be shown: what sort of thing they are, and never the thing."""

import json
from collections.abc import Mapping
from typing import Any

from bridge.cli.console import printable
from bridge.mapping.path import describe

_DOTS = "•••••"
_LONG_ENOUGH = 8
"""Characters of a text whose two ends give little away."""


def masked(value: Any) -> str:
    """A value's outline: ``N•••••n (13 characters)``, ``a list of 3``."""
    if isinstance(value, str):
        ends = (value[0], value[-1]) if len(value) >= _LONG_ENOUGH else ("", "")
        count = "1 character" if len(value) == 1 else f"{len(value)} characters"
        return printable(f"{ends[0]}{_DOTS}{ends[1]} ({count})".replace("\n", " "))
    return describe(value)


def in_full(value: Any) -> str:
    """The value itself, on one line."""
    return printable(json.dumps(value, ensure_ascii=False, default=str))


def shown(value: Any, *, show_values: bool) -> str:
    """A value as asked for; of claims by name, each value behind its name."""
    outline = in_full if show_values else masked
    if isinstance(value, Mapping):
        return ", ".join(f"{printable(str(name))} is {outline(inner)}" for name, inner in value.items())
    return outline(value)
