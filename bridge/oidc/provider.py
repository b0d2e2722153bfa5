"""One identity provider: a token of its own in, claims out."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridge.claims import Claims
from bridge.errors import BridgeError, ProviderError, ProviderUnavailable
from bridge.oidc.discovery import discover
from bridge.oidc.hints import Hint
from bridge.oidc.http import HttpClient
from bridge.oidc.issuer import Issuers
from bridge.oidc.jwks import MAX_WAITING, Keys, Published, RemoteKeys, StaticKeys
from bridge.oidc.jws import UntrustedJws
from bridge.oidc.jwt import Examined, Expectations, check_claims
from bridge.oidc.key import from_pem, from_secret
from bridge.oidc.key_set import KeySet, read_key_set
from bridge.oidc.settings import ProviderSettings
from bridge.oidc.signature import allowed, verify_signature
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
        now: Seconds since the epoch.
        max_waiting: Callbacks that may wait for new keys at a time.
        monotonic: Seconds of a clock that never goes back.
    """

    def __init__(
        self,
        name: str,
        settings: ProviderSettings,
        http: HttpClient,
        *,
        hints: Sequence[Hint] = (),
        now: Callable[[], float] = time.time,
        max_waiting: int = MAX_WAITING,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.issuers = settings.issuer
        self.issuing = Issuers(settings.issuer, settings.tenants)
        self.hints = hints
        self._settings = settings
        self._http = http
        self._now = now
        self._algorithms = allowed(settings.allowed_algorithms)
        self._expectations = Expectations(settings)
        self._monotonic = monotonic
        self._jwks_uri: str | None = None
        self._discovered_at = float("-inf")
        self._max_waiting = max_waiting
        self._remote: RemoteKeys | None = None
        self._keys: Keys = self._static_keys() or self._remote_keys(monotonic)

    @property
    def revision(self) -> int:
        """Grows whenever the provider's keys change."""
        return self._keys.revision

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
        """Keeps its keys fresh for as long as it runs; returns at once where nothing is to be fetched."""
        if self._remote is not None:
            await self._remote.keep_fresh()

    async def verify(self, jws: UntrustedJws, trace: Trace) -> Claims:
        """The claims of a token that names this provider as its issuer.

        Raises:
            TokenInvalid: Algorithm, key or signature.
            TokenMalformed, TokenUntrusted, TokenExpired, TokenNotYetValid, TokenInactive: The claim checks.
            ProviderUnavailable, ProviderBusy: The keys cannot be had.
        """
        try:
            await verify_signature(jws, self._keys, self._algorithms, self.issuing)
        except BridgeError as refusal:
            trace.step("verification", "signature", "refused", refusal.detail)
            raise
        trace.step("verification", "signature", "ok")
        examined = Examined(jws.header, jws.claims, self._now())
        expires_at = check_claims(examined, self._expectations, trace)
        subject = jws.claims.get(self._settings.subject)
        return Claims(
            provider=self.name,
            subject=subject if isinstance(subject, str) else "",
            sources={"token": jws.claims},
            expires_at=expires_at,
        )

    def _static_keys(self) -> StaticKeys | None:
        settings = self._settings
        if settings.public_key:
            return StaticKeys(KeySet([from_pem(text) for text in settings.public_key]))
        if settings.secret:
            return StaticKeys(KeySet([from_secret(secret.get_secret_value()) for secret in settings.secret]))
        if settings.jwks.file is not None:
            return StaticKeys(read_key_set(settings.jwks.file.encode(), self.name))
        return None

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

    async def _fetch_keys(self) -> Published:
        url = self._settings.jwks.url or await self._discovered_jwks_uri()
        try:
            return await self._fetch_key_set(url)
        except ProviderError:
            self._jwks_uri = None  # the set may have moved
            raise

    async def _discovered_jwks_uri(self) -> str:
        """Where the set is: asked once per refresh, because it can move and leave old keys where it was."""
        old, age = self._jwks_uri, self._monotonic() - self._discovered_at
        if old is not None and age < self._settings.jwks.refresh * 0.9:  # as early as a refresh with its jitter is
            return old
        try:
            metadata = await discover(self._http, self.issuers[0], insecure=self._settings.http.insecure)
        except ProviderError:
            if old is None:
                raise
            return old
        self._jwks_uri, self._discovered_at = metadata.jwks_uri, self._monotonic()
        return metadata.jwks_uri

    async def _fetch_key_set(self, url: str) -> Published:
        answer = await self._http.get(url, "jwks")
        if answer.status != 200:
            raise ProviderUnavailable(f"the key set answered HTTP {answer.status}")
        try:
            return Published(read_key_set(answer.body, self.name), answer.max_age)
        except ValueError as error:
            raise ProviderUnavailable(f"the key set cannot be read: {error}") from None
