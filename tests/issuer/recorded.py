"""A request as it came in: what tests look at to see what was sent, where, and how often."""

import base64
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request.

    Attributes:
        method: ``GET``, ``POST`` …
        target: Path and query, as they stand in the request's first line.
        headers: Names, lower case, and values, as they came; of a repeated one the last.
        body: The body's text.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: str

    @property
    def path(self) -> str:
        """The path alone."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        """The query's parameters, decoded."""
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def form(self) -> dict[str, list[str]]:
        """The body's fields, decoded; none where it is no form."""
        is_form = self.headers.get("content-type") == "application/x-www-form-urlencoded"
        return parse_qs(self.body, keep_blank_values=True) if is_form else {}

    @property
    def basic(self) -> tuple[str, str] | None:
        """Both halves of RFC 7617's credentials, as they came."""
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        if scheme != "Basic":
            return None
        name, _, password = base64.b64decode(value).decode().partition(":")
        return name, password

    @property
    def form_encoded_basic(self) -> tuple[str, str] | None:
        """The same decoded as RFC 6749 section 2.3.1 has it."""
        return None if self.basic is None else (unquote_plus(self.basic[0]), unquote_plus(self.basic[1]))

    @classmethod
    def read(cls, head: str) -> "Recorded":
        """A request as far as its headers."""
        first, *lines = head.rstrip("\r\n").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return cls(method, target, headers, "")

    def as_json(self) -> dict[str, Any]:
        """What ``Recorded(**…)`` takes on the other side of the control connection."""
        return {"method": self.method, "target": self.target, "headers": self.headers, "body": self.body}
