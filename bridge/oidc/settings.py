"""One provider's trust: whose tokens, for whom, signed how, how old. Checked as far as it alone can tell."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field

from bridge.errors import KeyPath, Problem, under
from bridge.oidc.address import SPELL_OUT, unfit_url
from bridge.oidc.endpoint_settings import Texts, blanks
from bridge.oidc.http_settings import HttpSettings
from bridge.oidc.issuer_settings import IssuerSettings
from bridge.oidc.key_settings import KeySettings
from bridge.oidc.opaque_settings import INSECURE, ISSUER, OpaqueSettings
from bridge.oidc.refuse_settings import RefuseSettings
from bridge.units import Duration, OneOrList

TokenKind = Literal["access_token", "id_token"]

NO_AUDIENCE = "none"
"""What an operator writes for a provider whose tokens carry no audience (Clerk, WorkOS)."""

MAX_LEEWAY = 300.0
"""Seconds: a leeway above five minutes hides a broken clock (THREATS.md C16)."""

# What the problems below rest on: what says which tokens are taken, whose, and where keys are without discovery.
_TAKEN: Final[tuple[KeyPath, ...]] = (ISSUER, ("accept",))
_CLIENTS: Final[tuple[KeyPath, ...]] = (("id_token_audience",), ("authorized_parties",))
_KEYS: Final[tuple[KeyPath, ...]] = (("public_key",), ("jwks", "url"), ("jwks", "file"))


class ProviderSettings(KeySettings, OpaqueSettings, IssuerSettings):
    """One entry of ``providers:``, as far as tokens are concerned (CONFIG.md, "A file that uses everything").

    Attributes:
        audience: Who an access token must be made for; ``("none",)`` with ``authorized_parties`` or
            ``unbound_tokens: accept`` instead.
        accept: Kinds of JWT taken.
        id_token_audience: Who an ID token must be made for; default: ``authorized_parties``. The client that a
            ``token_check`` must find too, where there is no ``audience``.
        audience_claims: The first of these that a token has decides alone.
        authorized_parties: Clients whose tokens are taken; empty means all of this provider's.
        required_scopes: Asked of access tokens only.
        token_types: Header ``typ`` values taken; an absent ``typ`` always is.
        subject: The claim that is the visitor's id.
        leeway: Seconds that clocks may differ.
        max_token_age: Seconds after ``iat`` at which a token is too old whatever its ``exp``.
        refuse: Incident switches.
        max_uses: How often one token may come; beyond it is refused. Counted by each process for itself.
    """

    audience: Texts = ()
    accept: Annotated[tuple[TokenKind, ...], OneOrList] = ("access_token",)
    id_token_audience: Texts = ()
    audience_claims: Texts = ("aud",)
    authorized_parties: Texts = ()
    required_scopes: Texts = ()
    token_types: Texts = ("JWT", "at+jwt")
    subject: str = "sub"
    leeway: Duration = 30.0
    max_token_age: Annotated[Duration, Field(gt=0)] = 86400.0
    http: HttpSettings = HttpSettings()
    refuse: RefuseSettings = RefuseSettings()
    max_uses: Annotated[int, Field(gt=0)] | None = None

    @property
    def key_source(self) -> list[str | bool | None]:
        """What decides whose published keys it has: keys fetched under the same go on serving when the rest changes.

        Neither the times nor the certificate authority are in it: those are what an operator mends during an outage.
        """
        return [*self.issuer[:1], self.jwks.url, self.http.insecure]

    def problems(self) -> Iterator[Problem]:
        """What no single field shows. Key paths are relative to the provider."""
        yield from self._issuer_problems()
        yield from self.tenant_problems()
        yield from self._audience_problems()
        yield from self._never_meant()
        yield from self._empty_lists()
        yield from self.key_problems()
        yield from self.endpoint_problems(
            has_issuer=bool(self.issuer), has_discovery=self._has_discovery, insecure=self.http.insecure
        )
        yield from self._unknowable_problems()
        yield from under(("http",), self.http.problems())
        yield from self._time_problems()
        yield from under(("refuse",), self.refuse.problems())

    def warnings(self) -> Iterator[Problem]:
        """What is allowed and yet doubtful. Key paths are relative to the provider."""
        if self.userinfo.when != "never" and "access_token" not in self.accept and self.introspection is None:
            yield Problem(
                ("userinfo", "when"),
                f"{self.userinfo.when}, where only ID tokens are accepted",
                "An ID token is never sent to userinfo.",
                "Remove it, or accept access tokens too.",
            )
        yield from self.key_warnings()

    @property
    def takes_jwts(self) -> bool:
        """Whether a JWT can be one of this provider's; one without an issuer that asks nobody either is incomplete."""
        asks = self.introspection is not None or self.token_check is not None or self.has_userinfo
        return bool(self.issuer or self.given_keys or not asks)

    @property
    def subject_claim(self) -> str:
        """The claim that is the visitor's id; ``userinfo.subject`` where userinfo alone says who he is."""
        by_userinfo_alone = not self.takes_jwts and self.introspection is None
        return self.userinfo.subject if by_userinfo_alone else self.subject

    def _issuer_problems(self) -> Iterator[Problem]:
        if not self.issuer and self.takes_jwts:
            yield Problem(
                ("issuer",),
                "missing",
                "It is compared letter by letter with the token's iss and says where the keys are.",
                "Set issuer: to what the provider's discovery document calls its issuer.",
            )
        for position, issuer in enumerate(self.issuer):
            path: KeyPath = ("issuer", position)
            if not issuer or issuer != issuer.strip():
                yield Problem(
                    path,
                    "blank, or with blanks at its ends",
                    "",
                    "Write the issuer exactly as it stands in the token's iss.",
                )
            elif position == 0 and self._needs_discovery:
                yield from self._url_problems(path, issuer, "Discovery starts there.", *_KEYS)
        if len(set(self.issuer)) != len(self.issuer):
            yield Problem(("issuer",), "the same spelling twice", "", "Remove one.")
        if self.jwks.url is not None:
            yield from self._url_problems(("jwks", "url"), self.jwks.url, "The keys come from there.")

    def _url_problems(self, path: KeyPath, url: str, purpose: str, *rests_on: KeyPath) -> Iterator[Problem]:
        reason = unfit_url(url, insecure=self.http.insecure)
        if reason:
            yield Problem(path, reason, purpose, SPELL_OUT, (INSECURE, *rests_on))

    @property
    def _needs_discovery(self) -> bool:
        return not self.given_keys

    @property
    def _has_discovery(self) -> bool:
        # An issuer that is unfit although keys must be discovered has its own problem already.
        issuer = next(iter(self.issuer), None)
        return issuer is not None and (self._needs_discovery or not unfit_url(issuer, insecure=self.http.insecure))

    @property
    def _needs_audience(self) -> bool:
        jwts = self.takes_jwts and "access_token" in self.accept
        named = self.id_token_audience or self.authorized_parties
        # Where ID tokens are taken too, the client that they are for is what a check looks for, and what is missing.
        checked = self.token_check is not None and not (self.token_check.rules or named or self._takes_id_tokens)
        return jwts or checked or self.introspection is not None

    @property
    def _takes_id_tokens(self) -> bool:
        return self.takes_jwts and "id_token" in self.accept

    def _audience_problems(self) -> Iterator[Problem]:
        if not self.audience and self._needs_audience:
            yield Problem(
                ("audience",),
                "missing",
                "A token made for another application of the same identity provider would be accepted.",
                "Set audience: to your API's identifier (for Keycloak: what an audience mapper puts there).",
                (*_TAKEN, *_CLIENTS),
            )
        if NO_AUDIENCE in self.audience:
            if len(self.audience) > 1:
                yield Problem(
                    ("audience",), "none beside others", "", "Write audience: none alone, or name the audiences."
                )
            if self._needs_audience and not self.authorized_parties and self.unbound_tokens != "accept":
                yield Problem(
                    ("audience",),
                    "none, without authorized_parties",
                    "Nothing would prove that a token was made for you.",
                    "Name the clients whose tokens you take: authorized_parties: [my-client]; or write"
                    " unbound_tokens: accept if you can live with that.",
                    (*_TAKEN, *_CLIENTS, ("unbound_tokens",)),
                )
            if self.token_check is not None and not self.token_check.rules:
                yield Problem(
                    ("audience",),
                    "none, with a token_check",
                    "The check would check nothing.",
                    "Name the client or audience that it must find, or write token_check: {rules: […]}.",
                )
        if self._takes_id_tokens and not (self.id_token_audience or self.authorized_parties):
            yield Problem(
                ("id_token_audience",),
                "missing",
                "An ID token's audience is the client that asked for it, not your API.",
                "Set id_token_audience: to that client's id, or authorized_parties.",
                (*_TAKEN, *_CLIENTS),
            )
        for name in ("accept", "audience_claims", "token_types", "subject"):
            if not getattr(self, name):
                yield Problem(
                    (name,),
                    "empty",
                    "Nothing could match.",
                    f"Remove {name} to have its default, or name at least one.",
                )
        for name in (
            "audience",
            "id_token_audience",
            "authorized_parties",
            "required_scopes",
            "audience_claims",
            "token_types",
        ):
            yield from blanks(name, getattr(self, name))

    def _never_meant(self) -> Iterator[Problem]:
        for position, audience in enumerate(self.audience):
            if audience.endswith("/userinfo"):
                yield Problem(
                    ("audience", position),
                    "the address of a userinfo endpoint",
                    "Auth0 puts it into each token with the scope openid, whatever application that is made for.",
                    "Register an API of your own at the provider, have the login ask for it, and name it here.",
                )
        for position, scope in enumerate(self.required_scopes):
            if " " in scope.strip():
                yield Problem(
                    ("required_scopes", position),
                    "a scope with a blank in it",
                    "Blanks stand between scopes (RFC 6749 section 3.3): no token has such a one.",
                    f"Write a list: required_scopes: [{', '.join(scope.split())}].",
                )

    def _empty_lists(self) -> Iterator[Problem]:
        # Such a list comes from optional references that are not set: nobody means "all" by it.
        for name in (
            "authorized_parties",
            "id_token_audience",
            "required_scopes",
            "algorithms",
            "public_key",
            "secret",
        ):
            if name in self.model_fields_set and not getattr(self, name):
                yield Problem(
                    (name,),
                    "empty",
                    "It would allow what leaving it out allows, and it looks as if it allowed nothing.",
                    f"Remove {name} if that is meant, or name at least one.",
                )

    def _unknowable_problems(self) -> Iterator[Problem]:
        if self.takes_unbound_tokens and self.required_scopes:
            yield Problem(
                ("required_scopes",),
                "with tokens that userinfo alone knows",
                "Nothing says which scopes such a token has.",
                "Remove it, or add introspection:.",
            )

    def _time_problems(self) -> Iterator[Problem]:
        if self.leeway > MAX_LEEWAY:
            yield Problem(
                ("leeway",),
                "more than 5m",
                "It would hide a broken clock.",
                "Set the clocks by NTP and keep leeway at 30s.",
            )
