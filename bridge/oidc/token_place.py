"""Where in a request a visitor's token goes, and what else stands there."""

import re
from collections.abc import Iterator, Mapping
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from bridge.errors import Problem, under
from bridge.oidc.address import SPELL_OUT, unfit_url
from bridge.units import Settings

# RFC 9110 section 5.6.2.
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}", re.ASCII)

# Headers that say what the request itself is (RFC 9110 sections 7, 8, 12), or that other parts of it read.
_TAKEN_HEADERS = frozenset(
    {"accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "cookie",
     "expect", "host", "te", "trailer", "transfer-encoding", "upgrade", "user-agent"}
)  # fmt: skip


class TokenPlace(Settings):
    """Where an endpoint takes the token that is not a bearer of RFC 6750 section 2.1: exactly one of these.

    Attributes:
        header: A header of this name.
        query: A query parameter of this name; the address, token included, may stand in the provider's logs.
        form: A form field of this name, sent by POST.
    """

    header: str | None = None
    query: str | None = None
    form: str | None = None

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the place. Key paths are relative to it."""
        given = {name: value for name in ("header", "query", "form") if (value := getattr(self, name)) is not None}
        if len(given) != 1:
            yield Problem(
                (),
                f"{' and '.join(given)} together" if given else "no place at all",
                "The token is sent in exactly one place.",
                "Write bearer, {header: NAME}, {query: NAME} or {form: NAME}.",
            )
        for name, value in given.items():
            if name == "header" and (_TOKEN.fullmatch(value) is None or value.lower() in _TAKEN_HEADERS):
                yield Problem(
                    (name,),
                    "no name that a header for the token can have",
                    "",
                    "Write the name that the provider's documentation has, such as access_token or X-Access-Token.",
                )
            elif name != "header" and not value.strip():
                yield Problem((name,), "blank", "", "Write the parameter's name, such as access_token.")


def request_problems(
    url: str | None, query: Mapping[str, str], token_in: Literal["bearer"] | TokenPlace, *, insecure: bool
) -> Iterator[Problem]:
    """What is wrong with the request that carries a token; key paths are relative to its endpoint's settings."""
    yield from url_problems(url, insecure=insecure)
    own = None
    if isinstance(token_in, TokenPlace):
        own = token_in.query
        yield from under(("token_in",), token_in.problems())
    in_url = _query_names(url)
    if own is not None and own in in_url:
        yield Problem(
            ("token_in", "query"),
            "a parameter that url already has",
            "Which one counts is anybody's guess.",
            "Keep one.",
        )
    for name in query:
        if not name.strip():
            yield Problem(("query", name), "a blank name", "", "Remove it, or write the parameter's name.")
        elif name == own or name in in_url:
            yield Problem(
                ("query", name),
                "the token's own parameter" if name == own else "a parameter that url already has",
                "Which one counts is anybody's guess.",
                "Keep one.",
            )


def url_problems(url: str | None, *, insecure: bool) -> Iterator[Problem]:
    """What is wrong with the address of an endpoint that is shown tokens."""
    if url is not None and (reason := unfit_url(url, insecure=insecure)):
        yield Problem(("url",), reason, "Visitors' tokens go there.", SPELL_OUT)


def _query_names(url: str | None) -> frozenset[str]:
    try:
        return frozenset(name for name, _ in parse_qsl(urlsplit(url or "").query, keep_blank_values=True))
    except ValueError:
        return frozenset()
