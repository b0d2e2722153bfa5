"""The bounds of a CEL expression, checked on its tokens alone before anything is compiled.

Nothing is parsed: what could be read in two ways, or as more than it looks like, is refused.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from bridge.mapping.operand import OperandUnfit, pattern

MAX_EXPRESSION: Final = 1000
"""Characters of an expression."""

MAX_BRACKETS: Final = 32
"""Levels of brackets."""

MAX_CLAIM_USES: Final = 16
"""Times that an expression may name a claim: each time it is copied."""

MAX_MACROS: Final = 4
"""Macros that loop; of them one ``map``, because on each other's results they would multiply."""

MAX_MAP_USES: Final = 4
"""Times that ``map`` may name its variable: the library copies all results so far in every turn."""

MAX_MATCHES: Final = 2
"""Uses of ``matches``, because the library compiles the pattern each time."""

MAX_PROGRAM: Final = 128
"""The size of such a pattern, as RE2 counts it."""

_LOOPS: Final = frozenset({"all", "exists", "exists_one", "filter", "map"})
_METHODS: Final = frozenset({"contains", "endsWith", "matches", "size", "startsWith"})
_FUNCTIONS: Final = frozenset({"double", "has", "int", "size", "string"})
_CONSTANTS: Final = frozenset({"true", "false", "null"})
_BEFORE_IN: Final = frozenset({"", "(", "[", "{", ",", "&&", "||", "?", ":"})
_AFTER_IN: Final = frozenset({"", ")", "]", "}", ",", "&&", "||", "?", ":"})
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}

_TOKEN = re.compile(
    r"(?P<blank>[ \t\r\n]+|//[^\n]*)"
    r"|(?P<text>r\"[^\"\n]*\"|r'[^'\n]*'|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    r"|(?P<number>0[xX][0-9a-fA-F]+[uU]?|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?[uU]?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>&&|\|\||[<>=!]=|[-+*/%<>!?:.,()\[\]{}])"
)


class Token(NamedTuple):
    """One token: ``text``, ``number``, ``name`` or ``sign``, and as it is written."""

    kind: str
    written: str


_END: Final = Token("end", "")


def claims_named(written: str, library: Any) -> tuple[str, ...]:
    """The top-level claims that an expression names, each once.

    Args:
        written: The expression.
        library: Says what a text in quotes is.

    Raises:
        OperandUnfit: It is beyond a bound, or reads what it does not name.
    """
    if len(written) > MAX_EXPRESSION:
        why = f"At most {MAX_EXPRESSION} are read: an evaluation cannot be interrupted."
        raise OperandUnfit(f"an expression of {len(written)} characters", why, "Say it with the language's own forms.")
    return _Scan(list(_tokens(written)), library).names()


def _tokens(written: str) -> Iterator[Token]:
    end, before = 0, _END
    while end < len(written):
        match = _TOKEN.match(written, end)
        # What stands right before a text could make another text of it: b"…", R"…", and three quotes.
        token = None if match is None else Token(str(match.lastgroup), match[0])
        if match is None or (token is not None and token.kind == "text" and before.kind in ("name", "number", "text")):
            cure = 'Write texts as "…", \'…\' or r"…", on one line; bytes and names in back quotes are not taken.'
            raise OperandUnfit(f"something that cannot stand there, at character {end + 1}", "", cure)
        end = match.end()
        if token is not None and token.kind != "blank":
            yield token
        before = token or _END


