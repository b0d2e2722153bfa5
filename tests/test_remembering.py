"""bridge/authentication.py: what is remembered of tokens that a provider must be asked about, and what never is."""

import asyncio
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bridge.access_token import AccessToken
from bridge.answer_cache import AnswerCache
from bridge.authentication import Authenticated, Authentication
from bridge.claims import Claims
from bridge.errors import (
    BridgeError,
    IdentityUnusable,
    InternalError,
    ProviderBusy,
    ProviderUnavailable,
    TokenInactive,
    TokenNotYetValid,
    VisitorRefused,
)
from bridge.mapping.parse import parse_mapping
from bridge.mapping.require_grammar import parse_require
from bridge.mapping.written import Written
from bridge.oidc.http import HttpClient, open_session
from bridge.oidc.provider import Provider
from bridge.oidc.providers import Providers
from bridge.oidc.settings import ProviderSettings
from bridge.shared_cache import SharedCache
from bridge.trace import SILENT, RecordingTrace, Trace
from tests.valkey_server import ValkeyServer, valkey_server

TOKEN, OTHER = AccessToken("opaque-1"), AccessToken("opaque-2")
PROFILE: Mapping[str, Any] = {"sub": "u1", "name": "An"}


class Asked(Providers):
    """Stands in for providers that know a token only by asking; says who asked.

    Attributes:
        asked: How often each token was asked about.
        says: What is said of a token: claims, or a failure.
        incomplete: Why a source said nothing.
        go_on: Cleared, the provider is slow.
        keys: What they verified it with.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.says: Mapping[str, Any] | BridgeError = PROFILE
        self.incomplete: ProviderUnavailable | None = None
        self.keys = "r"
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.expires_at = time.time() + 1000

    def asks(self, token: AccessToken) -> bool:
        """Every token but one that has the look of a JWT."""
        return not token.looks_like_jwt

    async def verify(self, token: AccessToken, trace: Trace) -> Claims:
        """What it was told to say."""
        self.asked.append(token.text)
        await self.go_on.wait()
        trace.waited("userinfo", 0.0)
        if isinstance(self.says, BridgeError):
            raise self.says
        return Claims("shop", "u1", {"token": self.says}, self.expires_at, self.keys, self.incomplete)


class Keyed(Provider):
    """A provider whose keys change when the test says so."""

    keys = "r"

    @property
    def revision(self) -> str:
        """What they are."""
        return self.keys


class Process:
    """One process: its memory, one callback, and a provider that stands for itself."""

    def __init__(self, session: Any, asked: Asked, *, server: ValkeyServer | None = None, **options: Any) -> None:
        self.time = time.time()
        self.asked = asked
        settings = ProviderSettings.model_validate(
            {"issuer": "shop", "audience": "chat", "secret": "7h-of-these-tests-and-of-nothing-else-at-all"}
            | options.pop("settings", {})
        )
        self.provider = Keyed("shop", settings, HttpClient(session, provider="shop", timeout=5.0))
        written = {"name": "name", "label": {"value": "Customer"}} | options.pop("mapping", {})
        identity = options.pop("identity_method", "id")
        self.mapping = parse_mapping(
            {target: Written(value, ("mapping", target), "provider") for target, value in written.items()},
            identity_method=identity,
        )
        assert self.mapping.errors == ()
        self.require = parse_require([Written(options.pop("require", ()), ("require",), "common")])
        assert self.require.errors == ()
        self.cache = AnswerCache(
            max_entries=100, max_bytes=1_000_000, max_age=300, refused_age=10, now=lambda: self.time
        )
        self.shared: SharedCache | None = None
        if server is not None:
            url = f"valkey://127.0.0.1:{server.port}"
            self.shared = SharedCache(url, timeout=5.0, now=lambda: self.time)
        self.options = options
        self.flow = self.named("default")

    def named(self, callback: str, decides: bytes = b"d" * 32) -> Authentication:
        """A flow over the same memory."""
        flow = Authentication(
            callback,
            {"shop": self.provider},
            {"shop": self.mapping.mapping},
            self.cache,
            {"shop": self.require.require},
            decides=decides,
            shared=self.shared,
            **self.options,
        )
        flow._providers = self.asked
        return flow

    async def code(self, token: AccessToken = TOKEN) -> str:
        """The answer's code."""
        try:
            await self.flow.authenticate(token)
        except BridgeError as failure:
            return failure.code
        return "ok"


@pytest.fixture
async def session() -> Any:
    """What a provider would ask through."""
    async with open_session() as opened:
        yield opened


# -- The cache --------------------------------------------------------------------------------------------------------


