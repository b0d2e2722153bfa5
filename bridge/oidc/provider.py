"""One identity provider: a token of its own in, claims out."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bridge.access_token import AccessToken
from bridge.claims import Claims
from bridge.errors import BridgeError, ProviderError, ProviderUnavailable, TokenUntrusted
from bridge.oidc.budget import Budget
from bridge.oidc.claim_checks import Examined, Expectations
from bridge.oidc.endpoints import AnswerTests, Endpoints
from bridge.oidc.given_keys import given_keys
from bridge.oidc.hints import Hint
from bridge.oidc.http import HttpClient
from bridge.oidc.introspected import check_confirmed
from bridge.oidc.jwks import MAX_WAITING, Keys, Published, RemoteKeys
from bridge.oidc.jws import UntrustedJws
from bridge.oidc.jwt import check_claims
from bridge.oidc.key_set import read_fetched_key_set
from bridge.oidc.metadata import FreshMetadata
from bridge.oidc.opaque import OpaqueTokens
from bridge.oidc.profile import Profile, in_order, subject_of
from bridge.oidc.settings import ProviderSettings
from bridge.oidc.signature import allowed, verify_signature
from bridge.oidc.signed_answer import signed_answers
from bridge.oidc.token_pattern import TokenPattern
from bridge.trace import Trace


@dataclass(frozen=True, slots=True)
class ProviderState:
    """How a provider's keys stand, for readiness and its details.

    Attributes:
        first_fetch_ended: Whether its keys were fetched, or tried to be, or need no fetch.
        keys: How many are at hand.
        age: Seconds since the last good fetch; ``None`` without one or without need of one.
        failure: Why the last fetch failed; empty after a good one.
    """

    first_fetch_ended: bool
    keys: int
    age: float | None
    failure: str


class Provider:
    """Verifies the tokens of one configured provider.

    Args:
        name: Its name in the configuration.
        settings: Its trust.
        http: Its client.
        hints: What its operator should know of tokens that are refused.
        tests: What its operator asks of answers about tokens.
        now: Seconds since the epoch.
        max_waiting: Callbacks that may wait for new keys at a time.
        monotonic: Seconds of a clock that never goes back.
        before: The provider of this name in the configuration that this one replaces: from the same source its keys
            go on serving, as old as they are, and with the same ``jwks`` and ``http`` nothing is fetched that is fresh.
    """

    def __init__(
        self,
        name: str,
        settings: ProviderSettings,
        http: HttpClient,
        *,
        hints: Sequence[Hint] = (),
        tests: AnswerTests = AnswerTests(),  # noqa: B008 - frozen
        now: Callable[[], float] = time.time,
        max_waiting: int = MAX_WAITING,
        monotonic: Callable[[], float] = time.monotonic,
        before: "Provider | None" = None,
    ) -> None:
        self.name = name
        self.issuers = settings.issuer
        self.hints = hints
        self.max_uses = settings.max_uses
        self._settings = settings
        self._http = http
        self._now = now
        self._algorithms = allowed(settings.allowed_algorithms)
        self._expectations = Expectations(settings)
        self.issuing = self._expectations.issuers
        self._max_waiting = max_waiting
        self._metadata = self._fresh_metadata(monotonic)
        self._remote: RemoteKeys | None = None
        self._keys: Keys = given_keys(name, settings) or self._remote_keys(monotonic)
        self._pattern = None if settings.token_pattern is None else TokenPattern(settings.token_pattern)
        self.budget = Budget(settings.requests, provider=name, monotonic=monotonic)
        self._endpoints = Endpoints(
            settings,
            http,
            metadata=self._metadata,
            signed=signed_answers(settings, self._keys, now=now),
            budget=self.budget,
            tests=tests,
            now=now,
        )
        self._opaque = OpaqueTokens(
            name,
            settings,
            endpoints=self._endpoints,
            budget=self.budget,
            expected=self._expectations,
            tests=tests,
            now=now,
        )
        self._profile = Profile(self._endpoints, settings.userinfo)
        self._introspects_jwts = settings.introspection is not None and settings.introspection.when == "always"
        if before is not None:
            self._adopt(before)

    @property
    def revision(self) -> str:
        """Names the provider's keys by their content, the same in every process; empty before any."""
        return self._keys.revision

    @property
    def remote_keys(self) -> RemoteKeys | None:
        """Its published keys; ``None`` where they were given."""
        return self._remote

    @property
    def state(self) -> ProviderState:
        """How its keys stand."""
        remote = self._remote
        if remote is None:
            return ProviderState(first_fetch_ended=True, keys=1, age=None, failure="")
        failure = remote.failure.detail if remote.failure else ""
        return ProviderState(remote.first_fetch_ended.is_set(), remote.count, remote.age, failure)

    async def first_fetch(self) -> None:
        """Returns when the first fetch of its keys has ended, well or ill."""
        if self._remote is not None:
            await self._remote.first_fetch_ended.wait()

    async def keep_fresh(self) -> None:
        """Keeps its keys and endpoints fresh for as long as it runs; returns at once where nothing is to be fetched."""
        async with asyncio.TaskGroup() as tasks:
            if self._remote is not None:
                tasks.create_task(self._remote.keep_fresh())
            if self._metadata is not None and self._settings.discovers_endpoints:
                tasks.create_task(self._metadata.keep_fresh())

    @property
    def takes_opaque_tokens(self) -> bool:
        """Whether an opaque token can be one of its own."""
        return self._settings.takes_opaque_tokens

    @property
    def asks_about_jwts(self) -> bool:
        """Whether a JWT of its own may cause a request about that very token."""
        return self._introspects_jwts or self._settings.userinfo.when != "never"

    def recognizes(self, token: AccessToken) -> bool:
        """Whether an opaque token looks like one of its own; without a pattern every one does."""
        return self._pattern is None or self._pattern.matches(token.text)

    def recognizes_lookalike(self, token: AccessToken) -> bool:
        """Whether an opaque token that begins as a JWT does looks like one of its own, by a pattern that says so."""
        return self._pattern is not None and self._pattern.begins_as_jwt and self._pattern.matches(token.text)

    async def verify(self, token: AccessToken, jws: UntrustedJws, wanted: frozenset[str], trace: Trace) -> Claims:
        """The claims of a JWT that names this provider as its issuer.

        Args:
            token: The token: shown to its userinfo and introspection, where they are asked, after all its checks.
            jws: The token taken apart.
            wanted: The claims that the mapping reads.
            trace: Takes every step.

        Raises:
            TokenInvalid: Algorithm, key or signature.
            TokenMalformed, TokenUntrusted, TokenExpired, TokenNotYetValid, TokenInactive: The claim checks.
            ProviderUnavailable, ProviderBusy: The keys, or introspection's word, cannot be had.
        """
        try:
            await verify_signature(jws, self._keys, self._algorithms, self.issuing, trace)
        except BridgeError as refusal:
            trace.step("verification", "signature", "refused", refusal.detail)
            raise
        # Before anything else is waited for: the keys may change meanwhile.
        revision = self.revision
        trace.step("verification", "signature", "ok")
        examined = Examined(jws.header, jws.claims, self._now())
        expires_at = check_claims(examined, self._expectations, trace)
        subject = jws.claims.get(self._settings.subject)
        claims = Claims(
            provider=self.name,
            subject=subject if isinstance(subject, str) else "",
            sources={"token": jws.claims},
            expires_at=expires_at,
            revision=revision,
        )
        if self._introspects_jwts:
            claims = await self._introspected(token, claims, examined, trace)
        if examined.kind == "id_token":
            if self._settings.userinfo.when != "never":
                trace.step("verification", "userinfo", "skipped", "an ID token is never sent there")
            return claims
        return await self._profile.completed(token, claims, wanted, trace)

    async def verify_opaque(self, token: AccessToken, wanted: frozenset[str], trace: Trace) -> Claims:
        """The claims of an opaque token that looks like one of this provider's; see ``OpaqueTokens``."""
        return await self._opaque.verify(token, wanted, trace)

    async def _introspected(self, token: AccessToken, claims: Claims, examined: Examined, trace: Trace) -> Claims:
        """The claims of a JWT with introspection's beside them, which must call it active, ours, and nobody else's."""
        answer = await self._endpoints.introspect(token, trace, trusted=True)
        # It may be missing (RFC 7662 section 2.2); one that is there and cannot be read is another's.
        if answer.get("sub") is not None and subject_of(answer, "sub") != claims.sources["token"]["sub"]:
            trace.step("claims", "introspection's subject", "refused", "its sub is another than the token's")
            raise TokenUntrusted("introspection's sub is another than the token's")
        trace.step("claims", "introspection's subject", "ok")
        end = check_confirmed(answer, examined, self._expectations, trace)
        return replace(
            claims,
            sources=in_order({**claims.sources, "introspection": answer}),
            expires_at=min(claims.expires_at, end),
        )

    def _fresh_metadata(self, monotonic: Callable[[], float]) -> FreshMetadata | None:
        if not self.issuers:
            return None
        return FreshMetadata(
            self._http,
            self.issuers[0],
            insecure=self._settings.http.insecure,
            refresh=self._settings.jwks.refresh,
            monotonic=monotonic,
        )

    def _remote_keys(self, monotonic: Callable[[], float]) -> RemoteKeys:
        jwks = self._settings.jwks
        self._remote = RemoteKeys(
            self._fetch_keys,
            provider=self.name,
            refresh=jwks.refresh,
            keep_stale=jwks.keep_stale,
            cooldown=jwks.cooldown,
            max_waiting=self._max_waiting,
            monotonic=monotonic,
        )
        return self._remote

    def _adopt(self, before: "Provider") -> None:
        ours, theirs = self._settings, before._settings  # noqa: SLF001 - one of its own kind
        self.budget.adopt(before.budget)
        if ours.key_source != theirs.key_source:
            return
        if self._metadata is not None and before._metadata is not None:  # noqa: SLF001 - as above
            self._metadata.adopt(before._metadata)  # noqa: SLF001 - as above
        if self._remote is not None and before._remote is not None:  # noqa: SLF001 - as above
            fresh = (ours.jwks, ours.http) == (theirs.jwks, theirs.http)
            self._remote.adopt(before._remote, at_once=not fresh)  # noqa: SLF001 - as above

    async def _fetch_keys(self) -> Published:
        metadata = self._metadata
        if self._settings.jwks.url is not None or metadata is None:
            return await self._fetch_key_set(self._settings.jwks.url or "")
        url = await metadata.jwks_uri()
        try:
            return await self._fetch_key_set(url)
        except ProviderError:
            metadata.forget()  # the set may have moved
            raise

    async def _fetch_key_set(self, url: str) -> Published:
        answer = await self._http.get(url, "jwks")
        if answer.status != 200:
            raise ProviderUnavailable(f"the key set answered HTTP {answer.status}")
        try:
            return Published(await read_fetched_key_set(answer.body, self.name), answer.max_age)
        except ValueError as error:
            raise ProviderUnavailable(f"the key set cannot be read: {error}") from None
