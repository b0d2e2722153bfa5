"""The endpoint: what it answers to whom, in which order it looks, and what it never says."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.server.service import PLANTED, PROVENANCE, SECRET, USER, Service, callback, model, running
from tests.server.wire import Answer, Wire

WRONG = "Bearer not-the-secret-at-all"


def test_a_good_callback_gets_its_chat_user(service: Service) -> None:
    """The vendor's envelope and nothing else."""
    answer = service.post("good")
    assert (answer.status, answer.json["status"], answer.json["message"]) == (200, True, "Successfully!")
    assert answer.json["data"] == {"id": USER.id, "name": USER.name, "email": USER.email}


def test_a_failure_gets_its_envelope(service: Service) -> None:
    """Code, fixed message and request id go out; detail and hint stay in the log."""
    answer = service.post("expired")
    assert (answer.status, answer.code) == (401, "token_expired")
    assert set(answer.json) == {"status", "message", "code", "request_id"}
    assert answer.json["request_id"] == answer.headers["x-request-id"]
    line = service.event("callback", request_id=answer.json["request_id"])
    assert (line["detail"], line["hint"]) == ("exp was an hour ago", "Is the clock right?")


LARGE = b'{"access_token": "good", "pad": "' + b"a" * 70_000 + b'"}'


@pytest.mark.parametrize(
    ("request_bytes", "expected"),
    [
        pytest.param(callback("good"), None, id="the baseline"),
        pytest.param(callback(authorization=WRONG, body=LARGE), "caller_unauthorized", id="header token before size"),
        pytest.param(callback(content_type="text/plain", body=LARGE), "body_too_large", id="size before content type"),
        pytest.param(
            callback(content_type="text/plain", body=b"{"), "media_type_unsupported", id="content type before body"
        ),
        pytest.param(
            callback(body=b'{"access_token": "a b", "access_token": 1}'), "body_invalid", id="body before token"
        ),
        pytest.param(callback("a b"), "token_malformed", id="token's form before the provider"),
        pytest.param(callback("undefined"), "token_missing", id="a guest"),
        pytest.param(callback(authorization=""), "caller_unauthorized", id="no header token"),
        pytest.param(callback(content_type=""), "media_type_unsupported", id="no content type"),
        pytest.param(callback(body=b""), "body_invalid", id="no body"),
        pytest.param(callback("expired"), "token_expired", id="what the provider says"),
    ],
)
def test_checks_come_in_the_contracts_order(service: Service, request_bytes: bytes, expected: str | None) -> None:
    """Header token, sizes, content type, body, token: the first that fails answers (CONTRACT.md, "The request")."""
    with service.wire() as wire:
        assert wire.send(request_bytes).answer().code == expected


def test_a_repeated_header_token_is_refused(service: Service) -> None:
    """Two Authorization headers, in either order, are nobody's (THREATS.md H06)."""
    good = f"authorization: {SECRET} Bearer\r\n".encode()
    bad = f"authorization: {WRONG}\r\n".encode()
    for pair in (good + bad, bad + good, good + good):
        with service.wire() as wire:
            assert wire.send(callback("good").replace(good, pair)).answer().code == "caller_unauthorized"


def test_each_callback_has_its_own_header_token(service: Service) -> None:
    """One callback's secret opens no other."""
    request = callback("good").replace(b"POST /", b"POST /staff")
    with service.wire() as wire:
        assert wire.send(request).answer().code == "caller_unauthorized"
        assert wire.send(request.replace(SECRET.encode(), SECRET.encode() + b"-staff")).answer().status == 200


