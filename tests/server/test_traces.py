"""Traces by OpenTelemetry, from a caller's traceparent to the provider's, as a collector is sent them."""

import json
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from types import EllipsisType
from typing import Any

import pytest

from tests.bridge_process import SECRET, RunningBridge, StartBridge, configuration, provider
from tests.facts_server import FactsServer, facts_server
from tests.issuer.mint import AUDIENCE, At, good_claims, good_token
from tests.issuer.process import Issuer
from tests.otlp_collector import Collector, otlp_collector

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = {"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": "planted=tracestate-of-the-caller"}
PLANTED = {
    "CLIENT_SECRET": "s3cret-of-the-bridge-there",
    "CRM_TOKEN": "s3cret-of-the-bridge-at-the-crm",
    "COLLECTOR_TOKEN": "s3cret-of-the-bridge-at-the-collector",
}


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector of this test's own."""
    with otlp_collector() as running:
        yield running


@pytest.fixture
def crm() -> Iterator[FactsServer]:
    """A source of labels."""
    with facts_server() as running:
        running.honest(tier="Gold")
        yield running


def traced(issuer: Issuer, crm: FactsServer, **traces: Any) -> dict[str, Any]:
    """A configuration in which an opaque token costs an exchange with the provider, and a label one with the CRM."""
    introspection = {"client_id": "bridge", "client_secret": {"env": "CLIENT_SECRET"}}
    return configuration(
        providers={"idp": provider(issuer.url, introspection=introspection)},
        sources={"crm": {"url": f"{crm.url}/customers/{{sub}}", "bearer": {"env": "CRM_TOKEN"}}},
        mapping={"label": {"first_of": [{"claim": "tier", "from": "crm"}, {"value": "Customer"}]}},
        **({"traces": traces} if traces else {}),
    )


def serving(start_bridge: StartBridge, config: Mapping[str, Any]) -> RunningBridge:
    """A bridge with the planted secrets that has asked what it asks at start."""
    bridge = start_bridge(config, shared=False, **PLANTED)
    bridge.wait_until_ready()
    return bridge


def opaque_token(issuer: Issuer) -> str:
    """An opaque token of a visitor with an email address."""
    token = secrets.token_hex(20)
    person = {"sub": "visitor-hoa", "email": "hoa@shop.example", "email_verified": True}
    issuer.set(tokens={token: {"introspection": good_claims(issuer.url, active=True, aud=AUDIENCE, **person)}})
    return token


def test_from_the_caller_to_the_provider(
    issuer: Issuer, crm: FactsServer, collector: Collector, start_bridge: StartBridge
) -> None:
    """Ids line up on the whole way; a span has its few attributes, and nothing that is secret or a visitor's."""
    headers = {"authorization": {"env": "COLLECTOR_TOKEN"}}
    bridge = serving(start_bridge, traced(issuer, crm, endpoint=collector.url, headers=headers))
    token, expired = opaque_token(issuer), good_token(issuer.url, exp=At(-3600))
    calls: dict[str, str | EllipsisType] = {"fresh": token, "remembered": token, "expired": expired, "guest": ...}
    for request_id, sent in calls.items():
        bridge.post(sent, headers={**PARENT, "X-Request-ID": request_id})
    bridge.post(token, authorization="wrong", headers={**PARENT, "X-Request-ID": "stranger"})
    assert bridge.stop() == 0

    said = {request_id: collector.of_request(request_id) for request_id in calls}
    assert {(span.name, span.trace_id, span.parent_id, span.is_error) for span in said.values()} == {
        ("callback", TRACE, CALLER, False)
    }
    known = {"callback": "default", "provider": "idp"}
    assert [span.attributes for span in said.values()] == [
        {**known, "request_id": "fresh", "code": "ok", "cached": False},
        {**known, "request_id": "remembered", "code": "ok", "cached": True},
        {**known, "request_id": "expired", "code": "token_expired", "cached": False},
        {"callback": "default", "request_id": "guest", "provider": "", "code": "token_missing", "cached": False},
    ]
    introspection, source = collector.below(said["fresh"])
    assert introspection.attributes == {"provider": "idp", "endpoint": "introspection", "outcome": "200"}
    assert source.attributes == {"provider": "crm", "endpoint": "source", "outcome": "200"}
    assert (introspection.name, source.name) == ("introspection", "source")
    assert [collector.below(said[request_id]) for request_id in ("remembered", "expired", "guest")] == [[], [], []]
    # What was asked before any callback stands alone; whoever lacks the header token has no span, and no say.
    alone = [span for span in collector.spans if span.trace_id != TRACE]
    assert {(span.name, span.parent_id) for span in alone} == {("discovery", ""), ("jwks", "")}
    assert len(collector.spans) == len(alone) + len(said) + 2
    assert {span.service for span in collector.spans} == {"idp-bridge"}

    [asked] = issuer.recorded("introspection")
    assert asked.headers["traceparent"] == f"00-{TRACE}-{introspection.span_id}-01"
    assert crm.traceparents == [f"00-{TRACE}-{source.span_id}-01"]
    assert "tracestate" not in asked.headers
    assert {each["authorization"] for each in collector.headers} == {PLANTED["COLLECTOR_TOKEN"]}
    everything = b"".join(collector.raw).decode("latin-1")
    for secret in (token, expired, SECRET, *PLANTED.values(), "visitor-hoa", "hoa@shop.example", "tracestate-of"):
        assert secret not in everything


