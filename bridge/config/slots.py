"""What may stand where: the settings' own types as a tree, walked by all that looks at a file before it is valid."""

import types
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, SecretStr

from bridge.errors import KeyPath
from bridge.units import FileContents


@dataclass(frozen=True, slots=True)
class Slot:
    """What may stand at one place of the file.

    Attributes:
        kind: ``opaque`` is the mapping's: nothing in it comes from outside.
        members: Of a model, by key.
        inner: Of each item of a list or each value of a map.
        convert: What a text from outside becomes.
        optional: Whether nothing at all is one of its values, which an operator says by leaving it out.
    """

    kind: Literal["model", "list", "map", "opaque", "secret", "contents", "plain"]
    members: Mapping[str, "Slot"] = field(default_factory=dict)
    inner: "Slot | None" = None
    convert: Literal["text", "integer", "boolean"] = "text"
    optional: bool = False

    def at(self, step: str | int) -> "Slot | None":
        """The slot one step further in, if the types know one."""
        return self.members.get(str(step)) if self.kind == "model" else self.inner


@cache
def slot_of(model: type[BaseModel]) -> Slot:
    """The slot of a settings model."""
    members = {name: _slot(info.annotation, info.metadata) for name, info in model.model_fields.items()}
    return Slot("model", members)


def _slot(annotation: Any, metadata: Any = ()) -> Slot:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _slot(arguments[0], (*metadata, *arguments[1:]))
    if origin in {Union, types.UnionType}:
        slots = [_slot(each, metadata) for each in arguments if each is not type(None)]
        # Where a word or a map may stand, the map is what has places of its own.
        slot = next((each for each in slots if each.kind == "model"), slots[0])
        return replace(slot, optional=type(None) in arguments)
    if origin is tuple:
        return Slot("list", inner=_slot(arguments[0]))
    if origin is dict:
        return Slot("map", inner=_slot(arguments[1]))
    if annotation is Any:
        return Slot("opaque")
    if annotation is SecretStr:
        return Slot("secret")
    if any(isinstance(each, FileContents) for each in metadata):
        return Slot("contents")
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return slot_of(annotation)
    if any(isinstance(each, BeforeValidator) for each in metadata):
        return Slot("plain")  # durations, sizes and rates are read from text
    return Slot("plain", convert={int: "integer", bool: "boolean"}.get(annotation, "text"))  # type: ignore[arg-type]  # literals


def shown_path(root: Slot, path: KeyPath) -> tuple[KeyPath, bool]:
    """The path as far as it may be shown, and whether it leads to a secret: what is inside one may be the secret."""
    slot: Slot | None = root
    for depth, step in enumerate(path):
        slot = slot.at(step) if slot is not None else None
        if slot is None:
            return path, False
        innermost = slot.inner if slot.kind == "list" else slot
        if innermost is not None and innermost.kind == "secret":
            indexed = slot.kind == "list" and isinstance((*path, "")[depth + 1], int)
            return path[: depth + 1 + indexed], True
    return path, False


def slot_at(root: Slot, path: KeyPath) -> Slot | None:
    """The slot at a path, if the types know one."""
    slot: Slot | None = root
    for step in path:
        slot = slot.at(step) if slot is not None else None
    return slot