@pytest.mark.parametrize(("size", "status"), [(65_536, 200), (65_537, 413), (1_000_000, 413), (100_000_000, 413)])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_beyond_the_limit_is_cut_off(service: Service, size: int, status: int, chunked: bool) -> None:
    """413 and the connection closed, with or without Content-Length, and the caller can read it (H16)."""
    first, last = b'{"access_token": "good", "pad": "', b'"}'
    padding = size - len(first) - len(last)
    if chunked:
        head = callback(body=b"", content_length="", transfer_encoding="chunked") + b"%x\r\n" % size
        last += b"\r\n0\r\n\r\n"
    else:
        head = callback(body=b"", content_length=str(size))
    with service.wire() as wire:
        wire.send(head + first)
        for _ in range(padding // 1_000_000):
            wire.send(b"a" * 1_000_000)
        answer = wire.send(b"a" * (padding % 1_000_000) + last).answer()
        assert (answer.status, answer.code) == (status, None if status == 200 else "body_too_large")
        if status == 413:
            assert answer.headers["connection"] == "close"
            assert wire.is_closed()


def test_a_body_that_never_comes_is_not_waited_for() -> None:
    """limits.deadline holds for the body too; others are served meanwhile, and the place is free again (H18)."""
    with running(model(limits={"deadline": "300ms", "in_flight": 2})) as service, service.wire() as wire:
        wire.send(callback("good")[:-5])
        assert service.post("good").status == 200
        answer = wire.answer()
        assert (answer.status, answer.code, answer.headers["connection"]) == (503, "overloaded", "close")
        assert wire.is_closed()
        assert [service.post("good").status for _ in range(3)] == [200] * 3


def test_a_provider_that_never_answers_is_not_waited_for() -> None:
    """O18: the deadline ends a call wherever it waits, with Retry-After, and the connection lives on."""
    with running(model(limits={"deadline": "200ms"})) as service, service.wire() as wire:
        for _ in range(2):
            answer = wire.send(callback("waits")).answer()
            assert (answer.status, answer.code) == (503, "overloaded")
            assert int(answer.headers["retry-after"]) >= 1
        assert wire.send(callback("good")).answer().status == 200


def test_places_in_flight_are_limited() -> None:
    """O18: beyond limits.in_flight a caller is told to come again; a caller without the secret takes no place."""
    with running(model(limits={"in_flight": 2})) as service, ThreadPoolExecutor() as pool:
        waiting = [pool.submit(service.post, "waits") for _ in range(2)]
        for _ in waiting:
            assert service.bridge.standing_in.begun.acquire(timeout=10)
        answer = service.post("good")
        assert (answer.status, answer.code, "retry-after" in answer.headers) == (503, "overloaded", True)
        assert service.post("good", authorization=WRONG).code == "caller_unauthorized"
        service.bridge.standing_in.go_on.set()
        assert [call.result().status for call in waiting] == [200, 200]
        assert service.post("good").status == 200


def test_a_caller_that_left_gives_its_place_back() -> None:
    """A connection that ends in the middle of a body holds nothing."""
    with running(model(limits={"in_flight": 1})) as service:
        with service.wire() as wire:
            wire.send(callback("good")[:-5])
            while service.post("good").status == 200:
                pass
        while service.post("good").status == 503:
            pass


def test_failed_callers_are_not_looked_at_without_end() -> None:
    """Beyond limits.failed_callers a wrong header token is 429; a right one is never hurt by it."""
    with running(model(limits={"failed_callers": "2/h"})) as service:
        wrong = [service.post("good", authorization=WRONG) for _ in range(3)]
        assert wrong[0].code == "caller_unauthorized"
        answer = service.post("good", authorization=WRONG)
        assert (answer.status, answer.code) == (429, "too_many_failed_calls")
        assert int(answer.headers["retry-after"]) >= 1
        assert service.post("good").status == 200
        # The caller is a server, or an attacker: its address helps the operator, and is no visitor's.
        first = service.event("callback", request_id=wrong[0].headers["x-request-id"])
        last = service.event("refused", request_id=answer.headers["x-request-id"])
        assert first["peer"] == last["peer"] == "127.0.0.1"
        assert not any("peer" in line for line in service.events("callback", code="ok"))


def test_failure_status_ok_is_for_authorised_callers() -> None:
    """HTTP 200 with status false for who carried the right header token; all others keep their status."""
    with running(model(failure_status="ok")) as service:
        answer = service.post("expired")
        assert (answer.status, answer.json["status"], answer.code) == (200, False, "token_expired")
        assert service.post("good", content_type="text/plain").status == 200
        assert service.post("expired", authorization=WRONG).status == 401


def test_a_defect_of_ours_is_told_to_nobody(service: Service) -> None:
    """500 internal_error; the log has the trace, without the exception's text, which may quote a visitor (O10)."""
    answer = service.post("defect")
    assert (answer.status, answer.code) == (500, "internal_error")
    request_id = answer.json["request_id"]
    line = service.event("internal_error", request_id=request_id)
    assert any("in authenticate" in frame or " authenticate: " in frame for frame in line["trace"])
    assert "RuntimeError" in line["trace"][0]
    access = service.event("callback", request_id=request_id)
    assert (access["level"], access["code"], access["status"]) == ("error", "internal_error", 500)
    assert PLANTED.encode() not in service.log


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"user_id": "u1", "email": "a@shop.example"}, None),
        ({"user_id": PROVENANCE.subject, "email": "A@Shop.example"}, None),
        ({"user_id": "victim"}, ["user_id"]),
        ({"email": "victim@shop.example", "user_id": "victim"}, ["user_id", "email"]),
        ({"name": "Victim", "phone": "0901234567"}, None),
    ],
)
def test_the_body_is_never_believed(service: Service, body: dict[str, str], fields: list[str] | None) -> None:
    """Fields of the browser change nothing; where they contradict the token, a debug line names them (H28).

    The provider's subject is the visitor too, without our prefix, and an address is the same in any case.
    """
    request = callback(body=json.dumps({"access_token": "good", **body}).encode())
    with service.wire() as wire:
        answer = wire.send(request).answer()
    assert answer.json["data"]["id"] == "u1"
    request_id = answer.headers["x-request-id"]
    if fields:
        assert service.event("body_contradicts_token", request_id=request_id)["fields"] == fields
    else:
        service.post("good", x_request_id=request_id + "-after")
        assert service.event("callback", request_id=request_id + "-after")
        assert not service.events("body_contradicts_token", request_id=request_id)


