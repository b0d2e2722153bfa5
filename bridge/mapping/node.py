"""A VALUE while it is read: where it stands, and what the rules of safety ask about it. It lives only while loading."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from bridge.errors import KeyPath
from bridge.mapping.path import TEXT, Path, Wanted
from bridge.mapping.transform import Transform
from bridge.mapping.value import Value

TRUSTED: Final = "trusted"
"""As ``verified_by``: the operator vouches for every value that this provider gives."""

Proof = Literal["", "condition", "trusted"]


@dataclass(frozen=True, slots=True)
class Node:
    """One VALUE as it was read: compiled, and what the rules of safety ask about it. It lives only while loading.

    Attributes:
        value: What is evaluated.
        path: Where it stands.
        form: ``claim``, ``value``, …
        proof: What proves it, as far as its own ``verified_by`` goes.
        constant: The text of ``value``.
        default: The text of ``default``.
        table: The table of ``lookup``.
        claim: The PATH of ``claim``.
        members: The VALUEs inside.
        transforms: The names of its ``transform``.
        shared: Whether it gives every visitor the same text.
    """

    value: Value
    path: KeyPath
    form: str
    proof: Proof = ""
    constant: str | None = None
    default: str | None = None
    table: Mapping[str, str] | None = None
    claim: Path | None = None
    members: tuple["Node", ...] = ()
    transforms: tuple[str, ...] = ()
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a VALUE stands.

    Attributes:
        path: Its key path.
        depth: How many forms deep.
        wanted: What it must give there.
        whole: Whether it is its target's whole value, not a part or a key of it.
        transforms: What stands beside it as ``transform``.
    """

    path: KeyPath
    depth: int = 1
    wanted: Wanted = TEXT
    whole: bool = False
    transforms: tuple[Transform, ...] = ()

    def inside(self, *keys: str | int, wanted: Wanted = TEXT, whole: bool = False) -> "Place":
        """A place one form further in, where text is wanted unless said otherwise."""
        return Place((*self.path, *keys), self.depth + 1, wanted, whole)
