"""The checks of what introspection says about a token: active is not yet for us (RFC 7662 section 4, RFC 9700 2.3).

They are those of a JWT's claims where both have the same rules; what introspection may leave out it may leave out, for
the provider itself has just called the token good.
"""

import math
from collections.abc import Callable, Iterable, Mapping

from bridge.claims import Json
from bridge.errors import BridgeError, ProviderUnavailable, TokenUntrusted
from bridge.oidc.claim_checks import (
    PARTY_CLAIMS,
    Check,
    Examined,
    Expectations,
    age,
    audience,
    authorized_party,
    is_date,
    members,
    not_early,
    not_expired,
    oldest_end,
    refused_by_id,
    refused_by_time_or_id,
    run_checks,
    scopes,
    sender_constraint,
    shown,
)
from bridge.trace import Trace

# What names a kind, and what an access token is called there, without case: RFC 7662 section 2.2 with RFC 6750,
# Keycloak, Hydra, Cognito, Casdoor, RFC 8693 section 3.
_KIND_MEMBERS = ("token_type", "typ", "token_use", "tokenType")
_ACCESS_TOKEN = frozenset(
    ("bearer", "access", "access_token", "access-token", "at+jwt", "urn:ietf:params:oauth:token-type:access_token")
)


def check_introspected(answer: Mapping[str, Json], expected: Expectations, now: float, trace: Trace) -> float:
    """Runs every check.

    Args:
        answer: What introspection says of an active token; a member that is null is none.
        expected: What its provider's settings ask.
        now: Seconds since the epoch.
        trace: Takes each check as a step.

    Returns:
        Seconds since the epoch after which the token is no longer good: at ``exp`` and ``max_token_age`` after ``iat``,
        or after now where nothing says how old it is.

    Raises:
        TokenUntrusted, TokenExpired, TokenNotYetValid, TokenInactive: As CONTRACT.md's table has them.
        ProviderUnavailable: The answer has no dates that can be read.
    """
    token = Examined({}, members(answer), now)
    run_checks(CHECKS, token, expected, trace)
    end = oldest_end(token, expected)
    return min(float(token.claims["exp"]), end) if "exp" in token.claims else end


def check_confirmed(answer: Mapping[str, Json], token: Examined, expected: Expectations, trace: Trace) -> float:
    """Runs the checks of what introspection says about a JWT that has passed its own.

    It need not say again what the token says itself. What it says must not be of another token, nor for somebody else:
    its members are claims beside the token's.

    Args:
        answer: What introspection says of an active token; a member that is null is none.
        token: The JWT.
        expected: What its provider's settings ask.
        trace: Takes each check as a step.

    Returns:
        Seconds since the epoch after which introspection calls the token good no more; infinity where it does not say.

    Raises:
        TokenUntrusted, TokenExpired, TokenNotYetValid, TokenInactive, ProviderUnavailable: As ``check_introspected``.
    """
    said = Examined({}, members(answer), token.now, token.kind)
    try:
        run_checks(CONFIRMED, said, expected, trace)
    except BridgeError as refusal:
        refusal.detail = f"introspection of a JWT whose own checks are good: {refusal.detail}"
        raise
    return float(said.claims.get("exp", math.inf))


def _issuer(token: Examined, expected: Expectations) -> None:
    """``iss``, where it is there, is one of the provider's, letter by letter."""
    if expected.has_issuers and "iss" in token.claims and not expected.issuers.include(token.claims):
        raise TokenUntrusted("iss is another provider's")


def _dates(token: Examined, _: Expectations) -> None:
    """``exp``, ``nbf`` and ``iat``, where they are there, are numbers (RFC 7662 section 2.2)."""
    for name in ("exp", "nbf", "iat"):
        if name in token.claims and not is_date(token.claims[name]):
            raise ProviderUnavailable(f"introspection's {name} is no NumericDate")


def _kind(token: Examined, _: Expectations) -> None:
    """It is an access token, where the answer says: a refresh token is active too, and never leaves its client."""
    for name in _KIND_MEMBERS:
        value = token.claims.get(name)
        if value is not None and not (isinstance(value, str) and value.lower() in _ACCESS_TOKEN):
            raise TokenUntrusted(
                f"introspection's {name} is {shown(value)}: not an access token's",
                hint="Hand the widget the access token, as a bearer token without a proof of possession.",
            )


CHECKS: tuple[tuple[str, Check], ...] = (
    ("issuer", _issuer),
    ("dates", _dates),
    ("kind", _kind),
    ("audience", audience),
    ("authorized party", authorized_party),
    ("sender constraint", sender_constraint),
    ("expiry", not_expired),
    ("not yet valid", not_early),
    ("age", age),
    ("scopes", scopes),
    ("incident switches", refused_by_time_or_id),
)


def _where_said(names: Callable[[Expectations], Iterable[str]], check: Check) -> Check:
    """A check that is made only of an answer with one of these members."""

    def checked(token: Examined, expected: Expectations) -> None:
        if any(name in token.claims for name in names(expected)):
            check(token, expected)

    return checked


def _first_audience(expected: Expectations) -> Iterable[str]:
    # Only the first: the others stand in where a token lacks it, and client_id, say, is in most answers beside any JWT.
    return expected.audience_claims[:1]


SAID_BY_INTROSPECTION = "introspection's "
"""How the steps of these checks begin; what follows is the name of the JWT's own check."""

# Kind and age are the JWT's own: its signature covers them, and answers count both from where they like.
CONFIRMED: tuple[tuple[str, Check], ...] = tuple(
    (SAID_BY_INTROSPECTION + name, check)
    for name, check in (
        ("issuer", _issuer),
        ("dates", _dates),
        ("audience", _where_said(_first_audience, audience)),
        ("authorized party", _where_said(lambda _: PARTY_CLAIMS, authorized_party)),
        ("sender constraint", sender_constraint),
        ("expiry", not_expired),
        ("not yet valid", not_early),
        ("scopes", _where_said(lambda _: ("scope", "scp"), scopes)),
        ("incident switches", refused_by_id),
    )
)
