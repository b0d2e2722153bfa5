"""What a settings field takes: its type without what is around it, and its default as an operator would write it."""

import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from bridge.units import Unit


def plain_type(annotation: Any, metadata: tuple[Any, ...] = ()) -> tuple[Any, tuple[Any, ...]]:
    """A type without ``None`` and ``Annotated`` around it, and what was annotated."""
    while True:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            annotation, metadata = arguments[0], (*metadata, *arguments[1:])
        elif origin in {Union, types.UnionType}:
            annotation = next(each for each in arguments if each is not type(None))
        else:
            return annotation, metadata


def unit_of(metadata: tuple[Any, ...]) -> Unit | None:
    """The unit of a quantity."""
    return next((each for each in metadata if isinstance(each, Unit)), None)


def written_default(model: type[BaseModel], name: str) -> Any:
    """A field's default, with its unit if it is a quantity; ``None`` where there is nothing to show."""
    field = model.model_fields[name]
    value = field.get_default(call_default_factory=True)
    unit = unit_of(plain_type(field.annotation, tuple(field.metadata))[1])
    if unit is not None:
        return unit.written(value)
    if isinstance(value, tuple):
        return list(value) or None
    return value if isinstance(value, str | int) else None
