"""One provider's trust: whose tokens, for whom, signed how, how old. Checked as far as it alone can tell."""

import ipaddress
import re
import ssl
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from bridge.errors import KeyPath, Problem
from bridge.oidc.algorithms import ASYMMETRIC, EDDSA, EDWARDS, SECRET_BYTES, SYMMETRIC
from bridge.oidc.issuer import ANY_TENANT, TEMPLATE, is_guid
from bridge.oidc.key import unfit_public_key
from bridge.oidc.key_set import unfit_key_set
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


# What documentation and token debuggers show as a secret.
_EXAMPLE = re.compile(
    r"(?i)256.?bit|change.?me|change.?this|replace.?me|your.?(secret|key)|placeholder|secret.?key.?here"
)

# RFC 3339 section 5.6; what it calls time-offset is not optional, or the time would be this machine's.
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class RefuseSettings(Settings):
    """Incident switches: good tokens that are refused all the same, until the incident is over.

    Attributes:
        issued_before: A time as RFC 3339 writes it, with its zone: tokens issued earlier are refused, and so are those
            without ``iat``.
        subjects: Visitors whose tokens are refused: ``sub``, or what ``subject`` names.
        key_ids: Keys whose tokens are refused, and with them all tokens without ``kid``.
        token_ids: Tokens that are refused, by ``jti``.
    """

    issued_before: str | None = None
    subjects: Texts = ()
    key_ids: Texts = ()
    token_ids: Texts = ()

    @property
    def issued_before_time(self) -> float | None:
        """Seconds since the epoch; ``None`` where the switch is off.

        Raises:
            ValueError: Not a time.
        """
        if self.issued_before is None:
            return None
        if _RFC3339.fullmatch(self.issued_before) is None:
            raise ValueError("not a time of RFC 3339")
        return datetime.fromisoformat(self.issued_before.upper()).timestamp()

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the switches. Key paths are relative to them."""
        try:
            _ = self.issued_before_time
        except (ValueError, OverflowError):
            yield Problem(
                ("issued_before",),
                "not a time with its zone",
                "Without a zone it would be another time on another machine.",
                "Write it as 2026-11-01T10:00:00Z or 2026-11-01T17:00:00+07:00.",
            )
        for name in ("subjects", "key_ids", "token_ids"):
            for position, text in enumerate(getattr(self, name)):
                if not text.strip():
                    yield Problem((name, position), "blank", "", "Remove it, or write what is meant.")


class ProviderSettings(Settings):
    """One entry of ``providers:``, as far as tokens are concerned (CONFIG.md, "A file that uses everything").

    Attributes:
        issuer: Exact spellings of ``iss``, of one namespace of subjects; the first is asked for discovery.
        tenants: Entra's tenants that ``{tenantid}`` in an issuer stands for: GUIDs, or ``any``.
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
        refuse: Incident switches.
        public_key: PEM public keys of a server that signs its own tokens.
        secret: HS256 secrets, never beside a key set.
    """

    issuer: Texts = ()
    tenants: Texts = ()
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
    refuse: RefuseSettings = RefuseSettings()
    public_key: Texts = ()
    secret: Annotated[tuple[SecretStr, ...], OneOrList] = ()

    @property
    def key_source(self) -> list[str | bool | None]:
        """What decides whose published keys it has: keys fetched under the same go on serving when the rest changes.

        Neither the times nor the certificate authority are in it: those are what an operator mends during an outage.
        """
        return [*self.issuer[:1], self.jwks.url, self.http.insecure]

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
        yield from self._tenant_problems()
        yield from self._audience_problems()
        yield from self._empty_lists()
        yield from self._key_problems()
        yield from self._file_problems()
        yield from self._time_problems()
        for problem in self.refuse.problems():
            yield Problem(("refuse", *problem.path), problem.found, problem.why, problem.cure)

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

    def _tenant_problems(self) -> Iterator[Problem]:
        templates = [position for position, issuer in enumerate(self.issuer) if TEMPLATE in issuer]
        for position in templates:
            before, _, after = self.issuer[position].partition(TEMPLATE)
            # Not in the host, where it would say who is asked; not beside other text, where it would say nothing.
            if not re.fullmatch(r"[a-z]+://[^/{}]+/(?:[^{}]*/)?", before) or not re.fullmatch(r"(?:/[^{}]*)?", after):
                yield Problem(
                    ("issuer", position),
                    f"{TEMPLATE} that is no whole part of the path",
                    "It stands for the tenant's GUID between two slashes, once.",
                    "Write the template as Entra has it: https://login.microsoftonline.com/{tenantid}/v2.0",
                )
        if templates and not self.tenants:
            yield Problem(
                ("tenants",),
                f"missing, with {TEMPLATE} in the issuer",
                "Anybody can open a tenant, and would be your visitor with whatever address he gave himself there.",
                "Name the tenants that you take, tenants: [GUID], or write tenants: any.",
            )
        if self.tenants and not templates:
            yield Problem(
                ("tenants",),
                f"without {TEMPLATE} in the issuer",
                "An issuer without it is one tenant's already.",
                "Remove tenants, or write the issuer with {tenantid} in the tenant's place.",
            )
        if ANY_TENANT in self.tenants and len(self.tenants) > 1:
            yield Problem(("tenants",), "any beside others", "", "Write tenants: any alone, or name the tenants.")
        for position, tenant in enumerate(self.tenants):
            if tenant != ANY_TENANT and not is_guid(tenant):
                yield Problem(
                    ("tenants", position),
                    "not a GUID",
                    "It is compared with the token's tid, which is never a domain name.",
                    "Copy the Directory (tenant) ID from Entra's overview page.",
                )

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

    def _file_problems(self) -> Iterator[Problem]:
        if self.jwks.file is not None and (reason := unfit_key_set(self.jwks.file, "jwks.file")):
            yield Problem(
                ("jwks", "file"), reason, "No token could be verified.", 'Give a JWK set: {"keys": [{"kty": …}]}.'
            )
        if self.http.ca_file is not None:
            try:
                ssl.create_default_context(cadata=self.http.ca_file)
            except ssl.SSLError:
                yield Problem(
                    ("http", "ca_file"),
                    "no certificate in PEM form",
                    "The provider's certificate is verified with it.",
                    "Give the certificate of the authority: -----BEGIN CERTIFICATE----- …",
                )

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
            if "-----BEGIN" in secret.get_secret_value():
                yield Problem(
                    ("secret", position),
                    "a PEM key, which is no shared secret",
                    "What is published, or meant to be, can be read by whoever wants to sign.",
                    "Give it as public_key: {file: PATH}.",
                )
            elif _EXAMPLE.search(secret.get_secret_value()):
                yield Problem(
                    ("secret", position),
                    "a placeholder",
                    "Anybody can guess it, and sign tokens for every visitor.",
                    "Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
                )
            elif size < needed:
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
