"""YAML events become a tree whose every node knows its line and column; bounds are checked as they are reached.

The stack is our own: nothing recurses and nothing is constructed. What operators trip over is refused (THREATS.md M16):
tags, merge keys, keys that are no text or there twice, bombs of aliases.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from bridge.errors import ConfigurationError, Problem

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
QUOTE = "Write it in quotes."


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
class Node:
    """One value, the places of what is in it, and its size and levels of nesting with all aliases expanded."""

    mark: Mark
    data: Any = None
    written: str | None = None  # of a plain scalar that is no text
    entries: dict[str | int, tuple[Mark, "Node"]] = field(default_factory=dict)
    size: int = 1
    height: int = 0


@dataclass(slots=True)
class _Open:
    """A list or map whose end has not been seen."""

    node: Node
    anchor: str | None
    awaits_value: bool = False
    key: str | None = None  # of the value awaited; None where the key cannot be used
    key_mark: Mark = Mark(1, 1)

    @property
    def step(self) -> str | int | None:
        return len(self.node.data) if isinstance(self.node.data, list) else self.key


class Composer:
    """Builds the tree from a parser's events.

    Attributes:
        root: The document's value, once its events were taken.
        findings: What is wrong and yet did not keep the rest from being read.
    """

    def __init__(self) -> None:
        self.root: Node | None = None
        self.findings: list[Finding] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}  # None while the anchored value is still open
        self._nodes = 0

    def take(self, event: Any) -> None:
        """Takes the next event.

        Raises:
            YamlInvalid: Nested too deep, or too large.
        """
        mark = Mark(event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, yaml.ScalarEvent):
            self._count(1, mark)
            self._refuse_tag(event, mark)
            node = self._scalar(event, mark)
            if event.anchor is not None:
                self._anchors[event.anchor] = node
            self._place(node, mark, plain=not event.style)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._count(1, mark)
            self._refuse_tag(event, mark)
            if len(self._open) >= MAX_DEPTH:
                raise _too_deep(mark)
            if event.anchor is not None:
                self._anchors[event.anchor] = None
            data: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
            self._open.append(_Open(Node(mark, data, height=1), event.anchor))
        elif isinstance(event, yaml.CollectionEndEvent):
            ended = self._open.pop()
            if ended.anchor is not None:
                self._anchors[ended.anchor] = ended.node
            self._place(ended.node, ended.node.mark)
        elif isinstance(event, yaml.AliasEvent):
            node = self._aliased(event.anchor or "", mark)
            self._count(node.size, mark)
            self._place(node, mark)

    def _count(self, nodes: int, mark: Mark) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise invalid(mark, f"more than {MAX_NODES} values", "Aliases count as all that they stand for.")

    def _place(self, node: Node, mark: Mark, *, plain: bool = False) -> None:
        if not self._open:
            self.root = node
            return
        around = self._open[-1]
        if len(self._open) + node.height > MAX_DEPTH:
            raise _too_deep(mark)
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

    def _key(self, node: Node, mark: Mark, *, plain: bool) -> str | None:
        """The key, or None where what follows it cannot be given a place."""
        if isinstance(node.data, dict | list):
            self._find(mark, "a list or map as a key", "Keys are text.", 'Write key: value; "{" and "[" open values.')
            return None
        key = node.data if isinstance(node.data, str) else node.written or ""
        if plain and key == "<<":
            self._find(mark, "a merge key", "It is no part of YAML 1.2.", "Write the entries out, or alias each.")
            return None
        if not isinstance(node.data, str) or (plain and key.lower() in _OLD_BOOLEANS):
            if type(node.data) in {int, float}:
                found = "a number as a key"
            else:
                found = "a bare word as a key that YAML reads as true, false or nothing" if key else "an empty key"
            self._find(mark, found, "Keys are text.", f'Quote it: "{key}"', key)
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

    def _scalar(self, event: Any, mark: Mark) -> Node:
        text: str = event.value
        if event.style:
            return Node(mark, text)
        if text in _CONSTANTS:
            return Node(mark, _CONSTANTS[text], written=text)
        if _INTEGER.fullmatch(text):
            if len(text) <= _MAX_DIGITS:
                return Node(mark, int(text), written=text)
            self._find(mark, f"a number of {len(text)} digits", "", QUOTE)
        elif _DECIMAL.fullmatch(text):
            number = float(text)
            if abs(number) != float("inf"):
                return Node(mark, number, written=text)
            self._find(mark, "a number beyond all bounds", "", QUOTE)
        return Node(mark, text)

    def _aliased(self, anchor: str, mark: Mark) -> Node:
        node = self._anchors.get(anchor)
        if node is not None:
            return node
        found = (
            "an alias of what it stands in" if anchor in self._anchors else "an alias of an anchor that is not there"
        )
        self._find(
            mark, found, "", "Write &name before the value, above, and *name here; quote a text that begins with *."
        )
        return Node(mark)

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


def invalid(mark: Mark, found: str, cure: str) -> YamlInvalid:
    """What to raise where reading cannot go on."""
    return YamlInvalid(Finding(mark, Problem((), found, "", cure)))


def _too_deep(mark: Mark) -> YamlInvalid:
    return invalid(mark, f"nested more than {MAX_DEPTH} deep", "Write it flatter.")
