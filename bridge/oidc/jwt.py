"""The claim checks of a token whose signature is good, in the order in which they are made.

Each check is one function that returns or raises; ``CHECKS`` is the list, and the loop that runs it also writes the
trace, so a rule cannot exist outside of both. joserfc's claims registry is not used: a claim that is absent passes it
unless each is marked, and booleans pass as numbers (THREATS.md L16).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.errors import BridgeError, TokenExpired, TokenInactive, TokenMalformed, TokenNotYetValid, TokenUntrusted
from bridge.oidc.issuer import Issuers
from bridge.oidc.settings import NO_AUDIENCE, ProviderSettings, TokenKind
from bridge.trace import Trace

_LATEST_DATE = 10**11
"""Seconds since the epoch; the year 5138. A NumericDate beyond it is a mistake of units, not a date."""

# CONFIG.md, "Which token, which provider, which kind": what marks a kind, by payload member. Another value is refused.
KIND_CLAIMS: Mapping[str, Mapping[str, TokenKind]] = {
    "typ": {"Bearer": "access_token", "ID": "id_token"},  # Keycloak
    "token_use": {"access": "access_token", "id": "id_token"},  # Cognito
    "tokenType": {"access-token": "access_token"},  # Casdoor
    "TokenType": {"access-token": "access_token"},  # Casdoor's custom format
}
ID_TOKEN_SIGNS = ("nonce", "at_hash", "c_hash")
_PARTY_CLAIMS = ("azp", "client_id", "cid", "appid")


class Expectations:
    """What one provider's settings ask of a token, in the form in which it is compared."""

    def __init__(self, settings: ProviderSettings) -> None:
        self.issuers = Issuers(settings.issuer, settings.tenants)
        self.audience = None if settings.audience == (NO_AUDIENCE,) else frozenset(settings.audience)
        self.audience_claims = settings.audience_claims
        self.accept = frozenset(settings.accept)
        self.authorized_parties = frozenset(settings.authorized_parties)
        self.id_token_audience = frozenset(settings.id_token_audience) or self.authorized_parties
        self.required_scopes = frozenset(settings.required_scopes)
        self.token_types = frozenset(media_type(name) for name in settings.token_types)
        self.leeway = settings.leeway
        self.max_token_age = settings.max_token_age
        self.refused_before = settings.refuse.issued_before_time
        self.refused_subjects = frozenset(settings.refuse.subjects)
        self.refused_keys = frozenset(settings.refuse.key_ids)
        self.refused_tokens = frozenset(settings.refuse.token_ids)
        self.subject_claims = ("sub", settings.subject)


@dataclass(slots=True)
class Examined:
    """A token under examination: signed by its provider's key, its claims not yet judged.

    Attributes:
        header: The JOSE header.
        claims: The payload.
        now: Seconds since the epoch.
        kind: What it is; known after ``kind`` has been checked.
    """

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    now: float
    kind: TokenKind = "access_token"


def check_claims(token: Examined, expected: Expectations, trace: Trace) -> float:
    """Runs every check.

    Returns:
        Seconds since the epoch after which the token is no longer good; leeway is not in it.

    Raises:
        TokenMalformed, TokenUntrusted, TokenExpired, TokenNotYetValid, TokenInactive: As CONTRACT.md's table has them.
    """
    for name, check in CHECKS:
        try:
            check(token, expected)
        except BridgeError as refusal:
            trace.step("claims", name, "refused", refusal.detail)
            raise
        trace.step("claims", name, "ok")
    return min(float(token.claims["exp"]), _oldest_end(token, expected))


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
                f"the header's typ is {_shown(typ)}, one of {sorted(expected.token_types)} was expected",
                hint="If your provider's access tokens really have that typ, add it to token_types.",
            )
        if media_type(typ) == "at+jwt":
            marks.add("access_token")
    for name, kinds in KIND_CLAIMS.items():
        if token.claims.get(name) is not None:
            value = token.claims[name]
            if not isinstance(value, str) or value not in kinds:
                raise TokenUntrusted(f"its {name} claim is {_shown(value)}: neither an access token nor an ID token")
            marks.add(kinds[value])
    if "events" in token.claims:
        raise TokenUntrusted("a security event token, such as a logout token (RFC 8417 section 2.2)")
    if len(marks) > 1:
        raise TokenUntrusted("marked as an access token and as an ID token")
    token.kind = marks.pop() if marks else _unmarked_kind(token, expected)
    if token.kind not in expected.accept:
        raise TokenUntrusted(
            f"an {_NAMES[token.kind]}, but the provider accepts {' and '.join(sorted(expected.accept))} only",
            hint=f"Hand the widget an {_NAMES[next(iter(expected.accept))]}, or set accept: [{token.kind}].",
        )


