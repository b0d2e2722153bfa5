"""All providers of one callback: the one whose token it is, told by the token's issuer."""

from collections.abc import Iterable

from bridge.access_token import AccessToken
from bridge.claims import Claims
from bridge.errors import BridgeError, TokenUntrusted
from bridge.oidc.jws import UntrustedJws, read_untrusted
from bridge.oidc.provider import Provider
from bridge.trace import Trace


class Providers:
    """The stage's only entrance: a token in, claims out."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self._by_issuer = {issuer: provider for provider in providers for issuer in provider.issuers}

    async def verify(self, token: AccessToken, trace: Trace) -> Claims:
        """The claims of a token of one of these providers.

        Nothing in the token ever causes a request, but that an unknown kid makes its provider's key set be fetched
        anew, at most once per cool-down.

        Raises:
            TokenError: The token is refused; the code says why.
            ProviderUnavailable: Its provider's keys cannot be had.
        """
        try:
            jws, provider = self._route(token)
        except BridgeError as refusal:
            trace.step("token", "form", "refused", refusal.detail)
            raise
        trace.step("token", "form", "ok", f"a JWT of provider {provider.name}")
        return await provider.verify(jws, trace)

    def _route(self, token: AccessToken) -> tuple[UntrustedJws, Provider]:
        if not token.looks_like_jwt:
            raise TokenUntrusted(
                "an opaque token, and no provider of this callback takes those",
                hint="Ask the provider for a JWT: Auth0 and Logto give one when the login asks for an audience.",
            )
        jws = read_untrusted(token)
        untrusted_issuer = jws.claims.get("iss")
        provider = self._by_issuer.get(untrusted_issuer) if isinstance(untrusted_issuer, str) else None
        if provider is None:
            raise TokenUntrusted(
                f"iss is {untrusted_issuer[:200]!r}"
                if isinstance(untrusted_issuer, str)
                else "iss is missing or no text",
                hint=f"This callback takes tokens of {', '.join(sorted(self._by_issuer))} (compared letter by letter).",
            )
        return jws, provider
