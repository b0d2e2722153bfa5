"""The checks of claims that hold whoever said them: the token itself under its signature, or introspection about it.

Each check is one function that returns or raises. Lists of named checks are what is run (``jwt.CHECKS``,
``introspected.CHECKS``), and the loop that runs them also writes the trace, so a rule cannot exist outside of both.
joserfc's claims registry is not used: a claim that is absent passes it unless each is marked, and booleans pass as
numbers (THREATS.md L16).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.claims import LATEST_DATE, Json
from bridge.errors import BridgeError, TokenExpired, TokenInactive, TokenNotYetValid, TokenUntrusted
from bridge.oidc.issuer import Issuers
from bridge.oidc.settings import NO_AUDIENCE, ProviderSettings, TokenKind
from bridge.trace import Trace

PARTY_CLAIMS = ("azp", "client_id", "cid", "appid")
"""What names the client that asked for a token; the first that is there decides."""

NAMES = {"access_token": "access token", "id_token": "ID token"}
"""The kinds in words."""


class Expectations:
    """What one provider's settings ask of a token, in the form in which it is compared."""

    def __init__(self, settings: ProviderSettings) -> None:
        self.issuers = Issuers(settings.issuer, settings.tenants)
        self.has_issuers = bool(settings.issuer)
        self.audience = None if settings.audience == (NO_AUDIENCE,) else frozenset(settings.audience)
        self.audience_claims = settings.audience_claims
        self.accept = frozenset(settings.accept)
        self.authorized_parties = frozenset(settings.authorized_parties)
        self.id_token_audience = frozenset(settings.id_token_audience) or self.authorized_parties
        # A token check names the client that asked for the token, as an ID token's audience does.
        self.checked_audience = self.audience or (self.id_token_audience if self.audience is not None else frozenset())
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


Check = Callable[[Examined, Expectations], None]
"""Returns, or raises why the token is refused."""


def run_checks(checks: Iterable[tuple[str, Check]], token: Examined, expected: Expectations, trace: Trace) -> None:
    """Runs every check in order; each is a step of the trace.

    Raises:
        BridgeError: The first refusal.
    """
    for name, check in checks:
        try:
            check(token, expected)
        except BridgeError as refusal:
            trace.step("claims", name, "refused", refusal.detail)
            raise
        trace.step("claims", name, "ok")


def members(answer: Mapping[str, Json]) -> dict[str, Json]:
    """What an endpoint says of a token, as claims: a member that is null says nothing."""
    return {name: value for name, value in answer.items() if value is not None}


def audience(token: Examined, expected: Expectations) -> None:
    """It was made for us (RFC 7519 section 4.1.3, RFC 8725 section 3.9; for ID tokens Core section 3.1.3.7)."""
    claims: tuple[str, ...] = ("aud",)
    wanted: frozenset[str] | None = expected.id_token_audience
    if token.kind == "access_token":
        wanted, claims = expected.audience, expected.audience_claims
    if wanted is None:
        return
    found = audiences(token, claims)
    if wanted.isdisjoint(found):
        raise TokenUntrusted(
            f"{' or '.join(claims)} of the {NAMES[token.kind]} is {listed(found)}, which is none of {sorted(wanted)}",
            hint="Ask the provider for a token with this audience, or correct audience / id_token_audience.",
        )


def audiences(token: Examined, names: tuple[str, ...]) -> list[str]:
    """The audiences in the first of the claims that the token has; empty if that has another form."""
    for name in names:
        if name in token.claims:
            value = token.claims[name]
            if isinstance(value, str):
                return [value]
            return value if isinstance(value, list) and all(isinstance(member, str) for member in value) else []
    return []


def authorized_party(token: Examined, expected: Expectations) -> None:
    """It was asked for by a client that we take (Core section 3.1.3.7 rules 4 and 5, RFC 9068 section 4)."""
    if not expected.authorized_parties:
        return
    name = next((name for name in PARTY_CLAIMS if name in token.claims), None)
    if name is None and token.kind == "id_token":
        # An ID token's audience is the client that asked for it; with several, none may be a stranger.
        parties: list[Any] = audiences(token, ("aud",))
        name = "aud"
    else:
        parties = [token.claims[name]] if name is not None else []
    if not parties or not all(isinstance(party, str) and party in expected.authorized_parties for party in parties):
        raise TokenUntrusted(
            f"{name} is {listed(parties)}, which is none of {sorted(expected.authorized_parties)}"
            if name
            else "no claim names the client that asked for it",
            hint="Add the client to authorized_parties if its visitors may chat.",
        )


