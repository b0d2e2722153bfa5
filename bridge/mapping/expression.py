"""CEL, the way out for what the language's own forms cannot say (CONFIG.md, "CEL"): the optional extra ``[cel]``.

An evaluation holds the interpreter and cannot be interrupted, so its cost is bounded before: a scan of the tokens, at
load, takes only what names its claims literally and loops over them at most a few times and never inside each other;
and only the named claims are handed in, cut. At these bounds the dearest expressions found take some 70 ms, a usual one
10 us; without them 59 characters took 4 s.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bridge.claims import Json
from bridge.mapping.expression_scan import claims_named
from bridge.mapping.operand import OperandUnfit
from bridge.mapping.path import describe

MAX_ELEMENTS: Final = 100
"""Elements of a list or object that an expression sees."""

MAX_BYTES: Final = 2048
"""Bytes of text that an expression sees of one claim, each of its elements counting for one more."""

_LEAST: Final = -(2**63)
_MOST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Said:
    """What an expression says: a value as JSON has it, or ``None`` and why; and whether a claim was cut for it."""

    value: Json = None
    failure: str = ""
    cut: bool = False


class Expression:
    """One compiled expression.

    Attributes:
        names: The top-level claims that it names, each once.
    """

    __slots__ = ("_program", "names")

    def __init__(self, program: Any, names: tuple[str, ...]) -> None:
        self._program = program
        self.names = names

    def evaluate(self, claims: Mapping[str, Json]) -> Said:
        """What it says of these claims, of which ``None`` is one that is not there."""
        handed = {name: _cut(value) for name in self.names if (value := claims.get(name)) is not None}
        cut = any(was_cut for _, was_cut in handed.values())
        try:
            value = self._program.execute({"claims": {name: value for name, (value, _) in handed.items()}})
        except Exception as error:  # noqa: BLE001 (an error of CEL's is any of a dozen classes; the value is absent)
            # Its text may quote a claim.
            return Said(failure=_FAILURES.get(type(error).__name__, "an error of CEL's"), cut=cut)
        if isinstance(value, str | int | float | bool | list | dict | None):
            return Said(value, cut=cut)
        return Said(failure=f"{describe(value)}, which no claim can be", cut=cut)


_FAILURES: Final = {
    "KeyError": "a claim or member that it reads is not there",
    "IndexError": "a list is shorter than it takes it to be",
    "TypeError": "a claim is of another type than it takes it to be",
}


def compile_expression(written: Any) -> Expression:
    """The expression that an operator wrote.

    Raises:
        OperandUnfit: It is no text, not CEL, beyond a bound, or the extra is not installed.
    """
    if not isinstance(written, str) or not written.strip():
        found = "blank" if isinstance(written, str) else describe(written)
        raise OperandUnfit(f"{found}, a CEL expression was expected", "", 'Write it in quotes: "claims.tier".')
    library = _library()
    names = claims_named(written, library)
    try:
        program = library.compile(written)
    except ValueError:
        why = "The CEL library cannot parse it."
        raise OperandUnfit("no CEL expression", why, "See https://cel.dev for its syntax.") from None
    return Expression(program, names)


def _library() -> Any:
    try:
        import cel  # optional, and needed only where somebody writes `cel:`
    except ImportError:
        why = "CEL is an extra that most mappings do without."
        cure = "Install it: pip install 'cxgenie-idp-bridge[cel]'; or say it with the language's own forms."
        raise OperandUnfit("cel, and the extra [cel] is not installed", why, cure) from None
    return cel


def _cut(claim: Json) -> tuple[Json, bool]:
    """A claim as far as an expression sees it, and whether anything is missing."""
    left, cut = MAX_BYTES, False

    def text(value: str) -> str:
        nonlocal left, cut
        encoded = value.encode(errors="replace")
        cut = cut or len(encoded) > left
        encoded = encoded[:left]
        left -= len(encoded)
        return encoded.decode(errors="ignore")

    def walk(value: Json) -> Json:
        nonlocal left, cut
        if isinstance(value, str):
            return text(value)
        if isinstance(value, int) and not _LEAST <= value <= _MOST:
            cut = True
            return None
        if not isinstance(value, list | dict):
            return value
        taken: list[tuple[str, Json]] = []
        for name, element in value.items() if isinstance(value, dict) else (("", element) for element in value):
            if not left or len(taken) == MAX_ELEMENTS:
                cut = True
                break
            left -= 1
            taken.append((text(name), walk(element)))
        return dict(taken) if isinstance(value, dict) else [element for _, element in taken]

    return walk(claim), cut
