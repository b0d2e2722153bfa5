"""HTTP off the wire: what is bounded, what is refused, what is answered all the same."""

import gc
import time
from collections.abc import Callable
from types import TracebackType

import pytest

from bridge.server import port, protocol
from tests.server.service import SECRET, Service, callback, model, running
from tests.server.wire import PATIENCE, Wire

HEAD = f"Host: bridge.example\r\nAuthorization: {SECRET} Bearer\r\nContent-Type: application/json\r\n".encode()
BODY = b'{"access_token": "good"}'
CHUNKED = b"POST / HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNK = b"%x\r\n%b\r\n" % (len(BODY), BODY)
SIZED = HEAD + b"Content-Length: %d\r\n" % len(BODY)


@pytest.mark.parametrize(
    "request_bytes",
    [
        pytest.param(b"POST / HTTP/1.1\r\n" + SIZED + b"\r\n" + BODY, id="the baseline"),
        pytest.param(CHUNKED + CHUNK + b"0\r\n\r\n", id="chunked"),
        pytest.param(CHUNKED + b"%x;a=b\r\n%b\r\n" % (len(BODY), BODY) + b"0\r\n\r\n", id="chunk extension"),
        pytest.param(CHUNKED + b"".join(b"1\r\n%c\r\n" % byte for byte in BODY) + b"0\r\n\r\n", id="tiny chunks"),
        pytest.param(CHUNKED + CHUNK + b"0\r\nAuthorization: x\r\n\r\n", id="a trailer is no header"),
        pytest.param(b"POST http://bridge.example/ HTTP/1.1\r\n" + SIZED + b"\r\n" + BODY, id="absolute form"),
        pytest.param(b"POST http://bridge.example HTTP/1.1\r\n" + SIZED + b"\r\n" + BODY, id="absolute form, no path"),
        pytest.param(b"POST /?access_token=other HTTP/1.1\r\n" + SIZED + b"\r\n" + BODY, id="a query is ignored"),
        pytest.param(b"\r\nPOST / HTTP/1.1\r\n" + SIZED + b"\r\n" + BODY, id="an empty line before (RFC 9112 2.2)"),
        pytest.param(b"POST / HTTP/1.1\r\n" + SIZED + b"X-Odd: \xff\xfe\r\n\r\n" + BODY, id="obs-text in a header"),
        pytest.param(b"POST / HTTP/1.1\r\n" + SIZED + b"X-Forwarded-Host: evil\r\n\r\n" + BODY, id="forwarded host"),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + SIZED + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + BODY, id="upgrade to h2c"
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + SIZED + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + BODY,
            id="upgrade to websocket",
        ),
        pytest.param(
            CHUNKED[:-2] + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + CHUNK + b"0\r\n\r\n",
            id="upgrade of a chunked request",
        ),
    ],
)
def test_what_is_http_is_answered(service: Service, request_bytes: bytes) -> None:
    """H21: RFC 9112 allows these forms, so a caller may use them."""
    with service.wire() as wire:
        assert wire.send(request_bytes).answer().json["data"]["id"] == "u1"


def test_http_1_0_is_answered_and_closed(service: Service) -> None:
    """H21: HTTP/1.0 needs no Host and keeps no connection; it must not be sent a 100 (RFC 9110 section 10.1.1)."""
    head = SIZED.replace(b"Host: bridge.example\r\n", b"")
    with service.wire() as wire:
        wire.send(b"POST / HTTP/1.0\r\n" + head + b"Expect: 100-continue\r\n\r\n" + BODY)
        answer = wire.answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert wire.is_closed()


