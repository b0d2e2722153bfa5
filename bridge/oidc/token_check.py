"""An endpoint that says for whom an opaque token was made, where there is no introspection.

Google's tokeninfo, LINE's verify, GitLab's token info. Userinfo answers whoever holds any client's token, so without
such a question the tokens of another site's visitors would be taken (RFC 9700 section 4.10.2).
"""

from collections.abc import Mapping

from bridge.access_token import AccessToken
from bridge.claims import Json
from bridge.errors import ProviderUnavailable, TokenInactive
from bridge.oidc.endpoint_settings import TokenCheckSettings
from bridge.oidc.http import HttpClient
from bridge.oidc.token_answer import read_object, unusable_status
from bridge.oidc.token_request import ask_about

_LONGEST = 10**10
"""Seconds, some 300 years: what a token that never expires may call its remaining life."""


class TokenCheck:
    """Asks for whom a token was made, and for how long.

    Args:
        http: The provider's client.
        settings: Its settings.
    """

    def __init__(self, http: HttpClient, settings: TokenCheckSettings) -> None:
        self._http = http
        self._settings = settings

    async def ask(self, token: AccessToken) -> Mapping[str, Json]:
        """The members of its answer. Whether its audience is ours is for the caller to check.

        Raises:
            TokenInactive: It refuses the token, 400, 401 or 403, or has no second left for it.
            ProviderUnavailable, ProviderBusy: It cannot be reached, or what it answers says nothing.
        """
        url = self._settings.url
        if url is None:
            raise ProviderUnavailable("token_check has no address", hint="Set token_check: {url: …}.")
        answer = await ask_about(
            token,
            self._http,
            "token_check",
            url,
            place=self._settings.token_in,
            query=self._settings.query,
            accept="application/json",
        )
        if answer.status in {400, 401, 403}:
            raise TokenInactive(f"token_check refuses it: HTTP {answer.status}")
        if answer.status != 200:
            raise unusable_status(answer.status, "token_check")
        claims = read_object(answer.body, "token_check")
        left = self.expires_in(claims)
        if left is not None and left <= 0:
            raise TokenInactive(f"token_check has no time left for it: {self._settings.expires_in} is {left:g}")
        return claims

    def audiences(self, answer: Mapping[str, Json]) -> list[str]:
        """Whom the answer names where ``audience`` says; empty where nothing of a usable form stands there."""
        value: Json = answer
        for name in self._settings.audience:
            value = value.get(name) if isinstance(value, Mapping) else None
        members = value if isinstance(value, list) else [value]
        # Kakao's app_id is a number; of a list with anything else in it nothing is taken.
        names = [str(member) for member in members if isinstance(member, str | int) and not isinstance(member, bool)]
        return names if len(names) == len(members) and all(names) else []

    def expires_in(self, answer: Mapping[str, Json]) -> float | None:
        """For how many seconds more the token is good; ``None`` where the answer does not say.

        Google writes the number as text.
        """
        value = answer.get(self._settings.expires_in)
        if isinstance(value, str) and value.removeprefix("-").isdigit() and value.isascii() and len(value) <= 20:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return float(max(-_LONGEST, min(value, _LONGEST)))
