"""bridge/oidc/http.py: one bounded exchange, over real sockets with an issuer that misbehaves."""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver

from bridge.errors import ProviderError, ProviderUnavailable
from bridge.oidc.http import HttpClient, _freshness, _retry_after, open_session
from tests.issuer.process import Issuer
from tests.stream_server import stream_server

Seen = list[tuple[str, str, str]]


async def get(url: str, *, limit: float = 5.0) -> tuple[int | str, Seen]:
    """Status or refusal of one exchange, and what ``on_exchange`` was told."""
    seen: Seen = []

    def on_exchange(provider: str, endpoint: str, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        seen.append((provider, endpoint, outcome))

    async with open_session() as session:
        http = HttpClient(session, provider="shop", timeout=limit, on_exchange=on_exchange)
        try:
            return (await http.get(url, "jwks")).status, seen
        except ProviderError as unavailable:
            return unavailable.detail, seen


@pytest.mark.parametrize(
    ("fault", "status"),
    [([], 200), ("jwks_404", 404), ("jwks_403", 403), ("jwks_html", 200), ("jwks_octet_stream", 200)],
)
async def test_gives_the_answer_whatever_its_status(issuer: Issuer, fault: str | list[str], status: int) -> None:
    """What an answer means is for the caller to judge."""
    issuer.set(fault=fault)
    assert await get(f"{issuer.url}/jwks") == (status, [("shop", "jwks", str(status))])


@pytest.mark.parametrize(
    ("fault", "detail", "outcome"),
    [
        ("jwks_500", "HTTP 500", "500"),
        ("jwks_503", "HTTP 503", "503"),
        ("jwks_429", "HTTP 429", "429"),
        ("jwks_hang", "did not answer within", "timeout"),
        ("jwks_drip_feed", "did not answer within", "timeout"),
        ("jwks_huge_body", "more than", "too_large"),
        ("jwks_endless_chunked", "more than", "too_large"),
        ("jwks_gzip", "compressed", "200"),
        ("jwks_gzip_bomb", "compressed", "200"),
        ("jwks_truncated", "broke off", "200"),
        ("jwks_reset", "broke off", "unreachable"),
        ("jwks_not_http", "no HTTP", "unreachable"),
    ],
)
async def test_an_exchange_is_bounded(issuer: Issuer, fault: str, detail: str, outcome: str) -> None:
    """K10, K11, K12: in time, in bytes, in form; the whole of it, not each read."""
    issuer.set(fault=fault)
    # Only what is about time is hurried: on a noisy machine the others may take a while to show what they are.
    text, seen = await get(f"{issuer.url}/jwks", limit=1.0 if outcome == "timeout" else 15.0)
    assert detail in str(text)
    assert [one[2] for one in seen] == [outcome]


async def test_never_follows_a_redirect(issuer: Issuer) -> None:
    """K15: the address that was configured is the one that answers."""
    issuer.set(fault=f"jwks_redirect {issuer.url}/elsewhere")
    status, _ = await get(f"{issuer.url}/jwks")
    assert status in {301, 302, 303, 307, 308}
    assert issuer.asked() == 1


async def test_nobody_there() -> None:
    """A closed port, and a name that is none, are said in words without the address's query."""
    for url, cause in (
        ("http://127.0.0.1:9/jwks?secret=1", "no connection"),
        ("http://nowhere.invalid/jwks?secret=1", "cannot be resolved"),
    ):
        text, seen = await get(url)
        assert cause in str(text)
        assert "secret" not in str(text)
        assert seen[0][2] == "unreachable"


class MovingName(AbstractResolver):
    """A resolver under which a name leads to one address after the other, at first perhaps to none.

    Attributes:
        failures: How often it cannot be resolved yet.
    """

    def __init__(self, *addresses: str, failures: int = 0) -> None:
        self.failures = failures
        self._addresses = list(addresses)

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[Any]:
        """The next address, the last for ever."""
        if self.failures > 0:
            self.failures -= 1
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        address = self._addresses.pop(0) if len(self._addresses) > 1 else self._addresses[0]
        return [{"hostname": host, "host": address, "port": port, "family": family, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        """Nothing to close."""


async def test_a_provider_that_moves_is_found_again(issuer: Issuer) -> None:
    """O06: no address is kept for ever, also where nothing answers at the old one any more."""
    async with open_session() as session:
        connector = session.connector
        assert isinstance(connector, aiohttp.TCPConnector)
        assert 0 < connector._cached_hosts._ttl <= 60  # type: ignore[operator] # seconds
        connector._resolver = MovingName("127.0.0.9", "127.0.0.1")
        http = HttpClient(session, provider="shop", timeout=5.0)
        url = issuer.url.replace("127.0.0.1", "login.example") + "/jwks"
        with pytest.raises(ProviderUnavailable, match="no connection"):
            await http.get(url, "jwks")
        connector.clear_dns_cache()  # the time is over
        assert (await http.get(url, "jwks")).status == 200


async def test_a_name_that_cannot_be_resolved_for_a_while(issuer: Issuer) -> None:
    """O06: the failure is not remembered; the name is asked for again with the next exchange, on the same session."""
    async with open_session() as session:
        connector = session.connector
        assert isinstance(connector, aiohttp.TCPConnector)
        connector._resolver = MovingName("127.0.0.1", failures=2)
        http = HttpClient(session, provider="shop", timeout=5.0)
        url = issuer.url.replace("127.0.0.1", "login.example") + "/jwks"
        for _ in range(2):
            with pytest.raises(ProviderUnavailable, match="cannot be resolved"):
                await http.get(url, "jwks")
        assert issuer.asked() == 0
        assert (await http.get(url, "jwks")).status == 200


async def test_the_environment_does_not_steer_us(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither a proxy of its own nor a password of ``.netrc`` goes to a provider."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    issuer.set(userinfo={"sub": "u1"})
    async with open_session() as session:
        http = HttpClient(session, provider="shop", timeout=5.0)
        assert (await http.get(f"{issuer.url}/userinfo", "userinfo")).status == 200
    [sent] = issuer.recorded("userinfo")
    assert "authorization" not in sent.headers


async def test_a_private_authority_must_be_given(issuer: Issuer) -> None:
    """The system's authorities count unless ca_file names others; a file without any is refused at once."""
    async with open_session() as session:
        with pytest.raises(ssl.SSLError):
            HttpClient(session, provider="shop", timeout=1.0, ca_pem="no certificate")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("0", 0.0),
        ("-1", None),
        ("1e3", None),
        ("soon", None),
        ("٣", None),
        ("9" * 400, 300.0),
        ("", None),
    ],
)
def test_retry_after_in_seconds(value: str | None, seconds: float | None) -> None:
    """RFC 9110 section 10.2.3, bounded; garbage is no hint."""
    assert _retry_after(value) == seconds


@pytest.mark.parametrize(("ahead", "seconds"), [(60, 60), (-60, 0), (86400, 300)])
def test_retry_after_as_a_date(ahead: int, seconds: float) -> None:
    """The other form of it; a date in the past means now."""
    value = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)
    assert _retry_after(value) == pytest.approx(seconds, abs=2)


DATE = "Mon, 23 Nov 2026 18:00:00 GMT"
LATER = "Mon, 23 Nov 2026 18:10:00 GMT"


@pytest.mark.parametrize(
    ("cache_control", "headers", "seconds"),
    [
        ("", {}, None),
        ("public, must-revalidate", {}, None),
        ("max-age=60", {}, 60),
        ("public, MAX-AGE = 60 , immutable", {}, 60),
        ('max-age="60"', {}, 60),
        ("max-age=60, max-age=5", {}, 60),
        ("max-age=0", {}, 0),
        ("max-age=1000000000", {}, 10**9),
        (f"max-age={'9' * 5000}", {}, 2**31),
        ("no-store", {}, 0),
        ("no-cache, max-age=60", {}, 0),
        ('no-cache="Set-Cookie"', {}, 0),
        *[(f"max-age={value}", {}, 0) for value in ("", "-1", "1.5", "1e3", "soon", "٣", "0x10", "NaN")],
        ("max-age", {}, 0),
        ("max-age=60", {"Age": "20"}, 40),
        ("max-age=60", {"Age": "20, 50"}, 40),
        ("max-age=60", {"Age": "600"}, 0),
        ("max-age=60", {"Age": "-600"}, 60),
        ("max-age=60", {"Age": "old"}, 60),
        ("", {"Age": "20"}, None),
        ("", {"Expires": LATER, "Date": DATE}, 600),
        ("", {"Expires": LATER, "Date": DATE, "Age": "100"}, 500),
        ("", {"Expires": DATE, "Date": LATER}, 0),
        ("", {"Expires": "0"}, 0),
        ("", {"Expires": "Mon, 23 Nov 99999 18:00:00 GMT"}, 0),
        ("max-age=60", {"Expires": LATER, "Date": DATE}, 60),
        ("max-age=soon", {"Expires": LATER, "Date": DATE}, 0),
        (",,;=,=max-age", {}, None),
    ],
)
def test_freshness(cache_control: str, headers: dict[str, str], seconds: float | None) -> None:
    """K19: RFC 9111's freshness; whatever cannot be read is stale, and nothing is negative."""
    assert _freshness(cache_control, headers) == seconds


async def test_freshness_is_read_from_the_answer(issuer: Issuer) -> None:
    """K19: of the header as it came; Expires without Date counts from now."""
    expires = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    async with open_session() as session:
        http = HttpClient(session, provider="shop", timeout=5.0)
        for headers, seconds in (({}, None), ({"Cache-Control": "max-age=60"}, 60), ({"Expires": expires}, 100)):
            issuer.set(headers=headers)
            assert (await http.get(f"{issuer.url}/jwks", "jwks")).max_age == (
                None if seconds is None else pytest.approx(seconds, abs=5)
            )


async def test_carries_no_cookies(issuer: Issuer) -> None:
    """One exchange's cookie would travel with another visitor's token."""
    issuer.set(headers={"Set-Cookie": "session=1; Path=/"})
    async with open_session() as session:
        http = HttpClient(session, provider="shop", timeout=5.0)
        started = time.monotonic()
        await http.get(f"{issuer.url}/jwks", "jwks")
        assert len(session.cookie_jar) == 0
        assert time.monotonic() >= started


@pytest.mark.parametrize(
    ("named", "read"),
    [
        ("application/json", "application/json"),
        ("Application/JWT; charset=utf-8", "application/jwt"),
        ("application/token-introspection+jwt ;x=y", "application/token-introspection+jwt"),
        ("", ""),
        (";", ""),
    ],
)
async def test_content_type(issuer: Issuer, named: str, read: str) -> None:
    """What an answer calls itself, without case and parameters."""
    issuer.set(userinfo={}, content_types={"userinfo": named})
    async with open_session() as session:
        http = HttpClient(session, provider="shop", timeout=5.0)
        assert (await http.get(f"{issuer.url}/userinfo", "userinfo")).content_type == read


async def test_posts_a_form(issuer: Issuer) -> None:
    """The body and the headers as they were given, under the media type of forms."""
    issuer.set(introspection={"active": False})
    async with open_session() as session:
        http = HttpClient(session, provider="shop", timeout=5.0)
        answer = await http.post(
            f"{issuer.url}/introspection", "introspection", body=b"token=a%2Bb", headers={"X-A": "1"}
        )
    assert answer.status == 200
    [sent] = issuer.recorded("introspection")
    assert (sent.method, sent.form, sent.headers["x-a"]) == ("POST", {"token": ["a+b"]}, "1")


@asynccontextmanager
async def closing(answered: int) -> AsyncIterator[tuple[str, list[int]]]:
    """An address where each connection is closed instead of answering its request after so many answered ones."""
    connections: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(connections)
        connections.append(0)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(len(b"token=x") if head.startswith(b"POST") else 0)
                connections[number] += 1
                if connections[number] > answered:
                    break
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    async with stream_server(serve) as port:
        yield f"http://127.0.0.1:{port}/", connections


async def test_a_kept_connection_that_was_closed_is_no_outage() -> None:
    """A POST that meets its connection's end is sent once more on a new one, and only once."""
    async with open_session() as session, closing(answered=1) as (url, connections):
        http = HttpClient(session, provider="shop", timeout=5.0)
        for _ in range(2):
            assert (await http.post(url, "introspection", body=b"token=x")).status == 200
        assert connections == [2, 1]
    async with open_session() as session, closing(answered=0) as (url, connections):
        http = HttpClient(session, provider="shop", timeout=5.0)
        with pytest.raises(ProviderUnavailable, match="broke off"):
            await http.post(url, "introspection", body=b"token=x")
        assert connections == [1, 1]


@pytest.mark.parametrize("fault", ["introspection_hang", "introspection_drip_feed", "introspection_reset"])
async def test_a_post_is_bounded_as_a_get_is(issuer: Issuer, fault: str) -> None:
    """K11: one limit, with the second attempt inside it; told of once."""
    issuer.set(introspection={"active": False}, fault=fault)
    seen: list[str] = []
    expected, limit = ("unreachable", 15.0) if fault.endswith("reset") else ("timeout", 1.0)
    async with open_session() as session:
        http = HttpClient(
            session, provider="shop", timeout=limit, on_exchange=lambda _p, _e, outcome, _s: seen.append(outcome)
        )
        with pytest.raises(ProviderUnavailable):
            await http.post(f"{issuer.url}/introspection", "introspection", body=b"token=x")
    assert seen == [expected]
