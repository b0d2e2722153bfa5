"""Group U, what is remembered: one token at a running bridge, and how often its provider was asked about it."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.bridge_process import RunningBridge, StartBridge, configuration, provider
from tests.issuer.process import Issuer

PROFILE = {"sub": "u1", "name": "An"}
Start = Callable[..., RunningBridge]


@pytest.fixture
def start(issuer: Issuer, start_bridge: StartBridge) -> Start:
    """A bridge with a provider that is asked about opaque tokens, and is asked at userinfo alone."""

    def started(
        *,
        shared: bool = False,
        cache: dict[str, Any] | None = None,
        limits: dict[str, Any] | None = None,
        **settings: Any,
    ) -> RunningBridge:
        issuer.set(userinfo=PROFILE)
        trust = provider(issuer.url, userinfo={}, unbound_tokens="accept", **settings)
        bridge = start_bridge(
            configuration(providers={"shop": trust}, cache=cache or {}, limits=limits or {}),
            shared=shared,
            VALKEY_URL="valkey://127.0.0.1:9",
        )
        bridge.wait_until_ready()
        return bridge

    return started


def asked(issuer: Issuer) -> int:
    """How often userinfo was asked."""
    return issuer.requests().get("/userinfo", 0)


def test_u15_a_revoked_token_is_good_until_the_cache_forgets_it(issuer: Issuer, start: Start) -> None:
    """U15: as long as ``max_age`` says, and not one request longer; its refusal is forgotten sooner."""
    bridge = start(cache={"max_age": "2s", "refused_age": "1s"})
    began = time.monotonic()
    assert bridge.post("opaque-1").code is None
    issuer.set(statuses={"userinfo": 401})
    codes: list[str | None] = []
    while not codes or codes[-1] is None:
        codes.append(bridge.post("opaque-1").code)
    assert time.monotonic() >= began + 2
    assert codes[-1] == "token_inactive"
    assert asked(issuer) == 2
    issuer.set(statuses={})
    while bridge.post("opaque-1").code == "token_inactive":
        assert asked(issuer) == 2
    assert asked(issuer) == 3


def test_u15_each_token_has_its_own_answer(issuer: Issuer, start: Start) -> None:
    """U15: two tokens of one visitor, as long as can be and alike but for their last character, are two tokens."""
    bridge = start(shared=True)
    tokens = ["a" * 8000 + last for last in "xy"]
    issuer.set(tokens={token: {"userinfo": {"sub": "u1", "name": token[-1]}} for token in tokens})
    for _ in range(2):
        assert [bridge.post(token).json["data"]["name"] for token in tokens] == ["x", "y"]
    assert asked(issuer) == 2


@pytest.mark.parametrize(
    ("fault", "code"),
    [([], None), (["userinfo_500"], "provider_unavailable"), (["userinfo_html"], "provider_unavailable")],
)
def test_u10_many_callbacks_of_one_token_are_one_request(
    issuer: Issuer, start: Start, fault: list[str], code: str | None
) -> None:
    """Whatever comes of it; a failure is not remembered, and the next callback asks again."""
    bridge, token = start(shared=True), f"many-{fault}".encode().hex()
    issuer.set(latency=1.0, fault=fault)
    before = asked(issuer)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(bridge.post, [token] * 20))
    assert {answer.code for answer in answers} == {code}
    assert asked(issuer) == before + 1
    issuer.set(latency=0.0, fault=[])
    assert bridge.post(token).code is None
    assert asked(issuer) == before + (1 if code is None else 2)


def test_u09_those_seen_before_are_answered_while_the_provider_limits_us(issuer: Issuer, start: Start) -> None:
    """The others hear how long to wait; nobody asks before that."""
    bridge = start()
    assert bridge.post("seen").code is None
    issuer.set(statuses={"userinfo": 429}, headers={"Retry-After": "60"})
    answers = [bridge.post(token) for token in ("unseen", "seen", "another", "seen")]
    assert [answer.code for answer in answers] == ["provider_busy", None, "provider_busy", None]
    assert int(answers[0].headers["retry-after"]) <= 60
    assert asked(issuer) == 2


def test_a_caller_whose_time_is_over_costs_no_second_request(issuer: Issuer, start: Start) -> None:
    """The request goes on without him: whoever comes next has what came of it."""
    bridge = start(limits={"deadline": "500ms"})
    issuer.set(latency=2.0)
    assert bridge.post("opaque-1").code == "overloaded"
    while (answer := bridge.post("opaque-1")).code == "overloaded":
        assert asked(issuer) == 1
    assert answer.code is None
    assert asked(issuer) == 1


def test_a_token_that_everybody_has_is_told_and_can_be_refused(issuer: Issuer, start: Start) -> None:
    """A cached page that gives one customer's token to all: an alarm, and with ``max_uses`` an end."""
    bridge = start(cache={"reuse_alarm": 3}, max_uses=4)
    assert [bridge.post("opaque-1").code for _ in range(6)] == [None] * 4 + ["token_inactive"] * 2
    assert bridge.post("opaque-2").code is None
    bridge.next_line("token_reuse")
    told = [line["message"] for line in bridge.lines if "token_reuse" in str(line)]
    assert len(told) == 1
    assert "was used 3 times" in told[0]
    assert asked(issuer) == 2


def test_a_remembered_refusal_says_that_it_is(issuer: Issuer, start: Start) -> None:
    """In its line of the log; the first, which cost a request, does not."""
    bridge = start()
    issuer.set(statuses={"userinfo": 401})
    assert [bridge.post("opaque-1").code for _ in range(2)] == ["token_inactive"] * 2
    assert [bridge.next_event("callback", after=before)["cached"] for before in range(2)] == [False, True]
    assert asked(issuer) == 1


def test_a_shared_cache_that_is_gone_is_counted(issuer: Issuer, start: Start) -> None:
    """And costs no callback; where there is none, nothing fails."""
    gone, none = start(cache={"shared": {"url": {"env": "VALKEY_URL"}}}), start()
    assert [bridge.post("opaque-1").code for bridge in (gone, none)] == [None, None]
    failures = ("idp_bridge_shared_cache_failures_total", ())
    assert [bridge.metrics()[failures] for bridge in (gone, none)] == [1, 0]
