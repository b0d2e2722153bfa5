"""YAML as plain data in which everything knows its line and column; what operators trip over is refused.

Read from the parser's events with a stack of our own: nothing recurses, nothing is constructed, and every bound is
checked as it is reached (THREATS.md M16: tags, anchor bombs, ``no``, ``+84``, duplicate keys, tabs).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml  # type: ignore[import-untyped]  # it ships no types; what we use of it is wrapped in this module

from bridge.errors import ConfigurationError, KeyPath, Problem

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 100_000
"""Values and keys, each alias counted as all that it stands for."""
_MAX_DIGITS = 100

_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
# YAML 1.2.2 section 10.3.2, the core schema without octal, hexadecimal, infinity and not-a-number.
_CONSTANTS = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_CONSTANTS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)  # type: ignore[arg-type]  # values of both kinds
_OLD_BOOLEANS = frozenset({"yes", "no", "on", "off", "y", "n"})  # YAML 1.1 read these as true and false
# Not printable (YAML 1.2.2 section 5.1), or a line break to some readers and none to others.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]|\r(?!\n)")
_NOTHING = re.compile(r"(?:[ \t\r\n]|#[^\n]*(?:\n|\Z)|\.\.\.(?=\s|\Z))*")
_DIRECTIVE = re.compile(r"(?:[ \t\r\n]|#[^\n]*\n)*^%", re.MULTILINE)

_QUOTE = "Write it in quotes."
# What the parser says, in words that name the mistake: found, cure.
_SYNTAX = {
    "mapping values are not allowed in this context": (
        "a colon where none can stand",
        'Indent keys of one map alike, and write a text that has ": " in it in quotes.',
    ),
    "did not find expected key": (
        "something other than a key",
        "Indent keys of one map alike, write key: value, and close what is open.",
    ),
    "could not find expected ':'": ("a key without its colon", "Write key: value; a blank follows the colon."),
    "did not find expected '-' indicator": ("something other than a list item", "Indent items of one list alike."),
    "did not find expected ',' or ']'": ("a list that is not closed", "Put a comma between items and ] at the end."),
    "did not find expected ',' or '}'": ("a map that is not closed", "Put a comma between entries and } at the end."),
    "found unexpected end of stream": ("a quotation mark that is never closed", "Close the quotation."),
    "did not find expected <document start>": ("more after the end of the document", "Indent it, or remove it."),
    "found unknown escape character": (
        "a backslash with a letter that means nothing",
        "Use 'single quotes', where a backslash is a backslash, or double it.",
    ),
    "block sequence entries are not allowed in this context": (
        "a list item where none can stand",
        "Begin the list on a line of its own.",
    ),
    "found invalid Unicode character escape code": ("half of a character", "Write the character itself."),
}
_UNCLOSED = ("found unexpected end of stream", "did not find expected ',' or ']'", "did not find expected ',' or '}'")


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in the text; both numbers count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with the YAML itself, and where."""

    mark: Mark
    problem: Problem


class YamlInvalid(ConfigurationError):
    """The text cannot be read as YAML; ``finding`` says where it stops."""

    def __init__(self, finding: Finding) -> None:
        super().__init__([finding.problem])
        self.finding = finding