async def test_an_answer_is_asked_for_once(session: Any) -> None:
    """By callback and configuration; until ``max_age`` or the token's end, whichever is first."""
    process = Process(session, Asked())
    assert [await process.code() for _ in range(3)] == ["ok"] * 3
    assert process.asked.asked == ["opaque-1"]
    await process.named("staff").authenticate(TOKEN)
    await process.named("default", b"changed").authenticate(TOKEN)
    assert len(process.asked.asked) == 3
    process.time += 301
    await process.code()
    process.asked.expires_at = process.time + 10
    await process.code(OTHER)
    process.time += 11
    await process.code(OTHER)
    assert process.asked.asked[3:] == ["opaque-1", "opaque-2", "opaque-2"]


@pytest.mark.parametrize(
    ("says", "code", "asked"),
    [
        (TokenInactive("revoked", hint="Sign in."), "token_inactive", 1),
        ({"name": "An", "sub": 7}, "visitor_refused", 1),
        (TokenNotYetValid(), "token_not_yet_valid", 3),
        (ProviderUnavailable(), "provider_unavailable", 3),
        (ProviderBusy(retry_after=7), "provider_busy", 3),
        (InternalError(), "internal_error", 3),
    ],
)
async def test_refusals_are_remembered_for_seconds(
    session: Any, says: Mapping[str, Any] | BridgeError, code: str, asked: int
) -> None:
    """U15: those of the token and its owner. That a provider could not answer is asked anew each time."""
    process = Process(session, Asked(), require=[{"claim": "sub", "equals": "u1", "message": "Not here."}])
    process.asked.says = says
    assert [await process.code() for _ in range(3)] == [code] * 3
    assert len(process.asked.asked) == asked
    process.asked.says = PROFILE
    process.time += 11
    assert await process.code() == "ok"


async def test_a_retired_key_takes_its_answers_along(session: Any) -> None:
    """K03: what it verified is asked anew."""
    process = Process(session, Asked())
    await process.code()
    process.provider.keys = process.asked.keys = "others"
    assert [(await process.flow.authenticate(TOKEN)).cached for _ in range(2)] == [False, True]


async def test_a_refusal_keeps_its_words(session: Any) -> None:
    """The operator's own message, the detail and the hint are there the second time too, which says that it is one."""
    process = Process(session, Asked(), require=[{"claim": "vip", "present": True, "message": "Members only."}])
    told = []
    for _ in range(2):
        with pytest.raises(VisitorRefused) as refused:
            await process.flow.authenticate(TOKEN)
        told.append((refused.value.message, refused.value.detail, refused.value.hint))
        assert refused.value.cached == (len(told) == 2)
    assert told[0] == told[1]
    assert told[0][0] == "Members only."
    assert len(process.asked.asked) == 1


async def test_a_refusal_that_cost_no_request_is_not_remembered(session: Any) -> None:
    """A JWT that is verified here is verified again: that is cheaper than to remember strangers' tokens."""
    process = Process(session, Asked())
    process.asked.says = TokenInactive()
    jwt = AccessToken("eyJ.x.x")
    assert [await process.code(jwt) for _ in range(2)] == ["token_inactive"] * 2
    assert len(process.asked.asked) == 2


async def test_while_the_provider_limits_us_those_seen_before_are_answered(session: Any) -> None:
    """U09: what is remembered is looked at before anybody is asked."""
    process = Process(session, Asked())
    assert await process.code() == "ok"
    process.asked.says = ProviderBusy(retry_after=60)
    assert [await process.code(token) for token in (TOKEN, OTHER)] == ["ok", "provider_busy"]
    assert process.asked.asked == ["opaque-1", "opaque-2"]


async def test_explaining_goes_past_all_that_is_remembered(session: Any) -> None:
    """It always asks, shares no flight, leaves nothing behind and counts as no use."""
    process = Process(session, Asked(), reuse_alarm=2)
    for _ in range(2):
        assert not (await process.flow.authenticate(TOKEN, RecordingTrace())).cached
    assert not (await process.flow.authenticate(TOKEN)).cached
    process.asked.says = TokenInactive()
    with pytest.raises(TokenInactive):
        await process.flow.authenticate(TOKEN, RecordingTrace())
    process.asked.go_on.clear()
    both = [asyncio.create_task(process.flow.authenticate(OTHER, trace)) for trace in (RecordingTrace(), SILENT)]
    await asyncio.sleep(0.01)
    assert process.asked.asked == ["opaque-1"] * 4 + ["opaque-2"] * 2
    process.asked.go_on.set()
    await asyncio.gather(*both, return_exceptions=True)


