r"""Transforms, a closed set (CONFIG.md, "Transforms"): each makes another value of a value, or ``None``: absent.

A transform of text also takes whole numbers and each element of a list, where what becomes absent is left out. One of
lists takes a lone value as a list of one. What comes of a claim is bounded, and a claim's text is never a pattern.
"""

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from bridge.claims import Json
from bridge.mapping import operand as operands
from bridge.mapping.operand import OperandUnfit
from bridge.mapping.path import Wanted, as_text, describe

MAX_CHARACTERS: Final = 262_144
"""Characters of a text, or of all texts of a list, that a transform takes or gives."""

MAX_ELEMENTS: Final = 10_000
"""Elements of a list that a transform takes or gives."""

Kind = Literal["same", "text", "list", "any"]

_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_WORD = re.compile(r"[^\s-]+")
_NOT_DIGITS = re.compile(r"[^0-9]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*")
_BASE64_URL = str.maketrans("-_", "+/")
_GIVEN = re.compile(r"\\(?P<group>[0-9])|\\(?P<backslash>\\)|(?P<stray>\\)")

TEXTS: Final = Wanted(
    lambda value: value if isinstance(value, list) else as_text(value), "text or a list of texts was wanted"
)
LIST: Final = Wanted(lambda value: value, "a list was wanted")
OBJECT: Final = Wanted(lambda value: value if isinstance(value, dict) else None, "an object was wanted", lists=False)


@dataclass(frozen=True, slots=True)
class Transform:
    """One compiled step.

    Attributes:
        name: As operators write it.
        change: What becomes of a value that it takes.
        takes: What it takes.
        gives: What comes out; ``same`` is text for text and a list for a list.
        selects: Whether it only takes whole texts out of what is there, and makes none.
        constant: Whether every visitor gets the same text.
    """

    name: str
    change: Callable[[Json], Json]
    takes: Wanted
    gives: Kind
    selects: bool = False
    constant: bool = False

    def apply(self, value: Json) -> Json:
        """What becomes of a value; ``None`` for one that it cannot take, or of which nothing comes."""
        value = self.takes.take(value)
        if value is None or not _is_bounded(value):
            return None
        changed = self.change(value)
        if changed is None or changed == [] or not _is_bounded(changed):
            return None
        return as_text(changed) if isinstance(changed, str) else changed


def _is_bounded(value: Json) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_CHARACTERS
    if isinstance(value, list):
        texts = sum(len(element) for element in value if isinstance(element, str))
        return len(value) <= MAX_ELEMENTS and texts <= MAX_CHARACTERS
    return not isinstance(value, dict) or len(value) <= MAX_ELEMENTS


def on_texts(
    name: str, change: Callable[[str], str | list[str] | None], *, gives: Kind = "same", constant: bool = False
) -> Transform:
    """A transform of text, by what it does to one text."""

    def whole(value: Json) -> Json:
        if not isinstance(value, list):
            return change(value)
        changed: list[str] = []
        size = 0
        for text in filter(None, map(as_text, value)):
            result = change(text)
            for part in result if isinstance(result, list) else (result,):
                if part and not part.isspace():
                    size += len(part)
                    changed.append(part)
            if size > MAX_CHARACTERS:
                return None
        return changed

    return Transform(name, whole, TEXTS, gives, constant=constant)


def on_list(name: str, change: Callable[[list[Json]], Json], gives: Kind, *, selects: bool = True) -> Transform:
    """A transform of lists, by what it does to the elements that are there: not null, not blank."""

    def whole(value: Json) -> Json:
        elements = value if isinstance(value, list) else [value]
        return change([element for element in elements if element is not None and not _is_blank(element)])

    return Transform(name, whole, LIST, gives, selects=selects)


def _is_blank(value: Json) -> bool:
    return isinstance(value, str) and (not value or value.isspace())


def _texts(elements: Iterable[Json]) -> list[str]:
    return [text for element in elements if (text := as_text(element)) is not None]


def _title(text: str) -> str:
    # str.title() would begin a word anew after an apostrophe or a combining accent.
    return _WORD.sub(lambda word: word[0].capitalize(), text)


def _base64(text: str) -> str | None:
    """RFC 4648 sections 4 and 5; the padding may be missing, but not be wrong."""
    data = text.translate(_BASE64_URL)
    bare = data.removesuffix("=").removesuffix("=")
    if len(bare) % 4 == 1 or (bare != data and len(data) % 4) or _BASE64.fullmatch(bare) is None:
        return None
    try:
        return b64decode(bare + "=" * (-len(bare) % 4)).decode()
    except UnicodeDecodeError:
        return None


