"""Durations, sizes and rates as operators write them (``30s``, ``64KiB``, ``10/s``), as pydantic field types.

The value of a field is a plain number in base units: seconds, bytes, events per second.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

_OTHERWISE = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,3})?) *(?:/|per)? *(?P<name>[A-Za-z]*)", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """How a quantity is written: a whole number and one of the unit's names.

    Attributes:
        kind: What a pydantic error of it is called.
        expected: What is expected of the operator, with examples.
        separator: Between the number and the name, as a regular expression knows it too.
        factors: Base units (seconds, bytes, events per second) of one of each name, the smallest first.
        other_names: What else the names are called, in lower case; a number alone has the name "".
    """

    kind: str
    expected: str
    separator: str
    factors: Mapping[str, float]
    other_names: Mapping[str, str] = field(default_factory=dict)

    @property
    def pattern(self) -> str:
        """A regular expression of what is taken, as Python, JSON Schema and Helm's schema engine (RE2) read it."""
        return f"[0-9]{{1,9}}{self._unit}"

    @property
    def positive_pattern(self) -> str:
        """The same for more than none."""
        return f"0{{0,8}}[1-9][0-9]{{0,8}}{self._unit}"

    @property
    def _unit(self) -> str:
        return f"{self.separator}({'|'.join(self.factors)})"

    def read(self, value: Any) -> float:
        """The quantity in base units; pydantic's error where it is none."""
        match = re.fullmatch(self.pattern, value, re.ASCII) if isinstance(value, str) else None
        if match is None:
            raise PydanticCustomError(self.kind, "{expected} was expected", {"expected": self.expected})
        name = match[1]
        return int(value.removesuffix(self.separator + name)) * self.factors[name]

    def meant(self, value: Any) -> str | None:
        """A quantity that is written otherwise, as it has to be written; ``None`` where that would be a guess."""
        match = _OTHERWISE.fullmatch(str(value)) if isinstance(value, str | int | float) else None
        if match is None or isinstance(value, bool):
            return None
        number, name = match["number"], self.other_names.get(match["name"].lower())
        if name is None:
            return None
        if match["name"] and number.isdecimal():
            return f"{number}{self.separator}{name}"
        return self.written(float(number) * self.factors[name])

    def written(self, quantity: float) -> str:
        """The quantity as an operator would write it, in the largest unit of which it is a whole number."""
        counts = {name: round(quantity / factor, 9) for name, factor in self.factors.items()}
        name = next((name for name in reversed(counts) if counts[name] >= 1 and counts[name].is_integer()), None)
        name = next(iter(counts)) if name is None else name
        return f"{round(counts[name])}{self.separator}{name}"


DURATION = Unit(
    "duration",
    "a duration such as 500ms, 30s, 10m, 12h or 7d",
    "",
    {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0},
    {
        **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), "ms"),
        **dict.fromkeys(("", "s", "sec", "secs", "second", "seconds"), "s"),
        **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
        **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
        **dict.fromkeys(("d", "day", "days"), "d"),
    },
)
SIZE = Unit(
    "size",
    "a size such as 64KiB or 1MiB",
    "",
    {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3},
    {
        **dict.fromkeys(("", "b", "byte", "bytes"), "B"),
        **{f"{letter}{rest}": f"{letter.upper()}iB" for letter in "kmg" for rest in ("", "b", "i", "ib")},
    },
)
RATE = Unit(
    "rate",
    "a rate such as 20/s",
    "/",
    {"h": 1 / 3600, "m": 1 / 60, "s": 1.0},
    {
        **dict.fromkeys(("", "s", "sec", "second", "rps", "ps"), "s"),
        **dict.fromkeys(("m", "min", "minute", "rpm"), "m"),
        **dict.fromkeys(("h", "hour"), "h"),
    },
)
UNITS = {unit.kind: unit for unit in (DURATION, SIZE, RATE)}
"""Each by what a pydantic error of it is called."""


def _one_or_list(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


Duration = Annotated[float, BeforeValidator(DURATION.read), DURATION]
"""Seconds, written ``500ms 30s 10m 12h 7d``."""

Size = Annotated[int, BeforeValidator(SIZE.read), SIZE]
"""Bytes, written ``512B 64KiB 1MiB``."""

Rate = Annotated[float, BeforeValidator(RATE.read), RATE]
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
