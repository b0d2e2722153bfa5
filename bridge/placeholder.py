"""Secrets that are none: what stands in documentation to be replaced."""

import re

# What documentation and token debuggers show as a secret.
_EXAMPLE = re.compile(
    r"(?i)256.?bit|change.?me|change.?this|replace.?me|your.?(client.?)?(secret|key)|placeholder|secret.?key.?here"
)

# A placeholder asks to be replaced, or is made of nothing but the words that documentation is made of: HEADER_TOKEN,
# your-header-token, <YourSecretHere>. A random secret is neither; signs and case do not matter.
_ASKS_TO_BE_REPLACED = re.compile(r"[^a-z0-9]*(?:change|replace)[^a-z0-9]*(?:me(?!nt)|this|it|with)", re.ASCII)
_WORDS_OF_DOCUMENTATION = re.compile(
    r"(?:auth|authentication|authorization|bearer|change|cxgenie|default|dummy|enter|example|fixme|header|here|insert|it|key"
    r"|long|me|my|password|placeholder|please|put|random|replace|sample|secret|set|shared|some|string|the|this|to|todo|token"
    r"|value|with|your)+",
    re.ASCII,
)


def is_example(secret: str) -> bool:
    """Whether a secret is one of those that documentation shows, wherever that stands in it."""
    return _EXAMPLE.search(secret) is not None


def is_placeholder(secret: str) -> bool:
    """Whether a secret asks to be replaced, is made of documentation's words alone, or is one character repeated.

    For secrets that an operator makes: what a provider has made may be as plain as it likes.
    """
    text = secret.lower()
    if _ASKS_TO_BE_REPLACED.match(text):
        return True
    words = "".join(character for character in text if character.isalnum())
    return len(set(text) - set("-_.")) <= 1 or _WORDS_OF_DOCUMENTATION.fullmatch(words) is not None
