"""The flow, read top to bottom: a visitor's token in, a chat user out.

Every edge calls this: the service with a silent trace, ``explain`` and the playground with a recording one.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.access_token import AccessToken
from bridge.answer_cache import AnswerCache, CacheKey, Entry
from bridge.chat_user import ChatUser
from bridge.claims import Claims
from bridge.errors import BridgeError, TokenInactive, VisitorError
from bridge.flights import Flights
from bridge.mapping.mapping import ClaimMapping
from bridge.mapping.require import Require
from bridge.oidc.provider import Provider
from bridge.oidc.providers import Providers
from bridge.oidc.sources import NO_FACTS, NO_SOURCES, Facts, Sources, Visitor
from bridge.provenance import Provenance
from bridge.shared_cache import SharedCache
from bridge.trace import SILENT, Trace

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Who the visitor is, and how that is known.

    Attributes:
        user: The answer.
        provider: The name of the provider that vouches for it.
        cached: Whether it was worked out before.
        provenance: Whose token it was.
        shared: Whether another replica worked it out.
        signed: Whether it was told by the token's own signature, and not by asking about its text.
        absent: The targets of the mapping that gave nothing, where it was worked out just now; of a remembered answer
            nothing is said again.
    """

    user: ChatUser
    provider: str
    cached: bool
    provenance: Provenance
    shared: bool = False
    signed: bool = False
    absent: tuple[str, ...] = ()


def chat_user(claims: Claims, mapping: ClaimMapping, require: Require, trace: Trace = SILENT) -> ChatUser:
    """Who a visitor with these verified claims is: wanted by them, mapped, and wanted as the chat user that came of it.

    Raises:
        VisitorRefused: A ``require`` rule says no.
        IdentityUnusable: The mapping gives no usable value for what CX Genie identifies by.
        ProviderError: A source of claims said nothing, and with what it would have said this could have ended
            otherwise; a name or a picture that is only missing is no reason.
    """
    _let_in(claims, require, trace)
    return _mapped(claims, mapping, require, trace)


def _let_in(claims: Claims, require: Require, trace: Trace) -> None:
    try:
        require.check_claims(claims, trace)
    except VisitorError as refusal:
        raise (claims.incomplete or refusal) from None
    if claims.incomplete is not None and not require.is_settled(claims):
        trace.step("require", "sources", "refused", "a rule asks what a source that could not be asked would say")
        raise claims.incomplete


def _mapped(claims: Claims, mapping: ClaimMapping, require: Require, trace: Trace) -> ChatUser:
    try:
        user = mapping.apply(claims, trace)
        require.check_user(user, trace)
    except VisitorError as refusal:
        raise (claims.incomplete or refusal) from None
    if claims.incomplete is not None and not mapping.is_settled(claims):
        reason = "it could be another with what a source that could not be asked would say"
        trace.step("mapping", mapping.identity, "refused", reason)
        raise claims.incomplete
    return user


