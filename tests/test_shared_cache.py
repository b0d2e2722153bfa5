"""bridge/shared_cache.py: what other replicas know, and nothing that an answer depends on."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bridge.access_token import AccessToken
from bridge.answer_cache import Entry
from bridge.chat_user import ChatUser
from bridge.provenance import Provenance
from bridge.sealed_answer import MAX_SEALED, name_of
from bridge.shared_cache import FIRST_PAUSE, LONGEST_PAUSE, SharedCache
from tests.valkey_server import Fault, ValkeyServer, valkey_server

TOKEN = AccessToken("a-visitors-token")
KEY = ("default", TOKEN.digest, b"d" * 32)
ENTRY = Entry(ChatUser(id="u1"), "shop", Provenance("https://login.shop.example", "u1", "", None), "r1", 1060.0)
PATIENT, HASTY = 5.0, 0.05  # seconds for a command


class Replica(SharedCache):
    """One process's client, its clocks moved by the test."""

    def __init__(
        self, port: int, *, timeout: float = PATIENT, url: str = "valkey://127.0.0.1", ca_pem: str | None = None
    ) -> None:
        self.time, self.monotonic = 1000.0, 0.0
        clocks = {"now": lambda: self.time, "monotonic": lambda: self.monotonic}
        super().__init__(f"{url}:{port}/", timeout=timeout, ca_pem=ca_pem, **clocks)

    @property
    def counts(self) -> dict[str, int]:
        """What it has counted, but for what it has not."""
        names = ("hits", "misses", "unreadable", "failures", "skipped")
        return {name: count for name in names if (count := getattr(self, name))}


@pytest.fixture
async def server() -> AsyncIterator[ValkeyServer]:
    """A server."""
    async with valkey_server() as running:
        yield running


@pytest.fixture
async def replica(server: ValkeyServer) -> AsyncIterator[Replica]:
    """A client of it."""
    one = Replica(server.port)
    yield one
    await one.close()


async def test_one_replica_reads_what_another_wrote(server: ValkeyServer, replica: Replica) -> None:
    """Until the entry's end, which the server is told too."""
    other = Replica(server.port)
    assert await other.get(TOKEN, KEY) is None
    await replica.put(TOKEN, KEY, ENTRY)
    assert await other.get(TOKEN, KEY) == ENTRY
    assert [milliseconds for _, milliseconds in server.data.values()] == [60_000]
    other.time = 1060.0
    assert await other.get(TOKEN, KEY) is None
    assert other.counts == {"hits": 1, "misses": 2}
    await other.close()


@pytest.mark.parametrize(("subject", "sent"), [("u" * 12_000, 1), ("u" * MAX_SEALED, 0)])
async def test_what_nobody_would_read_is_not_sent(
    server: ValkeyServer, replica: Replica, subject: str, sent: int
) -> None:
    """A provider's subject may have any length, and the store's memory is everybody's."""
    entry = replace(ENTRY, provenance=replace(ENTRY.provenance, subject=subject))
    await replica.put(TOKEN, KEY, entry)
    assert len(server.data) == sent
    assert await replica.get(TOKEN, KEY) == (entry if sent else None)
    assert replica.unreadable == 0


async def test_a_dead_entry_is_not_sent(server: ValkeyServer, replica: Replica) -> None:
    """A token within its leeway leaves nothing behind."""
    replica.time = 1060.0
    await replica.put(TOKEN, KEY, ENTRY)
    assert server.asked == []


@pytest.mark.parametrize(
    "stored",
    [b"x", b"x" * (MAX_SEALED + 1), b"x" * 5_000_000, b'{"id":"forged"}'],
    ids=["a byte", "a byte too many", "megabytes", "a forgery"],
)
async def test_what_cannot_be_opened_is_a_miss(server: ValkeyServer, replica: Replica, stored: bytes) -> None:
    """However it came there; the next answer replaces it, and no more of it is read than an entry can have."""
    server.data[name_of(KEY)] = stored, 1000
    assert await replica.get(TOKEN, KEY) is None
    assert replica.counts == {"unreadable": 1}
    await replica.put(TOKEN, KEY, ENTRY)
    assert await replica.get(TOKEN, KEY) == ENTRY


