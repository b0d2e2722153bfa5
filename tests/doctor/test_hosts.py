"""bridge/doctor/hosts.py, against hosts with certificates of every sort."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.doctor.hosts import examine_host
from tests.doctor.checks import gathered, wrong
from tests.issuer.certificates import DAY, Certificate
from tests.stream_server import stream_server


@contextlib.asynccontextmanager
async def tls(folder: Path, *, days: float, name: str) -> AsyncIterator[tuple[str, str]]:
    """A host that speaks TLS: its address, and its certificate, which it signed itself, as PEM text."""
    certificate = Certificate.self_signed(name, begins=-90 * DAY, ends=days * DAY)
    (folder / "server.pem").write_text(certificate.with_key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")

    async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with stream_server(close, tls=context) as port:
        yield f"https://127.0.0.1:{port}/realms/shop", certificate.pem


@pytest.mark.parametrize(
    ("days", "name", "trusted", "expected", "words"),
    [
        (90.5, "127.0.0.1", True, {}, "good for 90 days"),
        (10.5, "127.0.0.1", True, {"tls_expiry": "warning"}, "expires in 10 days"),
        (2.5, "127.0.0.1", True, {"tls_expiry": "finding"}, "expires in 2 days"),
        (-1, "127.0.0.1", True, {"tls": "finding"}, "certificate has expired"),
        (90.5, "login.shop.example", True, {"tls": "finding"}, "mismatch"),
        (90.5, "127.0.0.1", False, {"tls": "finding"}, "self-signed"),
    ],
)
async def test_certificates(
    tmp_path: Path, days: float, name: str, trusted: bool, expected: dict[str, str], words: str
) -> None:
    """Expired, soon to expire, for another name, of an unknown authority; each names its own cure."""
    async with tls(tmp_path, days=days, name=name) as (url, pem):
        found = await gathered(examine_host("provider shop", url, ca_pem=pem if trusted else None, seconds=10))
    assert wrong(found) == expected
    assert words in found[next(iter(expected), "tls")].found
    if not trusted:
        assert "ca_file" in found["tls"].cure


async def test_a_host_without_an_address() -> None:
    """The name is the first thing to look at (RFC 6761 section 6.4: .invalid has none)."""
    found = await gathered(examine_host("provider shop", "https://login.shop.invalid/", ca_pem=None, seconds=10))
    assert wrong(found) == {"dns": "finding"}
    assert "login.shop.invalid" in found["dns"].cure


async def test_a_host_that_does_not_answer() -> None:
    """Nobody listens, or no TLS is spoken."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = await gathered(examine_host("provider shop", f"https://127.0.0.1:{port}/", ca_pem=None, seconds=10))
    assert wrong(found) == {"unreachable": "finding"}

    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with stream_server(plain) as port:
        url = f"https://127.0.0.1:{port}/"
        found = await gathered(examine_host("provider shop", url, ca_pem=None, seconds=10))
    assert wrong(found) == {"unreachable": "finding"}
    assert "no TLS is spoken there" in found["unreachable"].found


async def test_plain_http_to_another_machine() -> None:
    """Allowed where it is spelled out, and told all the same."""
    found = await gathered(examine_host("provider shop", "http://192.0.2.1:1/", ca_pem=None, seconds=0.2))
    assert wrong(found) == {"plain_http": "warning", "unreachable": "finding"}
