"""What stands behind an operator or a transform, read at load: a text, a list of texts, a number, a pattern.

Whatever cannot be read is ``OperandUnfit``, which says what to write; patterns run in RE2, in linear time.
"""

from collections.abc import Callable
from typing import Any, Final

import re2

from bridge.mapping.path import describe

MAX_PATTERN: Final = 1000
"""Characters of a regular expression; what RE2 makes of it is bounded by RE2 itself."""

_LIMIT: Final = 2**63


class OperandUnfit(ValueError):
    """What stands behind an operator is not what the operator takes: found, why, what to write, and where inside."""

    def __init__(self, found: str, why: str, cure: str, *inside: str | int) -> None:
        super().__init__(found)
        self.found, self.why, self.cure, self.inside = found, why, cure, inside


def text(operand: Any, *inside: str | int, blank: bool = False) -> str:
    """One text; ``blank`` takes blanks too."""
    if isinstance(operand, str):
        if operand and (blank or not operand.isspace()):
            return operand
        cure = "Write at least one character." if blank else "Ask for present: false instead."
        why = "" if blank else "A blank claim counts as absent."
        raise OperandUnfit("an empty text" if blank else "blank text", why, cure, *inside)
    if isinstance(operand, bool | int | float):
        raise OperandUnfit(
            f"{describe(operand)}, text was expected",
            "Values are compared as text, and YAML has already dropped a plus sign or leading zeros.",
            "Quote it.",
            *inside,
        )
    raise OperandUnfit(f"{describe(operand)}, text was expected", "", "Write one text.", *inside)


def text_or_flag(operand: Any, *inside: str | int) -> str:
    """One text, or true or false as text."""
    if isinstance(operand, bool):
        return "true" if operand else "false"
    return text(operand, *inside)


def texts(operand: Any, read: Callable[..., str] = text, inside: tuple[str | int, ...] = ()) -> frozenset[str]:
    """A list of texts, each read by ``read``."""
    if not isinstance(operand, list) or not operand:
        raise OperandUnfit(
            "an empty list" if operand == [] else f"{describe(operand)}, a list was expected",
            "",
            "Write a list of texts: [gold, silver].",
            *inside,
        )
    return frozenset(read(element, *inside, position) for position, element in enumerate(operand))


def number(operand: Any) -> int | float:
    """A finite number."""
    # NaN and the infinities are floats, and YAML's; nothing compares with them.
    if isinstance(operand, bool) or not isinstance(operand, int | float) or operand - operand != 0:
        raise OperandUnfit(f"{describe(operand)}, a number was expected", "", "Write a number, without quotes.")
    return operand


def count(operand: Any, *inside: str | int) -> int:
    """A whole number from 1."""
    if isinstance(operand, bool) or not isinstance(operand, int) or not 0 < operand < _LIMIT:
        wrong = isinstance(operand, int) and not isinstance(operand, bool)
        found = "a number below 1 or too large" if wrong else describe(operand)
        raise OperandUnfit(f"{found}, a whole number from 1 was expected", "", "Write how many, such as 5.", *inside)
    return operand


class Pattern:
    """One compiled regular expression. Claims are matched as UTF-8: no offset of a character is ever asked for."""

    __slots__ = ("_compiled", "groups", "size")

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self.groups: int = compiled.groups
        self.size: int = compiled.programsize

    def matches(self, claim: str) -> bool:
        """Whether the whole text matches."""
        return self._compiled.fullmatch(claim.encode(errors="replace")) is not None

    def occurs_in(self, claim: str) -> bool:
        """Whether it matches anywhere."""
        return self._compiled.search(claim.encode(errors="replace")) is not None

    def pick(self, claim: str) -> tuple[str, ...] | None:
        """The first match and its groups, a group that took no part as empty; ``None`` without a match."""
        match = self._compiled.search(claim.encode(errors="replace"))
        if match is None:
            return None
        # \C matches one byte, and so can part a character.
        return tuple((group or b"").decode(errors="replace") for group in (match.group(0), *match.groups()))


def pattern(operand: Any, *inside: str | int, groups: bool = False) -> Pattern:
    """A regular expression that RE2 takes; without ``groups`` it finds none, which is faster."""
    written = text(operand, *inside, blank=True)
    if len(written) > MAX_PATTERN:
        raise OperandUnfit(
            f"a regular expression of {len(written)} characters",
            f"At most {MAX_PATTERN} are read.",
            "Say it more simply, or with several rules.",
            *inside,
        )
    options = re2.Options()
    options.log_errors = False
    options.never_capture = not groups
    try:
        return Pattern(re2.compile(written.encode(), options))
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0]
        raise OperandUnfit(
            "a regular expression that RE2 refuses"
            + (f": {reason.decode(errors='replace')}" if isinstance(reason, bytes) else ""),
            "Patterns run in a linear-time engine, which has no look-around and no back-references.",
            "See https://github.com/google/re2/wiki/Syntax.",
            *inside,
        ) from None
