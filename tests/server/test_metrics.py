"""What Prometheus reads: names, numbers, and labels that no attacker can write."""

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from bridge import __version__
from bridge.server.counts import ReloadState
from bridge.server.metrics import Metrics
from tests.bridge_process import RunningBridge, StartBridge, configuration
from tests.eventually import eventually
from tests.issuer.mint import At, good_claims, good_header, good_token, sign
from tests.issuer.process import Issuer

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def test_each_answer_is_counted(issuer: Issuer, start_bridge: StartBridge) -> None:
    """By callback, provider, code and outcome; cached ones as hits; the key set's exchanges and state beside them."""
    bridge = start_bridge(configuration(issuer.url))
    bridge.wait_until_ready()
    token = good_token(issuer.url)
    for one in (token, token, good_token(issuer.url, exp=At(-3600)), ...):
        bridge.post(one)
    bridge.post(token, authorization="Bearer wrong")
    read = bridge.metrics()

    def answers(provider: str, code: str, outcome: str) -> float:
        labels = {"callback": "default", "provider": provider, "code": code, "outcome": outcome}
        return read["idp_bridge_callbacks_total", tuple(sorted(labels.items()))]

    assert answers("p0", "ok", "identified") == 2
    assert answers("p0", "token_expired", "refused") == 1
    assert answers("", "token_missing", "guest") == 1
    assert answers("", "caller_unauthorized", "caller") == 1
    assert read["idp_bridge_callback_seconds_count", (("callback", "default"), ("outcome", "identified"))] == 2
    assert read["idp_bridge_cache_lookups_total", (("result", "hit"),)] == 1
    assert read["idp_bridge_cache_entries", ()] == 1
    for endpoint in ("discovery", "jwks"):
        where = ("endpoint", endpoint), ("outcome", "2xx"), ("provider", "p0")
        assert read["idp_bridge_exchanges_total", where] == 1
    p0 = (("provider", "p0"),)
    assert read["idp_bridge_key_set_keys", p0] > 0
    assert read["idp_bridge_key_set_failing", p0] == 0
    assert 0 <= read["idp_bridge_key_set_age_seconds", p0] < 60
    assert time.time() - read["idp_bridge_key_set_last_success_timestamp_seconds", p0] < 60
    assert read["idp_bridge_cache_bytes", ()] > 0
    assert read["idp_bridge_ready", ()] == 1
    assert [dict(labels)["version"] for name, labels in read if name == "idp_bridge_build_info"] == [__version__]


def test_a_body_that_names_another_is_counted(issuer: Issuer, start_bridge: StartBridge) -> None:
    """H28: by field, whatever the log's level, from 0 on; ids with and without our prefix are the visitor's own."""
    config = configuration(issuer.url, log={"format": "json", "level": "info"})
    config["providers"]["p0"]["id_prefix"] = "shop:"
    bridge = start_bridge(config)
    bridge.wait_until_ready()
    token = good_token(issuer.url, email="a@shop.example", email_verified=True)

    def counted() -> list[float]:
        read = bridge.metrics()
        name = "idp_bridge_body_contradictions_total"
        return [read[name, (("callback", "default"), ("field", field))] for field in ("user_id", "email")]

    assert counted() == [0, 0]
    for user_id, email in (
        ("visitor-1", "A@shop.example"),
        ("shop:visitor-1", ""),
        ("victim", ""),
        ("", "v@b.example"),
    ):
        body = {"access_token": token, "user_id": user_id, "email": email}
        assert bridge.post(body=json.dumps(body).encode()).json["data"]["id"] == "shop:visitor-1"
    assert counted() == [1, 1]
    assert bridge.events("body_contradicts_token") == []


def test_what_is_in_flight_is_shown(issuer: Issuer, start_bridge: StartBridge) -> None:
    """A callback that waits for the provider, for as long as it does."""
    bridge = start_bridge(configuration(issuer.url))
    bridge.wait_until_ready()
    assert bridge.metrics()["idp_bridge_in_flight", ()] == 0
    issuer.set(latency=1.0)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(bridge.post, sign(good_header(kid="unknown"), good_claims(issuer.url), "rsa"))
        while bridge.metrics()["idp_bridge_in_flight", ()] == 0:
            assert not waiting.done()
        waiting.result()
    eventually(lambda: bridge.metrics()["idp_bridge_in_flight", ()] == 0)


