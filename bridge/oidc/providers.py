"""All providers of one callback: the one whose token it is, told by the token's issuer."""

from collections.abc import Iterable

from bridge.access_token import AccessToken
from bridge.claims import Claims
from bridge.errors import BridgeError, TokenError, TokenUntrusted
from bridge.oidc.hints import Hint, advice
from bridge.oidc.jws import UntrustedJws, read_untrusted
from bridge.oidc.provider import Provider
from bridge.trace import Trace


class Providers:
    """The stage's only entrance: a token in, claims out."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self._by_issuer = {issuer: provider for provider in providers for issuer in provider.issuers}
        self._templated = tuple(provider for provider in self._by_issuer.values() if provider.issuing.templates)
        # Providers of the same product have the same hints.
        self._hints = tuple(dict.fromkeys(hint for provider in self._by_issuer.values() for hint in provider.hints))

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
            # Nobody's token may be a token of any of them, of a kind that its issuer does not show.
            _add_hints(refusal, self._hints, token)
            raise
        trace.step("token", "form", "ok", f"a JWT of provider {provider.name}")
        try:
            return await provider.verify(jws, trace)
        except BridgeError as refusal:
            refusal.provider = provider.name
            if isinstance(refusal, TokenError):
                _add_hints(refusal, provider.hints, token)
            raise

    def _route(self, token: AccessToken) -> tuple[UntrustedJws, Provider]:
        if not token.looks_like_jwt:
            raise TokenUntrusted(
                "an opaque token, and no provider of this callback takes those",
                hint="Ask the provider for a JWT: Auth0 and Logto give one when the login asks for an audience.",
            )
        jws = read_untrusted(token)
        untrusted_issuer = jws.claims.get("iss")
        named = self._by_issuer.get(untrusted_issuer) if isinstance(untrusted_issuer, str) else None
        # What stands there may be a template, which is nobody's iss; a token may name one only with its tenant in it.
        possible = self._templated if named is None else (named,)
        provider = next((one for one in possible if one.issuing.include(jws.claims)), None)
        if provider is None:
            raise TokenUntrusted(
                f"iss is {untrusted_issuer[:200]!r}"
                if isinstance(untrusted_issuer, str)
                else "iss is missing or no text",
                hint=f"This callback takes tokens of {', '.join(sorted(self._by_issuer))} (compared letter by letter).",
            )
        return jws, provider


def _add_hints(refusal: BridgeError, hints: Iterable[Hint], token: AccessToken) -> None:
    """Puts what is known of the product before the general hint."""
    refusal.hint = f"{advice(hints, token, refusal.code)} {refusal.hint}".strip()
