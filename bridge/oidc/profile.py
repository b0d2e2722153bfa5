"""What userinfo adds to a token that is known to be good: asked only where it may be worth it (``userinfo.when``)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import get_args

from bridge.access_token import AccessToken
from bridge.claims import Claims, Json, ProviderSource, Source
from bridge.errors import ProviderError, TokenUntrusted
from bridge.oidc.endpoint_settings import UserinfoSettings
from bridge.oidc.endpoints import Endpoints
from bridge.trace import Trace

_LARGEST_NUMBER = 10**18
"""Beyond what any system counts its users with."""


class Profile:
    """Completes the claims of one provider's tokens.

    Args:
        endpoints: Where userinfo is asked.
        settings: When, and for what.
    """

    def __init__(self, endpoints: Endpoints, settings: UserinfoSettings) -> None:
        self._endpoints = endpoints
        self._settings = settings

    async def completed(self, token: AccessToken, claims: Claims, wanted: frozenset[str], trace: Trace) -> Claims:
        """The claims with userinfo's beside them, where it is to be asked.

        Where it cannot be had, the same claims, ``incomplete``.

        Args:
            token: The token, which has passed all its checks.
            claims: What is known of it, with the ``sub`` of a token or of introspection.
            wanted: The claims that the mapping reads.
            trace: Takes the question as a step.

        Raises:
            TokenInactive: Userinfo refuses the token.
            TokenUntrusted: It is about another subject (OpenID Connect Core section 5.3.2).
        """
        if self._settings.when == "never":
            return claims
        if self._settings.when == "missing" and not any(self._missing(claims, wanted)):
            trace.step("verification", "userinfo", "skipped", "nothing is missing that it supplies and is mapped")
            return claims
        try:
            answer = await self._endpoints.profile(token, trace, trusted=True, needed=False)
        except ProviderError as failure:
            return replace(claims, incomplete=failure)
        known = next(subject for each in claims.sources.values() if (subject := subject_of(each, "sub")))
        self._subject(answer, known, trace)
        return replace(claims, sources=in_order({**claims.sources, "userinfo": answer}))

    async def identified(self, token: AccessToken, trace: Trace, *, trusted: bool) -> tuple[str, Mapping[str, Json]]:
        """The subject and the answer of a userinfo endpoint that alone says who the visitor is.

        Raises:
            TokenInactive: It refuses the token.
            TokenUntrusted: It names nobody.
            ProviderUnavailable, ProviderBusy: Its word cannot be had.
        """
        answer = await self._endpoints.profile(token, trace, trusted=trusted)
        return self._subject(answer, None, trace), answer

    def _missing(self, claims: Claims, wanted: frozenset[str]) -> Iterator[str]:
        """What userinfo supplies, the mapping reads and nobody has said yet; null and blank texts say nothing."""
        for name in wanted.intersection(self._settings.supplies):
            values = (source.get(name) for source in claims.sources.values())
            if all(value is None or (isinstance(value, str) and not value.strip()) for value in values):
                yield name

    def _subject(self, answer: Mapping[str, Json], known: str | None, trace: Trace) -> str:
        """Whom the answer is about, if that may be: somebody, and nobody else than is known."""
        name = self._settings.subject
        subject = subject_of(answer, name)
        found = "" if subject else f"userinfo's {name} is missing, empty or no text"
        if subject and known is not None and subject != known:
            found = f"userinfo's {name} is another than the token's sub"
        if found:
            trace.step("claims", "userinfo's subject", "refused", found)
            raise TokenUntrusted(found, hint="userinfo.subject names the member that is the visitor's id.")
        trace.step("claims", "userinfo's subject", "ok")
        return subject


def in_order(sources: Mapping[Source, Mapping[str, Json]]) -> Mapping[Source, Mapping[str, Json]]:
    """The sources in the order in which a claim is looked for in them."""
    order: tuple[ProviderSource, ...] = get_args(ProviderSource)
    return {source: sources[source] for source in order if source in sources}


def subject_of(answer: Mapping[str, Json], name: str) -> str:
    """An id as a text, exactly; empty where there is none. A whole number is one too: GitHub's, Facebook's."""
    value = answer.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST_NUMBER:
        return str(value)
    return value if isinstance(value, str) else ""