# -- Single flight ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("says", [PROFILE, ProviderUnavailable("it is down"), TokenInactive("revoked")])
async def test_one_token_at_the_same_time_is_one_request(session: Any, says: Mapping[str, Any] | BridgeError) -> None:
    """Whatever comes of it is everybody's: an answer, and a failure too."""
    process = Process(session, Asked())
    process.asked.says = says
    process.asked.go_on.clear()
    tasks = [asyncio.create_task(process.code()) for _ in range(50)]
    await asyncio.sleep(0.01)
    process.asked.go_on.set()
    codes = set(await asyncio.gather(*tasks))
    assert codes == {says.code if isinstance(says, BridgeError) else "ok"}
    assert process.asked.asked == ["opaque-1"]


async def test_an_answer_that_nobody_waited_for_any_more_is_remembered(session: Any) -> None:
    """The caller has gone, or his time was over: the next who comes has the answer of that request."""
    process = Process(session, Asked())
    process.asked.go_on.clear()
    gone = asyncio.create_task(process.code())
    await asyncio.sleep(0.01)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    process.asked.go_on.set()
    await asyncio.sleep(0.01)
    assert (await process.flow.authenticate(TOKEN)).cached
    assert process.asked.asked == ["opaque-1"]


# -- Claims that are incomplete ---------------------------------------------------------------------------------------

DOWN = ProviderUnavailable("userinfo is down")
TRUSTED = {"verified_by": "trusted"}
NUMBER = {"claim": "number", **TRUSTED}
NUMBER_OR_SUB = {"first_of": [NUMBER, "sub"]}
EITHER = {"first_of": [{"claim": "email", **TRUSTED}, {"claim": "upn", **TRUSTED}]}


@pytest.mark.parametrize(
    ("options", "claims", "code"),
    [
        ({}, {}, "ok"),
        ({"require": ["member"]}, {"member": True}, "ok"),
        ({"require": [{"not": {"claim": "blocked"}}]}, {"blocked": False}, "ok"),
        ({"require": [{"any": ["member", {"claim": "tier", "present": False}]}]}, {"member": True}, DOWN.code),
        ({"require": ["member"]}, {}, DOWN.code),
        ({"require": ["member"]}, {"member": False}, DOWN.code),
        ({"require": [{"not": {"claim": "blocked"}}]}, {}, DOWN.code),
        ({"require": [{"claim": "blocked", "present": False}]}, {}, DOWN.code),
        ({"require": [{"not": {"claim": "blocked", "from": "userinfo"}}]}, {"blocked": False}, DOWN.code),
        ({"require": [{"not": {"cel": "has(claims.blocked)"}}]}, {}, DOWN.code),
        ({"require": [{"field": "name", "present": True}]}, {}, DOWN.code),
        ({"require": [{"field": "email", "present": False}]}, {}, DOWN.code),
        (
            {"identity_method": "email", "mapping": {"email": {"claim": "email", "verified_by": "trusted"}}},
            {},
            DOWN.code,
        ),
        ({"mapping": {"id": NUMBER_OR_SUB}}, {}, DOWN.code),
        ({"mapping": {"id": NUMBER_OR_SUB}}, {"number": "77"}, "ok"),
        ({"mapping": {"id": {"first_of": ["sub", NUMBER]}}}, {}, "ok"),
        ({"mapping": {"id": {**NUMBER, "when": {"claim": "merged", "present": False}}}}, {"number": "77"}, DOWN.code),
        ({"mapping": {"id": {"join": ["sub", NUMBER], "verified_by": "trusted"}}}, {}, DOWN.code),
        ({"mapping": {"id": {"cel": "has(claims.number) ? claims.number : claims.sub", **TRUSTED}}}, {}, DOWN.code),
        ({"identity_method": "email", "mapping": {"email": EITHER}}, {"upn": "an@shop.example"}, DOWN.code),
        ({"identity_method": "email", "mapping": {"email": EITHER}}, {"email": "an@shop.example"}, "ok"),
    ],
)
async def test_a_source_that_is_down_lets_nobody_in(
    session: Any, options: Mapping[str, Any], claims: Mapping[str, Any], code: str
) -> None:
    """Without it the answer goes out only if nothing that it could have said decides; and it is not kept."""
    process = Process(session, Asked(), **options)
    process.asked.says = {**PROFILE, **claims}
    process.asked.incomplete = DOWN
    assert [await process.code() for _ in range(2)] == [code] * 2
    assert len(process.asked.asked) == 2


