"""Fixtures of the server's tests."""

from collections.abc import Iterator

import pytest

from tests.server.service import Service, running


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service that the tests of a module share: none may stop it or depend on what another asked."""
    with running() as it:
        yield it
