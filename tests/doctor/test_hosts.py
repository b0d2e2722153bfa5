"""bridge/doctor/hosts.py, against hosts with certificates of every sort."""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bridge.doctor.hosts import examine_host
from tests.doctor.checks import gathered, wrong


def certificate(days: float, name: str) -> tuple[bytes, bytes]:
    """A certificate of its own authority, good for so many days from now, and its key; both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.example")])
    now = datetime.now(UTC)
    until = now + timedelta(days=days)
    try:
        alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        alternative = x509.DNSName(name)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1, now - timedelta(days=90), until)
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(pem), private


@contextlib.asynccontextmanager
async def tls(folder: Path, *, days: float, name: str) -> AsyncIterator[tuple[str, str]]:
    """A host that speaks TLS: its address, and its authority as PEM text."""
    pem, key = certificate(days, name)
    (folder / "chain.pem").write_bytes(pem)
    (folder / "key.pem").write_bytes(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem", folder / "key.pem")

    async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with await asyncio.start_server(close, "127.0.0.1", 0, ssl=context) as server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/realms/shop", pem.decode()


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
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        found = await gathered(examine_host("provider shop", url, ca_pem=None, seconds=10))
    assert wrong(found) == {"unreachable": "finding"}
    assert "no TLS is spoken there" in found["unreachable"].found


async def test_plain_http_to_another_machine() -> None:
    """Allowed where it is spelled out, and told all the same."""
    found = await gathered(examine_host("provider shop", "http://192.0.2.1:1/", ca_pem=None, seconds=0.2))
    assert wrong(found) == {"plain_http": "warning", "unreachable": "finding"}