POST = b"POST / HTTP/1.1\r\n"
FIVE = b"Content-Length: 5\r\n"
TE = b"Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    "request_bytes",
    [
        pytest.param(POST + HEAD + FIVE + TE + b"\r\n0\r\n\r\n", id="CL.TE"),
        pytest.param(POST + HEAD + TE + FIVE + b"\r\n0\r\n\r\n", id="TE.CL"),
        pytest.param(POST + HEAD + FIVE + FIVE + b"\r\nhello", id="two Content-Length"),
        pytest.param(POST + HEAD + b"Content-Length: 5, 5\r\n\r\nhello", id="list of Content-Length"),
        pytest.param(POST + HEAD + b"Content-Length: +5\r\n\r\nhello", id="signed Content-Length"),
        pytest.param(POST + HEAD + b"Content-Length: 5_0\r\n\r\nhello", id="Content-Length with underscore"),
        pytest.param(POST + HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n", id="Content-Length overflow"),
        pytest.param(POST + HEAD + b"Content-Length: -1\r\n\r\n", id="negative Content-Length"),
        pytest.param(POST + HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", id="TE xchunked"),
        pytest.param(POST + HEAD + b"Transfer-Encoding: identity\r\n\r\n", id="TE identity"),
        pytest.param(POST + HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", id="TE gzip, chunked"),
        pytest.param(POST + HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", id="TE chunked, identity"),
        pytest.param(POST + HEAD + TE + TE + b"\r\n0\r\n\r\n", id="two Transfer-Encoding"),
        pytest.param(POST + HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", id="TE after a vertical tab"),
        pytest.param(b"POST / HTTP/1.0\r\n" + HEAD + TE + b"\r\n" + CHUNK + b"0\r\n\r\n", id="TE with HTTP/1.0"),
        pytest.param(CHUNKED + b"zz\r\nhello\r\n0\r\n\r\n", id="chunk size no number"),
        pytest.param(CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n", id="chunk size 0x5"),
        pytest.param(CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n", id="chunk size negative"),
        pytest.param(CHUNKED + b"fffffffffffffffff\r\nhello\r\n", id="chunk size overflow"),
        pytest.param(CHUNKED + b"5 \r\nhello\r\n0\r\n\r\n", id="blank behind chunk size"),
        pytest.param(CHUNKED + b"5\nhello\r\n0\r\n\r\n", id="bare LF behind chunk size"),
        pytest.param(CHUNKED + b"5;a\nb\r\nhello\r\n0\r\n\r\n", id="bare LF in chunk extension"),
        pytest.param(CHUNKED + b"5\r\nhelloX0\r\n\r\n", id="no line end behind chunk"),
        pytest.param(b"POST / HTTP/1.1\nHost: a\n\n", id="bare LF everywhere"),
        pytest.param(POST + b"Host: a\nX-A: b\r\n\r\n", id="bare LF in the head"),
        pytest.param(POST + b"Host: a\rX-A: b\r\n\r\n", id="bare CR in the head"),
        pytest.param(POST + b"Host : a\r\n\r\n", id="space before colon"),
        pytest.param(POST + HEAD + b"Content-Length : 5\r\n\r\nhello", id="space before Content-Length's colon"),
        pytest.param(POST + HEAD + b"X-A: b\r\n folded\r\n\r\n", id="folded header"),
        pytest.param(POST + b" Host: a\r\n\r\n", id="blank before the first header"),
        pytest.param(POST + HEAD + b"no colon\r\n\r\n", id="header without colon"),
        pytest.param(POST + HEAD + b": empty name\r\n\r\n", id="header without name"),
        pytest.param(POST + HEAD + b"X-A: a\x00b\r\n\r\n", id="NUL in a header"),
        pytest.param(POST + b"Content-Length: 0\r\n\r\n", id="no Host"),
        pytest.param(POST + b"Host: a\r\nHost: a\r\n\r\n", id="two Hosts"),
        pytest.param(POST + b"Host: a, b\r\n\r\n", id="list of Hosts"),
        pytest.param(POST + b"Host: a b\r\n\r\n", id="Host with blank"),
        pytest.param(POST + b"Host: a/../b\r\n\r\n", id="Host with path"),
        pytest.param(POST + b"Host: good@evil\r\n\r\n", id="Host with user"),
        pytest.param(b"POST / HTTP/2.0\r\nHost: a\r\n\r\n", id="HTTP/2.0"),
        pytest.param(b"POST / HTTP/1.2\r\nHost: a\r\n\r\n", id="HTTP/1.2"),
        pytest.param(b"GET /\r\n\r\n", id="HTTP/0.9"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2 preface"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS"),
        pytest.param(b"CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n", id="CONNECT"),
        pytest.param(b"POST foo HTTP/1.1\r\nHost: a\r\n\r\n", id="target without slash"),
        pytest.param(b"POST /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", id="target not ASCII"),
        pytest.param(b"POST /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", id="control character in target"),
        pytest.param(b"POST\t/ HTTP/1.1\r\nHost: a\r\n\r\n", id="tab behind method"),
        pytest.param(b"PO(ST / HTTP/1.1\r\nHost: a\r\n\r\n", id="method no token"),
    ],
)
def test_what_two_parsers_could_read_differently_is_refused(service: Service, request_bytes: bytes) -> None:
    """400 request_invalid and the connection closed, without a reset (THREATS.md H20, H21)."""
    with service.wire() as wire:
        answer = wire.send(request_bytes + b"POST /smuggled HTTP/1.1\r\nHost: a\r\n\r\n").answer()
        assert (answer.status, answer.code) == (400, "request_invalid")
        assert answer.headers["connection"] == "close"
        assert answer.json["request_id"] == answer.headers["x-request-id"]
        assert wire.is_closed()
    assert service.post("good").status == 200


def test_a_pipeline_is_answered_in_order(service: Service) -> None:
    """H21: fifty requests in one packet, fifty answers in their order (RFC 9112 section 9.3.2)."""
    with service.wire() as wire:
        wire.send(b"".join(callback("good", x_request_id=f"r{number}") for number in range(50)))
        assert [wire.answer().headers["x-request-id"] for _ in range(50)] == [f"r{number}" for number in range(50)]


def test_a_pipeline_that_breaks_is_answered_so_far(service: Service) -> None:
    """Requests before a broken one keep their answers, which come first."""
    with service.wire() as wire:
        wire.send(callback("good") * 3 + b"nonsense\r\n\r\n" + callback("good"))
        assert [wire.answer().status for _ in range(4)] == [200, 200, 200, 400]
        assert wire.is_closed()


def test_a_broken_body_in_a_pipeline_costs_its_own_request_only() -> None:
    """The answer before it is still being worked out, and comes first."""
    with running() as service, service.wire() as wire:
        wire.send(callback("waits") + CHUNKED + b"zz\r\n")
        assert service.bridge.standing_in.begun.acquire(timeout=10)
        service.bridge.standing_in.go_on.set()
        assert [wire.answer().status for _ in range(2)] == [200, 400]
        assert wire.is_closed()


def test_expect_100_continue_is_honoured(service: Service) -> None:
    """H21: an authorised caller is told to send its body, any other answered at once (RFC 9110 section 10.1.1)."""
    head = callback("good", expect="100-continue").partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    with service.wire() as wire:
        assert wire.send(head).answer().status == 100
        assert wire.send(BODY).answer().status == 200
    with service.wire() as wire:
        answer = wire.send(head.replace(SECRET.encode(), b"wrong")).answer()
        assert (answer.status, answer.headers["connection"]) == (401, "close")
        assert wire.is_closed()


def _a_long_value(size: int) -> bytes:
    return POST + b"Host: a\r\nX-A: " + b"a" * size + b"\r\n\r\n"


def _many_headers(size: int) -> bytes:
    return POST + b"Host: a\r\n" + (b"a: " + b"b" * (size // 64) + b"\r\n") * 64 + b"\r\n"


def _a_long_path(size: int) -> bytes:
    return b"POST /" + b"a" * size + b" HTTP/1.1\r\nHost: a\r\n\r\n"


def _a_long_name(size: int) -> bytes:
    return POST + b"Host: a\r\n" + b"a" * size + b": b\r\n\r\n"


@pytest.mark.parametrize("make", [_a_long_value, _many_headers, _a_long_path, _a_long_name])
@pytest.mark.parametrize("size", [33_000, 1_000_000, 20_000_000])
def test_a_head_beyond_the_limit_is_refused(service: Service, make: Callable[[int], bytes], size: int) -> None:
    """431 and the connection closed, whatever makes the head large, and the caller can read it (THREATS.md H16)."""
    with service.wire() as wire:
        answer = wire.send(make(size)).answer()
        assert (answer.status, answer.code) == (431, "head_too_large")
        assert answer.headers["connection"] == "close"
        assert wire.is_closed()


@pytest.mark.parametrize("make", [_a_long_value, _many_headers, _a_long_path, _a_long_name])
def test_a_head_within_the_limit_is_read(service: Service, make: Callable[[int], bytes]) -> None:
    """32 KiB are taken: such a head is answered by the application."""
    with service.wire() as wire:
        assert wire.send(make(32_000)).answer().status in {401, 404}


@pytest.mark.parametrize(("fields", "status"), [(99, 401), (100, 431), (5000, 431)])
def test_a_head_has_a_hundred_fields_at_most(service: Service, fields: int, status: int) -> None:
    """431, however small they are (F12); ``Host`` is one of them."""
    with service.wire() as wire:
        answer = wire.send(POST + b"Host: a\r\n" + b"a: b\r\n" * fields + b"\r\n").answer()
        assert answer.status == status
        assert status == 401 or (answer.code, wire.is_closed()) == ("head_too_large", True)


def test_too_many_fields_are_refused_before_the_head_ends(service: Service) -> None:
    """Whoever sends them one after another is not listened to until they make 32 KiB; trailers are no fields."""
    with service.wire() as wire:
        assert wire.send(POST + b"Host: a\r\n" + b"a: b\r\n" * 101).answer().code == "head_too_large"
        assert wire.is_closed()
    with service.wire() as wire:
        assert wire.send(CHUNKED + CHUNK + b"0\r\n" + b"a: b\r\n" * 101 + b"\r\n").answer().status == 200


def test_connections_have_a_limit() -> None:
    """One more is told so and closed; those that are there are served, and one that ends makes room."""
    with running(model(limits={"connections": 3})) as service:
        wires = [service.wire() for _ in range(3)]
        for wire in wires:
            assert wire.send(callback("good")).answer().status == 200
        with service.wire() as fourth:
            answer = fourth.send(callback("good")).answer()
            assert (answer.status, answer.code) == (503, "overloaded")
            assert (answer.headers["retry-after"], answer.headers["connection"]) == ("1", "close")
            assert fourth.is_closed()
        assert wires[0].send(callback("good")).answer().status == 200
        assert service.ask_admin("/healthz").status == 200, "the private port has its own"
        wires[0].__exit__(None, None, None)
        until = time.monotonic() + PATIENCE
        while (answer := service.post("good")).status == 503:
            assert time.monotonic() < until
        assert answer.status == 200
        for wire in wires:
            wire.__exit__(None, None, None)


def test_far_too_many_connections_are_cut_without_a_word() -> None:
    """Being told takes up to two seconds, so those who are being told have a limit as well."""
    with running(model(limits={"connections": 2})) as service:
        wires = [service.wire() for _ in range(4)]
        with service.wire() as fifth, pytest.raises((ConnectionError, AssertionError)):
            fifth.send(callback("good")).answer()
        assert wires[0].send(callback("good")).answer().status == 200
        for wire in wires:
            wire.__exit__(None, None, None)


ENDLESS = b"400\r\n" + b"a" * 1024 + b"\r\n"


@pytest.mark.parametrize(
    "request_bytes",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"POST / HTTP/1.1\r\nHost:", id="half a head"),
        pytest.param(callback("good")[:-5], id="half a body"),
        pytest.param(CHUNKED + b"5\r\nhel", id="half a chunk"),
        pytest.param(CHUNKED + ENDLESS * 60, id="chunks without end, so far"),
        pytest.param(CHUNKED + ENDLESS * 100, id="chunks without end"),
        pytest.param(callback("waits") + callback("good") * 100, id="a pipeline behind a slow request"),
        pytest.param(b"nonsense\r\n\r\n", id="no HTTP"),
        pytest.param(POST + HEAD + FIVE + TE + b"\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n", id="CL.TE"),
    ],
)
def test_others_are_served_whatever_some_do(request_bytes: bytes) -> None:
    """Fifty callers who do the same wrong thing at once, and stay or go away, cost the fifty-first nothing (H18)."""
    with running(model(limits={"header_time": "5s", "deadline": "3s"})) as service:
        wires = [service.wire().send(request_bytes) for _ in range(50)]
        assert service.post("good").status == 200
        for wire in wires:
            wire.__exit__(None, None, None)
        service.bridge.standing_in.go_on.set()
        assert service.post("good").status == 200
        assert not service.events("internal_error")


def test_a_large_body_before_a_head_does_not_count_as_head(service: Service) -> None:
    """A head that comes in the same packet as the end of a large body has its own measure."""
    large = callback(body=b'{"access_token": "good", "pad": "' + b"a" * 60_000 + b'"}')
    next_one = callback("good")
    with service.wire() as wire:
        wire.send(large + next_one[:-60])
        assert wire.answer().status == 200
        assert wire.send(next_one[-60:]).answer().status == 200


def test_a_head_is_given_a_time() -> None:
    """A slow head is refused, a connection without a byte closed, and others are served meanwhile (H18)."""
    with running(model(limits={"header_time": "300ms"})) as service:
        with service.wire() as silent, service.wire() as slow, service.wire() as dripping:
            slow.send(b"POST / HTTP/1.1\r\nHost:")
            dripping.send(b"\r\n")
            assert service.post("good").status == 200
            assert (answer := slow.answer()).code == "request_invalid"
            assert answer.headers["connection"] == "close"
            assert slow.is_closed()
            assert silent.is_closed()
            assert dripping.is_closed()
        with service.wire() as again:
            again.send(callback("good")[:-60])
            assert again.send(callback("good")[-60:]).answer().status == 200
            again.send(b"POST /")
            assert again.answer().code == "request_invalid"


def test_an_answered_connection_may_idle_longer_than_a_head_may_take() -> None:
    """The time for a head begins with its first byte, not with the answer before."""
    with running(model(limits={"header_time": "100ms"})) as service, service.wire() as wire:
        assert wire.send(callback("good")).answer().status == 200
        time.sleep(0.3)
        assert wire.send(callback("good")).answer().status == 200


def test_an_idle_connection_is_closed_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept for longer than load balancers keep theirs (60 s), and not for ever (H18)."""
    assert port.KEEP_ALIVE > 60
    monkeypatch.setattr(port, "KEEP_ALIVE", 1)
    with running() as service, service.wire() as wire:
        assert wire.send(callback("good")).answer().status == 200
        assert wire.is_closed()


def test_hundreds_of_idle_connections_stop_nobody(service: Service) -> None:
    """Connections that say nothing cost nothing but themselves (H18)."""
    idle = [service.wire() for _ in range(400)]
    assert service.post("good").status == 200
    for wire in idle:
        wire.__exit__(None, None, None)


def test_an_unread_body_ends_the_connection(service: Service) -> None:
    """A caller without the header token is answered before its body comes, and the body is not waited for."""
    with service.wire() as wire:
        wire.send(callback(authorization="wrong", content_length="60000"))
        answer = wire.answer()
        assert (answer.code, answer.headers["connection"]) == ("caller_unauthorized", "close")
        assert wire.is_closed()
    with service.wire() as wire:
        answer = wire.send(callback(authorization="wrong")).answer()
        assert "connection" not in answer.headers
        assert wire.send(callback("good")).answer().status == 200


def test_endless_trailers_are_cut_off(service: Service) -> None:
    """Chunks and trailers may not grow without end behind a small body."""
    with service.wire() as wire:
        wire.send(CHUNKED + CHUNK + b"0\r\n" + b"X-A: b\r\n" * 200_000)
        assert wire.answer().code == "body_too_large"
        assert wire.is_closed()


def test_a_caller_that_sends_no_more_can_still_read(service: Service) -> None:
    """Half a connection is enough for an answer."""
    with service.wire() as wire:
        assert wire.send(callback("good")).end().answer().status == 200
        assert wire.is_closed()
    with service.wire() as wire:
        wire.send(callback("good") * 3).end()
        assert [wire.answer().status for _ in range(3)] == [200, 200, 200]
        assert wire.is_closed()


@pytest.mark.parametrize("cut", [10, 100, -5])
def test_a_request_that_ends_halfway_is_refused(service: Service, cut: int) -> None:
    """A caller that ends within a head or a body gets no more than a 400."""
    with service.wire() as wire:
        assert wire.send(callback("good")[:cut]).end().answer().code == "request_invalid"
        assert wire.is_closed()


@pytest.mark.parametrize("cut", [10, 100, -5, None])
def test_a_caller_that_goes_away_disturbs_nobody(service: Service, cut: int | None) -> None:
    """A connection that ends at any point leaves no defect in the log (H18)."""
    for _ in range(20):
        with service.wire() as wire:
            wire.send(callback("good")[:cut])
    assert service.post("good").status == 200
    assert not service.events("internal_error")
    assert not service.events("log")


def test_a_caller_that_reads_nothing_is_cut_off() -> None:
    """Answers that nobody reads do not pile up without end."""
    request = b"POST / HTTP/1.1\r\nHost: a\r\nX-A: " + b"a" * 8000 + b"\r\n\r\n"

    def send_without_end(wire: Wire) -> None:
        while True:
            wire.send(request)

    with (
        running(model(limits={"header_time": "200ms"})) as service,
        Wire(service.port, room=4096) as wire,
        pytest.raises(ConnectionError),
    ):
        send_without_end(wire)
    assert not service.events("log")


def test_a_pipeline_has_an_end(service: Service) -> None:
    """Requests that wait for their turn cost memory, so there are not many of them on one connection."""
    with service.wire() as wire:
        wire.send(b"POST / HTTP/1.1\r\nHost: a\r\n\r\n" * 20_000)
        statuses = [wire.answer().status]
        while statuses[-1] == 401:
            statuses.append(wire.answer().status)
        assert statuses[-1] == 400
        assert len(statuses) > 256
        assert wire.is_closed()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "PATCH", "BREW", "post", "X-A"])
def test_other_methods_are_refused_by_the_path(service: Service, method: str) -> None:
    """405 with Allow before any look at the header token, also for methods that nobody has heard of (H08)."""
    with service.wire() as wire:
        answer = wire.send(f"{method} / HTTP/1.1\r\nHost: a\r\n\r\n".encode()).answer(to=method)
        assert (answer.status, answer.headers["allow"]) == (405, "POST")
        wire.send(f"{method} /nowhere HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert wire.answer(to=method).status == 404


def test_what_the_protocol_refuses_is_logged_without_its_bytes() -> None:
    """The log says what was wrong with a request, and quotes nothing of it."""
    with running() as service, service.wire() as wire:
        request_id = wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nSECRET value\r\n\r\n").answer().headers["x-request-id"]
        line = service.event("refused", request_id=request_id)
    assert (line["code"], bool(line["detail"])) == ("request_invalid", True)
    assert b"SECRET value" not in service.log


def test_a_length_with_thousands_of_zeros_is_only_long(service: Service) -> None:
    """H16: a number that Python would refuse to read is no defect of ours; what it says still counts."""
    length = b"Content-Length: %d" % len(BODY)
    request = (
        b"POST / HTTP/1.1\r\n" + SIZED.replace(length, length.replace(b": ", b": " + b"0" * 5000)) + b"\r\n" + BODY
    )
    with service.wire() as wire:
        answer = wire.send(request).answer()
    assert (answer.status, answer.code) == (200, None)


def test_a_pipeline_of_upgrades_leaves_nothing_behind(service: Service) -> None:
    """H16, O08: each wish to upgrade is read again without it, in a loop; what was refused holds no data."""
    upgrade = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
    with service.wire() as wire:
        wire.send(upgrade * 2000)
        assert wire.answer(to="GET").code == "method_not_allowed"
        held = [item for item in gc.get_objects() if isinstance(item, TracebackType)]
        assert not [trace for trace in held if trace.tb_frame.f_code.co_filename == protocol.__file__]
