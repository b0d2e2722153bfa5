"""Start and stop of the service."""

import http.client
import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from bridge.server.port import AddressUnavailable
from bridge.server.run import SAME_WISH, serve
from tests.bridge_process import SECRET, RunningBridge, StartBridge, configuration
from tests.issuer.mint import good_token
from tests.issuer.process import Issuer
from tests.server.service import Service, callback, model, running
from tests.server.wire import Answer, Wire

HEADERS = {"Authorization": f"{SECRET} Bearer", "Content-Type": "application/json"}


def test_both_ports_answer_when_it_says_so(service: Service) -> None:
    """The line names both addresses, with the ports that the system picked."""
    line = service.event("listening")
    assert line["url"] == f"http://127.0.0.1:{service.port}"
    assert line["admin_url"] == f"http://127.0.0.1:{service.admin_port}"
    assert 0 not in {service.port, service.admin_port}


async def test_a_taken_port_is_said_in_a_sentence() -> None:
    """The operator reads which address and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressUnavailable, match=rf"127\.0\.0\.1:{port}: .*in use.*another port"):
            await serve(model(server={"port": port}))


async def test_a_foreign_address_is_said_in_a_sentence() -> None:
    """So is an address that is not this machine's, or none at all."""
    for host in ("192.0.2.1", "no.such.host.invalid"):
        with pytest.raises(AddressUnavailable, match=host):
            await serve(model(server={"host": host}))


def test_calls_in_flight_are_answered_before_it_ends() -> None:
    """Draining: /readyz says so first, the answer goes out, and says that it is the connection's last (O01)."""
    with running() as service, ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(service.post, "waits") for _ in range(20)]
        for _ in waiting:
            assert service.bridge.standing_in.begun.acquire(timeout=10)
        service.begin_stopping()
        while (answer := service.ask_admin("/readyz")).status == 200:
            pass
        assert (answer.status, answer.json) == (503, {"status": "draining"})
        assert service.ask_admin("/healthz").status == 200
        service.bridge.standing_in.go_on.set()
        answers = [call.result() for call in waiting]
        assert {(answer.status, answer.headers["connection"]) for answer in answers} == {(200, "close")}
        service.wait()


def test_no_answer_is_lost_under_load() -> None:
    """Callers on kept connections get an answer to whatever they could send, until they are told to go (O01)."""
    with running() as service:
        lost: list[BaseException] = []
        answered = threading.Semaphore(0)

        def call_until_told_to_go() -> int:
            number = 0
            try:
                with service.wire() as wire:
                    while True:
                        answer: Answer = wire.send(callback("good")).answer()
                        assert answer.status == 200
                        number += 1
                        answered.release()
                        if answer.headers.get("connection") == "close":
                            assert wire.is_closed()
                            return number
            except BaseException as error:
                lost.append(error)
                raise

        with ThreadPoolExecutor(16) as pool:
            calls = [pool.submit(call_until_told_to_go) for _ in range(16)]
            for _ in range(200):
                assert answered.acquire(timeout=10)
            service.begin_stopping()
            assert all(call.result(timeout=10) > 0 for call in calls)
        assert not lost
        service.wait()
        assert service.lines[-1]["event"] == "stopped"


def test_what_outlasts_the_grace_is_told_so() -> None:
    """After server.grace a call is answered with 503, and the service ends."""
    with running(model(server={"grace": "1s"})) as service, service.wire() as wire:
        wire.send(callback("waits"))
        assert service.bridge.standing_in.begun.acquire(timeout=10)
        service.begin_stopping()
        answer = wire.answer()
        assert (answer.status, answer.code) == (503, "overloaded")
        service.bridge.standing_in.go_on.set()
        service.wait()


