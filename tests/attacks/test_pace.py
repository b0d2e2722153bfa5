"""Providers that limit us or take their time: what each endpoint is asked meanwhile, and that nobody else waits."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.bridge_process import ACCEPTED, StartBridge, configuration, provider
from tests.eventually import eventually
from tests.issuer import mint
from tests.issuer.mint import good_claims, good_token
from tests.issuer.process import Issuer

CLIENT = {"client_id": "bridge", "client_secret": {"env": "CLIENT_SECRET"}}
SECRET = "s3cret-of-the-bridge-there"
PROFILE = {"sub": "visitor-1", "name": "An"}
TOKEN_ENDPOINTS = ("introspection", "token_check", "userinfo")


def tokens(count: int) -> list[str]:
    """Opaque tokens that nobody has seen."""
    return [secrets.token_hex(20) for _ in range(count)]


def asked(realm: Issuer) -> dict[str, int]:
    """How often each endpoint was asked about tokens; those that were not are left out."""
    counts = {name: len(realm.recorded(name)) for name in TOKEN_ENDPOINTS}
    return {name: count for name, count in counts.items() if count}


def introspected(realm: Issuer) -> dict[str, Any]:
    """A provider that is asked at introspection, and at userinfo for the profile."""
    realm.set(introspection=good_claims(realm.url, active=True), userinfo=PROFILE)
    return provider(realm.url, introspection=CLIENT, userinfo={"when": "always"})


def checked(realm: Issuer) -> dict[str, Any]:
    """A provider that is asked at a token check, and at userinfo for everything else."""
    realm.set(token_check={"aud": mint.AUDIENCE}, userinfo=PROFILE)
    endpoints = {name: {"url": f"{realm.url}/{name}"} for name in ("token_check", "userinfo")}
    return {"audience": mint.AUDIENCE, **endpoints}


@pytest.mark.parametrize(
    ("kind", "limited", "code", "seen"),
    [
        pytest.param(introspected, "introspection", "provider_busy", {"introspection": 1}, id="U09 introspection"),
        pytest.param(
            introspected, "userinfo", ACCEPTED, {"introspection": 4, "userinfo": 1}, id="U09 the profile alone"
        ),
        pytest.param(checked, "token_check", "provider_busy", {"token_check": 1}, id="U09 token check"),
        pytest.param(
            checked, "userinfo", "provider_busy", {"token_check": 4, "userinfo": 1}, id="U09 userinfo that says who"
        ),
    ],
)
def test_an_endpoint_that_limits_us_is_left_alone(
    kind: Any, limited: str, code: str | None, seen: dict[str, int], issuer: Issuer, start_bridge: StartBridge
) -> None:
    """That one, for as long as it says, and no other; then everything is as before, and nothing was kept of it."""
    realm = issuer.realm("limiting")
    bridge = start_bridge(configuration(providers={"p": kind(realm)}), CLIENT_SECRET=SECRET)
    visitors = tokens(4)
    realm.set(statuses={limited: 429}, headers={"Retry-After": "60"})
    answers = [bridge.post(token) for token in visitors]
    assert {answer.code for answer in answers} == {code}
    for answer in answers:
        if code is ACCEPTED:
            assert answer.json["data"] == {"id": "visitor-1"}
        else:
            assert answer.status == 429
            assert 50 <= int(answer.headers["retry-after"]) <= 60
    assert asked(realm) == seen


def test_after_its_time_it_is_asked_again(issuer: Issuer, start_bridge: StartBridge) -> None:
    """U09: and what was refused for its limit is taken: a limit is not remembered as the token's fault."""
    realm = issuer.realm("mending")
    bridge = start_bridge(configuration(providers={"p": introspected(realm)}), CLIENT_SECRET=SECRET)
    [token] = tokens(1)
    realm.set(statuses={"introspection": 429}, headers={"Retry-After": "2"})
    assert bridge.post(token).code == "provider_busy"
    realm.set(statuses={})
    assert bridge.post(token).code == "provider_busy"
    assert asked(realm) == {"introspection": 1}
    assert bridge.post(good_token(realm.url, name="JWTs need nobody's word")).code is ACCEPTED
    eventually(lambda: bridge.post(token).code is ACCEPTED)
    assert asked(realm)["introspection"] == 2


def test_a_slow_provider_holds_nobody_else_up(issuer: Issuer, start_bridge: StartBridge) -> None:
    """U10, O18: few are asked about at a time and few wait, the others are told; other providers' visitors go past.

    Waiting takes no thread. When the provider is quick again, so is everybody, and nothing was kept of its silence.
    """
    slow, quick, jwts = (issuer.realm(name) for name in ("slow", "quick", "jwts"))
    slow.set(userinfo=PROFILE, fault="userinfo_hang")
    quick.set(userinfo=PROFILE)
    unbound = {
        name: {
            "userinfo": {"url": f"{realm.url}/userinfo"},
            "unbound_tokens": "accept",
            "token_pattern": f"{name}-.*",
            "http": {"timeout": "3s"},
            "id_prefix": f"{name}:",
        }
        for name, realm in {"slow": slow, "quick": quick}.items()
    }
    unbound["slow"]["requests"] = {"in_flight": 4}
    providers = {**unbound, "jwts": provider(jwts.url, id_prefix="jwts:")}
    bridge = start_bridge(configuration(providers=providers, limits={"deadline": "30s"}))
    bridge.wait_until_ready()
    assert bridge.post(f"quick-{tokens(1)[0]}").code is ACCEPTED
    threads = bridge.threads()
    visitors = [f"slow-{token}" for token in tokens(40)]
    with ThreadPoolExecutor(len(visitors)) as pool:
        waiting = [pool.submit(bridge.post, token) for token in visitors]
        eventually(lambda: asked(slow) == {"userinfo": 4} and sum(one.done() for one in waiting) >= 32)
        others = bridge.post_together([f"quick-{token}" for token in tokens(5)] + [good_token(jwts.url)])
        assert {answer.code for answer in others} == {ACCEPTED}
        assert bridge.threads() == threads
        assert asked(slow) == {"userinfo": 4}
        codes = [one.result().code for one in waiting]
    assert (codes.count("provider_busy"), codes.count("provider_unavailable")) == (32, 8)
    slow.set(fault=[])
    assert {bridge.post(token).code for token in visitors[:10]} == {ACCEPTED}


def test_good_jwts_are_few_at_a_time_too(issuer: Issuer, start_bridge: StartBridge) -> None:
    """U10, O18: no more questions at once than ``in_flight``; whoever finds no room goes on with what his token says.

    He is not kept waiting for a profile that he can do without, and it is not kept that there was none.
    """
    slow = issuer.realm("slow-profile")
    slow.set(userinfo=PROFILE, fault="userinfo_hang")
    trust = provider(slow.url, userinfo={"when": "always"}, requests={"in_flight": 2}, http={"timeout": "2s"})
    bridge = start_bridge(configuration(providers={"p": trust}, limits={"deadline": "30s"}))
    bridge.wait_until_ready()
    visitors = [good_token(slow.url) for _ in range(12)]
    with ThreadPoolExecutor(len(visitors)) as pool:
        waiting = [pool.submit(bridge.post, token) for token in visitors]
        eventually(lambda: sum(one.done() for one in waiting) == 8)
        assert asked(slow) == {"userinfo": 2}
        assert {one.result().code for one in waiting} == {ACCEPTED}
    assert asked(slow) == {"userinfo": 4}
    slow.set(fault=[])
    assert {bridge.post(token).json["data"]["name"] for token in visitors[:5]} == {"An"}