@pytest.mark.parametrize("fault", ["hang", "close", "error", "garbage"])
async def test_a_server_that_fails_is_left_alone_for_a_while(
    server: ValkeyServer, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    """Each failure is a miss; it is logged when the server is gone and when it is back, and not what it said."""
    caplog.set_level(logging.INFO, "bridge.shared_cache")
    replica = Replica(server.port, timeout=HASTY)
    server.fault = fault
    for _ in range(3):
        assert await replica.get(TOKEN, KEY) is None
        await replica.put(TOKEN, KEY, ENTRY)
    assert replica.counts == {"failures": 1, "skipped": 5}
    server.fault = ""
    replica.monotonic += FIRST_PAUSE
    await replica.put(TOKEN, KEY, ENTRY)
    assert await replica.get(TOKEN, KEY) == ENTRY
    assert replica.counts == {"failures": 1, "skipped": 5, "hits": 1}
    assert [record.__dict__["event"] for record in caplog.records] == ["shared_cache_gone", "shared_cache_back"]
    assert "planted" not in caplog.text
    await replica.close()


async def test_the_pause_grows() -> None:
    """Doubled each time, half a minute at most; of those who come when it is over, one tries."""
    replica = Replica(9, timeout=PATIENT)  # nobody listens there
    pauses, pause = [], FIRST_PAUSE
    await asyncio.gather(*(replica.get(TOKEN, KEY) for _ in range(10)))  # all before the first has failed
    assert replica.counts == {"failures": 10}
    for _ in range(7):
        pauses.append(pause)
        replica.monotonic += pause - 0.01
        await replica.get(TOKEN, KEY)
        replica.monotonic += 0.01
        tried = replica.failures
        await asyncio.gather(*(replica.get(TOKEN, KEY) for _ in range(3)))
        assert replica.failures == tried + 1
        pause = min(2 * pause, LONGEST_PAUSE)
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert replica.skipped == 7 * 3
    await replica.close()


async def test_a_cancelled_command_spoils_none_after_it(server: ValkeyServer) -> None:
    """A late answer is never taken for that of the next command (as in CVE-2023-28858)."""
    replica = Replica(server.port)
    await replica.put(TOKEN, KEY, ENTRY)
    server.fault = "hang"
    command = asyncio.create_task(replica.get(TOKEN, ("staff", *KEY[1:])))
    await server.hanging.wait()
    command.cancel()
    with pytest.raises(asyncio.CancelledError):
        await command
    server.fault = ""
    assert await replica.get(TOKEN, KEY) == ENTRY
    assert replica.counts == {"hits": 1}
    await replica.close()


@pytest.mark.parametrize(
    ("host", "trusted", "taken"),
    [("localhost", True, True), ("localhost", False, False), ("127.0.0.1", True, False)],
    ids=["its own", "nobody's", "another host's"],
)
async def test_a_certificate_is_verified(tmp_path: Path, host: str, trusted: bool, taken: bool) -> None:
    """By an authority that is trusted, for this very host: the client's own defaults ask for neither."""
    pem = certificate(tmp_path / "both.pem", "localhost")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(tmp_path / "both.pem")
    async with valkey_server(tls) as server:
        replica = Replica(server.port, url=f"valkeys://{host}", ca_pem=pem if trusted else None)
        await replica.put(TOKEN, KEY, ENTRY)
        assert (replica.failures, bool(server.data)) == (0, True) if taken else (1, False)
        await replica.close()


def certificate(file: Path, host: str) -> str:
    """A self-signed certificate; the file has it with its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(Encoding.PEM).decode()
    file.write_text(pem + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
    return pem
