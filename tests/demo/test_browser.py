"""The demo's stand-in for a visitor's browser."""

import pytest

from bridge.demo.browser import SignInBroken, sign_in
from tests.demo.running import Pages


async def test_signing_in_gives_the_token_on_the_page(running: Pages) -> None:
    """Each sign-in has its own."""
    first, second = await sign_in(running.shop, "an"), await sign_in(running.shop, "an")
    assert first.count(".") == second.count(".") == 2
    assert first != second


async def test_a_flow_that_ends_elsewhere_is_an_error(running: Pages) -> None:
    """Nobody of that name: the sign-in page comes again, and there is no token on it."""
    with pytest.raises(SignInBroken, match="at /authorize with 200"):
        await sign_in(running.shop, "nobody")
