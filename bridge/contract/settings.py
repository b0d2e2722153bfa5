"""What one callback is told: its path, who may call, and how it answers."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from bridge.contract.callers import network_problems
from bridge.errors import (
    BridgeError,
    CallerUnauthorized,
    HeadTooLarge,
    KeyPath,
    MethodNotAllowed,
    NotFound,
    Problem,
    RequestInvalid,
    TooManyFailedCalls,
)
from bridge.placeholder import is_placeholder
from bridge.units import OneOrList, Settings

IdentityMethod = Literal["id", "email", "phone_number"]
"""What CX Genie tells its chat users apart by; the same must be selected there."""

SHORTEST_HEADER_TOKEN = 16
"""Characters (CONFIG.md): below that a secret can be guessed over the network."""

FIXED_TEXTS = (CallerUnauthorized, HeadTooLarge, MethodNotAllowed, NotFound, RequestInvalid, TooManyFailedCalls)
"""Refusals of callers that are not known to be CX Genie: no visitor reads them, and no callback speaks for them."""

# RFC 3986 section 3.3 without percent-encoding: what an operator can type into CX Genie and read back. Clients take
# "." and ".." away before they ask, and proxies merge "//".
_PATH = re.compile(r"/(?:(?!\.{1,2}(?:/|\Z))[A-Za-z0-9\-._~]+(?:/|\Z))*", re.ASCII)

# RFC 1123 section 2.1, as a browser gives it in location.hostname: lower case, other scripts as xn--.
_HOST = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*", re.ASCII
)


class AnonymousSettings(Settings):
    """The answer to a guest, who has no token.

    Attributes:
        status: HTTP status, 200 or 400 to 499.
        message: The operator's own text.
    """

    status: int = 401
    message: str | None = None


class DomainsSettings(Settings):
    """CX Genie's V2.0 domain list; off unless ``allow`` lists something.

    Attributes:
        path: Where CX Genie asks for it.
        allow: Host names of the web sites.
    """

    path: str = "/domains"
    allow: Annotated[tuple[str, ...], OneOrList] = ()


class CallbackSettings(Settings):
    """One callback: one bot or workspace of CX Genie's.

    Attributes:
        path: Where CX Genie posts.
        header_token: The secrets that CX Genie may send, several while rotating.
        identity_method: As selected in CX Genie.
        failure_status: ``ok`` answers failures of authorised callers with HTTP 200 and ``status: false``.
        anonymous: The answer to a guest.
        absent: What becomes of a value that the provider does not give: left out, null, or an empty text.
        phone_format: The form of ``phone_number``; ``country_code`` stands beside it in each.
        domains: The domain list.
        messages: The operator's own text for a failure code.
        allow_from: Networks from which CX Genie may call, such as 203.0.113.0/24; without it from everywhere. The
            header token is asked all the same.
    """

    path: str = "/"
    header_token: Annotated[tuple[SecretStr, ...], OneOrList] = ()
    identity_method: IdentityMethod = "id"
    failure_status: Literal["http", "ok"] = "http"
    anonymous: AnonymousSettings = AnonymousSettings()
    absent: Literal["omit", "as_null", "as_empty"] = "omit"
    phone_format: Literal["national", "without_trunk", "e164"] = "national"
    domains: DomainsSettings = DomainsSettings()
    messages: dict[str, str] = Field(default_factory=dict)
    allow_from: Annotated[tuple[str, ...], OneOrList] = ()

    def problems(self) -> Iterator[Problem]:
        """What no single field shows. Key paths are relative to the callback."""
        yield from _path_problems(self.path, ("path",))
        if not self.header_token:
            yield Problem(
                ("header_token",),
                "missing",
                "Without it anybody could ask who your visitors are.",
                'Set header_token: {env: CXGENIE_HEADER_TOKEN}, the "Header token" typed into CX Genie.',
            )
        for position, secret in enumerate(self.header_token):
            yield from _header_token_problems(secret.get_secret_value(), ("header_token", position))
        yield from self._anonymous_problems()
        yield from self._message_problems()
        yield from self._domains_problems()
        yield from self._network_problems()

    def _anonymous_problems(self) -> Iterator[Problem]:
        status = self.anonymous.status
        if status != 200 and not 400 <= status <= 499:
            yield Problem(
                ("anonymous", "status"),
                f"{status}; 200 or 400 to 499 was expected",
                "A guest is no fault of the service, and the answer must have a body.",
                "Leave it out for 401, or write status: 200 if CX Genie should see no error.",
            )
        if self.anonymous.message is not None:
            yield from _text_problems(self.anonymous.message, ("anonymous", "message"))
            if "token_missing" in self.messages:
                yield Problem(
                    ("messages", "token_missing"),
                    "a second text for guests",
                    "anonymous.message says what a guest reads.",
                    "Remove one of the two.",
                )

    def _message_problems(self) -> Iterator[Problem]:
        codes, fixed = set(_codes(BridgeError)), {error.code for error in FIXED_TEXTS}
        for code, text in self.messages.items():
            path = ("messages", code)
            if code in fixed:
                yield Problem(
                    path,
                    "a text that cannot be set",
                    "Only callers that are not CX Genie get this answer.",
                    "Remove it.",
                )
            elif code not in codes:
                nearest = get_close_matches(code, codes - fixed, n=1)
                yield Problem(
                    path,
                    "unknown failure code",
                    "No answer has it.",
                    f"Did you mean {nearest[0]}?" if nearest else f"The codes are {', '.join(sorted(codes - fixed))}.",
                )
            else:
                yield from _text_problems(text, path)

    def _network_problems(self) -> Iterator[Problem]:
        if "allow_from" in self.model_fields_set and not self.allow_from:
            # Such a list comes from optional references that are not set: nobody means "from everywhere" by it.
            why = "It would allow what leaving it out allows, and it looks as if it allowed nothing."
            yield Problem(("allow_from",), "empty", why, "Remove it if that is meant, or name at least one network.")
        yield from network_problems(self.allow_from, ("allow_from",), "That is what leaving allow_from out means.")

    def _domains_problems(self) -> Iterator[Problem]:
        if not self.domains.allow:
            return  # The list is off.
        yield from _path_problems(self.domains.path, ("domains", "path"))
        if self.domains.path == self.path:
            yield Problem(
                ("domains", "path"),
                "the callback's own path",
                "One path cannot be both.",
                "Write another, such as /domains.",
            )
        for position, host in enumerate(self.domains.allow):
            if _HOST.fullmatch(host) is None:
                yield Problem(
                    ("domains", "allow", position),
                    "not a host name",
                    "A browser names a site by its host alone, in lower case.",
                    "Write shop.example: no scheme, port, path or asterisk; xn-- for other scripts.",
                )


def _codes(error: type[BridgeError]) -> Iterator[str]:
    for child in error.__subclasses__():
        if "code" in vars(child):
            yield child.code
        yield from _codes(child)


def _path_problems(path: str, keys: KeyPath) -> Iterator[Problem]:
    if _PATH.fullmatch(path) is None:
        yield Problem(
            keys,
            "not a path",
            "It is compared letter by letter with the path of a request.",
            "Write a path such as /chat: a slash, then letters, digits and - . _ ~ between single slashes.",
        )


def _text_problems(text: str, keys: KeyPath) -> Iterator[Problem]:
    if not text.strip():
        yield Problem(keys, "an empty text", "Whoever reads it learns nothing.", "Write a sentence, or leave it out.")
    elif any("\ud800" <= character <= "\udfff" for character in text):
        yield Problem(keys, "half a character", "A lone surrogate cannot be sent.", "Write the character itself.")


def _header_token_problems(secret: str, keys: KeyPath) -> Iterator[Problem]:
    cure = "Make one with: idp-bridge secret new"
    if not secret:
        yield Problem(keys, "empty", "Without a secret anybody could ask who your visitors are.", cure)
    elif not all("!" <= character <= "~" and character != "," for character in secret):
        yield Problem(
            keys,
            "a character that a header token cannot have (perhaps a blank or a line break at its end)",
            "It travels in the Authorization header: visible ASCII without blanks or commas.",
            cure,
        )
    elif len(secret) < SHORTEST_HEADER_TOKEN:
        found = f"{len(secret)} characters; at least {SHORTEST_HEADER_TOKEN} were expected"
        yield Problem(keys, found, "A short secret can be guessed.", cure)
    elif is_placeholder(secret):
        yield Problem(keys, "a placeholder", "Whoever has read the documentation knows it.", cure)
