"""The flow, read top to bottom: a visitor's token in, a chat user out.

Every edge calls this: the service with a silent trace, ``explain`` and the playground with a recording one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.access_token import AccessToken
from bridge.answer_cache import AnswerCache
from bridge.chat_user import ChatUser
from bridge.mapping.mapping import ClaimMapping
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


class Authentication:
    """One callback's flow.

    Args:
        callback: The callback's name, part of every cache key: two callbacks may map one token to different users.
        providers: Whose tokens it takes, by name.
        mappings: What becomes of each provider's claims, by provider name.
        cache: Answers of all callbacks.
    """

    def __init__(
        self,
        callback: str,
        providers: Mapping[str, Provider],
        mappings: Mapping[str, ClaimMapping],
        cache: AnswerCache,
    ) -> None:
        self._callback = callback
        self._by_name = providers
        self._providers = Providers(providers.values())
        self._mappings = mappings
        self._cache = cache

    async def authenticate(self, token: AccessToken, trace: Trace = SILENT) -> Authenticated:
        """Verifies the token and maps its claims.

        Raises:
            TokenError: The token is refused.
            IdentityUnusable: It gives no usable value for what CX Genie identifies by.
            ProviderUnavailable: The provider's keys cannot be had.
        """
        key = (self._callback, token.digest)
        if not trace.recording:
            known = self._cache.get(key)
            if known is not None and known.revision == self._by_name[known.provider].revision:
                return Authenticated(known.user, known.provider, cached=True)
        claims = await self._providers.verify(token, trace)
        user = self._mappings[claims.provider].apply(claims, trace)
        self._cache.put(
            key,
            user,
            provider=claims.provider,
            revision=self._by_name[claims.provider].revision,
            expires_at=claims.expires_at,
        )
        return Authenticated(user, claims.provider, cached=False)