def test_the_log_has_one_line_for_each_callback(service: Service) -> None:
    """Event, id, callback, provider, code, status, time, cached, fingerprint: enough to help, nothing to steal."""
    answer = service.post("good", x_request_id="my-id_1.2")
    assert answer.headers["x-request-id"] == "my-id_1.2"
    line = service.event("callback", request_id="my-id_1.2")
    assert line["milliseconds"] >= 0
    assert len(line["token"]) == 12
    del line["time"], line["request_id"], line["milliseconds"], line["token"]
    assert line == {
        "level": "info", "event": "callback", "callback": "default", "provider": "keycloak", "code": "ok",
        "identity_method": "id", "status": 200, "provider_milliseconds": 0.0, "cached": True,
    }  # fmt: skip


def test_no_secret_and_no_visitor_is_in_the_log() -> None:
    """O10: no header token, no token, no name and no address: at debug level, in failures, from any field."""
    planted = ["eyJplanted.token.of-a-visitor", "Planted Name", "planted@shop.example", "0901234567", "planted-path"]
    token, name, email, phone, path = planted
    body = {"access_token": token, "name": name, "email": email, "phone": phone, "user_id": email}
    with running() as service:
        assert service.event("listening")
        for fault in ("good", "expired", "defect", "a b", token):
            service.post(fault, x_request_id="Planted Name\r\n"[:12])
        for request in (
            callback(body=json.dumps(body).encode()),
            callback(body=json.dumps(body).encode(), content_type=f"text/{path}"),
            callback(body=json.dumps(body).encode()[:-1]),
            callback(authorization=token),
            callback(authorization=f"{SECRET} {SECRET}"),
            callback("good", cookie=token, user_agent=email).replace(b"POST /", f"POST /{path}?t={token}".encode()),
            callback("good").replace(b"HTTP/1.1", f"HTTP/1.1 {token}".encode()),
        ):
            with service.wire() as wire:
                wire.send(request).answer()
    log = bytes(service.log)
    assert log.count(b"\n") > len(planted)
    for secret in (*planted, SECRET, USER.name or "", USER.email or "", PLANTED):
        assert secret.encode() not in log
        assert json.dumps(secret)[1:-1].encode() not in log


@pytest.mark.parametrize(
    "untrusted",
    ["", "a" * 65, "a b", 'a"b', "a\tb", "ä", "../x", "a,b", "${jndi:x}"],
)
def test_an_odd_request_id_is_replaced(service: Service, untrusted: str) -> None:
    """Only 1 to 64 of A-Z a-z 0-9 . _ - are taken over."""
    answer = service.post("good", x_request_id=untrusted)
    assert answer.headers["x-request-id"] != untrusted
    assert service.event("callback", request_id=answer.headers["x-request-id"])


