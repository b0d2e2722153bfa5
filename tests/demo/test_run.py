"""The whole story: provider, shop and bridge together."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from bridge.config.model import Model
from bridge.demo import run as module
from bridge.demo.run import CONFIGURATION, ISSUER, configuration, on_free_ports, running
from bridge.demo.visitors import VISITORS
from bridge.server.run import serve

pytestmark = pytest.mark.usefixtures("usual_ports")

HEADER_TOKEN = "f" * 24 + "0" * 24


def test_the_demo_runs_the_configuration_that_ships() -> None:
    """config/bridge.yaml works as it is; the copy in the package is the same, letter by letter."""
    copy = Path(module.__file__).with_name(CONFIGURATION)
    assert copy.read_bytes() == (Path(__file__).parents[2] / "config" / "bridge.yaml").read_bytes()


def test_the_provider_can_be_anywhere() -> None:
    """Its real address stands in for the usual one, and nothing of the environment is read or written."""
    model = configuration("http://127.0.0.1:4711", HEADER_TOKEN)
    (provider,) = model.providers.values()
    assert provider.issuer == ("http://127.0.0.1:4711",)
    assert configuration(ISSUER, HEADER_TOKEN).providers["demo"].issuer == (ISSUER,)
    assert model.callbacks[0].settings.header_token[0].get_secret_value() == HEADER_TOKEN


@pytest.mark.parametrize("port", [None, 0, 4711])
def test_only_this_machine_can_reach_it(port: int | None) -> None:
    """Whatever the configuration says: the header token of a demo guards nothing."""
    model = on_free_ports(configuration(ISSUER, HEADER_TOKEN), port)
    assert (model.server.host, model.admin.host) == ("127.0.0.1", "127.0.0.1")
    assert port is None or model.server.port == port


async def test_every_visitor_arrives_at_cx_genie() -> None:
    """Each signs in at the shop by the real flow, and the bridge tells who it is; a guest is nobody."""
    async with running(serve, port=0) as demo:
        for visitor in VISITORS.values():
            answer = await demo.identify(await demo.token(visitor))
            assert (answer.status, answer.data) == (200, visitor.chat_user)
        async with aiohttp.ClientSession() as client, client.get(f"{demo.shop}/chat?user-token=null") as page:
            text = await page.text()
            assert "401 Unauthorized" in text
            assert "token_missing" in text


async def test_what_stops_the_bridge_from_starting_is_told() -> None:
    """The demo does not stand there without it."""

    async def broken(model: Model, *, ready: Callable[[str, str], None], stop: asyncio.Event) -> None:
        raise ConnectionRefusedError("no bridge today")

    with pytest.raises(ConnectionRefusedError, match="no bridge today"):
        async with running(broken, port=0):
            raise AssertionError("not reached")
