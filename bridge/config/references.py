"""What the file takes from outside: ``{env: NAME}`` and ``{file: PATH}``, read before any stage sees its settings.

The walk follows the settings' own types, because only they tell a reference from a key of that name
(``jwks: {file: …}``), a secret from a plain setting, and a number from a text.
"""

import json
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bridge.config.digests import UNREADABLE, digest
from bridge.config.slots import Slot
from bridge.errors import KeyPath, Problem

MAX_FILE_BYTES = 1024 * 1024
"""Large enough for every certificate authority of the world."""

STAND_IN = "stand-in for the secret at "
"""How the stand-in of a secret that was not looked for begins."""

ENVIRONMENT_NAME = "[A-Za-z_][A-Za-z0-9_]{0,127}"
"""What an environment variable is called."""

_NAME = re.compile(ENVIRONMENT_NAME, re.ASCII)
_PATH = re.compile(r"[^\x00-\x1f\x7f]{1,1024}")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}", re.ASCII)
_BOOLEANS = {"true": True, "false": False}

_INLINE = Problem(
    (),
    "a secret written into the file",
    "Whoever sees the file, its backups or its history would have it.",
    "Write {env: NAME} or {file: PATH}; on a laptop, --allow-inline-secrets takes it as it is.",
)


# ${NAME}, $NAME, %NAME%, {{ NAME }}: nothing fills them in here, and no secret looks like that.
_OF_A_SHELL = re.compile(r"\$\{?[A-Za-z_][A-Za-z0-9_]*\}?|%[A-Za-z_][A-Za-z0-9_]*%|\{\{[^{}]*\}\}")

_SHELL = Problem(
    (),
    "a reference of a shell's or a template's",
    "Nothing here puts a value in its place.",
    "Write {env: NAME} with the variable's name, or {file: PATH}.",
)

_KINDS = ("env", "file")

Needed = Callable[[KeyPath], bool]


def everything(_path: KeyPath) -> bool:
    """Every reference is read: for a service."""
    return True


def nothing(_path: KeyPath) -> bool:
    """None is: for a machine that has none of them."""
    return False


@dataclass(frozen=True, slots=True)
class Sources:
    """Where references lead.

    Attributes:
        environment: The variables, by name.
        base: What relative paths are relative to: the configuration file's folder.
        needed: Which references are read, by where they stand; for the others there are stand-ins for secrets, and
            gaps for the rest.
        allow_inline_secrets: Takes a secret that is written into the file.
    """

    environment: Mapping[str, str]
    base: Path
    needed: Needed = everything
    allow_inline_secrets: bool = False


class _Absent:
    """An optional reference that leads nowhere, or a value that could not be had."""


_ABSENT = _Absent()