async def test_a_whole_answer_is_judged_as_always(session: Any) -> None:
    """The twin of the refusals above: the same rules, and the source has spoken."""
    rules = [{"not": {"claim": "blocked"}}, {"field": "email", "present": False}]
    process = Process(session, Asked(), require=rules)
    assert await process.code() == "ok"
    process.asked.says = {"name": "An", "blocked": True, "sub": "u1"}
    assert await process.code(OTHER) == "visitor_refused"
    unusable = Process(
        session,
        Asked(),
        identity_method="email",
        mapping={"email": {"claim": "email", "verified_by": "trusted"}},
    )
    assert await unusable.code() == IdentityUnusable.code


# -- Reuse ------------------------------------------------------------------------------------------------------------


async def test_reuse_is_told_once_for_each_token(session: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Whether answers were remembered or not; by fingerprint, and without a word about the visitor."""
    process = Process(session, Asked(), reuse_alarm=3)
    for _ in range(5):
        await process.code()
        await process.code(OTHER)
        process.time += 200
    told = [record.getMessage() for record in caplog.records if record.name == "bridge.authentication"]
    assert told == [f"token {token.fingerprint} was used 3 times" for token in (TOKEN, OTHER)]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert not re.search("u1|An|opaque-", caplog.text)


@pytest.mark.parametrize("token", [TOKEN, AccessToken("eyJ.x.x")], ids=["asked about", "verified here"])
async def test_beyond_max_uses_a_token_is_refused(session: Any, token: AccessToken) -> None:
    """The others are not; over all callbacks, and whether remembered or not."""
    process = Process(session, Asked(), settings={"max_uses": 3})
    assert [await process.code(token) for _ in range(2)] == ["ok", "ok"]
    await process.named("staff").authenticate(token)
    process.time += 301
    with pytest.raises(TokenInactive, match="use number 4; max_uses is 3"):
        await process.flow.authenticate(token)
    assert await process.code(OTHER) == "ok"


# -- Replicas ---------------------------------------------------------------------------------------------------------


class Replicas:
    """Processes that share a server, each with a provider that is asked for itself."""

    def __init__(self, session: Any, server: ValkeyServer) -> None:
        self.session = session
        self.server = server
        self.processes: list[Process] = []

    def start(self) -> Process:
        """One more."""
        self.processes.append(Process(self.session, Asked(), server=self.server))
        return self.processes[-1]


@pytest.fixture
async def replicas(session: Any) -> Any:
    """None yet."""
    async with valkey_server() as server:
        running = Replicas(session, server)
        yield running
        for process in running.processes:
            assert process.shared is not None
            await process.shared.close()


async def test_replicas_ask_once_between_them(replicas: Replicas) -> None:
    """The second has the whole answer, and it dies when the first one's does."""
    first, second = replicas.start(), replicas.start()
    told = await first.flow.authenticate(TOKEN)
    assert await second.flow.authenticate(TOKEN) == replace(told, cached=True, shared=True, absent=())
    assert await second.flow.authenticate(TOKEN) == replace(told, cached=True, absent=())
    assert (first.asked.asked, second.asked.asked) == (["opaque-1"], [])
    [(_, milliseconds)] = replicas.server.data.values()
    assert 299_000 < milliseconds <= 300_000
    second.time += 301
    assert not (await second.flow.authenticate(TOKEN)).cached


async def test_another_configuration_finds_nothing(replicas: Replicas) -> None:
    """Neither does another callback, nor a replica whose provider has other keys."""
    first, second = replicas.start(), replicas.start()
    await first.flow.authenticate(TOKEN)
    flows = [second.named("staff"), second.named("default", b"e" * 32)]
    assert [(await flow.authenticate(TOKEN)).shared for flow in flows] == [False, False]
    third = replicas.start()
    third.provider.keys = "others"
    assert not (await third.flow.authenticate(TOKEN)).shared


async def test_what_is_not_shared(replicas: Replicas) -> None:
    """Refusals, answers that lack something, tokens that nobody is asked about: the server hears nothing of these."""
    process = replicas.start()
    process.asked.says = TokenInactive()
    await process.code()
    process.asked.says, process.asked.incomplete = PROFILE, DOWN
    assert await process.code(OTHER) == "ok"
    assert replicas.server.asked == [b"GETRANGE"] * 2
    process.asked.incomplete = None
    assert await process.code(AccessToken("eyJ.x.x")) == "ok"
    assert replicas.server.asked == [b"GETRANGE"] * 2


async def test_without_the_server_each_asks_for_itself(replicas: Replicas) -> None:
    """And none of them fails."""
    first, second = replicas.start(), replicas.start()
    replicas.server.fault = "close"
    told: list[Authenticated] = [await process.flow.authenticate(TOKEN) for process in (first, second)]
    assert [each.cached for each in told] == [False, False]
    assert (first.asked.asked, second.asked.asked) == (["opaque-1"], ["opaque-1"])
