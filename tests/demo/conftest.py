"""Fixtures only: the demo's pages, running once for all tests."""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from tests.demo.running import Pages, in_a_thread


@pytest.fixture(scope="session")
def shared_pages() -> Iterator[Pages]:
    """Provider, shop and stand-in callback."""
    with in_a_thread() as pages:
        yield pages


@pytest.fixture
def running(shared_pages: Pages) -> Pages:
    """The same, with a callback that was asked nothing yet."""
    shared_pages.posted.requests.clear()
    return shared_pages


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client that keeps no cookies of these addresses."""
    async with aiohttp.ClientSession() as session:
        yield session
