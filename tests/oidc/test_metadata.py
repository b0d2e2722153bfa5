"""bridge/oidc/metadata.py: one look at the document for all who need it, and what serves while there is none."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from bridge.errors import ProviderBusy, ProviderUnavailable
from bridge.oidc.http import HttpClient, open_session
from bridge.oidc.metadata import FAILURE_PAUSE, FreshMetadata
from tests.issuer.process import Issuer

DOCUMENT = "/.well-known/openid-configuration"


class Clock:
    """Seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        """Now."""
        return self.now


@asynccontextmanager
async def metadata(issuer: Issuer, clock: Callable[[], float]) -> AsyncIterator[FreshMetadata]:
    """That of one issuer, fresh for ten minutes."""
    async with open_session() as session:
        http = HttpClient(session, provider="shop", timeout=5.0)
        yield FreshMetadata(http, issuer.url, insecure=False, refresh=600.0, monotonic=clock)


async def test_everybody_shares_one_look(issuer: Issuer) -> None:
    """Keys and endpoints, at the same time and later, until it is no longer fresh."""
    clock = Clock()
    async with metadata(issuer, clock) as one:
        found = await asyncio.gather(
            one.jwks_uri(), one.endpoint("userinfo_endpoint"), one.endpoint("introspection_endpoint")
        )
        assert list(found) == [f"{issuer.url}/jwks", f"{issuer.url}/userinfo", f"{issuer.url}/introspection"]
        assert issuer.requests() == {DOCUMENT: 1}
        clock.now += 600.0
        await one.jwks_uri()
        one.forget()
        await one.jwks_uri()
        assert issuer.requests() == {DOCUMENT: 3}


async def test_the_last_one_serves_while_there_is_none(issuer: Issuer) -> None:
    """K10: an outage moves no endpoint; it is asked for again, but not by every callback."""
    clock = Clock()
    async with metadata(issuer, clock) as one:
        await one.jwks_uri()
        issuer.set(fault="discovery_500")
        clock.now += 600.0
        for _ in range(5):
            assert await one.endpoint("userinfo_endpoint") == f"{issuer.url}/userinfo"
        assert issuer.requests()[DOCUMENT] == 2
        clock.now += FAILURE_PAUSE
        await one.jwks_uri()
        assert issuer.requests()[DOCUMENT] == 3


@pytest.mark.parametrize(
    ("fault", "error", "pause"),
    [("discovery_500", ProviderUnavailable, FAILURE_PAUSE), ("discovery_429_later", ProviderBusy, 7.0)],
)
async def test_without_any_the_failure_is_shared(
    issuer: Issuer, fault: str, error: type[Exception], pause: float
) -> None:
    """For a moment, or for as long as the provider says; then it is well again."""
    clock = Clock()
    issuer.set(fault=fault)
    async with metadata(issuer, clock) as one:
        for _ in range(5):
            with pytest.raises(error):
                await one.endpoint("userinfo_endpoint")
        assert issuer.requests()[DOCUMENT] == 1
        issuer.set(fault=[])
        clock.now += pause
        assert await one.endpoint("userinfo_endpoint") == f"{issuer.url}/userinfo"


async def test_a_new_one_goes_on_where_the_one_before_left_off(issuer: Issuer) -> None:
    """A reload asks for nothing that is fresh."""
    clock = Clock()
    async with metadata(issuer, clock) as before, metadata(issuer, clock) as after:
        await before.jwks_uri()
        after.adopt(before)
        await after.jwks_uri()
    assert issuer.requests() == {DOCUMENT: 1}
