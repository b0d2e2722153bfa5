"""All providers of one callback: whose token it is, told by a JWT's issuer or by the look of an opaque token."""

from collections.abc import Iterable, Mapping
from typing import Any

from bridge.access_token import AccessToken
from bridge.claims import Claims
from bridge.errors import BridgeError, TokenError, TokenUntrusted
from bridge.oidc.hints import Hint, advice
from bridge.oidc.jws import UntrustedJws, has_jwt_form, is_lookalike, read_untrusted
from bridge.oidc.provider import Provider
from bridge.trace import Trace


class Providers:
    """The stage's only entrance: a token in, claims out.

    Args:
        providers: Whose tokens are taken.
        wanted: The claims that each provider's mapping reads, by the provider's name: whether one is missing from a
            token decides whether userinfo is asked.
    """

    def __init__(self, providers: Iterable[Provider], wanted: Mapping[str, frozenset[str]] | None = None) -> None:
        providers = tuple(providers)
        self._by_issuer = {issuer: provider for provider in providers for issuer in provider.issuers}
        self._templated = tuple(provider for provider in self._by_issuer.values() if provider.issuing.templates)
        self._opaque = tuple(provider for provider in providers if provider.takes_opaque_tokens)
        self._ask_about_jwts = any(provider.asks_about_jwts for provider in providers)
        self._wanted = {provider.name: (wanted or {}).get(provider.name, frozenset()) for provider in providers}
        # Providers of the same product have the same hints.
        self._hints = tuple(dict.fromkeys(hint for provider in providers for hint in provider.hints))

    def asks(self, token: AccessToken) -> bool:
        """Whether answering about a token may cause a request about that very token.

        It may for an opaque token that is one provider's, and for a JWT where a provider asks about those too. What is
        asked for keys is not meant.
        """
        if self._is_jwt(token):
            return self._ask_about_jwts
        return len(self._owners(token)) == 1

    async def verify(self, token: AccessToken, trace: Trace) -> Claims:
        """The claims of a token of one of these providers; what is missing from them says ``Claims.incomplete``.

        A JWT is shown to nobody before all its checks have passed, and then only to the provider of its own issuer; an
        opaque token only to the one provider whose token it is. An unknown kid makes its provider's key set be fetched
        anew, at most once per cool-down.

        Raises:
            TokenError: The token is refused; the code says why.
            ProviderUnavailable, ProviderBusy: Its provider's keys, or its word on the token, cannot be had.
        """
        try:
            provider, jws = self._route(token)
        except BridgeError as refusal:
            trace.step("token", "form", "refused", refusal.detail)
            # Nobody's token may be a token of any of them, of a kind that its issuer does not show.
            _add_hints(refusal, self._hints, token)
            raise
        form = "an opaque token" if jws is None else "a JWT"
        trace.step("token", "form", "ok", f"{form} of provider {provider.name}")
        wanted = self._wanted[provider.name]
        try:
            if jws is None:
                return await provider.verify_opaque(token, wanted, trace)
            return await provider.verify(token, jws, wanted, trace)
        except BridgeError as refusal:
            refusal.provider = provider.name
            if isinstance(refusal, TokenError):
                _add_hints(refusal, provider.hints, token)
            raise

    def _is_jwt(self, token: AccessToken) -> bool:
        # Where nobody takes opaque tokens, what has the look of a JWT had better be one.
        if not (has_jwt_form(token) if self._opaque else token.looks_like_jwt):
            return False
        return not (any(each.recognizes_lookalike(token) for each in self._opaque) and is_lookalike(token))

    def _owners(self, token: AccessToken) -> tuple[Provider, ...]:
        """Whose an opaque token may be."""
        return tuple(provider for provider in self._opaque if provider.recognizes(token))

    def _route(self, token: AccessToken) -> tuple[Provider, UntrustedJws | None]:
        """Whose token it is, and a JWT taken apart."""
        if not self._is_jwt(token):
            return self._opaque_owner(token), None
        jws = read_untrusted(token)
        untrusted_issuer = jws.claims.get("iss")
        named = self._by_issuer.get(untrusted_issuer) if isinstance(untrusted_issuer, str) else None
        # What stands there may be a template, which is nobody's iss; a token may name one only with its tenant in it.
        possible = self._templated if named is None else (named,)
        provider = next((one for one in possible if one.issuing.include(jws.claims)), None)
        if provider is None:
            self._refuse_unknown_tenant(jws.claims)
            taken = f"tokens of {', '.join(sorted(self._by_issuer))} (compared letter by letter)"
            raise TokenUntrusted(
                f"iss is {untrusted_issuer[:200]!r}"
                if isinstance(untrusted_issuer, str)
                else "iss is missing or no text",
                hint=f"This callback takes {taken if self._by_issuer else 'opaque tokens only'}.",
            )
        return provider, jws

    def _refuse_unknown_tenant(self, untrusted_claims: Mapping[str, Any]) -> None:
        """Says so where a template is all that the token's ``iss`` has to do with any provider."""
        for provider in self._templated:
            unknown = provider.issuing.unknown_tenant(untrusted_claims)
            if unknown is not None:
                found, cure = unknown
                raise TokenUntrusted(found, hint=cure)

    def _opaque_owner(self, token: AccessToken) -> Provider:
        owners = self._owners(token)
        if len(owners) == 1:
            return owners[0]
        if not self._opaque:
            raise TokenUntrusted(
                "an opaque token, and no provider of this callback takes those",
                hint="Ask the provider for a JWT: Auth0 and Logto give one when the login asks for an audience.",
            )
        if owners:
            names = " and ".join(provider.name for provider in owners)
            raise TokenUntrusted(
                f"an opaque token that the token_pattern of {names} matches: it is shown to nobody",
                hint="Write patterns so narrow that a token matches one of them only.",
            )
        raise TokenUntrusted(
            "an opaque token that no token_pattern matches",
            hint="Compare it with the token_pattern of its provider: the whole token must match.",
        )


def _add_hints(refusal: BridgeError, hints: Iterable[Hint], token: AccessToken) -> None:
    """Puts what is known of the product before the general hint."""
    refusal.hint = f"{advice(hints, token, refusal.code)} {refusal.hint}".strip()
