"""Everything that can go wrong, drawn once; an edge turns it into an answer, a log line or an exit status.

BridgeError
├── CallerError                 the request is at fault, before any visitor is looked at
│   ├── BodyInvalid             body_invalid
│   ├── BodyTooLarge            body_too_large
│   ├── CallerUnauthorized      caller_unauthorized
│   ├── HeadTooLarge            head_too_large
│   ├── MediaTypeUnsupported    media_type_unsupported
│   ├── MethodNotAllowed        method_not_allowed
│   ├── NotFound                not_found
│   ├── RequestInvalid          request_invalid
│   └── TooManyFailedCalls      too_many_failed_calls
├── TokenError                  the visitor's token is at fault
│   ├── TokenMissing            token_missing: a guest
│   ├── TokenMalformed          token_malformed
│   ├── TokenInvalid            token_invalid
│   ├── TokenUntrusted          token_untrusted
│   ├── TokenExpired            token_expired
│   ├── TokenNotYetValid        token_not_yet_valid
│   └── TokenInactive           token_inactive
├── VisitorError                the token is good, the visitor is not taken
│   ├── VisitorRefused          visitor_refused
│   └── IdentityUnusable        identity_unusable
├── ProviderError               the identity provider is at fault
│   ├── ProviderBusy            provider_busy
│   └── ProviderUnavailable     provider_unavailable
├── Overloaded                  overloaded
└── InternalError               internal_error: a defect of ours
ConfigurationError              the operator's file: every Problem at once

The code is stable and public (CONTRACT.md, "Failures"); ``detail`` and ``hint`` are for the operator's log only and
hold no token, secret or personal data.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from bridge.provenance import Provenance

KeyPath = tuple[str | int, ...]
"""Where a value stands in the configuration: keys and list positions, outermost first."""


class BridgeError(Exception):
    """A failure with a stable public ``code``.

    Args:
        detail: What was expected and what was found, for the operator's log; never for the caller.
        hint: What to do about it, for the operator's log.
        retry_after: Seconds until asking again may help; only where the answer carries ``Retry-After``.
        message: The operator's own public text for this very failure, in place of its code's.

    Attributes:
        provider: The name of the provider whose token it was, for log and metrics; empty where nobody's.
        cached: Whether it was worked out for an earlier call.
        provenance: Whose token it was, once it is verified; for the audit trail.
    """

    code: ClassVar[str]
    provider = ""
    cached = False
    provenance: Provenance | None = None

    def __init__(
        self, detail: str = "", *, hint: str = "", retry_after: float | None = None, message: str | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.retry_after = retry_after
        self.message = message


class CallerError(BridgeError):
    """The request itself is at fault."""


class BodyInvalid(CallerError):
    """Not one JSON object of the expected types."""

    code = "body_invalid"


class BodyTooLarge(CallerError):
    """The body exceeds ``limits.body``."""

    code = "body_too_large"


class CallerUnauthorized(CallerError):
    """The header token is missing, malformed, repeated or wrong."""

    code = "caller_unauthorized"


class HeadTooLarge(CallerError):
    """The request's line and headers exceed ``limits.head``, or are too many."""

    code = "head_too_large"


class MediaTypeUnsupported(CallerError):
    """The body is neither JSON nor a form."""

    code = "media_type_unsupported"


class MethodNotAllowed(CallerError):
    """The path takes another method."""

    code = "method_not_allowed"


class NotFound(CallerError):
    """No callback has this path."""

    code = "not_found"


class RequestInvalid(CallerError):
    """Not HTTP that can be understood."""

    code = "request_invalid"


class TooManyFailedCalls(CallerError):
    """More calls without the header token than ``limits.failed_callers`` allows."""

    code = "too_many_failed_calls"


class TokenError(BridgeError):
    """The visitor's token is at fault."""


class TokenMissing(TokenError):
    """A guest: the page had no token for the widget."""

    code = "token_missing"


class TokenMalformed(TokenError):
    """Not a token of a form that we read."""

    code = "token_malformed"


class TokenInvalid(TokenError):
    """Header policy, key or signature."""

    code = "token_invalid"


class TokenUntrusted(TokenError):
    """A good signature is not enough: issuer, audience, party, kind, scope."""

    code = "token_untrusted"


class TokenExpired(TokenError):
    """Past ``exp`` or older than ``max_token_age``."""

    code = "token_expired"


class TokenNotYetValid(TokenError):
    """``nbf`` or ``iat`` lies in the future."""

    code = "token_not_yet_valid"


class TokenInactive(TokenError):
    """The provider says that the token is no longer good."""

    code = "token_inactive"


class VisitorError(BridgeError):
    """The token is good, but the visitor is not taken."""


class VisitorRefused(VisitorError):
    """A ``require`` rule says no."""

    code = "visitor_refused"


class IdentityUnusable(VisitorError):
    """The field that CX Genie identifies by is missing, unproven or malformed."""

    code = "identity_unusable"


class ProviderError(BridgeError):
    """The identity provider cannot answer."""


class ProviderBusy(ProviderError):
    """The provider limits us, and nothing cached can answer."""

    code = "provider_busy"


class ProviderUnavailable(ProviderError):
    """The provider cannot be reached or its answer cannot be read, and nothing cached can answer."""

    code = "provider_unavailable"


class Overloaded(BridgeError):
    """In-flight limit, connections, deadline or draining."""

    code = "overloaded"


class InternalError(BridgeError):
    """A defect of ours; the log has the stack trace."""

    code = "internal_error"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with (or, as a warning, doubtful about) the configuration.

    Attributes:
        path: The key path that it is about; the loader turns it into file:line:column.
        found: What was found, in a few words: ``missing``, ``unknown key``, ``a list of 2, text was expected``.
        why: Why that is wrong, a sentence; may be empty.
        cure: What to do, a sentence; may be empty.
        rests_on: Other settings without which it would say nothing, or something else: where the value of one of them
            is not known, it is no problem of the file's.
    """

    path: KeyPath
    found: str
    why: str = ""
    cure: str = ""
    rests_on: tuple[KeyPath, ...] = ()


def under(path: KeyPath, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Problems of a part, whose key paths are relative to it, as those of what it is a part of."""
    for problem in problems:
        rests_on = tuple((*path, *other) for other in problem.rests_on)
        yield replace(problem, path=(*path, *problem.path), rests_on=rests_on)


class ConfigurationError(Exception):
    """The configuration cannot be used; ``problems`` holds everything that is wrong with it, not just the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, p.path))}: {p.found}" for p in problems))
        self.problems = tuple(problems)
