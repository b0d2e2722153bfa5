"""PATH: where a claim stands in what a source said, and the text that it gives (CONFIG.md, "A PATH" and "Types").

A path is a claim's literal name, or a name and further steps: a name into an object, a number into a list, and
``EVERY`` for each element of a list. Nothing is ever split at dots.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import EllipsisType
from typing import Final, get_args

from bridge.claims import Claims, Json, ProviderSource, Source

Step = str | int | EllipsisType
EVERY: Final = ...
"""The step that an operator writes as ``"*"``."""

SOURCES: Final[tuple[Source, ...]] = get_args(ProviderSource)
"""The provider's own, in the order in which a claim without ``from:`` is looked for."""

ONLY: Final[Mapping[Source, tuple[Source, ...]]] = {source: (source,) for source in SOURCES}
"""Each source alone: a proof is read from the source of its claim."""

NEVER_OF_USERINFO: Final = frozenset({"iss", "aud", "exp", "azp", "scope", "cnf", "act"})
"""Claims about the token itself: those of the verified token or of introspection only."""

NEVER_OF_FACTS: Final = NEVER_OF_USERINFO | {"sub"}
"""The same for ``sources:``, which are asked about a subject and cannot say who it is."""

_OF_TOKEN: Final = frozenset({"token", "introspection"})

# A double holds every whole number up to here exactly; beyond it two visitors' numbers may have become one.
_EXACT = 2**53


class Path:
    """One compiled PATH.

    Attributes:
        steps: The claim's name and what follows it.
        name: The claim's name, the first step.
    """

    __slots__ = ("_of_token", "_segments", "_text", "name", "steps")

    def __init__(self, name: str, *rest: Step) -> None:
        self.name = name
        self.steps: tuple[Step, ...] = (name, *rest)
        self._of_token = name == "sub" or name in NEVER_OF_USERINFO
        self._segments = _segments(rest) if rest else ()
        words = ["*" if step is EVERY else str(step) if str(step).isprintable() else repr(step) for step in self.steps]
        self._text = words[0] if len(words) == 1 else f"[{', '.join(words)}]"

    def __str__(self) -> str:
        return self._text

    def read(self, claims: Claims, source: Source) -> Json:
        """What stands there in one source; ``None`` where nothing does, or null, or blank text."""
        members = claims.sources.get(source)
        if members is None:
            return None
        if self._of_token and source not in _OF_TOKEN:
            if source != "userinfo" or self.name != "sub" or not _OF_TOKEN.isdisjoint(claims.sources):
                return None
            members = {"sub": claims.subject}
        value = members.get(self.name)
        if self._segments:
            value = _walk(value, self._segments)
        if isinstance(value, str) and (not value or value.isspace()):
            return None
        return value

    def find(self, claims: Claims, sources: tuple[Source, ...] = SOURCES) -> Json:
        """What stands there in the first of these sources that has it."""
        for source in sources:
            value = self.read(claims, source)
            if value is not None:
                return value
        return None

    def is_left_out(self, claims: Claims) -> bool:
        """Whether the provider has this claim and did not send it: absent is then not the same as none.

        OpenID Connect Core section 5.6.2 names such claims in ``_claim_names``. Entra does so beyond 200 groups, or
        says ``hasgroups`` (IDPS.md, section 3).
        """
        for source in SOURCES:
            members = claims.sources.get(source, {})
            elsewhere = members.get("_claim_names")
            if self.name in members:
                return False
            if isinstance(elsewhere, dict) and self.name in elsewhere:
                return True
            if self.name == "groups" and members.get("hasgroups") in (True, "true"):
                return True
        return False


LEFT_OUT: Final = (
    "the provider has it and left it out (_claim_names, hasgroups), as Entra does with more than 200 groups"
)
"""Why a claim is absent of which ``Path.is_left_out``, for the trace and the log."""


def left_out(paths: Iterable[Path], claims: Claims) -> str:
    """What of these is left out, to be put behind a verdict; empty where nothing is."""
    names = dict.fromkeys(path.name for path in paths if path.is_left_out(claims))
    return "".join(f"; {name}: {LEFT_OUT}" for name in names)


def _segments(steps: tuple[Step, ...]) -> tuple[tuple[str | int, ...], ...]:
    """The steps between one ``EVERY`` and the next."""
    segments: list[list[str | int]] = [[]]
    for step in steps:
        if isinstance(step, EllipsisType):
            segments.append([])
        else:
            segments[-1].append(step)
    return tuple(map(tuple, segments))


def _walk(value: Json, segments: tuple[tuple[str | int, ...], ...]) -> Json:
    value = _follow(value, segments[0])
    if len(segments) == 1 or value is None:
        return value
    values = [value]
    for segment in segments[1:]:
        # A lone value where a list is wanted is a list of one; lists of lists become one list.
        elements = (element for value in values for element in (value if isinstance(value, list) else (value,)))
        values = [found for element in elements if (found := _follow(element, segment)) is not None]
    return values or None


def _follow(value: Json, steps: tuple[str | int, ...]) -> Json:
    for step in steps:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        elif isinstance(value, list) or step != 0:  # a lone value where a list is wanted is a list of one
            return None
    return value


def as_text(value: Json) -> str | None:
    """The text of a text or of a whole number, exactly; ``None`` for everything else, and for blank text."""
    if isinstance(value, str):
        return None if not value or value.isspace() else value
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) <= _EXACT else None
    if isinstance(value, int):
        try:
            return str(value)
        except ValueError:  # more digits than Python writes (CVE-2020-10735)
            return None
    return None


def as_comparable(value: Json) -> str | None:
    """As ``as_text``; true and false are text too, where values are only compared: ``equals``, ``in``, ``lookup``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return as_text(value)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a value must be to be usable where it stands; a claim of another type is looked for in the next source.

    Attributes:
        take: The value as it is wanted, or ``None``.
        words: What was wanted, for the trace.
        lists: Whether a list will do.
    """

    take: Callable[[Json], Json]
    words: str
    lists: bool = True


TEXT: Final = Wanted(as_text, "text was wanted", lists=False)
"""What every target wants."""


def describe(value: object) -> str:
    """A value's type in an operator's words, never the value itself."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return "an object"
        case _:
            return f"a {type(value).__name__}"
