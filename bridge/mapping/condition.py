"""CONDITION: yes, no, or cannot tell (CONFIG.md, "A CONDITION").

Cannot tell, ``None`` here, is a claim that is there but of a type that the operator cannot take, or one that is read
``from`` a source of the provider's which was not asked. An absent claim is a no for every operator but ``present:
false``.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

from bridge.claims import Claims, Json, Source
from bridge.mapping import operand as operands
from bridge.mapping.expression import Expression
from bridge.mapping.path import SOURCES, Path, as_comparable, as_text, describe

Verdict = bool | None
Judge = Callable[[Json], Verdict]
"""An operator with its operand: what it says of a claim that is there."""


class Condition(Protocol):
    """Something that can be asked of a visitor's claims; its ``str`` names the claims for the trace, never a value."""

    def evaluate(self, claims: Claims, sources: tuple[Source, ...] = SOURCES) -> Verdict:
        """The verdict, read from these sources: all of them, or the one that a claim to be proven came from."""

    def paths(self) -> Iterator[Path]:
        """Where it looks."""


def in_words(verdict: Verdict) -> str:
    """A verdict for the trace and the log."""
    return {
        True: "yes",
        False: "no",
        None: "cannot tell: a claim of another type or of a source not asked, or an error of CEL's",
    }[verdict]


class ClaimTest:
    """One claim under one operator."""

    __slots__ = ("absent", "judge", "operator", "path", "source")

    def __init__(
        self, path: Path, judge: Judge, *, operator: str = "", source: tuple[Source, ...] = (), absent: bool = False
    ) -> None:
        self.path = path
        self.judge = judge
        self.operator = operator
        self.source = source
        self.absent = absent

    def __str__(self) -> str:
        return f"{self.path} {self.operator}".rstrip()

    def evaluate(self, claims: Claims, sources: tuple[Source, ...] = SOURCES) -> Verdict:
        """The operator's verdict on the first claim that is there."""
        if any(source in SOURCES and source not in claims.sources for source in self.source):
            # A visitor may choose by which kind of token he comes, and so whom nobody asks about him.
            return None
        value = self.path.find(claims, self.source or sources)
        return self.absent if value is None else self.judge(value)

    def paths(self) -> Iterator[Path]:
        """The claim's path."""
        yield self.path


class All:
    """No if one says no; else cannot tell if one cannot; else yes."""

    __slots__ = ("conditions",)

    def __init__(self, conditions: tuple[Condition, ...]) -> None:
        self.conditions = conditions

    def __str__(self) -> str:
        return f"all of ({', '.join(map(str, self.conditions))})"

    def evaluate(self, claims: Claims, sources: tuple[Source, ...] = SOURCES) -> Verdict:
        """The three-valued *and*."""
        verdict: Verdict = True
        for condition in self.conditions:
            one = condition.evaluate(claims, sources)
            if one is False:
                return False
            if one is None:
                verdict = None
        return verdict

    def paths(self) -> Iterator[Path]:
        """The paths of each."""
        for condition in self.conditions:
            yield from condition.paths()


class AnyOf:
    """Yes if one says yes; else cannot tell if one cannot; else no."""

    __slots__ = ("conditions",)

    def __init__(self, conditions: tuple[Condition, ...]) -> None:
        self.conditions = conditions

    def __str__(self) -> str:
        return f"any of ({', '.join(map(str, self.conditions))})"

    def evaluate(self, claims: Claims, sources: tuple[Source, ...] = SOURCES) -> Verdict:
        """The three-valued *or*."""
        verdict: Verdict = False
        for condition in self.conditions:
            one = condition.evaluate(claims, sources)
            if one is True:
                return True
            if one is None:
                verdict = None
        return verdict

    def paths(self) -> Iterator[Path]:
        """The paths of each."""
        for condition in self.conditions:
            yield from condition.paths()


class Not:
    """The opposite; of cannot tell it is cannot tell."""

    __slots__ = ("condition",)

    def __init__(self, condition: Condition) -> None:
        self.condition = condition

    def __str__(self) -> str:
        return f"not ({self.condition})"

    def evaluate(self, claims: Claims, sources: tuple[Source, ...] = SOURCES) -> Verdict:
        """The three-valued *not*."""
        verdict = self.condition.evaluate(claims, sources)
        return None if verdict is None else not verdict

    def paths(self) -> Iterator[Path]:
        """The paths of what is denied."""
        return self.condition.paths()


