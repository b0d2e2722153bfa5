"""Ports of the demo."""

import asyncio

import aiohttp
from starlette.applications import Starlette

from bridge.demo.listening import free_or_any, listen, port_of, serving


def test_a_free_port_is_taken_as_asked() -> None:
    """The usual port, where it can be had, on the loopback address only."""
    with listen(0) as first:
        port = port_of(first)
    with listen(port) as second:
        assert second.getsockname() == ("127.0.0.1", port)


def test_a_taken_port_gives_way_to_any_other() -> None:
    """Something else on the usual port does not stop the demo."""
    with listen(0) as first, listen(port_of(first)) as second:
        assert port_of(second) not in {0, port_of(first)}


def test_a_port_for_another_server() -> None:
    """The port itself while it is free, 0 when it is taken."""
    with listen(0) as listener:
        port = port_of(listener)
        assert free_or_any(port) == 0
    assert free_or_any(port) == port


async def test_a_server_ends_with_its_context() -> None:
    """After that nobody listens there."""
    listener = listen(0)
    port = port_of(listener)
    async with (
        serving(Starlette(), listener),
        aiohttp.ClientSession() as client,
        client.get(f"http://127.0.0.1:{port}/") as answer,
    ):
        assert answer.status == 404
    listen(port).close()
    assert listener.fileno() == -1
    assert len(asyncio.all_tasks()) == 1