_NAMES = {"access_token": "access token", "id_token": "ID token"}


def _unmarked_kind(token: Examined, expected: Expectations) -> TokenKind:
    if any(name in token.claims for name in ID_TOKEN_SIGNS):
        return "id_token"
    if len(expected.accept) == 1:
        return next(iter(expected.accept))
    wanted = expected.audience
    return (
        "access_token"
        if wanted is not None and wanted & set(_audiences(token, expected.audience_claims))
        else "id_token"
    )


def _audience(token: Examined, expected: Expectations) -> None:
    """It was made for us (RFC 7519 section 4.1.3, RFC 8725 section 3.9; for ID tokens Core section 3.1.3.7)."""
    claims: tuple[str, ...] = ("aud",)
    wanted: frozenset[str] | None = expected.id_token_audience
    if token.kind == "access_token":
        wanted, claims = expected.audience, expected.audience_claims
    if wanted is None:
        return
    found = _audiences(token, claims)
    if wanted.isdisjoint(found):
        raise TokenUntrusted(
            f"{' or '.join(claims)} of the {_NAMES[token.kind]} is {_listed(found)}, which is none of {sorted(wanted)}",
            hint="Ask the provider for a token with this audience, or correct audience / id_token_audience.",
        )


def _audiences(token: Examined, names: tuple[str, ...]) -> list[str]:
    """The audiences in the first of the claims that the token has; empty if that has another form."""
    for name in names:
        if name in token.claims:
            value = token.claims[name]
            if isinstance(value, str):
                return [value]
            return value if isinstance(value, list) and all(isinstance(member, str) for member in value) else []
    return []


def _authorized_party(token: Examined, expected: Expectations) -> None:
    """It was asked for by a client that we take (Core section 3.1.3.7 rules 4 and 5, RFC 9068 section 4)."""
    if not expected.authorized_parties:
        return
    name = next((name for name in _PARTY_CLAIMS if name in token.claims), None)
    if name is None and token.kind == "id_token":
        # An ID token's audience is the client that asked for it; with several, none may be a stranger.
        parties: list[Any] = _audiences(token, ("aud",))
        name = "aud"
    else:
        parties = [token.claims[name]] if name is not None else []
    if not parties or not all(isinstance(party, str) and party in expected.authorized_parties for party in parties):
        raise TokenUntrusted(
            f"{name} is {_listed(parties)}, which is none of {sorted(expected.authorized_parties)}"
            if name
            else "no claim names the client that asked for it",
            hint="Add the client to authorized_parties if its visitors may chat.",
        )


def _sender_constraint(token: Examined, _: Expectations) -> None:
    """It is no sender-constrained token: the proof stays with the sender (RFC 9449 section 7.1, RFC 8705 section 3)."""
    if token.claims.get("cnf") is not None:
        raise TokenUntrusted(
            "bound to its sender's key (cnf), which a chat widget cannot prove",
            hint="Ask the provider for a plain bearer token for the chat.",
        )


def _not_expired(token: Examined, expected: Expectations) -> None:
    """The current time is before ``exp`` (RFC 7519 section 4.1.4: "on or after" is expired)."""
    late = token.now - (token.claims["exp"] + expected.leeway)
    if late >= 0:
        raise TokenExpired(f"exp is {late + expected.leeway:.0f} s past, leeway is {expected.leeway:g} s")


def _not_early(token: Examined, expected: Expectations) -> None:
    """``nbf`` and ``iat`` are not in the future (RFC 7519 sections 4.1.5, 4.1.6)."""
    for name in ("nbf", "iat"):
        early = token.claims.get(name, 0) - token.now
        if early > expected.leeway:
            raise TokenNotYetValid(
                f"{name} is {early:.0f} s in the future, leeway is {expected.leeway:g} s",
                hint="If all tokens are refused so, a clock is wrong: the provider's or this machine's.",
            )


