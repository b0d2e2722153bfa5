"""bridge/doctor/callbacks.py, against running bridges and what is none."""

import asyncio
from typing import Any

import pytest

from bridge.doctor.examination import examine
from tests.bridge_process import SECRET as RUNNING
from tests.bridge_process import StartBridge
from tests.doctor import checks
from tests.doctor.checks import gathered, wrong
from tests.issuer.process import Issuer
from tests.stream_server import stream_server


async def examined(url: str, issuer: Issuer, **callback: Any) -> dict[str, Any]:
    """What is found of a bridge."""
    return await gathered(examine(checks.model(issuer.url, callback=callback), url=url))


@pytest.fixture
def running(start_bridge: StartBridge, issuer: Issuer) -> str:
    """A bridge with the header token of these tests at /chat."""
    config = checks.configuration(issuer.url, callback={"path": "/chat"})
    return start_bridge(config, HEADER_TOKEN=checks.SECRET).url


async def test_a_running_bridge(running: str, issuer: Issuer) -> None:
    """Asked by its address, or by the callback's own."""
    for url in (running, f"{running}/", f"{running}/chat"):
        found = await examined(url, issuer, path="/chat")
        assert wrong(found) == {}
        assert {"bridge_open", "header_token"} <= set(found)


@pytest.mark.parametrize(
    ("callback", "expected"),
    [
        ({"path": "/other"}, {"bridge": "finding"}),
        ({"path": "/chat", "anonymous": {"status": 200}}, {"guest": "finding"}),
    ],
)
async def test_another_file_than_the_bridge_s(
    running: str, issuer: Issuer, callback: dict[str, Any], expected: dict[str, str]
) -> None:
    """What the file says is not what the bridge does."""
    assert wrong(await examined(running, issuer, **callback)) == expected


async def test_another_header_token(start_bridge: StartBridge, issuer: Issuer) -> None:
    """The bridge runs with another secret than the file's."""
    url = start_bridge(checks.configuration(issuer.url), HEADER_TOKEN=RUNNING).url
    found = await examined(url, issuer)
    assert wrong(found) == {"header_token": "finding"}
    assert checks.SECRET not in str(found)


async def test_nobody_and_somebody_else(issuer: Issuer) -> None:
    """Nothing listens; another server; and one that answers without a header token."""
    assert wrong(await examined("http://127.0.0.1:1", issuer)) == {"bridge": "finding"}
    assert wrong(await examined("nonsense", issuer)) == {"bridge": "finding"}
    assert wrong(await examined(issuer.url, issuer)) == {"bridge": "finding"}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"status": false, "code": "token_missing"}'
        writer.write(b"HTTP/1.1 401 Any\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body))
        await writer.drain()

    async with stream_server(answer) as port:
        assert wrong(await examined(f"http://127.0.0.1:{port}", issuer)) == {"bridge_open": "finding"}
