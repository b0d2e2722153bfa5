"""The address of one of ``sources:``, with its places for a visitor: ``https://crm.shop.example/customers/{id}``.

What stands in a place comes from a token, whose subject some visitors choose. It is percent-encoded as one segment of
the path or one value of the query (RFC 3986 sections 2.1 and 3.3), and where that could still lead elsewhere nothing
is asked.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote, urlsplit

PLACES: Final = ("id", "sub", "provider")
"""What can be filled in: the visitor's ``id`` as CX Genie gets it, the provider's subject, the provider's name."""

MAX_URL: Final = 2048
"""Characters of a filled address; what is longer many servers refuse, and no shop's ids are."""

_PLACE = re.compile(r"\{([^{}]*)\}")
_SEPARATORS = re.compile(r"[/\\]")
_DOTS = frozenset({".", ".."})


class SourceUrl:
    """One address.

    Attributes:
        places: The names in braces, in their order, known or not.
    """

    def __init__(self, template: str) -> None:
        self._template = template
        self.places = tuple(_PLACE.findall(template))

    def unfit(self) -> str:
        """Why it cannot be filled, or an empty text: a place elsewhere than in the path or a query's value."""
        literal = _PLACE.sub("x", self._template)
        try:
            # A place may stand in the path, and behind the = of a query; taken out there, none may be left.
            parts = urlsplit(self._template)
            head = f"{parts.scheme}://{parts.netloc}#{parts.fragment}"
            names = [pair.partition("=") for pair in parts.query.split("&")]
            path = urlsplit(literal).path
        except ValueError:
            return "not an address"
        if "{" in literal or "}" in literal:
            return "a stray brace"
        if _PLACE.search(head):
            return "a visitor's place in the host"
        if any(_PLACE.search(name) or (not equals and _PLACE.search(value)) for name, equals, value in names):
            return "a visitor's place in the name of a query's parameter"
        return "a path with . or .. in it" if _leads_elsewhere(path) else ""

    def filled(self, values: Mapping[str, str | None]) -> str | None:
        """The address for one visitor; ``None`` where a value is absent, or could lead to another address."""
        try:
            texts = {name: quote(values[name] or "", safe="", errors="strict") for name in self.places}
        except UnicodeEncodeError:  # a lone surrogate
            return None
        url = _PLACE.sub(lambda place: texts[place[1]], self._template)
        if not all(texts.values()) or len(url) > MAX_URL or _leads_elsewhere(urlsplit(url).path):
            return None
        return url


def _leads_elsewhere(path: str) -> bool:
    """Whether some server on the way could take a part of it for a step up or in place, decoding once or twice."""
    decoded = (path, unquote(path), unquote(unquote(path)))
    return any(segment in _DOTS for text in decoded for segment in _SEPARATORS.split(text))