def test_a_fault_is_an_error(issuer: Issuer, crm: FactsServer, collector: Collector, start_bridge: StartBridge) -> None:
    """Of the exchange and of the callback; it is the provider's trace that shows why."""
    bridge = serving(start_bridge, traced(issuer, crm, endpoint=collector.url))
    token = opaque_token(issuer)
    issuer.set(statuses={"introspection": 503})
    assert bridge.post(token, headers={**PARENT, "X-Request-ID": "down"}).code == "provider_unavailable"
    bridge.stop()
    callback = collector.of_request("down")
    [exchange] = collector.below(callback)
    assert (callback.attributes["code"], callback.is_error) == ("provider_unavailable", True)
    assert (exchange.attributes["outcome"], exchange.is_error) == ("503", True)


def test_garbage_is_nobodys_parent(
    issuer: Issuer, crm: FactsServer, collector: Collector, start_bridge: StartBridge
) -> None:
    """Such a callback begins a trace of its own (W3C Trace Context, section 3.2), and is answered."""
    bridge = serving(start_bridge, traced(issuer, crm, endpoint=collector.url))
    garbage = {
        "text": "garbage", "no-trace": f"00-{'0' * 32}-{CALLER}-01", "no-span": f"00-{TRACE}-{'0' * 16}-01",
        "upper": PARENT["traceparent"].upper(), "version-ff": f"ff-{TRACE}-{CALLER}-01",
        "more": f"00-{TRACE}-{CALLER}-01-more", "long": PARENT["traceparent"] + " " * 9000, "empty": "",
        "bytes": "\xff" * 55,
    }  # fmt: skip
    token = good_token(issuer.url)
    for request_id, traceparent in garbage.items():
        sent = {"traceparent": traceparent, "X-Request-ID": request_id}
        assert bridge.post(token, headers=sent).status == 200
    body = json.dumps({"access_token": token}).encode()
    twice = (
        f"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: {SECRET} Bearer\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nX-Request-ID: twice\r\nConnection: close\r\n"
        + f"traceparent: {PARENT['traceparent']}\r\n" * 2
        + "\r\n"
    )
    assert bridge.raw(twice.encode() + body).startswith(b"HTTP/1.1 200 ")
    bridge.stop()
    spans = [collector.of_request(request_id) for request_id in (*garbage, "twice")]
    assert {span.parent_id for span in spans} == {""}
    assert len({span.trace_id for span in spans} - {TRACE}) == len(spans)


def test_the_caller_decides_for_his_own(
    issuer: Issuer, crm: FactsServer, collector: Collector, start_bridge: StartBridge
) -> None:
    """With percent: 0 only what he traces is traced; that he does not goes on to the provider too."""
    bridge = serving(start_bridge, traced(issuer, crm, endpoint=collector.url, percent=0))
    for request_id, headers in (
        ("wanted", PARENT),
        ("unwanted", {"traceparent": f"00-{TRACE}-{CALLER}-00"}),
        ("unsaid", {}),
    ):
        assert bridge.post(opaque_token(issuer), headers={**headers, "X-Request-ID": request_id}).status == 200
    bridge.stop()
    assert [span.attributes.get("request_id") for span in collector.spans if span.name == "callback"] == ["wanted"]
    assert {span.trace_id for span in collector.spans} == {TRACE}
    wanted, unwanted, unsaid = (one.headers["traceparent"].split("-") for one in issuer.recorded("introspection"))
    assert (wanted[1], wanted[3]) == (TRACE, "01")
    assert (unwanted[1], unwanted[3]) == (TRACE, "00")
    assert unsaid[1] != TRACE
    assert int(unsaid[3], 16) & 1 == 0  # the flag "sampled"


def test_off_by_default(issuer: Issuer, crm: FactsServer, start_bridge: StartBridge) -> None:
    """Nothing of a caller's trace goes anywhere."""
    bridge = serving(start_bridge, traced(issuer, crm))
    assert bridge.post(opaque_token(issuer), headers=PARENT).status == 200
    every = [one for name in ("introspection", "jwks") for one in issuer.recorded(name)]
    assert len(every) == 2
    assert all("traceparent" not in one.headers for one in every)
    assert crm.traceparents == [None]


def test_who_does_not_trace_does_not_load_it() -> None:
    """Not a module of the extra's, nor of what it brings."""
    code = "import sys, bridge.cli.main, bridge.server.run; print({n.split('.')[0] for n in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "bridge" in run.stdout
    assert not [name for name in ("opentelemetry", "requests", "google") if repr(name) in run.stdout]


@pytest.mark.parametrize("listens", [False, True], ids=["nobody there", "never answers"])
def test_a_collector_that_is_gone(
    issuer: Issuer, crm: FactsServer, start_bridge: StartBridge, *, listens: bool
) -> None:
    """Callbacks are answered, it is said once, and the service stops as ever."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}/v1/traces"
        if not listens:
            silent.close()
        bridge = serving(start_bridge, traced(issuer, crm, endpoint=endpoint))
        for _ in range(3):
            assert bridge.post(opaque_token(issuer), headers=PARENT).status == 200
            assert "traces.endpoint" in bridge.next_event("traces_not_sent")["hint"]
        assert bridge.stop() == 0
    assert len(bridge.events("traces_not_sent")) == 1
    assert {line["logger"] for line in bridge.events("log")} == set()
