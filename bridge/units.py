"""Durations, sizes and rates as operators write them (``30s``, ``64KiB``, ``10/s``), as pydantic field types.

The value of a field is a plain number in base units: seconds, bytes, events per second.
"""

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_DURATION = re.compile(r"([0-9]{1,9})(ms|s|m|h|d)", re.ASCII)
_SIZE = re.compile(r"([0-9]{1,9})(B|KiB|MiB|GiB)", re.ASCII)
_RATE = re.compile(r"([0-9]{1,9})/(s|m|h)", re.ASCII)


def _duration(value: Any) -> float:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise PydanticCustomError("duration", "a duration such as 500ms, 30s, 10m, 12h or 7d was expected")
    return int(match[1]) * _SECONDS[match[2]]


def _size(value: Any) -> int:
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise PydanticCustomError("size", "a size such as 64KiB or 1MiB was expected")
    return int(match[1]) * _BYTES[match[2]]


def _rate(value: Any) -> float:
    match = _RATE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise PydanticCustomError("rate", "a rate such as 20/s was expected")
    return int(match[1]) / _SECONDS[match[2]]


def _one_or_list(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


Duration = Annotated[float, BeforeValidator(_duration)]
"""Seconds, written ``500ms 30s 10m 12h 7d``."""

Size = Annotated[int, BeforeValidator(_size)]
"""Bytes, written ``512B 64KiB 1MiB``."""

Rate = Annotated[float, BeforeValidator(_rate)]
"""Events per second, written ``20/s 600/m``."""

OneOrList = BeforeValidator(_one_or_list)
"""For ``Annotated[tuple[T, ...], OneOrList]``: the operator may write one value or a list of them."""


class Settings(BaseModel):
    """The base of every stage's settings: frozen, strict (no text for a number), unknown keys refused."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", validate_default=False, hide_input_in_errors=True
    )


class FileContents:
    """Marks a field, ``Annotated[str | None, FileContents()]``: the operator writes a path, the setting holds its text.

    The loader reads it, so that no stage touches files and a change of the file is a change of the configuration.
    """
