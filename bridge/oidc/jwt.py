"""The claim checks of a token whose signature is good, in the order in which they are made.

What holds of claims whoever said them is in ``claim_checks``; here is what a JWT adds.
"""

from collections.abc import Mapping

from bridge.errors import TokenExpired, TokenMalformed, TokenUntrusted
from bridge.oidc.claim_checks import (
    NAMES,
    Check,
    Examined,
    Expectations,
    age,
    audience,
    audiences,
    authorized_party,
    is_date,
    media_type,
    not_early,
    not_expired,
    oldest_end,
    refused_by,
    refused_by_id,
    refused_by_subject,
    refused_by_time,
    run_checks,
    scopes,
    sender_constraint,
    shown,
)
from bridge.oidc.settings import TokenKind
from bridge.trace import Trace

# CONFIG.md, "Which token, which provider, which kind": what marks a kind, by payload member. Another value is refused.
KIND_CLAIMS: Mapping[str, Mapping[str, TokenKind]] = {
    "typ": {"Bearer": "access_token", "ID": "id_token"},  # Keycloak
    "token_use": {"access": "access_token", "id": "id_token"},  # Cognito
    "tokenType": {"access-token": "access_token"},  # Casdoor
    "TokenType": {"access-token": "access_token"},  # Casdoor's custom format
}
ID_TOKEN_SIGNS = ("nonce", "at_hash", "c_hash")


def check_claims(token: Examined, expected: Expectations, trace: Trace) -> float:
    """Runs every check.

    Returns:
        Seconds since the epoch after which the token is no longer good; leeway is not in it.

    Raises:
        TokenMalformed, TokenUntrusted, TokenExpired, TokenNotYetValid, TokenInactive: As CONTRACT.md's table has them.
    """
    run_checks(CHECKS, token, expected, trace)
    return min(float(token.claims["exp"]), oldest_end(token, expected))


def _dates(token: Examined, _: Expectations) -> None:
    """``exp`` is there, and it, ``nbf`` and ``iat`` are NumericDates (RFC 7519 section 2); RFC 9068 section 2.2."""
    if "exp" not in token.claims:
        raise TokenMalformed("exp is missing: the token would never expire")
    for name in ("exp", "nbf", "iat"):
        if name in token.claims and not is_date(token.claims[name]):
            raise TokenMalformed(f"{name} is no NumericDate")


def _subject(token: Examined, _: Expectations) -> None:
    """``sub`` is there and not empty (OpenID Connect Core section 2, RFC 9068 section 2.2)."""
    subject = token.claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise TokenMalformed("sub is missing, empty or no text")


def _issuer(token: Examined, expected: Expectations) -> None:
    """``iss`` is one of the provider's, letter by letter (RFC 8725 section 3.8); ``{tenantid}`` is ``tid``."""
    if not expected.issuers.include(token.claims):
        raise TokenUntrusted("iss is another provider's")


def _kind(token: Examined, expected: Expectations) -> None:
    """It is an access token or an ID token, and of a kind that is accepted (RFC 8725 section 3.11)."""
    marks: set[TokenKind] = set()
    if "typ" in token.header:
        typ = token.header["typ"]
        if not isinstance(typ, str) or media_type(typ) not in expected.token_types:
            raise TokenUntrusted(
                f"the header's typ is {shown(typ)}, one of {sorted(expected.token_types)} was expected",
                hint="If your provider's access tokens really have that typ, add it to token_types.",
            )
        if media_type(typ) == "at+jwt":
            marks.add("access_token")
    for name, kinds in KIND_CLAIMS.items():
        if token.claims.get(name) is not None:
            value = token.claims[name]
            if not isinstance(value, str) or value not in kinds:
                raise TokenUntrusted(f"its {name} claim is {shown(value)}: neither an access token nor an ID token")
            marks.add(kinds[value])
    if "events" in token.claims:
        raise TokenUntrusted("a security event token, such as a logout token (RFC 8417 section 2.2)")
    if len(marks) > 1:
        raise TokenUntrusted("marked as an access token and as an ID token")
    token.kind = marks.pop() if marks else _unmarked_kind(token, expected)
    if token.kind not in expected.accept:
        raise TokenUntrusted(
            f"an {NAMES[token.kind]}, but the provider accepts {' and '.join(sorted(expected.accept))} only",
            hint=f"Hand the widget an {NAMES[next(iter(expected.accept))]}, or set accept: [{token.kind}].",
        )


def _unmarked_kind(token: Examined, expected: Expectations) -> TokenKind:
    if any(name in token.claims for name in ID_TOKEN_SIGNS):
        return "id_token"
    if len(expected.accept) == 1:
        return next(iter(expected.accept))
    wanted = expected.audience
    return (
        "access_token"
        if wanted is not None and wanted & set(audiences(token, expected.audience_claims))
        else "id_token"
    )


def _age(token: Examined, expected: Expectations) -> None:
    """It is not older than ``max_token_age``, nor, where its age is unknown, good for longer from now on."""
    age(token, expected)
    if "iat" not in token.claims and token.claims["exp"] - token.now > expected.max_token_age + expected.leeway:
        raise TokenExpired("without iat its age is unknown, and it lives longer than max_token_age from now on")


def _incident_switches(token: Examined, expected: Expectations) -> None:
    """No incident switch of the operator's refuses it; where a switch cannot tell, the token may be the one meant."""
    refused_by_time(token, expected)
    refused_by_subject((token.claims.get(name) for name in expected.subject_claims), expected)
    # Without kid every key is tried, so whoever has the leaked one would only have to leave it out.
    if expected.refused_keys and ("kid" not in token.header or token.header["kid"] in expected.refused_keys):
        raise refused_by("key_ids", "" if "kid" in token.header else "it has no kid")
    refused_by_id(token, expected)


CHECKS: tuple[tuple[str, Check], ...] = (
    ("issuer", _issuer),
    ("dates", _dates),
    ("subject", _subject),
    ("kind", _kind),
    ("audience", audience),
    ("authorized party", authorized_party),
    ("sender constraint", sender_constraint),
    ("expiry", not_expired),
    ("not yet valid", not_early),
    ("age", _age),
    ("scopes", scopes),
    ("incident switches", _incident_switches),
)
