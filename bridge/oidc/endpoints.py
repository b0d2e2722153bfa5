"""What one provider is asked about a token: within its budget, and each question a step of the trace."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bridge.access_token import AccessToken
from bridge.claims import Json
from bridge.errors import BridgeError, ProviderError
from bridge.oidc.budget import Budget
from bridge.oidc.http import Endpoint, HttpClient
from bridge.oidc.introspection import Introspection
from bridge.oidc.metadata import EndpointName, FreshMetadata
from bridge.oidc.settings import ProviderSettings
from bridge.oidc.signed_answer import SignedAnswers
from bridge.oidc.token_check import TokenCheck
from bridge.oidc.userinfo import Userinfo
from bridge.trace import Trace

Ask = Callable[[AccessToken], Awaitable[Mapping[str, Json]]]
AnswerTest = Callable[[Mapping[str, Json]], bool]
"""Something that an operator asks of one answer: whether it holds for sure."""


@dataclass(frozen=True, slots=True)
class AnswerTests:
    """What an operator asks of answers, beyond what every answer must be.

    Attributes:
        userinfo_refused: ``userinfo.refused_when``: whether an answer of status 200 means no, or may mean it.
        token_check_rules: ``token_check.rules``: whether all hold.
    """

    userinfo_refused: AnswerTest | None = None
    token_check_rules: AnswerTest | None = None


class Endpoints:
    """The endpoints of one provider; which of them there are say its settings.

    Args:
        settings: The provider's.
        http: Its client.
        metadata: Says where endpoints are that have no address in the settings; ``None`` without an issuer.
        signed: Verifies signed answers.
        budget: What it may be asked in all.
        tests: What the operator asks of answers.
        now: Seconds since the epoch.
    """

    def __init__(
        self,
        settings: ProviderSettings,
        http: HttpClient,
        *,
        metadata: FreshMetadata | None,
        signed: SignedAnswers,
        budget: Budget,
        tests: AnswerTests,
        now: Callable[[], float],
    ) -> None:
        self._http = http
        self._metadata = metadata
        self._budget = budget
        self._userinfo = Userinfo(
            http,
            settings.userinfo,
            url=self._address(settings.userinfo.url, "userinfo_endpoint"),
            signed=signed,
            refused=tests.userinfo_refused,
        )
        self._introspection: Introspection | None = None
        if settings.introspection is not None:
            self._introspection = Introspection(
                http,
                settings.introspection,
                url=self._address(settings.introspection.url, "introspection_endpoint"),
                signed=signed,
                now=now,
                issuer=next(iter(settings.issuer), ""),
            )
        self.token_check = None if settings.token_check is None else TokenCheck(http, settings.token_check)

    async def introspect(self, token: AccessToken, trace: Trace, *, trusted: bool = False) -> Mapping[str, Json]:
        """What introspection says of an active token.

        Args:
            token: The token.
            trace: Takes the question as a step.
            trusted: Whether the token is known to be the provider's.

        Raises:
            TokenInactive: It is not active.
            ProviderUnavailable, ProviderBusy: Its word cannot be had.
        """
        assert self._introspection is not None  # noqa: S101 - asked only where settings have it
        return await self._asked("introspection", self._introspection.ask, token, trace, trusted=trusted)

    async def check(self, token: AccessToken, trace: Trace) -> Mapping[str, Json]:
        """What the token check says; raises as ``introspect`` does."""
        assert self.token_check is not None  # noqa: S101 - as above
        return await self._asked("token_check", self.token_check.ask, token, trace, trusted=False)

    async def profile(
        self, token: AccessToken, trace: Trace, *, trusted: bool, needed: bool = True
    ) -> Mapping[str, Json]:
        """What userinfo says; raises as ``introspect`` does. Where it is not ``needed`` a failure refuses nothing."""
        return await self._asked("userinfo", self._userinfo.ask, token, trace, trusted=trusted, needed=needed)

    async def _asked(
        self, endpoint: Endpoint, ask: Ask, token: AccessToken, trace: Trace, *, trusted: bool, needed: bool = True
    ) -> Mapping[str, Json]:
        started: float | None = None
        try:
            async with self._budget.request(token, endpoint, trusted=trusted):
                started = time.perf_counter()
                try:
                    answer = await ask(token)
                finally:
                    trace.waited(endpoint, time.perf_counter() - started)
        except BridgeError as refusal:
            if started is None:
                self._http.not_made(endpoint)
            forgiven = not needed and isinstance(refusal, ProviderError)
            trace.step("verification", endpoint, "note" if forgiven else "refused", refusal.detail)
            raise
        trace.step("verification", endpoint, "ok", "", dict(answer) if trace.recording else None)
        return answer

    def _address(self, given: str | None, name: EndpointName) -> Callable[[], Awaitable[str]]:
        async def address() -> str:
            if given is not None or self._metadata is None:
                return given or ""
            return await self._metadata.endpoint(name)

        return address
