"""YAML as plain data in which everything knows its line and column; what operators trip over is refused.

The C parser gives events, ``yaml_nodes.py`` makes a tree of them; here are the text before and the errors after.
"""

import re
from dataclasses import dataclass
from typing import Any

import yaml

from bridge.config.yaml_nodes import QUOTE, Composer, Finding, Mark, Node, YamlInvalid, invalid
from bridge.errors import KeyPath, Problem

MAX_BYTES = 1024 * 1024
# Not printable (YAML 1.2.2 section 5.1), or a line break to some readers and none to others.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]|\r(?!\n)")
_NOTHING = re.compile(r"(?:[ \t\r\n]|#[^\n]*(?:\n|\Z)|\.\.\.(?=\s|\Z))*")
_DIRECTIVE = re.compile(r"(?:[ \t\r\n]|#[^\n]*\n)*^%", re.MULTILINE)

_TAB = ("a tab", "Indent with blanks.")
# What the parser says, in words that name the mistake: found, cure.
_SYNTAX = {
    "mapping values are not allowed in this context": (
        "a colon where none can stand",
        'Indent keys of one map alike, put a blank behind each colon, and a text that has ": " in it in quotes.',
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
    "did not find expected node content": ("nothing where a value was expected", "Write a value there."),
    "found a tab character that violates indentation": _TAB,
    "found invalid Unicode character escape code": ("half of a character", "Write the character itself."),
}
_UNCLOSED = (
    "found unexpected end of stream",
    "did not find expected ',' or ']'",
    "did not find expected ',' or '}'",
    "could not find expected ':'",
)


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
    _root: Node

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

    def _walk(self, path: KeyPath) -> tuple[Node, Mark, int]:
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
    composer = Composer()
    try:
        for event in yaml.parse(content, Loader=yaml.CBaseLoader):
            if isinstance(event, yaml.DocumentEndEvent) and event.end_mark is not None:
                # Asking the parser for more would have it read all directives of a next document.
                _refuse_more(content, event.end_mark.index)
                break
            composer.take(event)
    except yaml.MarkedYAMLError as error:
        raise YamlInvalid(_syntax_finding(content, error)) from None
    root = composer.root or Node(Mark(1, 1))
    return YamlDocument(root.data, tuple(composer.findings), root)


def _decoded(text: str | bytes) -> str:
    try:
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        if len(data) > MAX_BYTES:
            raise invalid(Mark(1, 1), "more than 1 MiB", "Split what is not configuration into files of its own.")
        content = text if isinstance(text, str) else data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            raise invalid(Mark(1, 1), "UTF-16", "Save the file as UTF-8.") from None
        raise invalid(_mark_at(before, len(before)), "a byte that is not UTF-8", "Save the file as UTF-8.") from None
    forbidden = _FORBIDDEN.search(content)
    if forbidden is not None:
        position, character = forbidden.start(), forbidden[0]
        if character == "\ufeff":
            raise invalid(_mark_at(content, position), "a byte order mark", "Save the file as UTF-8 without a BOM.")
        raise invalid(
            _mark_at(content, position),
            f"the invisible character U+{ord(character):04X}",
            f'Remove it, or write it as "\\u{ord(character):04x}" in double quotes.',
        )
    directive = _DIRECTIVE.match(content)
    if directive is not None:
        raise invalid(_mark_at(content, directive.end() - 1), "a directive", "Remove the line that begins with %.")
    return content


def _refuse_more(content: str, end: int) -> None:
    nothing = _NOTHING.match(content, end)
    position = nothing.end() if nothing else end
    if position < len(content):
        found = "a second document" if content.startswith("---", position) else "more after the end of the document"
        raise invalid(_mark_at(content, position), found, "Keep one document to a file.")


def _mark_at(content: str, position: int) -> Mark:
    return Mark(content.count("\n", 0, position) + 1, position - content.rfind("\n", 0, position))


def _syntax_finding(content: str, error: Any) -> Finding:
    mark, said = error.problem_mark, error.problem
    if said in _UNCLOSED and error.context_mark is not None:
        mark = error.context_mark  # what was opened says more than where the text ran out
    character = content[mark.index : mark.index + 1]
    if said == "found character that cannot start any token":
        found, cure = _TAB if character == "\t" else (f"a text that begins with {character}", QUOTE)
    else:
        found, cure = _SYNTAX.get(said, (f"not YAML: {said}", "Look at this line and the one above."))
    return Finding(Mark(mark.line + 1, mark.column + 1), Problem((), found, "", cure))
