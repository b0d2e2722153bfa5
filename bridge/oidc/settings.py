"""One provider's trust: whose tokens, for whom, signed how, how old. Checked as far as it alone can tell."""

import ipaddress
from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from bridge.errors import KeyPath, Problem
from bridge.oidc.algorithms import ASYMMETRIC, EDDSA, EDWARDS, SECRET_BYTES, SYMMETRIC
from bridge.oidc.key import unfit_public_key
from bridge.units import Duration, FileContents, OneOrList, Settings

TokenKind = Literal["access_token", "id_token"]
Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
    "Ed25519", "Ed448", "EdDSA", "HS256", "HS384", "HS512",
]  # fmt: skip
Texts = Annotated[tuple[str, ...], OneOrList]

NO_AUDIENCE = "none"
"""What an operator writes for a provider whose tokens carry no audience (Clerk, WorkOS)."""

MAX_LEEWAY = 300.0
"""Seconds: a leeway above five minutes hides a broken clock (THREATS.md C16)."""


class JwksSettings(Settings):
    """The key set's life.

    Attributes:
        url: Where it is, for a provider without discovery.
        file: The text of a file that holds it.
        refresh: Seconds after which it is fetched anew, in the background.
        keep_stale: Seconds for which the last good set serves while the provider is gone.
        cooldown: Seconds between two looks for keys that we do not know.
    """

    url: str | None = None
    file: Annotated[str | None, FileContents()] = None
    refresh: Duration = 600.0
    keep_stale: Duration = 86400.0
    cooldown: Duration = 5.0


class HttpSettings(Settings):
    """How we speak to the provider.

    Attributes:
        timeout: Seconds for one whole exchange.
        ca_file: PEM text of a private certificate authority.
        insecure: Accept plain http for an issuer that is not on this machine: whoever is on the way can forge visitors.
    """

    timeout: Duration = 3.0
    ca_file: Annotated[str | None, FileContents()] = None
    insecure: bool = False