class _Scan:
    """The bounds, checked on the tokens alone: nothing is evaluated but the texts in quotes."""

    def __init__(self, tokens: list[Token], library: Any) -> None:
        self._tokens = tokens
        self._library = library
        self._names: dict[str, None] = {}
        self._uses = self._matches = 0
        self._loops: list[str] = []
        self._variable = ""
        self._ends_loop = -1
        self._mapping = False
        self._map_uses = 0

    def names(self) -> tuple[str, ...]:
        """The claims that are named."""
        closing = self._brackets()
        for position, token in enumerate(self._tokens):
            if self._mapping and position < self._ends_loop:
                self._mapped(position)
            if token.kind == "name":
                if self._at(position - 1).written == ".":
                    self._member(position, closing)
                else:
                    self._root(position)
        return tuple(self._names)

    def _at(self, position: int) -> Token:
        return self._tokens[position] if 0 <= position < len(self._tokens) else _END

    def _brackets(self) -> dict[int, int]:
        """Where each opening bracket is closed."""
        closing: dict[int, int] = {}
        opened: list[int] = []
        for position, (kind, written) in enumerate(self._tokens):
            if kind == "sign" and written in "([{":
                opened.append(position)
                if len(opened) > MAX_BRACKETS:
                    why = f"At most {MAX_BRACKETS} levels are read."
                    raise OperandUnfit("brackets nested too deep", why, "Say it more simply.")
            elif kind == "sign" and written in _PAIRS:
                if not opened or self._tokens[opened[-1]].written != _PAIRS[written]:
                    raise OperandUnfit(f"a stray {written}", "", "Close each bracket that is opened.")
                closing[opened.pop()] = position
        if opened:
            raise OperandUnfit(f"a stray {self._tokens[opened[-1]].written}", "", "Close each bracket that is opened.")
        return closing

    def _member(self, position: int, closing: Mapping[int, int]) -> None:
        """A name behind a dot: a member of any name, or one of the known methods."""
        if self._at(position - 2).kind not in ("name", "text") and self._at(position - 2).written not in (
            ")",
            "]",
            "}",
        ):
            raise OperandUnfit("a dot with nothing before it", "", "Write claims.NAME.")
        name = self._at(position).written
        if self._at(position + 1).written != "(":
            return
        if name in _LOOPS:
            self._loop(position, closing[position + 1])
        elif name not in _METHODS:
            raise _unknown(f"method {name}", (*sorted(_LOOPS | _METHODS),))
        elif name == "matches":
            self._match(position)

    def _root(self, position: int) -> None:
        name, after = self._at(position).written, self._at(position + 1).written
        if name == "claims":
            self._uses += 1
            if self._uses > MAX_CLAIM_USES:
                why = f"At most {MAX_CLAIM_USES} times: each time the claim is copied."
                raise OperandUnfit(f"claims named {self._uses} times", why, "Say it more simply.")
            self._names[self._claim(position)] = None
        elif after == "(":
            if name not in _FUNCTIONS:
                raise _unknown(f"function {name}", (*sorted(_FUNCTIONS),))
        elif name not in _CONSTANTS and name != "in" and not (position < self._ends_loop and name == self._variable):
            raise _unknown(f"name {name}", ("claims",))

    def _claim(self, position: int) -> str:
        """The claim that is named where ``claims`` stands."""
        one, two, three = (self._at(position + ahead) for ahead in (1, 2, 3))
        if one.written == "." and two.kind == "name" and three.written != "(":
            return two.written
        if one.written == "[" and two.kind == "text" and three.written == "]":
            return self._text(two)
        within, name, before = (self._at(position - back) for back in (1, 2, 3))
        if within.written == "in" and name.kind == "text" and before.written in _BEFORE_IN and one.written in _AFTER_IN:
            return self._text(name)
        raise OperandUnfit(
            "a use of claims that names none",
            "Only claims that are named literally are handed in.",
            'Write claims.NAME, claims["NAME"] or "NAME" in claims, in brackets of its own beside anything else.',
        )

    def _text(self, token: Token) -> str:
        """What a text in quotes says, as CEL reads it."""
        try:
            said = self._library.evaluate(token.written)
        except ValueError:
            said = None
        if not isinstance(said, str):
            raise OperandUnfit("a text that CEL cannot read", "", r'Write a backslash twice, or r"…" before it.')
        return said

    def _loop(self, position: int, end: int) -> None:
        name, variable = self._at(position).written, self._at(position + 2)
        if position < self._ends_loop:
            why = "Each would run for every turn of the other, and an evaluation cannot be interrupted."
            raise OperandUnfit(f"{name} inside {self._loops[-1]}", why, "Use one after the other, or a lookup.")
        self._loops.append(name)
        if len(self._loops) > MAX_MACROS or self._loops.count("map") > 1:
            why = f"At most {MAX_MACROS} macros are taken, and one map among them: its results must not multiply."
            raise OperandUnfit("too many macros", why, "Say it more simply.")
        if variable.kind != "name" or variable.written in _CONSTANTS | {"claims", "in"}:
            raise OperandUnfit(f"{name} without a variable", "", f"Write {name}(x, …) with a name of your own.")
        self._variable, self._ends_loop, self._mapping = variable.written, end, name == "map"

    def _mapped(self, position: int) -> None:
        """What stands inside a ``map`` makes small results only."""
        token, before = self._at(position), self._at(position - 1)
        is_index = before.kind in ("name", "text") or before.written in (")", "]", "}")
        self._map_uses += token == ("name", self._variable) and before.written != "."
        builds = token.written == "{" or (token.written == "[" and not is_index) or token == ("name", "claims")
        if builds or self._map_uses > MAX_MAP_USES + 1:  # once to declare it
            why = f"It may make of its variable, named at most {MAX_MAP_USES} times, texts and numbers only."
            raise OperandUnfit("a map of too much", why, "Take lists, objects and claims out of it.")

    def _match(self, position: int) -> None:
        written = self._at(position + 2)
        if written.kind != "text" or self._at(position + 3).written != ")":
            why = "A claim's text is never a pattern."
            raise OperandUnfit("matches without a literal pattern", why, 'Write matches("…").')
        self._matches += 1
        if self._matches > MAX_MATCHES or pattern(self._text(written)).size > MAX_PROGRAM:
            why = "CEL compiles a pattern each time that it is used, and an evaluation cannot be interrupted."
            cure = "Use the language's own matches: or only_match:, which take larger ones."
            raise OperandUnfit("too large a pattern, or too many", why, cure)


def _unknown(what: str, known: tuple[str, ...]) -> OperandUnfit:
    return OperandUnfit(f"unknown {what}", "", f"Known here: {', '.join(known)}.")
