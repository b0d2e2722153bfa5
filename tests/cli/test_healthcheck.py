"""``idp-bridge healthcheck``, against a running bridge and against what is none."""

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.bridge_process import StartBridge
from tests.cli.command import invoke, run
from tests.cli.test_call import http
from tests.issuer.process import Issuer


async def test_a_ready_bridge_is_healthy(start_bridge: StartBridge, issuer: Issuer, tmp_path: Path) -> None:
    """Both of the private port's questions; the public port is not asked them."""
    config = {
        "version": 1,
        "callback": {"header_token": {"env": "HEADER_TOKEN"}},
        "providers": {"shop": {"issuer": issuer.url, "audience": "chat"}},
    }
    bridge = start_bridge(config)
    bridge.wait_until_ready()
    for path in ("/readyz", "/healthz"):
        ran = await run("healthcheck", "--url", bridge.admin_url + path, cwd=tmp_path)
        assert (ran.status, ran.out, ran.err) == (0, "HTTP 200\n", "")
    ran = await run("healthcheck", "--url", f"{bridge.url}/readyz", cwd=tmp_path)
    assert (ran.status, ran.out) == (1, "HTTP 404\n")


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (http("200 OK", '{"status":"ready"}'), 0, "HTTP 200"),
        (http("503 Service Unavailable", '{"status":"starting"}'), 1, "HTTP 503"),
        (http("302 Found", ""), 1, "HTTP 302"),
        (b"SSH-2.0-OpenSSH\r\n", 1, "does not answer"),
        (b"", 1, "does not answer"),
    ],
)
def test_only_200_is_healthy(answer: bytes, status: int, said: str, tmp_path: Path) -> None:
    """Docker knows 0 and 1: whatever is not ready is 1."""
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor() as pool:
        answered = pool.submit(_answer_once, listening, answer)
        ran = invoke("healthcheck", "--url", f"http://127.0.0.1:{listening.getsockname()[1]}/readyz", cwd=tmp_path)
        assert answered.result().startswith(b"GET /readyz HTTP/1.1\r\n")
    assert ran.status == status
    assert said in ran.out + ran.err


def _answer_once(listening: socket.socket, answer: bytes) -> bytes:
    connection, _ = listening.accept()
    with connection:
        request = connection.recv(65536)
        connection.sendall(answer)
        return request


def test_nobody_there_is_not_healthy(tmp_path: Path) -> None:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ran = invoke("healthcheck", "--url", f"http://127.0.0.1:{port}/readyz", cwd=tmp_path)
    assert (ran.status, ran.out) == (1, "")
    assert "does not answer" in ran.err


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:9090/readyz", "127.0.0.1:9090", "http://", "http://[/", "http://a:b/"]
)
def test_what_is_no_address_is_wrong_usage(url: str, tmp_path: Path) -> None:
    """The private port speaks plain http."""
    ran = invoke("healthcheck", "--url", url, cwd=tmp_path)
    assert (ran.status, ran.out) == (2, "")
    assert "is not an http address" in ran.err
