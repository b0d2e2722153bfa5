"""What reading the operator's ``mapping:`` finds: every error and every doubt, each with its key path, all at once."""

from collections.abc import Collection
from difflib import get_close_matches
from typing import Any, Final

from bridge.errors import KeyPath, Problem
from bridge.mapping.path import describe

_LONGEST_NAME: Final = 64
"""Characters of a text that are shown, and up to which it is looked up among what is known."""

_MOST_SUGGESTIONS: Final = 100

_SLIP: Final = 0.8
"""As difflib counts: ``emial`` for ``email`` is just that near."""


class Findings:
    """Takes what is wrong; nothing is raised, so that reading goes on."""

    def __init__(self) -> None:
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []

    def refuse(self, path: KeyPath, found: str, why: str = "", cure: str = "") -> None:
        """Notes an error."""
        self.errors.append(Problem(path, found, why, cure))

    def warn(self, path: KeyPath, found: str, why: str = "", cure: str = "") -> None:
        """Notes a doubt."""
        self.warnings.append(Problem(path, found, why, cure))

    def unknown_key(self, path: KeyPath, key: object, known: Collection[str], why: str = "") -> None:
        """Notes a key that has no meaning here, with the nearest that has one."""
        if not isinstance(key, str):
            self.refuse(path, f"{describe(key)} as a key, text was expected", "", "Quote it.")
            return
        # Looking for what was meant is by far the dearest part of reading; nobody mends a hundred keys at once.
        close = nearest(key, known) if len(self.errors) < _MOST_SUGGESTIONS else None
        cure = f"Did you mean {close}?" if close else f"Known here: {', '.join(known)}."
        self.refuse((*path, key), f"unknown key {shown(key)}", why, cure)

    def not_one(self, path: KeyPath, written: dict[Any, Any], forms: Collection[str], beside: Collection[str]) -> None:
        """Notes that a map has none of these forms, or more than one."""
        present = [key for key in written if key in forms]
        if present:
            cure = f"Keep one of {', '.join(present)}."
            self.refuse((*path, present[1]), f"two forms at once, {' and '.join(present[:2])}", "", cure)
            return
        strangers = [key for key in written if key not in beside]
        for key in strangers:
            self.unknown_key(path, key, (*forms, *beside))
        if not strangers:
            found = "no form" if written else "an empty map"
            self.refuse(path, found, "", f"Write one of {', '.join(forms)}.")

    def text(self, path: KeyPath, written: Any, *, blank: bool = False) -> str | None:
        """The text that was written, or ``None`` and a problem; ``blank`` takes blank text too."""
        if isinstance(written, str) and (blank or (written and not written.isspace())):
            return written
        if isinstance(written, bool | int | float):
            why = "Without quotes YAML reads another value: it drops a plus sign and leading zeros."
            self.refuse(path, f"{describe(written)}, text was expected", why, "Quote it.")
        else:
            found = "blank" if isinstance(written, str) else describe(written)
            self.refuse(path, f"{found}, text was expected", "", "Write a text.")
        return None

    def items(self, path: KeyPath, written: Any, what: str) -> list[Any]:
        """The list that was written, or an empty one and a problem."""
        if isinstance(written, list) and written:
            return written
        found = "an empty list" if written == [] else f"{describe(written)}, a list was expected"
        self.refuse(path, found, "", f"Write a list of {what}.")
        return []


def nearest(name: str, known: Collection[str]) -> str | None:
    """What somebody most likely meant who wrote this name."""
    close = get_close_matches(name, known, n=1) if len(name) <= _LONGEST_NAME else []
    return close[0] if close else None


def misspelt(name: str, known: Collection[str]) -> str | None:
    """What a name of somebody else's choosing is most likely a slip of: a letter or two swapped, missing or too many.

    Stricter than ``nearest``: here an unknown name is nothing wrong.
    """
    if name in known or len(name) > _LONGEST_NAME:
        return None
    # One and several of a thing are claims of their own: `role` and `roles`, `email` and `emails`.
    near = [
        other
        for other in known
        if other[:1] == name[:1]
        and abs(len(other) - len(name)) <= 1
        and other.removesuffix("s") != name.removesuffix("s")
    ]
    swapped = (other for other in near if sorted(other) == sorted(name))
    close = get_close_matches(name, near, n=1, cutoff=_SLIP)
    return next(swapped, None) or (close[0] if close else None)


def shown(text: str) -> str:
    """The operator's text as an error may print it: quoted, cut, nothing in it that moves a terminal."""
    return repr(text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…")


def abridged(items: list[Any]) -> str:
    """The operator's list, for an example of what to write instead."""
    words = [item if isinstance(item, str) and item.isprintable() and len(item) <= 32 else "…" for item in items[:4]]
    return f"[{', '.join(words)}{', …' if len(items) > 4 else ''}]"