class Authentication:
    """One callback's flow.

    Args:
        callback: The callback's name, part of every cache key: two callbacks may map one token to different users.
        providers: Whose tokens it takes, by name.
        mappings: What becomes of each provider's claims, by provider name.
        cache: What is remembered of the tokens of all callbacks.
        requires: Who of each provider's visitors is wanted, by provider name.
        decides: The hash of all that decides its answers, part of every cache key too.
        shared: What other replicas remember.
        reuse_alarm: How many uses of one token are worth a warning; 0: none.
        sources: What the mappings read with ``from:`` beside the provider's claims.
    """

    def __init__(
        self,
        callback: str,
        providers: Mapping[str, Provider],
        mappings: Mapping[str, ClaimMapping],
        cache: AnswerCache,
        requires: Mapping[str, Require],
        *,
        decides: bytes,
        shared: SharedCache | None = None,
        reuse_alarm: int = 0,
        sources: Sources = NO_SOURCES,
    ) -> None:
        self._callback = callback
        self._by_name = providers
        self._providers = Providers(
            providers.values(), {name: mapping.claims_wanted() for name, mapping in mappings.items()}
        )
        self._mappings = mappings
        self._cache = cache
        self._requires = requires
        self._decides = decides
        self._shared = shared
        self._reuse_alarm = reuse_alarm
        self._flights: Flights[Authenticated] = Flights()
        self._sources = sources

    async def authenticate(self, token: AccessToken, trace: Trace = SILENT) -> Authenticated:
        """Verifies the token and maps its claims, or remembers what came of that.

        A recording trace goes past all that is remembered and shared: to explain is to look.

        Raises:
            TokenError: The token is refused.
            VisitorRefused: A ``require`` rule says no.
            IdentityUnusable: It gives no usable value for what CX Genie identifies by.
            ProviderError: The provider's keys, or what it must be asked about the token, cannot be had.
        """
        if trace.recording:
            return (await self._look(token, trace)).answer
        key = (self._callback, token.digest, self._decides)
        known = self._cache.get(key)
        if known is not None and self._holds(known):
            answer = _remembered(known)
        elif self._providers.asks(token):
            if (refusal := self._cache.refusals.get(key)) is not None:
                raise refusal
            answer = await self._flights.join(key, lambda own: self._find_out(token, key, own), trace)
        else:
            look = await self._look(token, trace)
            self._keep(key, look)
            answer = look.answer
        self._count(token, answer)
        return answer

    async def close(self) -> None:
        """Ends what is still being found out though nobody waits for it any more."""
        await self._flights.close()

    async def _find_out(self, token: AccessToken, key: CacheKey, trace: Trace) -> Authenticated:
        """What a replica knows, or else the provider; for tokens that are worth a cache that must itself be asked."""
        if self._shared is not None:
            found = await self._shared.get(token, key)
            if found is not None and self._holds(found):
                # Its end comes along, so that no answer lives longer by going from one replica to the next.
                self._cache.put(key, found)
                return _remembered(found, shared=True)
        try:
            look = await self._look(token, trace)
        except BridgeError as refusal:
            self._cache.refusals.put(key, refusal)
            raise
        entry = self._keep(key, look)
        if self._shared is not None and entry is not None:
            await self._shared.put(token, key, entry)
        return look.answer

    async def _look(self, token: AccessToken, trace: Trace) -> "_Look":
        claims = await self._providers.verify(token, trace)
        mapping, require = self._mappings[claims.provider], self._requires[claims.provider]
        try:
            _let_in(claims, require, trace)
            facts = await self._facts_about(claims, mapping, trace)
            user = _mapped(facts.beside(claims), mapping, require, trace)
        except BridgeError as refusal:
            refusal.provider, refusal.provenance = claims.provider, claims.provenance
            raise
        known = claims.provenance
        answer = Authenticated(
            user,
            claims.provider,
            cached=False,
            provenance=known,
            signed=bool(claims.revision),
            absent=mapping.absent(user),
        )
        if not facts.complete or claims.incomplete is not None:
            return _Look(answer, None)
        return _Look(answer, Entry(user, claims.provider, known, claims.revision, claims.expires_at))

    async def _facts_about(self, claims: Claims, mapping: ClaimMapping, trace: Trace) -> Facts:
        """What the sources say that the mapping reads; about nobody whom a rule on claims has refused."""
        wanted = mapping.sources_wanted()
        if not wanted:
            return NO_FACTS
        visitor = Visitor(claims.provider, claims.subject, mapping.id_of(claims))
        return await self._sources.ask(wanted, visitor, trace)

    def _holds(self, entry: Entry) -> bool:
        """Whether the provider's keys are still those that verified it."""
        return entry.revision in {"", self._by_name[entry.provider].revision}

    def _keep(self, key: CacheKey, look: "_Look") -> Entry | None:
        return None if look.entry is None else self._cache.put(key, look.entry)

    def _count(self, token: AccessToken, answer: Authenticated) -> None:
        most = self._by_name[answer.provider].max_uses
        # A bound that one token could pass in two texts would be none; the alarm alone is not worth another digest.
        by_signature = most is not None and answer.signed and token.looks_like_jwt
        count = self._cache.uses.count(token.signed_digest if by_signature else token.digest)
        if count == self._reuse_alarm:
            # Perhaps a cached page gives one customer's token to everybody: all of them would share his chats.
            _log.warning(
                "token %s was used %d times",
                token.fingerprint,
                count,
                extra={
                    "event": "token_reuse",
                    "callback": self._callback,
                    "provider": answer.provider,
                    "token": token.fingerprint,
                    "count": count,
                },
            )
        if most is not None and count > most:
            refusal = TokenInactive(
                f"its use number {count}; max_uses is {most}",
                hint="Does a cached page give one visitor's token to others? Else raise max_uses of the provider.",
            )
            refusal.provider, refusal.provenance = answer.provider, answer.provenance
            raise refusal


@dataclass(frozen=True, slots=True)
class _Look:
    """What came of looking at a token.

    Attributes:
        answer: For whoever asked.
        entry: For the next time; ``None`` where a source that was worth asking has not answered.
    """

    answer: Authenticated
    entry: Entry | None


def _remembered(entry: Entry, *, shared: bool = False) -> Authenticated:
    return Authenticated(
        entry.user,
        entry.provider,
        cached=True,
        provenance=entry.provenance,
        shared=shared,
        signed=bool(entry.revision),
    )