NAMED: Final[Mapping[str, Transform]] = {
    each.name: each
    for each in (
        on_texts("trim", str.strip),
        on_texts("collapse", lambda text: " ".join(text.split())),
        on_texts("lower", lambda text: text.translate(_ASCII_LOWER)),
        on_texts("upper", str.upper),
        on_texts("title", _title),
        on_texts("digits", lambda text: _NOT_DIGITS.sub("", text)),
        on_texts("base64", _base64),
        on_list("first", lambda elements: elements[0] if elements else None, "any"),
        on_list("last", lambda elements: elements[-1] if elements else None, "any"),
        Transform("keys", _texts, OBJECT, "list", selects=True),
        Transform("values", lambda value: [each for each in value.values() if each is not None], OBJECT, "list", True),
    )
}
"""The transforms that are a name alone."""


def _pick(written: Mapping[str, Any]) -> Transform:
    pattern = operands.pattern(written["pick"], "pick", groups=True)
    parts = _given(written.get("give", "\\1" if pattern.groups else "\\0"), pattern.groups)

    def change(text: str) -> str | None:
        found = pattern.pick(text)
        if found is None:
            return None
        texts = [found[part] if isinstance(part, int) else part for part in parts]
        return "".join(texts) if sum(map(len, texts)) <= MAX_CHARACTERS else None

    return on_texts("pick", change, constant=not any(isinstance(part, int) for part in parts))


def _given(written: Any, groups: int) -> list[str | int]:
    r"""The parts of what ``pick`` gives: text, and a number for what ``\0`` to ``\9`` stand for."""
    text = operands.text(written, "give", blank=True)
    parts: list[str | int] = []
    end = 0
    for match in _GIVEN.finditer(text):
        parts.append(text[end : match.start()])
        end = match.end()
        if match["stray"]:
            raise OperandUnfit("a stray backslash", "", r"Write \1 for a group and \\ for a backslash.", "give")
        if match["group"] and int(match["group"]) > groups:
            found = f"\\{match['group']}, and the pattern has {groups} group{'' if groups == 1 else 's'}"
            cure = r"\0 is all that matched; put brackets round what \1 should be."
            raise OperandUnfit(found, "", cure, "give")
        parts.append(int(match["group"]) if match["group"] else "\\")
    parts.append(text[end:])
    return [part for part in parts if part != ""]


def _strip_prefix(written: Mapping[str, Any]) -> Transform:
    prefix = operands.text(written["strip_prefix"], "strip_prefix", blank=True)
    return on_texts("strip_prefix", lambda text: text.removeprefix(prefix))


def _strip_suffix(written: Mapping[str, Any]) -> Transform:
    suffix = operands.text(written["strip_suffix"], "strip_suffix", blank=True)
    return on_texts("strip_suffix", lambda text: text.removesuffix(suffix))


def _split(written: Mapping[str, Any]) -> Transform:
    separator = operands.text(written["split"], "split", blank=True)
    return on_texts("split", lambda text: _texts(text.split(separator)), gives="list")


def _only(written: Mapping[str, Any]) -> Transform:
    wanted = operands.texts(written["only"], inside=("only",))
    return on_list("only", lambda elements: [text for text in _texts(elements) if text in wanted], "list")


def _only_match(written: Mapping[str, Any]) -> Transform:
    occurs = operands.pattern(written["only_match"], "only_match").occurs_in
    return on_list("only_match", lambda elements: [text for text in _texts(elements) if occurs(text)], "list")


def _join(written: Mapping[str, Any]) -> Transform:
    separator = written["join"]
    if separator != "":
        operands.text(separator, "join", blank=True)
    most = operands.count(written["at_most"], "at_most") if "at_most" in written else None
    return on_list("join", lambda elements: separator.join(_texts(elements)[:most]), "text", selects=False)


@dataclass(frozen=True, slots=True)
class Form:
    """A transform that is a map: how it is read, and its keys beside the first."""

    read: Callable[[Mapping[str, Any]], Transform]
    keys: tuple[str, ...] = ()


FORMS: Final[Mapping[str, Form]] = {
    "pick": Form(_pick, ("give",)),
    "strip_prefix": Form(_strip_prefix),
    "strip_suffix": Form(_strip_suffix),
    "split": Form(_split),
    "only": Form(_only),
    "only_match": Form(_only_match),
    "join": Form(_join, ("at_most",)),
}
"""The transforms that take something, by their first key; each may raise ``OperandUnfit``."""


def nothing_comes_of(value: Json, transform: Transform) -> str:
    """Why a transform gave nothing, without the value."""
    if transform.takes.take(value) is None:
        return f"{describe(value)}, {transform.takes.words}"
    return f"nothing comes of {describe(value)}"