class Computed:
    """A CEL expression that says true or false; anything else, and an error, is cannot tell."""

    __slots__ = ("_paths", "expression")

    def __init__(self, expression: Expression) -> None:
        self.expression = expression
        self._paths = tuple(map(Path, expression.names))

    def __str__(self) -> str:
        return f"cel of ({', '.join(map(str, self._paths))})"

    def evaluate(self, claims: Claims, sources: tuple[Source, ...] = SOURCES) -> Verdict:
        """What it says of the claims that it names."""
        said = self.expression.evaluate({path.name: path.find(claims, sources) for path in self._paths})
        return said.value if isinstance(said.value, bool) else None

    def paths(self) -> Iterator[Path]:
        """The claims that it names."""
        return iter(self._paths)


def is_settled(condition: Condition, claims: Claims) -> bool:
    """Whether every source that the verdict could come from has spoken.

    A claim is read from the first source that has it: sources behind that one do not matter, and those before it that
    said nothing might have had it.
    """
    match condition:
        case All() | AnyOf():
            return all(is_settled(each, claims) for each in condition.conditions)
        case Not():
            return is_settled(condition.condition, claims)
        case ClaimTest():
            return _has_spoken(condition.path, claims, condition.source or SOURCES)
    return all(_has_spoken(path, claims, SOURCES) for path in condition.paths())


def _has_spoken(path: Path, claims: Claims, sources: tuple[Source, ...]) -> bool:
    for source in sources:
        if source not in claims.sources:
            return False
        if path.read(claims, source) is not None:
            return True
    return True


def is_true(value: Json) -> Verdict:
    """What a claim without an operator must be: ``true``, or the text that some providers send for it (C29)."""
    if isinstance(value, str):
        return value == "true"
    return value if isinstance(value, bool) else None


def _elements(value: Json) -> list[str | None] | None:
    """The elements of a list, or of a lone text: itself and its words (``scope``)."""
    if isinstance(value, list):
        return [as_text(element) for element in value]
    if isinstance(value, str):
        return [value, *value.split()]
    text = as_text(value)
    return None if text is None else [text]


def _among(wanted: frozenset[str]) -> Judge:
    def judge(value: Json) -> Verdict:
        if isinstance(value, dict):
            return None
        return as_comparable(value) in wanted

    return judge


def _containing(wanted: frozenset[str]) -> Judge:
    def judge(value: Json) -> Verdict:
        elements = _elements(value)
        return None if elements is None else not wanted.isdisjoint(elements)

    return judge


def _on_text(verdict: Callable[[str], bool]) -> Judge:
    def judge(value: Json) -> Verdict:
        text = as_text(value)
        return None if text is None else verdict(text)

    return judge


def _matches(operand: Any) -> Judge:
    return _on_text(operands.pattern(operand).matches)


def _present(operand: Any) -> Judge:
    if not isinstance(operand, bool):
        raise operands.OperandUnfit(
            f"{describe(operand)}, true or false was expected", "", "Write present: true or present: false."
        )
    return lambda _: operand


def _on_number(verdict: Callable[[int | float], bool]) -> Judge:
    def judge(value: Json) -> Verdict:
        return None if isinstance(value, bool) or not isinstance(value, int | float) else verdict(value)

    return judge


def _at_least(operand: Any) -> Judge:
    bound = operands.number(operand)
    return _on_number(lambda number: number >= bound)


def _at_most(operand: Any) -> Judge:
    bound = operands.number(operand)
    return _on_number(lambda number: number <= bound)


def _starts_with(operand: Any) -> Judge:
    start = operands.text(operand)
    return _on_text(lambda text: text.startswith(start))


def _ends_with(operand: Any) -> Judge:
    end = operands.text(operand)
    return _on_text(lambda text: text.endswith(end))


OPERATORS: Final[Mapping[str, Callable[[Any], Judge]]] = {
    "equals": lambda operand: _among(frozenset((operands.text_or_flag(operand),))),
    "in": lambda operand: _among(operands.texts(operand, operands.text_or_flag)),
    "contains": lambda operand: _containing(frozenset((operands.text(operand),))),
    "contains_any": lambda operand: _containing(operands.texts(operand)),
    "matches": _matches,
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "present": _present,
    "at_least": _at_least,
    "at_most": _at_most,
}
"""Each operator: it takes what the operator wrote behind it and gives its ``Judge``, or raises ``OperandUnfit``."""