@dataclass(slots=True)
class _Node:
    mark: Mark
    data: Any = None
    written: str | None = None  # of a plain scalar that is no text
    entries: dict[str | int, tuple[Mark, "_Node"]] = field(default_factory=dict)
    size: int = 1
    height: int = 0


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One document.

    Attributes:
        data: Dicts with text keys, lists, text, whole numbers, fractions, true and false, ``None``. Aliases share their
            value: read it, do not change it.
        findings: What is wrong and yet did not keep the rest from being read: tags, keys that are no text or there
            twice, unknown aliases.
    """

    data: Any
    findings: tuple[Finding, ...]
    _root: _Node

    def mark(self, path: KeyPath) -> Mark:
        """Where a value stands: its key, or the item; for what is not there, the innermost thing around it that is."""
        return self._walk(path)[1]

    def depth(self, path: KeyPath) -> int:
        """How many steps of the path exist."""
        return self._walk(path)[2]

    def written(self, path: KeyPath) -> str | None:
        """A number, true, false or null as it was written: ``+84901234567``, ``007``; ``None`` for all else."""
        node, _, depth = self._walk(path)
        return node.written if depth == len(path) else None

    def _walk(self, path: KeyPath) -> tuple[_Node, Mark, int]:
        node, mark = self._root, self._root.mark
        for depth, step in enumerate(path):
            entry = node.entries.get(step)
            if entry is None:
                return node, mark, depth
            mark, node = entry
        return node, mark, len(path)


def read_yaml(text: str | bytes) -> YamlDocument:
    """One YAML 1.2 document of at most 1 MiB (CONFIG.md, "The mapping language", last paragraph).

    Plain scalars are null, true or false, decimal numbers, else text. An empty text is a document of ``None``.

    Raises:
        YamlInvalid: Not UTF-8, too large or too deep, a character or a directive that cannot be here, a second
            document, or not YAML.
    """
    content = _decoded(text)
    composer = _Composer()
    try:
        for event in yaml.parse(content, Loader=yaml.CBaseLoader):
            if isinstance(event, yaml.DocumentEndEvent):
                # Asking the parser for more would have it read all directives of a next document.
                _refuse_more(content, event.end_mark.index)
                break
            composer.take(event)
    except yaml.MarkedYAMLError as error:
        raise YamlInvalid(_syntax_finding(content, error)) from None
    root = composer.root or _Node(Mark(1, 1))
    return YamlDocument(root.data, tuple(composer.findings), root)


def _decoded(text: str | bytes) -> str:
    try:
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        if len(data) > MAX_BYTES:
            raise _invalid(Mark(1, 1), "more than 1 MiB", "Split what is not configuration into files of its own.")
        content = text if isinstance(text, str) else data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            raise _invalid(Mark(1, 1), "UTF-16", "Save the file as UTF-8.") from None
        raise _invalid(_mark_at(before, len(before)), "a byte that is not UTF-8", "Save the file as UTF-8.") from None
    forbidden = _FORBIDDEN.search(content)
    if forbidden is not None:
        position, character = forbidden.start(), forbidden[0]
        if character == "\ufeff":
            raise _invalid(_mark_at(content, position), "a byte order mark", "Save the file as UTF-8 without a BOM.")
        raise _invalid(
            _mark_at(content, position),
            f"the invisible character U+{ord(character):04X}",
            f'Remove it, or write it as "\\u{ord(character):04x}" in double quotes.',
        )
    directive = _DIRECTIVE.match(content)
    if directive is not None:
        raise _invalid(_mark_at(content, directive.end() - 1), "a directive", "Remove the line that begins with %.")
    return content


def _refuse_more(content: str, end: int) -> None:
    nothing = _NOTHING.match(content, end)
    position = nothing.end() if nothing else end
    if position < len(content):
        found = "a second document" if content.startswith("---", position) else "more after the end of the document"
        raise _invalid(_mark_at(content, position), found, "Keep one document to a file.")


def _mark_at(content: str, position: int) -> Mark:
    return Mark(content.count("\n", 0, position) + 1, position - content.rfind("\n", 0, position))


def _invalid(mark: Mark, found: str, cure: str, path: KeyPath = ()) -> YamlInvalid:
    return YamlInvalid(Finding(mark, Problem(path, found, "", cure)))


def _syntax_finding(content: str, error: Any) -> Finding:
    mark, said = error.problem_mark, error.problem
    if said in _UNCLOSED and error.context_mark is not None:
        mark = error.context_mark  # what was opened says more than where the text ran out
    character = content[mark.index : mark.index + 1]
    if said == "found character that cannot start any token":
        found = "a tab" if character == "\t" else f"a text that begins with {character}"
        cure = "Indent with blanks." if character == "\t" else _QUOTE
    else:
        found, cure = _SYNTAX.get(said, (f"not YAML: {said}", "Look at this line and the one above."))
    return Finding(Mark(mark.line + 1, mark.column + 1), Problem((), found, "", cure))


@dataclass(slots=True)
class _Open:
    """A list or map whose end has not been seen."""

    node: _Node
    anchor: str | None
    awaits_value: bool = False
    key: str | None = None  # of the value awaited; None where the key cannot be used
    key_mark: Mark = Mark(1, 1)

    @property
    def step(self) -> str | int | None:
        return len(self.node.data) if isinstance(self.node.data, list) else self.key


class _Composer:
    """Builds the tree from events."""

    def __init__(self) -> None:
        self.root: _Node | None = None
        self.findings: list[Finding] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, _Node | None] = {}  # None while the anchored value is still open
        self._nodes = 0

    def take(self, event: Any) -> None:
        mark = Mark(event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_tag(event, mark)
            node = self._scalar(event, mark)
            if event.anchor is not None:
                self._anchors[event.anchor] = node
            self._place(node, mark, plain=not event.style)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._refuse_tag(event, mark)
            if len(self._open) >= MAX_DEPTH:
                raise _invalid(mark, f"nested more than {MAX_DEPTH} deep", "Write it flatter.")
            if event.anchor is not None:
                self._anchors[event.anchor] = None
            data: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
            self._open.append(_Open(_Node(mark, data), event.anchor))
        elif isinstance(event, yaml.CollectionEndEvent):
            ended = self._open.pop()
            if ended.anchor is not None:
                self._anchors[ended.anchor] = ended.node
            self._place(ended.node, ended.node.mark)
        elif isinstance(event, yaml.AliasEvent):
            self._place(self._aliased(event.anchor, mark), mark)

    def _place(self, node: _Node, mark: Mark, *, plain: bool = False) -> None:
        self._nodes += node.size
        if self._nodes > MAX_NODES:
            raise _invalid(mark, f"more than {MAX_NODES} values", "Aliases count as all that they stand for.")
        if not self._open:
            self.root = node
            return
        around = self._open[-1]
        if len(self._open) + node.height > MAX_DEPTH:
            raise _invalid(mark, f"nested more than {MAX_DEPTH} deep", "Write it flatter.")
        if isinstance(around.node.data, dict) and not around.awaits_value:
            around.key, around.key_mark, around.awaits_value = self._key(node, mark, plain=plain), mark, True
            return
        around.awaits_value = False
        step = around.step
        if step is None:
            return
        around.node.entries[step] = (mark if isinstance(step, int) else around.key_mark, node)
        around.node.size += node.size
        around.node.height = max(around.node.height, node.height + 1)
        if isinstance(step, int):
            around.node.data.append(node.data)
        else:
            around.node.data[step] = node.data

    def _key(self, node: _Node, mark: Mark, *, plain: bool) -> str | None:
        """The key, or None where what follows it cannot be given a place."""
        if isinstance(node.data, dict | list):
            self._find(mark, "a list or map as a key", "Keys are text.", 'Write key: value; "{" and "[" open values.')
            return None
        key = node.data if isinstance(node.data, str) else node.written or ""
        if plain and key == "<<":
            self._find(mark, "a merge key", "It is no part of YAML 1.2.", "Write the entries out, or alias each.")
            return None
        if not isinstance(node.data, str) or (plain and key.lower() in _OLD_BOOLEANS):
            kind = "a number" if type(node.data) in {int, float} else "a word that YAML takes for something else"
            kind = "nothing" if key == "" else kind
            self._find(mark, f"{kind} as a key", "Keys are text.", f'Quote it: "{key}"', key)
        if key in self._open[-1].node.data:
            first = self._open[-1].node.entries[key][0]
            self._find(
                mark,
                f"given twice, first in line {first.line}",
                "Only one of them could count.",
                "Keep one of them.",
                key,
            )
            return None
        return key

    def _scalar(self, event: Any, mark: Mark) -> _Node:
        text: str = event.value
        if event.style:
            return _Node(mark, text)
        if text in _CONSTANTS:
            return _Node(mark, _CONSTANTS[text], written=text)
        if _INTEGER.fullmatch(text):
            if len(text) <= _MAX_DIGITS:
                return _Node(mark, int(text), written=text)
            self._find(mark, f"a number of {len(text)} digits", "", _QUOTE)
        elif _DECIMAL.fullmatch(text):
            number = float(text)
            if abs(number) != float("inf"):
                return _Node(mark, number, written=text)
            self._find(mark, "a number beyond all bounds", "", _QUOTE)
        return _Node(mark, text)

    def _aliased(self, anchor: str, mark: Mark) -> _Node:
        node = self._anchors.get(anchor)
        if node is not None:
            return node
        found = "an alias of what it stands in" if anchor in self._anchors else "an alias of an anchor that is not there"
        self._find(mark, found, "", "Write &name before the value, above, and *name here; quote a text that begins with *.")
        return _Node(mark)

    def _refuse_tag(self, event: Any, mark: Mark) -> None:
        if event.tag is not None:
            self._find(mark, "a tag", "Types are plain here.", "Remove it; quote a text that begins with !.")

    def _find(self, mark: Mark, found: str, why: str, cure: str, *key: str) -> None:
        path = (*self._path(), *key)
        self.findings.append(Finding(mark, Problem(path, found, why, cure)))

    def _path(self) -> Iterator[str | int]:
        for position, around in enumerate(self._open):
            innermost = position == len(self._open) - 1
            step = around.step if not innermost or around.awaits_value or isinstance(around.node.data, list) else None
            if step is None:
                return
            yield step
