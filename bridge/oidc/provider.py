"""One identity provider: a token of its own in, claims out."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridge.claims import Claims
from bridge.errors import BridgeError, ProviderError, ProviderUnavailable, TokenInvalid
from bridge.oidc.algorithms import EDDSA, EDWARDS
from bridge.oidc.discovery import discover
from bridge.oidc.hints import Hint
from bridge.oidc.http import HttpClient
from bridge.oidc.issuer import Issuers
from bridge.oidc.jwks import MAX_WAITING, Keys, Published, RemoteKeys, StaticKeys
from bridge.oidc.jws import UntrustedJws, is_signed_by
from bridge.oidc.jwt import Examined, Expectations, check_claims
from bridge.oidc.key import VerificationKey, from_pem, from_secret
from bridge.oidc.key_set import KeySet, read_fetched_key_set, read_key_set
from bridge.oidc.settings import ProviderSettings
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
        now: Callable[[], float] = time.time,
        max_waiting: int = MAX_WAITING,
        monotonic: Callable[[], float] = time.monotonic,
        before: "Provider | None" = None,
    ) -> None:
        self.name = name
        self.issuers = settings.issuer
        self.issuing = Issuers(settings.issuer, settings.tenants)
        self.hints = hints
        self._settings = settings
        self._http = http
        self._now = now
        self._algorithms = {name: frozenset({name}) for name in settings.allowed_algorithms}
        if edwards := frozenset(EDWARDS).intersection(self._algorithms):
            self._algorithms[EDDSA] = edwards
        self._expectations = Expectations(settings)
        self._monotonic = monotonic
        self._jwks_uri: str | None = None
        self._discovered_at = float("-inf")
        self._max_waiting = max_waiting
        self._remote: RemoteKeys | None = None
        self._keys: Keys = self._static_keys() or self._remote_keys(monotonic)
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
            await self._verify_signature(jws)
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

    async def _verify_signature(self, jws: UntrustedJws) -> None:
        # The allow-list comes before any look for a key (RFC 8725 section 3.1).
        algorithms = self._algorithms.get(jws.algorithm)
        if algorithms is None:
            raise TokenInvalid(
                f"the header's alg is not among the allowed {', '.join(sorted(self._algorithms))}",
                hint="If the provider really signs so, name the algorithm in algorithms.",
            )
        if is_signed_by(jws, await self._candidates(jws, algorithms), algorithms):
            return
        if await self._keys.renewed(jws.kid) and is_signed_by(jws, await self._candidates(jws, algorithms), algorithms):
            return
        raise TokenInvalid("the signature does not match the provider's key")

    async def _candidates(self, jws: UntrustedJws, algorithms: frozenset[str]) -> Sequence[VerificationKey]:
        keys = await self._keys.candidates(jws.kid, algorithms)
        return [key for key in keys if self.issuing.allow_key(key.issuer, jws.claims)]

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

    def _adopt(self, before: "Provider") -> None:
        ours, theirs, remote = self._settings, before._settings, before._remote  # noqa: SLF001 - one of its own kind
        if self._remote is None or remote is None:
            return
        if ours.key_source == theirs.key_source:
            self._remote.adopt(remote, at_once=(ours.jwks, ours.http) != (theirs.jwks, theirs.http))
            self._jwks_uri, self._discovered_at = before._jwks_uri, before._discovered_at  # noqa: SLF001 - as above

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
            return Published(await read_fetched_key_set(answer.body, self.name), answer.max_age)
        except ValueError as error:
            raise ProviderUnavailable(f"the key set cannot be read: {error}") from None
