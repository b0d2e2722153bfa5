"""The flow, read top to bottom: a visitor's token in, a chat user out.

Every edge calls this: the service with a silent trace, ``explain`` and the playground with a recording one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.access_token import AccessToken
from bridge.answer_cache import AnswerCache
from bridge.chat_user import ChatUser
from bridge.claims import Claims
from bridge.errors import VisitorError
from bridge.mapping.mapping import ClaimMapping
from bridge.mapping.require import Require
from bridge.oidc.provider import Provider
from bridge.oidc.providers import Providers
from bridge.trace import SILENT, Trace


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Who the visitor is, and how that is known.

    Attributes:
        user: The answer.
        provider: The name of the provider that vouches for it.
        cached: Whether it was worked out before.
    """

    user: ChatUser
    provider: str
    cached: bool


def chat_user(claims: Claims, mapping: ClaimMapping, require: Require, trace: Trace = SILENT) -> ChatUser:
    """Who a visitor with these verified claims is: wanted by them, mapped, and wanted as the chat user that came of it.

    Raises:
        VisitorRefused: A ``require`` rule says no.
        IdentityUnusable: The mapping gives no usable value for what CX Genie identifies by.
    """
    require.check_claims(claims, trace)
    user = mapping.apply(claims, trace)
    require.check_user(user, trace)
    return user


class Authentication:
    """One callback's flow.

    Args:
        callback: The callback's name, part of every cache key: two callbacks may map one token to different users.
        providers: Whose tokens it takes, by name.
        mappings: What becomes of each provider's claims, by provider name.
        cache: Answers of all callbacks.
        requires: Who of each provider's visitors is wanted, by provider name.
    """

    def __init__(
        self,
        callback: str,
        providers: Mapping[str, Provider],
        mappings: Mapping[str, ClaimMapping],
        cache: AnswerCache,
        requires: Mapping[str, Require],
    ) -> None:
        self._callback = callback
        self._by_name = providers
        wanted = {name: mapping.claims_wanted() for name, mapping in mappings.items()}
        self._providers = Providers(providers.values(), wanted)
        self._mappings = mappings
        self._cache = cache
        self._requires = requires

    async def authenticate(self, token: AccessToken, trace: Trace = SILENT) -> Authenticated:
        """Verifies the token and maps its claims.

        Raises:
            TokenError: The token is refused.
            VisitorRefused: A ``require`` rule says no.
            IdentityUnusable: It gives no usable value for what CX Genie identifies by.
            ProviderUnavailable, ProviderBusy: The provider's keys, or its word on the token, cannot be had.
        """
        key = (self._callback, token.digest)
        if not trace.recording:
            known = self._cache.get(key)
            if known is not None and known.revision == self._by_name[known.provider].revision:
                return Authenticated(known.user, known.provider, cached=True)
        claims = await self._providers.verify(token, trace)
        try:
            user = chat_user(claims, self._mappings[claims.provider], self._requires[claims.provider], trace)
        except VisitorError as refusal:
            # What userinfo would have said might have made all the difference.
            raise claims.incomplete or refusal from None
        if claims.incomplete is not None:
            return Authenticated(user, claims.provider, cached=False)
        self._cache.put(
            key,
            user,
            provider=claims.provider,
            revision=self._by_name[claims.provider].revision,
            expires_at=claims.expires_at,
        )
        return Authenticated(user, claims.provider, cached=False)
