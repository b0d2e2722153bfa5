"""The endpoints that are asked about tokens: each is asked about one that nobody has ever made."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from bridge.access_token import AccessToken
from bridge.doctor.finding import Finding
from bridge.doctor.published import Published
from bridge.errors import ProviderError, TokenInactive
from bridge.oidc.discovery import unfit_address
from bridge.oidc.endpoints import AnswerTests, Ask
from bridge.oidc.http import HttpClient
from bridge.oidc.introspection import Introspection
from bridge.oidc.jwks import StaticKeys
from bridge.oidc.key_set import KeySet
from bridge.oidc.settings import ProviderSettings
from bridge.oidc.signed_answer import signed_answers
from bridge.oidc.token_check import TokenCheck
from bridge.oidc.userinfo import Userinfo

_ASK = "Is its url: right? Ask it with curl from this machine."


class Asked:
    """One provider's endpoints.

    Args:
        about: Whom findings are about.
        settings: The provider's.
        http: Its client.
        learnt: What it publishes.
        tests: What the operator asks of its answers.
    """

    def __init__(
        self, about: str, settings: ProviderSettings, http: HttpClient, learnt: Published, tests: AnswerTests
    ) -> None:
        self._about = about
        self._settings = settings
        self._http = http
        self._metadata = learnt.metadata
        self._tests = tests
        self._signed = signed_answers(settings, StaticKeys(KeySet(learnt.keys)))

    @property
    def introspection(self) -> Introspection | None:
        """The introspection endpoint, if there is one and its address is known."""
        settings = self._settings.introspection
        url = settings and self._url(settings.url, "untrusted_introspection_endpoint")
        if settings is None or not url:
            return None
        issuer = next(iter(self._settings.issuer), "")
        return Introspection(self._http, settings, url=_there(url), signed=self._signed, issuer=issuer)

    async def examine(self) -> AsyncIterator[Finding]:
        """What is to be said of each endpoint that the settings use."""
        settings = self._settings
        if settings.introspection is not None:
            introspection = self.introspection
            if introspection is None:
                yield self._nowhere("introspection")
            else:
                yield await self._introspection(introspection)
        if settings.token_check is not None:
            yield await self._refuses("token_check", self._by_rules(TokenCheck(self._http, settings.token_check)))
        if settings.asks_userinfo:
            url = self._url(settings.userinfo.url, "untrusted_userinfo_endpoint")
            if not url:
                yield self._nowhere("userinfo")
            else:
                userinfo = Userinfo(
                    self._http,
                    settings.userinfo,
                    url=_there(url),
                    signed=self._signed,
                    refused=self._tests.userinfo_refused,
                )
                yield await self._refuses("userinfo", userinfo.ask)

    def _url(self, written: str | None, member: str) -> str | None:
        if written is not None:
            return written
        named = getattr(self._metadata, member, None)
        issuer = next(iter(self._settings.issuer), "")
        return None if unfit_address(named, issuer, insecure=self._settings.http.insecure) else named

    def _nowhere(self, endpoint: str) -> Finding:
        found = f"discovery names no {endpoint} endpoint that can be asked"
        cure = f"Write {endpoint}: {{url: …}}."
        return Finding(endpoint, self._about, "finding", found, "Tokens that need it are refused.", cure)

    async def _introspection(self, introspection: Introspection) -> Finding:
        try:
            await introspection.ask(_made_up())
        except TokenInactive:
            return Finding("introspection", self._about, "ok", "introspection takes our client")
        except ProviderError as error:
            refused = "refuses us" in error.detail
            check = "introspection_client" if refused else "introspection"
            return Finding(
                check, self._about, "finding", error.detail, "Tokens that need it are refused.", error.hint or _ASK
            )
        why = "It would call any text active, and so let anybody in."
        cure = "Is introspection: {url: …} the right address? Ask the provider."
        found = "introspection calls a made-up token active"
        return Finding("introspection_open", self._about, "finding", found, why, cure)

    def _by_rules(self, check: TokenCheck) -> Ask:
        """The token check, which also says no where ``token_check.rules`` do."""
        rules = self._tests.token_check_rules

        async def ask(token: AccessToken) -> Mapping[str, Any]:
            answer = await check.ask(token)
            if rules is not None and not rules(answer):
                raise TokenInactive("token_check.rules say no")
            return answer

        return ask

    async def _refuses(self, endpoint: str, ask: Ask) -> Finding:
        try:
            await ask(_made_up())
        except TokenInactive:
            return Finding(endpoint, self._about, "ok", f"{endpoint} answers, and refuses a made-up token")
        except ProviderError as error:
            why = "Tokens that need it are refused."
            return Finding(endpoint, self._about, "finding", error.detail, why, error.hint or _ASK)
        why = "What says no by another sign than the status must be told apart, or anybody is let in."
        cure = "Describe how it says no: userinfo: {refused_when: …}, or rules of token_check."
        found = f"{endpoint} answers a made-up token as it would a good one"
        return Finding("endpoint_open", self._about, "warning", found, why, cure)


def _made_up() -> AccessToken:
    return AccessToken(secrets.token_hex(20))


def _there(url: str) -> Callable[[], Awaitable[str]]:
    async def address() -> str:
        return url

    return address
