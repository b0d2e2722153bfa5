"""Opaque tokens of one provider: whether one is good and for us, and whose it is, by asking the provider itself.

What proves that it was made for us: introspection, else a token check, else nothing, which the operator spells out
(``unbound_tokens: accept``). Who the visitor is says introspection, or userinfo.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from bridge.access_token import AccessToken
from bridge.claims import Claims, Json, Source
from bridge.errors import TokenInactive, TokenUntrusted
from bridge.oidc.budget import Budget
from bridge.oidc.claim_checks import (
    PARTY_CLAIMS,
    Check,
    Examined,
    Expectations,
    authorized_party,
    is_date,
    listed,
    members,
    not_expired,
    oldest_end,
    refused_by_subject,
    refused_by_time,
    refused_by_time_or_id,
    run_checks,
    scopes,
    sender_constraint,
)
from bridge.oidc.endpoints import AnswerTests, Endpoints
from bridge.oidc.introspected import check_introspected
from bridge.oidc.profile import Profile, in_order, subject_of
from bridge.oidc.settings import ProviderSettings
from bridge.oidc.token_check import TokenCheck
from bridge.trace import Trace


class OpaqueTokens:
    """Verifies the opaque tokens of one provider.

    Args:
        name: The provider's name.
        settings: Its settings.
        endpoints: Where it is asked.
        budget: Takes note of what it says.
        expected: What its settings ask of a token.
        tests: What the operator asks of answers.
        now: Seconds since the epoch.
    """

    def __init__(
        self,
        name: str,
        settings: ProviderSettings,
        *,
        endpoints: Endpoints,
        budget: Budget,
        expected: Expectations,
        tests: AnswerTests,
        now: Callable[[], float],
    ) -> None:
        self._name = name
        self._settings = settings
        self._endpoints = endpoints
        self._budget = budget
        self._expected = expected
        self._rules = tests.token_check_rules
        self._now = now
        self._profile = Profile(endpoints, settings.userinfo)

    async def verify(self, token: AccessToken, wanted: frozenset[str], trace: Trace) -> Claims:
        """The claims of an opaque token.

        Args:
            token: The token, which looks like one of this provider's.
            wanted: The claims that the mapping reads.
            trace: Takes every step.

        Raises:
            TokenInactive: The provider refuses it, or an incident switch does.
            TokenUntrusted, TokenExpired, TokenNotYetValid: It is good, but not for us, or not now.
            ProviderUnavailable, ProviderBusy: The provider's word cannot be had.
        """
        try:
            if self._settings.introspection is not None:
                claims = await self._introspected(token, wanted, trace)
            else:
                claims = await self._identified(token, trace)
        except TokenInactive:
            self._budget.answered(token, active=False)
            raise
        self._budget.answered(token, active=True)
        return claims

    async def _introspected(self, token: AccessToken, wanted: frozenset[str], trace: Trace) -> Claims:
        answer = await self._endpoints.introspect(token, trace)
        expires_at = check_introspected(answer, self._expected, self._now(), trace)
        sources: Mapping[Source, Mapping[str, Json]] = {"introspection": answer}
        if subject_of(answer, "sub"):
            subject = subject_of(answer, self._settings.subject)
            self._check_subject((subject_of(answer, "sub"), subject), trace)
            claims = Claims(self._name, subject, sources, expires_at)
            return await self._profile.completed(token, claims, wanted, trace)
        if not self._settings.has_userinfo:
            trace.step("claims", "subject", "refused", "introspection's sub is missing, empty or no text")
            raise TokenUntrusted(
                "introspection's sub is missing, empty or no text",
                hint="A token of a service has none. If those of visitors have none either, add userinfo:.",
            )
        subject, profile = await self._profile.identified(token, trace, trusted=True)
        self._check_subject((subject,), trace)
        return Claims(self._name, subject, in_order({**sources, "userinfo": profile}), expires_at)

    async def _identified(self, token: AccessToken, trace: Trace) -> Claims:
        """By userinfo alone, after the token check where there is one."""
        check = self._endpoints.token_check
        if check is not None:
            expires_at = await self._checked(token, check, trace)
        else:
            examined = Examined({}, {}, self._now())
            run_checks((("incident switches", refused_by_time),), examined, self._expected, trace)
            expires_at = oldest_end(examined, self._expected)
        subject, profile = await self._profile.identified(token, trace, trusted=check is not None)
        self._check_subject((subject,), trace)
        return Claims(self._name, subject, {"userinfo": profile}, expires_at)

    async def _checked(self, token: AccessToken, check: TokenCheck, trace: Trace) -> float:
        """Seconds since the epoch after which a token is no longer good that was made for us."""
        answer = await self._endpoints.check(token, trace)
        # Such endpoints keep to no standard: what is no date cannot say when the token was issued, or ends.
        said = members(answer)
        for name in ("iat", "exp"):
            if not is_date(said.get(name)):
                said.pop(name, None)
        clients = check.audiences(answer)
        if len(clients) == 1 and not any(name in said for name in PARTY_CLAIMS):
            said["client_id"] = clients[0]  # GitLab names it in [application, uid] only
        examined = Examined({}, said, self._now())
        checks: tuple[tuple[str, Check], ...] = (
            ("audience", partial(self._made_for_us, clients)),
            ("authorized party", authorized_party),
            ("sender constraint", sender_constraint),
            ("expiry", not_expired),
            ("scopes", scopes),
            ("incident switches", refused_by_time_or_id),
        )
        run_checks(checks, examined, self._expected, trace)
        end = examined.now + self._expected.max_token_age
        left = check.expires_in(answer)
        # The earliest that is said counts: nothing is remembered beyond it.
        ends = [end, *([] if left is None else [examined.now + left])]
        return min(*ends, float(said.get("exp", end)))

    def _made_for_us(self, clients: Sequence[str], token: Examined, expected: Expectations) -> None:
        """The check's answer names our audience, and meets the operator's rules (RFC 9700 section 4.10.2)."""
        if expected.checked_audience and expected.checked_audience.isdisjoint(clients):
            raise TokenUntrusted(
                f"token_check names {listed(clients)}, which is none of {sorted(expected.checked_audience)}",
                hint="Is audience: (or id_token_audience:) the client that the visitor signs in with, and "
                "token_check.audience its member?",
            )
        if self._rules is not None and not self._rules(token.claims):
            raise TokenUntrusted(
                "token_check.rules: one of them says no, or cannot tell",
                hint="`idp-bridge explain --show-values` shows the answer that they were asked of.",
            )

    def _check_subject(self, subjects: tuple[str, ...], trace: Trace) -> None:
        """No incident switch refuses the visitor."""

        def refused(_: Examined, expected: Expectations) -> None:
            refused_by_subject(subjects, expected)

        run_checks((("refused subjects", refused),), Examined({}, {}, self._now()), self._expected, trace)