class ProviderSettings(Settings):
    """One entry of ``providers:``, as far as tokens are concerned (CONFIG.md, "A file that uses everything").

    Attributes:
        issuer: Exact spellings of ``iss``, of one namespace of subjects; the first is asked for discovery.
        audience: Who an access token must be made for; ``("none",)`` with ``authorized_parties`` instead.
        accept: Kinds of JWT taken.
        id_token_audience: Who an ID token must be made for; default: ``authorized_parties``.
        audience_claims: The first of these that a token has decides alone.
        authorized_parties: Clients whose tokens are taken; empty means all of this provider's.
        required_scopes: Asked of access tokens only.
        algorithms: Allowed signature algorithms; empty means what suits the kind of key.
        token_types: Header ``typ`` values taken; an absent ``typ`` always is.
        subject: The claim that is the visitor's id.
        leeway: Seconds that clocks may differ.
        max_token_age: Seconds after ``iat`` at which a token is too old whatever its ``exp``.
        public_key: PEM public keys of a server that signs its own tokens.
        secret: HS256 secrets, never beside a key set.
    """

    issuer: Texts = ()
    audience: Texts = ()
    accept: Annotated[tuple[TokenKind, ...], OneOrList] = ("access_token",)
    id_token_audience: Texts = ()
    audience_claims: Texts = ("aud",)
    authorized_parties: Texts = ()
    required_scopes: Texts = ()
    algorithms: Annotated[tuple[Algorithm, ...], OneOrList] = ()
    token_types: Texts = ("JWT", "at+jwt")
    subject: str = "sub"
    leeway: Duration = 30.0
    max_token_age: Annotated[Duration, Field(gt=0)] = 86400.0
    jwks: JwksSettings = JwksSettings()
    http: HttpSettings = HttpSettings()
    public_key: Texts = ()
    secret: Annotated[tuple[SecretStr, ...], OneOrList] = ()

    @property
    def allowed_algorithms(self) -> tuple[str, ...]:
        """The algorithms by their own names, ``EdDSA`` spelled out: what a token's ``alg`` must be among."""
        if not self.algorithms:
            return ("HS256",) if self.secret else ASYMMETRIC
        return tuple(
            dict.fromkeys(name for given in self.algorithms for name in (EDWARDS if given == EDDSA else (given,)))
        )

    def problems(self) -> Iterator[Problem]:
        """What no single field shows. Key paths are relative to the provider."""
        yield from self._issuer_problems()
        yield from self._audience_problems()
        yield from self._key_problems()
        yield from self._time_problems()

    def _issuer_problems(self) -> Iterator[Problem]:
        if not self.issuer:
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
                yield from self._url_problems(path, issuer, "Discovery starts there.")
        if len(set(self.issuer)) != len(self.issuer):
            yield Problem(("issuer",), "the same spelling twice", "", "Remove one.")
        if self.jwks.url is not None:
            yield from self._url_problems(("jwks", "url"), self.jwks.url, "The keys come from there.")

    def _url_problems(self, path: KeyPath, url: str, purpose: str) -> Iterator[Problem]:
        reason = unfit_url(url, insecure=self.http.insecure)
        if reason:
            yield Problem(
                path,
                reason,
                purpose,
                "Write an https address; plain http is for this machine only, or spell out http: {insecure: true}.",
            )

    @property
    def _needs_discovery(self) -> bool:
        return not (self.public_key or self.secret or self.jwks.url is not None or self.jwks.file is not None)

    def _audience_problems(self) -> Iterator[Problem]:
        if not self.audience and "access_token" in self.accept:
            yield Problem(
                ("audience",),
                "missing",
                "A token made for another application of the same identity provider would be accepted.",
                "Set audience: to your API's identifier (for Keycloak: what an audience mapper puts there).",
            )
        if NO_AUDIENCE in self.audience:
            if len(self.audience) > 1:
                yield Problem(
                    ("audience",), "none beside others", "", "Write audience: none alone, or name the audiences."
                )
            if not self.authorized_parties:
                yield Problem(
                    ("audience",),
                    "none, without authorized_parties",
                    "Nothing would prove that a token was made for you.",
                    "Name the clients whose tokens you take: authorized_parties: [my-client].",
                )
        if "id_token" in self.accept and not (self.id_token_audience or self.authorized_parties):
            yield Problem(
                ("id_token_audience",),
                "missing",
                "An ID token's audience is the client that asked for it, not your API.",
                "Set id_token_audience: to that client's id, or authorized_parties.",
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
            for position, text in enumerate(getattr(self, name)):
                if not text.strip():
                    yield Problem((name, position), "blank", "", "Remove it, or write what is meant.")

    def _key_problems(self) -> Iterator[Problem]:
        symmetric = [name for name in self.algorithms if name in SYMMETRIC]
        jwks = {f"jwks.{name}": getattr(self.jwks, name) for name in ("url", "file")}
        sources = {"public_key": self.public_key, "secret": self.secret, **jwks}
        given = [name for name, value in sources.items() if value]
        if len(given) > 1:
            yield Problem(
                (given[1].split(".")[0],),
                f"{given[0]} and {given[1]} together",
                "Each provider has one kind of key, so that a key of one kind can never be used as another.",
                "Keep one of them.",
            )
        if symmetric and not self.secret:
            yield Problem(
                ("algorithms", self.algorithms.index(symmetric[0])),
                f"{symmetric[0]} without a secret",
                "With a published key as its secret, anybody could sign.",
                "Remove it, or give the shared secret: secret: {env: NAME}.",
            )
        if self.secret and len(symmetric) != len(self.algorithms):
            yield Problem(
                ("algorithms",),
                "an asymmetric algorithm beside a secret",
                "A secret never stands beside published keys.",
                "Name only HS256, HS384 or HS512, or give a public_key instead of the secret.",
            )
        if self.secret:
            yield from self._secret_problems()
        for position, text in enumerate(self.public_key):
            reason = unfit_public_key(text)
            if reason:
                yield Problem(
                    ("public_key", position),
                    reason,
                    "",
                    "Give the PEM text of an RSA (2048 bits or more), EC or Ed25519 public key.",
                )

    def _secret_problems(self) -> Iterator[Problem]:
        needed = max((SECRET_BYTES[name] for name in self.allowed_algorithms if name in SECRET_BYTES), default=32)
        for position, secret in enumerate(self.secret):
            size = len(secret.get_secret_value().encode())
            if size < needed:
                yield Problem(
                    ("secret", position),
                    f"{size} bytes, at least {needed} were expected",
                    "A secret shorter than its hash can be guessed from one token (RFC 7518 section 3.2).",
                    "Make a longer one: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
                )

    def _time_problems(self) -> Iterator[Problem]:
        if self.leeway > MAX_LEEWAY:
            yield Problem(
                ("leeway",),
                "more than 5m",
                "It would hide a broken clock.",
                "Set the clocks by NTP and keep leeway at 30s.",
            )
        for name in ("refresh", "keep_stale", "cooldown"):
            if getattr(self.jwks, name) < 1:
                yield Problem(
                    ("jwks", name), "less than 1s", "The provider would be asked without a pause.", "Write at least 1s."
                )
        if self.http.timeout <= 0:
            yield Problem(("http", "timeout"), "zero", "No exchange could ever end.", "Write a duration such as 3s.")


def unfit_url(url: str, *, insecure: bool) -> str:
    """Why an address is not one that we ask for keys, or an empty text.

    https, or plain http on this machine's loopback addresses, or anywhere with ``insecure`` (OpenID Connect Discovery
    section 3, RFC 8414 section 6). Credentials and fragments are refused.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "not an address"
    if any(character <= " " or character == "\\" for character in url) or not host:
        return "not an address"
    if parts.username is not None or parts.fragment:
        return "an address with credentials or a fragment"
    if parts.scheme == "https" or (parts.scheme == "http" and (insecure or is_loopback(host))):
        return ""
    return "plain http to another machine" if parts.scheme == "http" else "not an http address"


def is_loopback(host: str) -> bool:
    """Whether a host name or address stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
