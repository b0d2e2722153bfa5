"""What an operator or a preset wrote, before it is read."""

from dataclasses import dataclass
from typing import Any, Literal

from bridge.errors import KeyPath

Layer = Literal["preset", "common", "callback", "provider"]


@dataclass(frozen=True, slots=True)
class Written:
    """One target, or one layer's ``require``, as somebody wrote it: the value, where it stands, and in which layer."""

    value: Any
    path: KeyPath
    layer: Layer
