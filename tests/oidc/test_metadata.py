"""bridge/oidc/metadata.py: one look at the document for all who need it, and what serves while there is none."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from bridge.errors import ProviderBusy, ProviderUnavailable
from bridge.oidc.http import HttpClient, open_session
from bridge.oidc.metadata import FAILURE_PAUSE, FreshMetadata
from tests.eventually import eventually
from tests.issuer.process import Issuer

DOCUMENT = "/.well-known/openid-configuration"


class Clock:
    """Seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        """Now."""
        return self.now


@asynccontextmanager
async def metadata(issuer: Issuer, clock: Callable[[], float], *, limit: float = 5.0) -> AsyncIterator[FreshMetadata]:
    """That of one issuer, fresh for ten minutes."""
    async with open_session() as session:
        http = HttpClient(session, provider="shop", timeout=limit)
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


@asynccontextmanager
async def kept_fresh(one: FreshMetadata) -> AsyncIterator[None]:
    """With what renews it behind the callbacks' backs."""
    renewing = asyncio.create_task(one.keep_fresh())
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.wait({renewing})


async def seen(issuer: Issuer, documents: int) -> None:
    """Returns when the document has been asked for so often."""
    await asyncio.to_thread(eventually, lambda: issuer.requests()[DOCUMENT] == documents)


async def test_nobody_waits_for_a_newer_one(issuer: Issuer) -> None:
    """K11: while it hangs, the endpoints of the last one are known at once; one look is under way, and it heals."""
    clock = Clock()
    async with metadata(issuer, clock, limit=3600.0) as one, kept_fresh(one):
        await one.jwks_uri()
        issuer.set(fault="discovery_hang", discovery={"userinfo_endpoint": f"{issuer.url}/moved"})
        clock.now += 600.0
        async with asyncio.timeout(10):
            for _ in range(3):
                assert await one.endpoint("userinfo_endpoint") == f"{issuer.url}/userinfo"
                await seen(issuer, 2)
    assert issuer.requests()[DOCUMENT] == 2
    issuer.set(fault=[])
    async with metadata(issuer, clock) as next_one, kept_fresh(next_one):
        next_one.adopt(one)
        assert await next_one.endpoint("userinfo_endpoint") == f"{issuer.url}/userinfo"
        await next_one.jwks_uri()  # which waits for what is under way
        assert await next_one.endpoint("userinfo_endpoint") == f"{issuer.url}/moved"
    assert issuer.requests()[DOCUMENT] == 3


async def test_the_last_one_serves_while_there_is_none(issuer: Issuer) -> None:
    """K10: an outage moves no endpoint; it is asked for again, but not by every callback."""
    clock = Clock()
    async with metadata(issuer, clock) as one:
        await one.jwks_uri()
        issuer.set(fault="discovery_500")
        clock.now += 600.0
        async with kept_fresh(one):
            for _ in range(5):
                assert await one.endpoint("userinfo_endpoint") == f"{issuer.url}/userinfo"
                await seen(issuer, 2)
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