def test_no_label_is_an_attackers(issuer: Issuer, start_bridge: StartBridge) -> None:
    """After two attacks of each kind (the second meets the cool-down), many others add no series (THREATS.md O08)."""
    bridge = start_bridge(configuration(issuer.url, limits={"failed_callers": "9999/s"}))
    bridge.wait_until_ready()
    for text in ("first", "second"):
        attack(bridge, issuer, text)
    before = bridge.metrics().keys()
    for number in range(20):
        attack(bridge, issuer, f"another-{number}")
    assert bridge.metrics().keys() == before


def attack(bridge: RunningBridge, issuer: Issuer, text: str) -> None:
    """The text wherever a stranger or a visitor may write."""
    codes = [
        bridge.post(good_token(f"https://{text}.example")).code,
        bridge.post(sign(good_header(kid=text), good_claims(issuer.url), "rsa")).code,
        bridge.post(sign(good_header(alg=text), good_claims(issuer.url), "rsa", algorithm="RS256")).code,
        bridge.post(good_token(issuer.url), path=f"/{text}").code,
        bridge.post(good_token(issuer.url), authorization=f"Bearer {text}").code,
        bridge.post(body=text.encode()).code,
    ]
    unknown_key = "token_invalid" if text == "first" else "provider_unavailable"
    assert codes == [
        "token_untrusted",
        unknown_key,
        "token_invalid",
        "not_found",
        "caller_unauthorized",
        "body_invalid",
    ]
    bridge.raw(f"{text.upper()} / HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    bridge.raw(f"GET / HTTP/{text}\r\n\r\n".encode())


@pytest.mark.parametrize(
    ("outcome", "label"),
    [
        ("200", "2xx"),
        ("302", "3xx"),
        ("404", "4xx"),
        ("429", "429"),
        ("503", "5xx"),
        ("timeout", "timeout"),
        ("unreachable", "unreachable"),
        ("too_large", "too_large"),
        ("over_budget", "over_budget"),
        ("999", "other"),
        ("anything", "other"),
    ],
)
def test_an_exchanges_outcome_is_one_of_few(outcome: str, label: str) -> None:
    """A status is its class; what a provider makes up is ``other``; what was not made took no time."""
    metrics = Metrics()
    metrics.on_exchange("p0", "jwks", outcome, 0.1)
    labels = {"provider": "p0", "endpoint": "jwks"}
    assert metrics.registry.get_sample_value("idp_bridge_exchanges_total", {**labels, "outcome": label}) == 1
    timed = metrics.registry.get_sample_value("idp_bridge_exchange_seconds_count", labels)
    assert timed == (None if label == "over_budget" else 1)


def test_reloads_are_counted() -> None:
    """What could not be used leaves the time of what runs as it is."""
    metrics = Metrics()
    metrics.reloads = ReloadState(succeeded=2, failed=1, loaded_at=1000.0, last_ok=False)
    read = metrics.registry.get_sample_value
    assert read("idp_bridge_config_reloads_total", {"result": "success"}) == 2
    assert read("idp_bridge_config_reloads_total", {"result": "refused"}) == 1
    assert read("idp_bridge_config_last_reload_successful") == 0
    assert read("idp_bridge_config_last_reload_success_timestamp_seconds") == 1000.0


@pytest.fixture
def bridge(issuer: Issuer, start_bridge: StartBridge) -> RunningBridge:
    """A bridge of whom only the private port is asked."""
    return start_bridge(configuration(issuer.url), shared=True)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain", "text/plain; version=0.0.4; charset=utf-8"),
        (OPENMETRICS, f"{OPENMETRICS}; charset=utf-8; escaping=underscores"),
    ],
)
def test_the_format_is_the_readers_choice(bridge: RunningBridge, accept: str, content_type: str) -> None:
    """Prometheus' own unless OpenMetrics is asked for, which ends with its own word."""
    connection = http.client.HTTPConnection(bridge.admin_url.removeprefix("http://"), timeout=10)
    connection.request("GET", "/metrics", headers={"Accept": accept} if accept else {})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    assert response.getheader("Content-Type", "").startswith(content_type)
    assert response.getheader("Cache-Control") == "no-store"
    assert text.endswith("# EOF\n") is (accept == OPENMETRICS)
    if accept == OPENMETRICS:
        assert list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]  # the library's own reader


def test_nothing_is_counted_in_public(bridge: RunningBridge) -> None:
    """The public port has no such path."""
    assert bridge.get("/metrics").code == "not_found"
