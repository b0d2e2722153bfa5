"""What is most likely wrong with a request that is refused, told by comparison with what would be right.

For the operator who types settings into CX Genie by hand, from ``first-call`` and ``admin.capture``; the caller never
learns any of it. No secret is part of a text: it is compared, and at most its length is told.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from bridge.placeholder import is_placeholder

_LONG_ENOUGH = 8
"""Characters of a text that is called a part of the secret: one or two letters would be so by chance."""

_AGAIN = "Copy the secret once more: into CX Genie's Header token, and behind header_token."


@dataclass(frozen=True, slots=True)
class Slip:
    """One likely mistake.

    Attributes:
        found: What it is.
        cure: What to type, and where.
    """

    found: str
    cure: str


def header_form(authorization: Sequence[bytes]) -> str:
    """How the header token came: ``SECRET Bearer``, ``Bearer SECRET``, ``SECRET``, or in what other form."""
    if len(authorization) != 1:
        return "missing" if not authorization else f"{len(authorization)} headers"
    words = ["Bearer" if word.lower() == "bearer" else "SECRET" for word in _text(authorization[0]).split()]
    return " ".join(words[:4]) + (" …" if len(words) > 4 else "") if words else "empty"


def header_slip(
    authorization: Sequence[bytes], secrets: Sequence[str], others: Mapping[str, Sequence[str]]
) -> Slip | None:
    """Why the ``Authorization`` header is not right; ``None`` where it is.

    Args:
        authorization: The values of all of them.
        secrets: Those of the callback that was asked.
        others: Those of the other callbacks, by their names.
    """
    if not authorization:
        return Slip("no Authorization header", 'Fill in "Header token" in CX Genie\'s Custom Authentication.')
    if len(authorization) > 1:
        cure = "Something between CX Genie and the bridge adds one of its own: have it pass CX Genie's on alone."
        return Slip(f"{len(authorization)} Authorization headers", cure)
    words = _text(authorization[0]).split()
    rest = [word for word in words if word.lower() != "bearer"]
    if not rest:
        return Slip("an Authorization header without a secret", 'Fill in "Header token" in CX Genie.')
    if len(rest) == 1 and rest[0] in secrets:
        if len(words) <= 2:
            return None
        return Slip("the word Bearer twice", 'Type the secret alone into "Header token": CX Genie adds Bearer.')
    if any(word in secrets for word in rest):
        return Slip("another word beside the secret", 'Type the secret alone into "Header token".')
    owner = next((name for name, theirs in others.items() if any(word in theirs for word in rest)), None)
    if owner is not None:
        cure = (
            "Each bot's Authentication URL ends in the path of its own callback: exchange the URL or the header token."
        )
        return Slip(f"the header token of callback {owner}", cure)
    shown = " ".join(rest)
    return next((slip for secret in secrets if (slip := _near(shown, rest, secret))), None) or _far(shown, secrets)


def _near(shown: str, words: Sequence[str], secret: str) -> Slip | None:
    """What was done to the secret, if it is still to be seen in what came."""
    for made, found, cure in _CHANGED:
        if any(made(text) == secret for text in (shown, *words)):
            return Slip(f"the secret, {found}", cure)
    if any(word.lower() == secret.lower() for word in words):
        return Slip("the secret, in other case", _AGAIN)
    if shown == unquote(secret):
        return Slip("the secret behind header_token is percent-encoded", "Set it as it was typed into CX Genie.")
    if len(shown) < _LONG_ENOUGH:
        return None
    longer, shorter = len(shown) - len(secret), len(secret) - len(shown)
    if longer > 0 and secret in shown:
        before, _, after = shown.partition(secret)
        where = " and ".join(filter(None, ("at its beginning" if before else "", "at its end" if after else "")))
        return Slip(f"the secret is {_characters(longer)} longer {where}{_extra(before + after)}", _AGAIN)
    if shorter > 0 and shown in secret:
        where = "at its end" if secret.startswith(shown) else "at its beginning" if secret.endswith(shown) else "around"
        return Slip(f"the secret is {_characters(shorter)} shorter {where}: cut off when it was copied?", _AGAIN)
    differing = sum(one != other for one, other in zip(shown, secret, strict=False))
    if longer == 0 and differing <= 2:
        return Slip(f"as long as the secret, and another in {_characters(differing)}: typed by hand?", _AGAIN)
    return None


def _far(shown: str, secrets: Sequence[str]) -> Slip:
    """Nothing of the secret is to be seen in what came."""
    cure = (
        "Make one with `idp-bridge secret new`; give the same to CX Genie and to header_token. To take two for a while,"
        " list both: header_token: [{env: NEW}, {env: OLD}]."
    )
    if is_placeholder(shown):
        return Slip("a placeholder in place of the secret", cure)
    lengths = " or ".join(dict.fromkeys(str(len(secret)) for secret in secrets))
    return Slip(f"another secret: {_characters(len(shown))}, and the right one has {lengths}", cure)


def _extra(text: str) -> str:
    """What sort of characters a secret is longer by."""
    if unquote(text).isspace() and "%" in text:
        return ": a blank or a line break, percent-encoded"
    if text in ("\\n", "\\r\\n", "\\r", "\\t"):
        return ": a line break, written out as a backslash and a letter"
    if not text.isascii():
        return ": characters that are not ASCII, perhaps invisible"
    return ": a comma or a full stop?" if text.strip(",.;:") == "" else ""


def _characters(count: int) -> str:
    return "1 character" if count == 1 else f"{count} characters"


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return ""


_TYPE_IT = "Type it as it is."
_CHANGED: Sequence[tuple[Callable[[str], str], str, str]] = (
    (lambda text: text.strip("\"'`<>[]{}“”‘’«»"), "in quotes or brackets", "Type it without them."),  # noqa: RUF001 - quotes
    (lambda text: text.replace(" ", ""), "with a blank inside it", _AGAIN),
    (lambda text: unquote(text) if "%" in text else "", "percent-encoded", _TYPE_IT),
    (_decoded, "in base64", _TYPE_IT),
    (
        lambda text: _decoded(text).partition(":")[2],
        "as the password of Basic authentication",
        "Let it come as Bearer.",
    ),
    (lambda text: _decoded(text).partition(":")[0], "as the user of Basic authentication", "Let it come as Bearer."),
    (
        lambda text: text.rpartition("=")[2] if "=" in text.rstrip("=") else "",
        "behind a name and an equals sign",
        _TYPE_IT,
    ),
    (lambda text: text.rpartition(":")[2] if ":" in text else "", "behind a name and a colon", _TYPE_IT),
)
"""How a secret may have been changed on its way, undone."""


def path_slip(path: str, known: Sequence[str]) -> Slip | None:
    """Why no callback has a path; ``None`` where one has. The path itself may hold a secret: it is not repeated."""
    if path in known:
        return None
    ours = "in CX Genie's Authentication URL, or change path: of the callback"
    for candidate in known:
        if path == f"{candidate}/":
            return Slip("the callback's path with a slash behind it", f"Remove the slash {ours} to {path}.")
        if f"{path}/" == candidate:
            return Slip("the callback's path without the slash at its end", f"Add the slash {ours}.")
        if path.lower() == candidate.lower():
            return Slip("the callback's path in other case", f"Write {candidate} {ours}.")
        if candidate != "/" and path.replace("//", "/") == candidate:
            return Slip("the callback's path with two slashes in a row", f"Write {candidate} {ours}.")
        if candidate != "/" and path.endswith(candidate):
            cure = "Have what stands before the bridge take its own prefix off, or write the whole path under path:."
            return Slip("the callback's path behind another", cure)
    cure = f"The bridge answers {', '.join(known)}: write one of them {ours}."
    return Slip("a path that no callback has", cure)


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