def test_the_domain_list_is_behind_the_same_door(service: Service) -> None:
    """GET with the header token gives the list; without it, nothing; with another method, Allow (CONTRACT.md)."""
    request = callback("good").replace(b"POST /", b"GET /domains")
    with service.wire() as wire:
        assert wire.send(request).answer().json == {
            "status": True, "message": "Successfully!", "data": ["shop.example"],
        }  # fmt: skip
        assert wire.send(request.replace(SECRET.encode(), b"wrong")).answer().code == "caller_unauthorized"
        answer = wire.send(request.replace(b"GET", b"POST")).answer()
        assert (answer.status, answer.headers["allow"]) == (405, "GET")


CXGENIE, PROXY, OTHER = "127.0.0.2", "127.0.0.3", "127.0.0.4"


@pytest.fixture(scope="module")
def fenced() -> Iterator[Service]:
    """A service that CX Genie alone may call, straight or by a proxy."""
    settings = model(server={"trusted_proxies": [PROXY]}, allow_from=[CXGENIE, "203.0.113.0/24"])
    with running(settings) as it:
        yield it


def call_from(service: Service, source: str, **headers: Any) -> Answer:
    """One callback from one of this machine's addresses."""
    with Wire(service.port, source=source) as wire:
        return wire.send(callback(**headers)).answer()


@pytest.mark.parametrize(
    ("source", "forwarded", "allowed"),
    [
        (CXGENIE, "", True),
        (CXGENIE, OTHER, True),
        (OTHER, "", False),
        (OTHER, CXGENIE, False),
        (PROXY, "", False),
        (PROXY, CXGENIE, True),
        (PROXY, "203.0.113.7:443", True),
        (PROXY, f"{CXGENIE}, {OTHER}", False),
        (PROXY, f"{OTHER}, {CXGENIE}", True),
        (PROXY, f"{CXGENIE}, garbage", False),
    ],
)
def test_only_addresses_of_allow_from_may_call(fenced: Service, source: str, forwarded: str, allowed: bool) -> None:
    """Its own address, or the one that a trusted proxy saw; X-Forwarded-For of anybody else decides nothing (H30)."""
    answer = call_from(fenced, source, x_forwarded_for=forwarded)
    assert (answer.status, answer.code) == ((200, None) if allowed else (401, "caller_unauthorized"))


def test_an_address_that_is_not_allowed_is_answered_as_a_wrong_header_token_is(fenced: Service) -> None:
    """Whoever has the secret learns nothing but that it does not help; the log says why, and what to change."""
    wrong = call_from(fenced, CXGENIE, authorization=WRONG)
    elsewhere = call_from(fenced, OTHER)
    assert (wrong.status, wrong.json | {"request_id": ""}) == (elsewhere.status, elsewhere.json | {"request_id": ""})
    assert wrong.headers.keys() == elsewhere.headers.keys()
    line = fenced.event("callback", request_id=elsewhere.json["request_id"])
    assert f"{OTHER} is not in allow_from" in line["detail"]
    assert "this callback's allow_from" in line["hint"]


def test_the_header_token_comes_before_the_address(fenced: Service) -> None:
    """Where somebody calls from is of no interest while he has no secret."""
    line = fenced.event("callback", request_id=call_from(fenced, OTHER, authorization=WRONG).json["request_id"])
    assert "the header token is none of this callback's" in line["detail"]
    assert "allow_from" not in str(line)


def test_the_domain_list_is_for_the_same_callers(fenced: Service) -> None:
    """It stands behind the same door."""
    request = f"GET /domains HTTP/1.1\r\nhost: a\r\nauthorization: {SECRET}\r\n\r\n".encode()
    for source, status in ((CXGENIE, 200), (OTHER, 401)):
        with Wire(fenced.port, source=source) as wire:
            assert wire.send(request).answer().status == status


def test_one_callback_s_networks_are_not_another_s(fenced: Service) -> None:
    """Without allow_from a callback is open to whoever has its header token."""
    request = callback(authorization=f"{SECRET}-staff").replace(b"POST /", b"POST /staff")
    with Wire(fenced.port, source=OTHER) as wire:
        assert wire.send(request).answer().status == 200