def _age(token: Examined, expected: Expectations) -> None:
    """It is not older than ``max_token_age``; it travels in addresses that the chat vendor's logs see."""
    if token.now >= _oldest_end(token, expected) + expected.leeway:
        raise TokenExpired(f"older than max_token_age, {expected.max_token_age:g} s")
    if "iat" not in token.claims and token.claims["exp"] - token.now > expected.max_token_age + expected.leeway:
        raise TokenExpired("without iat its age is unknown, and it lives longer than max_token_age from now on")


def _oldest_end(token: Examined, expected: Expectations) -> float:
    issued: float = token.claims.get("iat", token.now)
    return issued + expected.max_token_age


def _scopes(token: Examined, expected: Expectations) -> None:
    """An access token has the scopes that we ask for (RFC 9068 section 2.2.3; Okta's and Hydra's ``scp`` is a list)."""
    if token.kind != "access_token" or not expected.required_scopes:
        return
    value = token.claims.get("scope", token.claims.get("scp"))
    granted = value.split(" ") if isinstance(value, str) else value if isinstance(value, list) else []
    missing = [scope for scope in sorted(expected.required_scopes) if scope not in granted]
    if missing:
        raise TokenUntrusted(f"the scope(s) {missing} are missing")


def _incident_switches(token: Examined, expected: Expectations) -> None:
    """No incident switch of the operator's refuses it; where a switch cannot tell, the token may be the one meant."""
    issued, token_id = token.claims.get("iat"), token.claims.get("jti")
    if expected.refused_before is not None and (issued is None or issued < expected.refused_before):
        raise _refused("issued_before", "it has no iat" if issued is None else "")
    if any(
        token.claims.get(name) in expected.refused_subjects for name in expected.subject_claims if _is_text(token, name)
    ):
        raise _refused("subjects")
    # Without kid every key is tried, so whoever has the leaked one would only have to leave it out.
    if expected.refused_keys and ("kid" not in token.header or token.header["kid"] in expected.refused_keys):
        raise _refused("key_ids", "" if "kid" in token.header else "it has no kid")
    # Nobody can take jti off a signed token: one that never had it is none of those.
    if (
        expected.refused_tokens
        and token_id is not None
        and (not isinstance(token_id, str) or token_id in expected.refused_tokens)
    ):
        raise _refused("token_ids", "" if isinstance(token_id, str) else "its jti is no text")


def _is_text(token: Examined, name: str) -> bool:
    return isinstance(token.claims.get(name), str)


def _refused(switch: str, reason: str = "") -> TokenInactive:
    return TokenInactive(
        f"an incident switch refuses it: refuse.{switch}{f', for {reason}' if reason else ''}",
        hint="Remove the switch when the incident is over.",
    )


CHECKS: tuple[tuple[str, Callable[[Examined, Expectations], None]], ...] = (
    ("issuer", _issuer),
    ("dates", _dates),
    ("subject", _subject),
    ("kind", _kind),
    ("audience", _audience),
    ("authorized party", _authorized_party),
    ("sender constraint", _sender_constraint),
    ("expiry", _not_expired),
    ("not yet valid", _not_early),
    ("age", _age),
    ("scopes", _scopes),
    ("incident switches", _incident_switches),
)


def is_date(value: Any) -> bool:
    """Whether a claim is a NumericDate (RFC 7519 section 2): a number, and one of a time that can be meant."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -_LATEST_DATE < value < _LATEST_DATE


def media_type(name: str) -> str:
    """A ``typ`` as it is compared: without case, ``application/`` implied (RFC 7515 section 4.1.9)."""
    return name.lower().removeprefix("application/")


def _listed(values: Sequence[Any]) -> str:
    """Audiences or clients from a token, safe to log: they name applications, never people."""
    return f"[{', '.join(_shown(value) for value in values[:3])}{', …' if len(values) > 3 else ''}]"


def _shown(value: Any) -> str:
    """A short text from a token, safe to log: these members name kinds, never people."""
    return repr(value[:40]) if isinstance(value, str) else f"a {type(value).__name__}"
