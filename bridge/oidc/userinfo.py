"""The userinfo endpoint (OpenID Connect Core section 5.3), or any endpoint that says who a token's visitor is."""

from collections.abc import Awaitable, Callable, Mapping

from bridge.access_token import AccessToken
from bridge.claims import Json
from bridge.errors import TokenInactive
from bridge.oidc.endpoint_settings import UserinfoSettings
from bridge.oidc.http import HttpClient
from bridge.oidc.signed_answer import SignedAnswers
from bridge.oidc.token_answer import read_object, unusable_status
from bridge.oidc.token_request import ask_about

# Providers that sign or not as they are asked (Keycloak) do not have to sign: the connection is verified.
_ACCEPT = "application/json, application/jwt;q=0.9"


class Userinfo:
    """Asks who the visitor is. Whether the answer is about the right one is for the caller to check (section 5.3.2).

    Args:
        http: The provider's client.
        settings: Its settings.
        url: Where it is.
        signed: What verifies answers of the media type ``application/jwt``.
        refused: Whether an answer of status 200 means no (``refused_when``).
    """

    def __init__(
        self,
        http: HttpClient,
        settings: UserinfoSettings,
        *,
        url: Callable[[], Awaitable[str]],
        signed: SignedAnswers,
        refused: Callable[[Mapping[str, Json]], bool] | None = None,
    ) -> None:
        self._http = http
        self._settings = settings
        self._url = url
        self._signed = signed
        self._refused = refused

    async def ask(self, token: AccessToken) -> Mapping[str, Json]:
        """The members of its answer.

        Raises:
            TokenInactive: It refuses the token: 401 or 403 (RFC 6750 section 3.1), or ``refused_when`` says so.
            ProviderUnavailable, ProviderBusy: It cannot be reached, or what it answers says nothing.
        """
        answer = await ask_about(
            token,
            self._http,
            "userinfo",
            await self._url(),
            place=self._settings.token_in,
            query=self._settings.query,
            accept=_ACCEPT,
        )
        if answer.status in {401, 403}:
            raise TokenInactive(
                f"userinfo refuses it: HTTP {answer.status}",
                hint="If it refuses every token: was the login asked for the scope openid, and for no other resource?",
            )
        if answer.status != 200:
            raise unusable_status(answer.status, "userinfo")
        if answer.content_type == "application/jwt":
            claims = await self._signed.userinfo(answer.body)
        else:
            claims = read_object(answer.body, "userinfo")
        if self._refused is not None and self._refused(claims):
            raise TokenInactive("userinfo refuses it: refused_when is true of the answer")
        return claims