class References:
    """Resolves every reference of one file.

    Attributes:
        problems: What could not be had, at the references' own places.
        outside: Where values came from outside, and whence: such a value is never shown.
        gaps: Places whose values are not known: what is said of them means nothing.
        assumed: Plain settings that were not looked up, so that their defaults take their places.
        survivors: Of each list that lost items, the positions that those left had in the file.
        files: Each file that was looked for, and what it held.
        cut: Secrets whose file ended in a line break, which is no part of them.
    """

    def __init__(self, sources: Sources) -> None:
        self.problems: list[Problem] = []
        self.outside: dict[KeyPath, str] = {}
        self.gaps: set[KeyPath] = set()
        self.assumed: list[KeyPath] = []
        self.survivors: dict[KeyPath, list[int]] = {}
        self.files: dict[Path, str] = {}
        self.cut: list[KeyPath] = []
        self._sources = sources

    def resolve(self, slot: Slot, data: Any) -> Any:
        """The file's data, copied, with every reference replaced by what it leads to, or left out."""
        return self._value(slot, data, ())

    def _value(self, slot: Slot, value: Any, path: KeyPath) -> Any:
        match slot.kind:
            case "model" | "map" if isinstance(value, dict):
                return dict(self._entries(slot, value, path))
            case "list" if slot.inner is not None:
                return (
                    self._items(slot.inner, value, path)
                    if isinstance(value, list)
                    else self._value(slot.inner, value, path)
                )
            case "secret":
                return self._secret(value, path)
            case "contents":
                return self._contents(value, path)
            case "plain" if isinstance(value, dict) and any(str(key).lower() in _KINDS for key in value):
                if not self._sources.needed(path):
                    self.assumed.append(path)
                    return self._gap(path)
                text = self._follow(value, path)
                return _converted(slot, text) if isinstance(text, str) else text
        return value

    def _entries(self, slot: Slot, value: dict[str, Any], path: KeyPath) -> Iterator[tuple[str, Any]]:
        for key, entry in value.items():
            inner = slot.at(key)
            if inner is not None and inner.optional and entry is None:
                cure = "Give it a value, or remove the key."
                resolved: Any = self._fail(Problem((*path, key), "nothing, a value was expected", "", cure))
            else:
                resolved = entry if inner is None else self._value(inner, entry, (*path, key))
            if resolved is not _ABSENT:
                yield key, resolved

    def _items(self, slot: Slot, value: list[Any], path: KeyPath) -> list[Any]:
        resolved = [self._value(slot, item, (*path, position)) for position, item in enumerate(value)]
        self.survivors[path] = [position for position, item in enumerate(resolved) if item is not _ABSENT]
        return [resolved[position] for position in self.survivors[path]]

    def _secret(self, value: Any, path: KeyPath) -> Any:
        if value is None or isinstance(value, list):
            return value
        if isinstance(value, str) and _OF_A_SHELL.fullmatch(value):
            return self._fail(replace(_SHELL, path=path))
        if not isinstance(value, dict):
            if self._sources.allow_inline_secrets:
                return value
            return self._fail(replace(_INLINE, path=path))
        if self._sources.needed(path):
            return self._follow(value, path, secret=True)
        if self._target(value, path) is None:
            return _ABSENT
        self.gaps.add(path)
        # The same reference twice is the same stand-in: two callbacks that share a secret are found without it.
        return STAND_IN + json.dumps(value, sort_keys=True)

    def _contents(self, value: Any, path: KeyPath) -> Any:
        if isinstance(value, dict) and "env" in value:
            value = self._follow(value, path) if self._sources.needed(path) else self._gap(path)
        elif isinstance(value, dict) and "file" in value:
            target = self._target(value, path)
            value = _ABSENT if target is None else target[1]
        if not isinstance(value, str):
            return value
        if not self._sources.needed(path):
            return self._gap(path)
        return self._read(value, path, optional=False)

    def _follow(self, reference: dict[str, Any], path: KeyPath, *, secret: bool = False) -> Any:
        target = self._target(reference, path)
        if target is None:
            return _ABSENT
        kind, name = target
        optional = reference.get("optional", False)
        if kind == "file":
            return self._read(name, path, optional=optional, secret=secret)
        text = self._sources.environment.get(name)
        if text is None:
            return self._missing(
                path, f"environment variable {name} is not set", f"Set {name} where the bridge runs.", optional=optional
            )
        return self._given(text, path, f"environment variable {name}")

    def _target(self, reference: dict[str, Any], path: KeyPath) -> tuple[str, str] | None:
        """``env`` or ``file`` and where it leads; None, and a problem, where it is no reference."""
        kinds = [kind for kind in _KINDS if kind in reference]
        name = reference.get(kinds[0]) if kinds else None
        cure = "Write {env: NAME} or {file: PATH}."
        found = ""
        if len(kinds) != 1 or not set(reference) <= {*kinds, "optional"}:
            found = "neither {env: NAME} nor {file: PATH}" if not kinds else "more than one {env: NAME} or {file: PATH}"
            other = [key for key in map(str, reference) if key not in _KINDS and key.lower() in _KINDS]
            if other and not kinds:
                found, cure = (
                    f"{other[0]}, {other[0].lower()} was expected",
                    f"Write it in lower case: {other[0].lower()}.",
                )
        elif not isinstance(name, str) or not (_NAME.fullmatch(name) if kinds == ["env"] else _PATH.fullmatch(name)):
            # What stands here may be the secret itself, so it is not shown.
            found = "not the name of an environment variable" if kinds == ["env"] else "not the path of a file"
        elif "optional" in reference and not (isinstance(path[-1], int) and isinstance(reference["optional"], bool)):
            found, cure = (
                "optional out of place",
                "It is true or false, beside env or file, in a list: what is left must do.",
            )
        if found:
            self._fail(Problem(path, found, "", cure))
            return None
        return kinds[0], str(name)

    def _read(self, name: str, path: KeyPath, *, optional: bool, secret: bool = False) -> Any:
        file = self._sources.base / name
        self.files[file] = UNREADABLE
        try:
            if not stat.S_ISREG(file.stat().st_mode):
                return self._fail(Problem(path, f"{name} is not a file", "", "Name a regular file."))
            with file.open("rb") as stream:
                data = stream.read(MAX_FILE_BYTES + 1)
            self.files[file] = digest(data)
        except FileNotFoundError:
            cure = f"Relative paths begin at {self._sources.base.absolute()}."
            return self._missing(path, f"there is no file {name}", cure, optional=optional)
        except OSError as error:
            return self._fail(
                Problem(path, f"{name} cannot be read: {error.strerror}", "", "Let the bridge's user read it.")
            )
        if len(data) > MAX_FILE_BYTES:
            return self._fail(Problem(path, f"{name} has more than 1 MiB", "", "Name the right file."))
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return self._fail(Problem(path, f"{name} is not UTF-8 text", "", "Name a text file."))
        if secret and text.endswith(("\n", "\r")):
            self.cut.append(path)
        return self._given(text.removesuffix("\n").removesuffix("\r"), path, f"file {name}")

    def _given(self, text: str, path: KeyPath, whence: str) -> Any:
        if not text:
            return self._fail(Problem(path, f"{whence} is empty", "", "Give it its value, or remove the reference."))
        self.outside[path] = whence
        return text

    def _missing(self, path: KeyPath, found: str, cure: str, *, optional: bool) -> _Absent:
        return _ABSENT if optional else self._fail(Problem(path, found, "", cure))

    def _fail(self, problem: Problem) -> _Absent:
        self.problems.append(problem)
        return self._gap(problem.path)

    def _gap(self, path: KeyPath) -> _Absent:
        self.gaps.add(path)
        return _ABSENT


def _converted(slot: Slot, text: str) -> Any:
    if slot.convert == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    return _BOOLEANS.get(text, text) if slot.convert == "boolean" else text