def test_an_idle_connection_holds_nothing_up() -> None:
    """A caller that keeps a connection and says nothing does not delay the end."""
    with running() as service, service.wire() as wire, Wire(service.admin_port) as admin:
        assert wire.send(callback("good")).answer().status == 200
        assert admin.send(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").answer().status == 200
        service.begin_stopping()
        service.wait()
        assert wire.is_closed()


def test_whoever_has_just_connected_is_answered() -> None:
    """A caller that connects while the service stops, and asks a moment later, could not know; it is not cut off."""
    with running() as service, ExitStack() as wires, service.wire() as busy:
        busy.send(callback("waits"))  # so that there is somebody to wait for
        assert service.bridge.standing_in.begun.acquire(timeout=10)
        service.begin_stopping()
        service.event("draining")
        late = [wires.enter_context(service.wire()) for _ in range(20)]
        service.bridge.standing_in.go_on.set()
        assert busy.answer().status == 200
        for wire in late:
            answer = wire.send(callback("good")).answer()
            assert (answer.status, answer.headers["connection"]) == (200, "close")
        service.wait()


@pytest.fixture
def waiting(start_bridge: StartBridge) -> Iterator[tuple[RunningBridge, Wire]]:
    """A process with a call in flight, which waits for its body."""
    bridge = start_bridge(configuration("http://127.0.0.1:1", limits={"deadline": "1m"}), SERVICE="1")
    with Wire(int(bridge.url.rsplit(":", 1)[1])) as wire:
        head = callback("good", authorization=SECRET, expect="100-continue").partition(b"\r\n\r\n")[0]
        assert wire.send(head + b"\r\n\r\n").answer().status == 100
        yield bridge, wire


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_signal_drains_and_a_later_one_ends(waiting: tuple[RunningBridge, Wire], number: signal.Signals) -> None:
    """The first lets a call in flight finish; whoever sends another later does not want to wait for it."""
    bridge, _ = waiting
    bridge.signal(number)
    while bridge.admin("/readyz") == 200:
        pass
    time.sleep(SAME_WISH + 0.5)
    bridge.signal(number)
    assert bridge.wait() == -number


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_same_signal_twice_is_one_wish(waiting: tuple[RunningBridge, Wire], number: signal.Signals) -> None:
    """Ctrl-C reaches the whole process group, and ``uv run`` hands it on once more: the call is answered."""
    bridge, wire = waiting
    for _ in range(3):
        bridge.signal(number)
        time.sleep(0.1)
    bridge.signal(signal.SIGHUP)  # nor is the wish for a reload one to die
    wire.send(b'{"access_token": "good"}')
    assert wire.answer().code == "token_untrusted"
    assert bridge.wait() == 0


def test_a_successor_on_the_same_port_takes_over(issuer: Issuer, tmp_path: Path) -> None:
    """With --reuse-port, under load: not one call is refused, cut or wrong, and the first process ends well (O01)."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folders = [tmp_path / name for name in ("first", "second")]
    token, stop = good_token(issuer.url), threading.Event()

    def start(folder: Path) -> RunningBridge:
        folder.mkdir()
        bridge = RunningBridge(configuration(issuer.url), folder, {}, "--port", str(port), "--reuse-port")
        bridge.wait_until_ready()
        return bridge

    def call_on_kept_connections() -> int:
        number, connection = 0, http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        while not stop.is_set():
            connection.request("POST", "/", json.dumps({"access_token": token}), HEADERS)
            assert connection.getresponse().read().startswith(b'{"status":true')
            number += 1
        connection.close()
        return number

    def call_on_new_connections() -> int:
        number = 0
        while not stop.is_set():
            assert first.post(token).status == 200
            number += 1
        return number

    with start(folders[0]) as first, start(folders[1]) as second, ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(call) for call in (call_on_kept_connections, call_on_new_connections) for _ in range(2)]
        try:
            first.next_event("callback", after=50)
            first.signal(signal.SIGTERM)
            assert first.wait() == 0
            second.next_event("callback", after=len(second.events("callback")) + 20)
        finally:
            stop.set()
        assert all(call.result(10) > 0 for call in calls)
