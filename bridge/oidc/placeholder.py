"""Secrets that are none: what stands in documentation to be replaced."""

import re

# What documentation and token debuggers show as a secret.
_EXAMPLE = re.compile(
    r"(?i)256.?bit|change.?me|change.?this|replace.?me|your.?(client.?)?(secret|key)|placeholder|secret.?key.?here"
)


def is_placeholder(secret: str) -> bool:
    """Whether a secret is one of those that documentation shows."""
    return _EXAMPLE.search(secret) is not None
