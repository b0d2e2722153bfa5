"""What a provider's opaque tokens look like: a regular expression of RE2's, which no token can make run long."""

from typing import Any, Final

import re2

MAX_PATTERN: Final = 500
"""Characters; what a token looks like takes fewer."""


class TokenPattern:
    """One compiled ``token_pattern``.

    Args:
        written: What ``unfit_token_pattern`` finds nothing wrong with.

    Attributes:
        begins_as_jwt: Whether it spells out that its tokens begin as JWTs do.
    """

    __slots__ = ("_compiled", "begins_as_jwt")

    def __init__(self, written: str) -> None:
        self._compiled = _compiled(written)
        self.begins_as_jwt = written.startswith("eyJ")

    def matches(self, text: str) -> bool:
        """Whether the whole text is such a token."""
        # In bytes: of a text, google-re2 would work out where each of its characters begins.
        return self._compiled.fullmatch(text.encode()) is not None


def unfit_token_pattern(written: str) -> str:
    """Why a text is no pattern that can tell tokens, or an empty text."""
    if not written.strip():
        return "empty"
    if len(written) > MAX_PATTERN:
        return f"a regular expression of {len(written)} characters, at most {MAX_PATTERN} are read"
    try:
        TokenPattern(written)
    except (re2.error, UnicodeEncodeError):
        return "not a regular expression that RE2 reads (no look-around, no back-references)"
    return ""


def _compiled(written: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    return re2.compile(written, options)
