"""The introspection endpoint (RFC 7662): whether a token is good, and whose and for whom it is."""

import time
from collections.abc import Awaitable, Callable, Mapping

from bridge import strict_json
from bridge.access_token import AccessToken
from bridge.claims import Json
from bridge.errors import ProviderUnavailable, TokenInactive
from bridge.oidc.client_authentication import ClientAuthentication
from bridge.oidc.endpoint_settings import IntrospectionSettings
from bridge.oidc.http import HttpClient, Response
from bridge.oidc.signed_answer import INTROSPECTION, SignedAnswers
from bridge.oidc.token_answer import read_object, unusable_status

# RFC 9701 section 4: a server signs only where we say that we can read it. Where it need not, it need not.
_ACCEPT = f"application/json, application/{INTROSPECTION};q=0.9"

_CLIENT_REFUSED = frozenset({"invalid_client", "unauthorized_client", "access_denied"})


class Introspection:
    """Asks whether a token is good. Audience, client, issuer and times of the answer are for the caller to check.

    Args:
        http: The provider's client.
        settings: Its settings.
        url: Where it is.
        signed: What verifies answers of the media type ``application/token-introspection+jwt`` (RFC 9701).
        now: Seconds since the epoch.
        issuer: The provider's issuer, the audience of what we sign; empty where it has none.
    """

    def __init__(
        self,
        http: HttpClient,
        settings: IntrospectionSettings,
        *,
        url: Callable[[], Awaitable[str]],
        signed: SignedAnswers,
        now: Callable[[], float] = time.time,
        issuer: str = "",
    ) -> None:
        self._http = http
        self._url = url
        self._signed = signed
        self._client = ClientAuthentication(settings, issuer=issuer, now=now)

    async def ask(self, token: AccessToken) -> Mapping[str, Json]:
        """The members of an answer that calls the token active.

        Raises:
            TokenInactive: ``active`` is anything but true (RFC 7662 section 2.2).
            ProviderUnavailable, ProviderBusy: It cannot be reached, refuses us, or what it answers says nothing.
        """
        answer = await self._client.post(
            self._http,
            await self._url(),
            "introspection",
            (("token", token.text), ("token_type_hint", "access_token")),
            accept=_ACCEPT,
        )
        if answer.status != 200:
            raise _failure(answer)
        if answer.content_type == f"application/{INTROSPECTION}":
            claims = await self._signed.introspection(answer.body)
        else:
            claims = read_object(answer.body, "introspection")
        active = claims.get("active")
        if active is not True:
            raise TokenInactive(
                "introspection says active: false"
                if active is False
                else "introspection does not say active: true, but nothing or another kind of value",
                hint="If it says so of good tokens too: Keycloak does where our client is not among a token's aud.",
            )
        return claims


def _failure(answer: Response) -> ProviderUnavailable:
    """What a status other than 200 means. None of them says anything about the token: we are the client here."""
    error = _error(answer.body)
    if answer.status in {401, 403} or (answer.status == 400 and error in _CLIENT_REFUSED):
        return ProviderUnavailable(
            f"introspection refuses us, its client: HTTP {answer.status}{f' {error}' if error else ''}",
            hint="Are client_id, client_secret or private_key and auth_method of introspection: as the provider has "
            "them, and may this client introspect?",
        )
    if answer.status == 400 and error == "unsupported_token_type":
        return ProviderUnavailable(
            "introspection takes no tokens of this kind: HTTP 400 unsupported_token_type",
            hint="Some providers introspect opaque tokens only: with introspection: {when: opaque} JWTs are verified "
            "by the provider's keys alone.",
        )
    failure = unusable_status(answer.status, "introspection")
    return ProviderUnavailable(f"{failure.detail} {error}".rstrip(), hint=failure.hint)


# RFC 6749 section 5.2, RFC 7009 section 2.2.1; any other text of the provider's is not shown: it may quote the token.
_KNOWN_ERRORS = _CLIENT_REFUSED | {"invalid_request", "unsupported_token_type", "invalid_token", "invalid_scope"}


def _error(body: bytes) -> str:
    try:
        answer = strict_json.loads(body)
    except strict_json.JsonInvalid:
        return ""
    error = answer.get("error") if isinstance(answer, dict) else None
    return error if isinstance(error, str) and error in _KNOWN_ERRORS else ""
