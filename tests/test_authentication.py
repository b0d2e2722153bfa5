"""bridge/authentication.py: the whole flow of one callback, and what it remembers."""

import time
from typing import Any

import pytest

from bridge.access_token import AccessToken
from bridge.answer_cache import AnswerCache
from bridge.authentication import Authentication
from bridge.errors import BridgeError, IdentityUnusable, TokenExpired, TokenInvalid, VisitorRefused
from bridge.mapping.parse import parse_mapping
from bridge.mapping.require_grammar import parse_require
from bridge.mapping.written import Written
from bridge.oidc.http import HttpClient, open_session
from bridge.oidc.provider import Provider
from bridge.oidc.settings import ProviderSettings
from bridge.provenance import Provenance
from bridge.trace import Meter, RecordingTrace
from tests.issuer import keys, mint
from tests.issuer.process import Issuer


class Flow:
    """One callback with one provider, its clock and its cache."""

    def __init__(
        self, session: Any, issuer: str, *, label: str = "Customer", require: Any = (), **settings: Any
    ) -> None:
        self.time = time.time()
        made = ProviderSettings.model_validate({"issuer": issuer, "audience": mint.AUDIENCE, **settings})
        self.provider = Provider("shop", made, HttpClient(session, provider="shop", timeout=5.0), now=lambda: self.time)
        written = {"name": "name", "label": {"value": label}}
        parsed = parse_mapping(
            {target: Written(value, ("mapping", target), "provider") for target, value in written.items()},
            identity_method="id",
        )
        assert parsed.errors == ()
        self.cache = AnswerCache(
            max_entries=100, max_bytes=1_000_000, max_age=300, refused_age=10, now=lambda: self.time
        )
        self.mappings = {"shop": parsed.mapping}
        rules = parse_require([Written(require, ("require",), "common")])
        assert rules.errors == ()
        self.requires = {"shop": rules.require}
        self.flow = self.named("default")

    def named(self, callback: str) -> Authentication:
        """The flow of another callback over the same cache."""
        return Authentication(callback, {"shop": self.provider}, self.mappings, self.cache, self.requires, decides=b"d")


async def test_a_token_becomes_a_chat_user(issuer: Issuer) -> None:
    """Verified and mapped; the second time from memory, without another look at the provider."""
    async with open_session() as session:
        shop = Flow(session, issuer.url)
        token = AccessToken(mint.good_token(issuer.url, name="An"))
        first, second = await shop.flow.authenticate(token), await shop.flow.authenticate(token)
        assert (first.user.id, first.user.name, first.user.label, first.provider) == (
            "visitor-1",
            "An",
            "Customer",
            "shop",
        )
        assert (first.cached, second.cached, second.user) == (False, True, first.user)
        assert issuer.fetches() == 1


async def test_nothing_outlives_its_token(issuer: Issuer) -> None:
    """At exp the memory is gone; the token itself is taken for its leeway more, each time anew."""
    async with open_session() as session:
        shop = Flow(session, issuer.url)
        token = AccessToken(mint.good_token(issuer.url, exp=int(shop.time) + 100))
        await shop.flow.authenticate(token)
        shop.time += 101
        assert [(await shop.flow.authenticate(token)).cached for _ in range(2)] == [False, False]
        shop.time += 30
        with pytest.raises(TokenExpired):
            await shop.flow.authenticate(token)


async def test_a_retired_key_takes_its_answers_along(issuer: Issuer) -> None:
    """K03: what a key verified is looked at anew when the keys change, not when the answer's age is over."""
    async with open_session() as session:
        shop = Flow(session, issuer.url)
        token = AccessToken(mint.good_token(issuer.url))
        await shop.flow.authenticate(token)
        issuer.set(jwks=keys.jwks("rsa2"))
        with pytest.raises(TokenInvalid):
            await shop.flow.authenticate(
                AccessToken(mint.sign(mint.good_header(kid="new"), mint.good_claims(issuer.url), "rsa"))
            )
        shop.provider._remote._looked_at = float("-inf")  # type: ignore[union-attr] # the cool-down is over
        with pytest.raises(TokenInvalid):
            await shop.flow.authenticate(token)


async def test_callbacks_share_no_answers(issuer: Issuer) -> None:
    """The callback's name is part of the key: another one may map the same token otherwise."""
    async with open_session() as session:
        shop = Flow(session, issuer.url)
        token = AccessToken(mint.good_token(issuer.url))
        await shop.flow.authenticate(token)
        assert not (await shop.named("staff").authenticate(token)).cached