def sender_constraint(token: Examined, _: Expectations) -> None:
    """It is no sender-constrained token: the proof stays with the sender (RFC 9449 section 7.1, RFC 8705 section 3)."""
    if token.claims.get("cnf") is not None:
        raise TokenUntrusted(
            "bound to its sender's key (cnf), which a chat widget cannot prove",
            hint="Ask the provider for a plain bearer token for the chat.",
        )


def not_expired(token: Examined, expected: Expectations) -> None:
    """The current time is before ``exp`` (RFC 7519 section 4.1.4: "on or after" is expired)."""
    if "exp" not in token.claims:
        return  # a JWT has it; introspection need not say
    late = token.now - (token.claims["exp"] + expected.leeway)
    if late >= 0:
        raise TokenExpired(f"exp is {late + expected.leeway:.0f} s past, leeway is {expected.leeway:g} s")


def not_early(token: Examined, expected: Expectations) -> None:
    """``nbf`` and ``iat`` are not in the future (RFC 7519 sections 4.1.5, 4.1.6)."""
    for name in ("nbf", "iat"):
        early = token.claims.get(name, 0) - token.now
        if early > expected.leeway:
            raise TokenNotYetValid(
                f"{name} is {early:.0f} s in the future, leeway is {expected.leeway:g} s",
                hint="If all tokens are refused so, a clock is wrong: the provider's or this machine's.",
            )


def age(token: Examined, expected: Expectations) -> None:
    """It is not older than ``max_token_age``; it travels in addresses that the chat vendor's logs see."""
    if token.now >= oldest_end(token, expected) + expected.leeway:
        raise TokenExpired(f"older than max_token_age, {expected.max_token_age:g} s")


def oldest_end(token: Examined, expected: Expectations) -> float:
    """Seconds since the epoch at which it is too old, counted from now on where its age is unknown."""
    issued: float = token.claims.get("iat", token.now)
    return issued + expected.max_token_age


def scopes(token: Examined, expected: Expectations) -> None:
    """An access token has the scopes that we ask for (RFC 9068 section 2.2.3; Okta's and Hydra's ``scp`` is a list)."""
    if token.kind != "access_token" or not expected.required_scopes:
        return
    value = token.claims.get("scope", token.claims.get("scp"))
    granted = value.split(" ") if isinstance(value, str) else value if isinstance(value, list) else []
    missing = [scope for scope in sorted(expected.required_scopes) if scope not in granted]
    if missing:
        raise TokenUntrusted(f"the scope(s) {missing} are missing")


def refused_by_time(token: Examined, expected: Expectations) -> None:
    """It was not issued before ``refuse.issued_before``; where nothing says when, it may have been."""
    issued = token.claims.get("iat")
    if expected.refused_before is not None and (issued is None or issued < expected.refused_before):
        raise refused_by("issued_before", "it has no iat" if issued is None else "")


def refused_by_id(token: Examined, expected: Expectations) -> None:
    """It is none of ``refuse.token_ids``; nobody can take ``jti`` off, so one that never had it is none of those."""
    token_id = token.claims.get("jti")
    if (
        expected.refused_tokens
        and token_id is not None
        and (not isinstance(token_id, str) or token_id in expected.refused_tokens)
    ):
        raise refused_by("token_ids", "" if isinstance(token_id, str) else "its jti is no text")


def refused_by_time_or_id(token: Examined, expected: Expectations) -> None:
    """No switch refuses what the provider says of a token; those for subjects are asked when its subject is found."""
    refused_by_time(token, expected)
    refused_by_id(token, expected)


def refused_by_subject(subjects: Iterable[Any], expected: Expectations) -> None:
    """None of these, ``sub`` and what else the visitor is known by, is among ``refuse.subjects``."""
    if any(subject in expected.refused_subjects for subject in subjects if isinstance(subject, str)):
        raise refused_by("subjects")


def refused_by(switch: str, reason: str = "") -> TokenInactive:
    """The refusal of an incident switch."""
    return TokenInactive(
        f"an incident switch refuses it: refuse.{switch}{f', for {reason}' if reason else ''}",
        hint="Remove the switch when the incident is over.",
    )


def is_date(value: Any) -> bool:
    """Whether a claim is a NumericDate (RFC 7519 section 2): a number, and one of a time that can be meant."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -LATEST_DATE < value < LATEST_DATE


def media_type(name: str) -> str:
    """A ``typ`` as it is compared: without case, ``application/`` implied (RFC 7515 section 4.1.9)."""
    return name.lower().removeprefix("application/")


def listed(values: Sequence[Any]) -> str:
    """Audiences or clients from a token, safe to log: they name applications, never people."""
    return f"[{', '.join(shown(value) for value in values[:3])}{', …' if len(values) > 3 else ''}]"


def shown(value: Any) -> str:
    """A short text from a token, safe to log: these members name kinds, never people."""
    return repr(value[:40]) if isinstance(value, str) else f"a {type(value).__name__}"