async def test_a_refusal_is_not_remembered(issuer: Issuer) -> None:
    """The next look may end otherwise."""
    async with open_session() as session:
        shop = Flow(session, issuer.url)
        token = AccessToken(mint.good_token(issuer.url, sub="u1 "))
        for _ in range(2):
            with pytest.raises(IdentityUnusable):
                await shop.flow.authenticate(token)


RULES = [
    {"field": "label", "equals": "VIP", "message": "VIPs only."},
    {"claim": "tenant", "equals": "vn", "message": "Not here."},
]


@pytest.mark.parametrize(
    ("label", "more", "message"),
    [
        ("VIP", {"tenant": "vn"}, None),
        ("Customer", {"tenant": "vn"}, "VIPs only."),
        ("Customer", {}, "Not here."),
        ("VIP", {"tenant": "vn", "sub": "u1 "}, "identity_unusable"),
        ("VIP", {"tenant": "th", "sub": "u1 "}, "Not here."),
    ],
)
async def test_who_is_wanted(issuer: Issuer, label: str, more: dict[str, Any], message: str | None) -> None:
    """Rules on claims before the mapping, rules on the chat user after it, wherever they stand in the list."""
    async with open_session() as session:
        shop = Flow(session, issuer.url, label=label, require=RULES)
        token = AccessToken(mint.good_token(issuer.url, **more))
        told = None
        try:
            await shop.flow.authenticate(token)
        except VisitorRefused as refused:
            told = refused.message
        except IdentityUnusable as unusable:
            told = unusable.code
        assert told == message


async def test_who_is_not_wanted_is_not_remembered(issuer: Issuer) -> None:
    """Each time anew: the cache holds answers only."""
    async with open_session() as session:
        shop = Flow(session, issuer.url, require=["member"])
        token = AccessToken(mint.good_token(issuer.url))
        for _ in range(2):
            with pytest.raises(VisitorRefused):
                await shop.flow.authenticate(token)
        member = AccessToken(mint.good_token(issuer.url, member=True))
        assert [(await shop.flow.authenticate(member)).cached for _ in range(2)] == [False, True]


async def test_a_refusal_says_whose_token_it_was(issuer: Issuer) -> None:
    """The provider's name as soon as a token is routed; whose it is once it is verified, and not sooner."""
    async with open_session() as session:
        shop = Flow(session, issuer.url, require=["member"])
        said = []
        for token in (
            mint.good_token(issuer.url, azp="web-shop"),
            mint.good_token(issuer.url, exp=mint.At(-3600)),
            mint.good_token("https://other.example"),
        ):
            with pytest.raises(BridgeError) as refused:
                await shop.flow.authenticate(AccessToken(token))
            whose = refused.value.provenance
            said.append((refused.value.provider, whose and (whose.issuer, whose.subject, whose.client)))
        assert said == [("shop", (issuer.url, "visitor-1", "web-shop")), ("shop", None), ("", None)]


async def test_where_an_answer_is_from_is_remembered_with_it(issuer: Issuer) -> None:
    """The audit trail says the same of a remembered answer as of a fresh one."""
    async with open_session() as session:
        shop = Flow(session, issuer.url)
        token = AccessToken(mint.good_token(issuer.url, client_id="web-shop", iat=int(shop.time) - 5))
        fresh, remembered = [(await shop.flow.authenticate(token)).provenance for _ in range(2)]
        assert fresh == remembered
        assert fresh == Provenance(issuer.url, "visitor-1", "web-shop", int(shop.time) - 5)
        assert "visitor-1" not in repr(fresh)


async def test_a_wait_for_keys_is_metered(issuer: Issuer) -> None:
    """The first token waits for the key set; the next, of the same key, for nothing."""
    async with open_session() as session:
        shop, meters = Flow(session, issuer.url), [Meter(), Meter()]
        for meter in meters:
            await shop.flow.authenticate(AccessToken(mint.good_token(issuer.url)), meter)
        assert [meter.asked for meter in meters] == [("jwks",), ()]
        assert meters[0].seconds > 0 == meters[1].seconds


async def test_a_recording_trace_sees_every_step(issuer: Issuer) -> None:
    """Explaining never answers from memory: it goes the way that the service goes."""
    async with open_session() as session:
        shop = Flow(session, issuer.url, require=[{"claim": "name", "present": True}, {"field": "id", "present": True}])
        token = AccessToken(mint.good_token(issuer.url, name="Secret Name"))
        await shop.flow.authenticate(token)
        trace = RecordingTrace()
        await shop.flow.authenticate(token, trace)
        assert list(dict.fromkeys(step.stage for step in trace.steps)) == [
            "token",
            "verification",
            "claims",
            "require",
            "mapping",
        ]
        assert trace.steps[-1].stage == "require"
        assert "Secret Name" not in str(trace.steps)
