"""The whole story on one machine: provider, shop and bridge, started together and stopped together."""

import asyncio
import json
import secrets
import shlex
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from importlib import resources
from typing import Protocol

import aiohttp

from bridge.config.load import load_text
from bridge.config.model import Model
from bridge.demo.browser import sign_in
from bridge.demo.keys import new_keys
from bridge.demo.listening import HOST, free_or_any, listen, port_of, serving
from bridge.demo.provider import provider_app
from bridge.demo.shop import Callback, CallbackAnswer, identify, shop_app
from bridge.demo.visitors import Visitor

CONFIGURATION = "bridge.yaml"
"""Ships beside this module, the same as ``config/bridge.yaml``: that one is the operator's to change."""

PROVIDER_PORT = 18081
SHOP_PORT = 18082
ISSUER = f"http://{HOST}:{PROVIDER_PORT}"
"""The provider's address in the configuration."""

SAME_WISH = 1.0
"""Seconds within which a second signal is the first once more: under ``uv run`` Ctrl-C comes twice."""

HEADER_TOKEN = "CXGENIE_HEADER_TOKEN"  # noqa: S105 -- the variable's name
"""The variable from which the configuration takes the header token."""


class Serve(Protocol):
    """What runs a bridge: the service's own ``serve``. It is handed in, because edges do not import each other."""

    async def __call__(self, model: Model, *, ready: Callable[[str, str], None], stop: asyncio.Event) -> None:
        """Serves until ``stop`` is set; tells ``ready`` the public and the private address."""


@dataclass(frozen=True, slots=True)
class Demo:
    """What is running.

    Attributes:
        issuer: The provider's address.
        shop: The shop's address.
        callback: What CX Genie would call, with the header token made for this run.
        admin: The address of the bridge's private port.
        notes: Sentences on what is not where it usually is.
        stopped: Set by Ctrl-C and SIGTERM, or when the bridge has ended.
    """

    issuer: str
    shop: str
    callback: Callback
    admin: str
    notes: tuple[str, ...]
    stopped: asyncio.Event

    async def token(self, visitor: Visitor) -> str:
        """A fresh token of a visitor, by the real authorization-code flow through the shop.

        Raises:
            SignInBroken, aiohttp.ClientError, TimeoutError: The flow did not lead to one.
        """
        return await sign_in(self.shop, visitor.key)

    async def identify(self, token: str) -> CallbackAnswer:
        """What the bridge answers CX Genie.

        Raises:
            aiohttp.ClientError, TimeoutError: It cannot be reached.
        """
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            return await identify(session, self.callback, token)

    def curl(self, token: str) -> str:
        """CX Genie's request as a command to paste (CONTRACT.md, "The request")."""
        headers = (f"  -H {shlex.quote(f'{name}: {value}')}" for name, value in self.callback.headers.items())
        body = shlex.quote(json.dumps({"access_token": token}))
        return " \\\n".join((f"curl -sS {shlex.quote(self.callback.url)}", *headers, f"  -d {body}"))


@asynccontextmanager
async def running(serve: Serve, *, port: int | None = None) -> AsyncIterator[Demo]:
    """The demo, ready; on leaving, all of it has stopped and its ports are free.

    Args:
        serve: Runs the bridge.
        port: The bridge's port; 0 for any free one. By default the configuration's, or a free one if that is taken.

    Raises:
        Exception: Whatever ``serve`` raises where it cannot start, such as a ``port`` that is taken.
    """
    async with AsyncExitStack() as stack:
        stopped = stack.enter_context(_stop_by_signal())
        provider, shop = (stack.enter_context(listen(usual)) for usual in (PROVIDER_PORT, SHOP_PORT))
        issuer, shop_url = (f"http://{HOST}:{port_of(listener)}" for listener in (provider, shop))
        header_token = secrets.token_hex(24)
        usual_model = configuration(issuer, header_token)

        await stack.enter_async_context(serving(provider_app(issuer, new_keys(), f"{shop_url}/callback"), provider))
        model = on_free_ports(usual_model, port)  # looked for at the last moment, before somebody else has them
        bridge, admin = await stack.enter_async_context(_bridge(serve, model, stopped))
        callback = Callback(bridge + model.callbacks[0].settings.path, header_token)
        await stack.enter_async_context(serving(shop_app(shop_url, issuer, callback), shop))

        wanted = usual_model.server.port if port is None else port
        places = (
            ("identity provider", PROVIDER_PORT, issuer),
            ("shop", SHOP_PORT, shop_url),
            ("bridge", wanted, bridge),
            ("bridge's private port", usual_model.admin.port, admin),
        )
        notes = (
            f"Port {usual} is taken; the {what} is at {address} this time."
            for what, usual, address in places
            if usual and not address.endswith(f":{usual}")
        )
        yield Demo(issuer, shop_url, callback, admin, tuple(notes), stopped)


def configuration(issuer: str, header_token: str) -> Model:
    """The shipped configuration, with the provider where it really is and a header token made for the run.

    The header token is handed over as the variable that the file names, so that nothing touches the environment.
    """
    written = resources.files(__package__).joinpath(CONFIGURATION).read_text("utf-8").replace(ISSUER, issuer)
    return load_text(written, file=CONFIGURATION, environment={HEADER_TOKEN: header_token}).model


def on_free_ports(model: Model, port: int | None) -> Model:
    """The same configuration on loopback addresses, on its own ports or, where those are taken, on any free ones.

    Args:
        model: The configuration.
        port: The bridge's port, if somebody chose one: that one it must be.
    """
    public = free_or_any(model.server.port) if port is None else port
    return replace(
        model,
        server=model.server.model_copy(update={"host": HOST, "port": public}),
        admin=model.admin.model_copy(update={"host": HOST, "port": free_or_any(model.admin.port)}),
    )


@asynccontextmanager
async def _bridge(serve: Serve, model: Model, stopped: asyncio.Event) -> AsyncIterator[tuple[str, str]]:
    """A running bridge's public and private address; it ends with the context, or with ``stopped`` before that."""
    addresses: asyncio.Future[tuple[str, str]] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(model, ready=lambda *both: addresses.set_result(both), stop=stopped))
    task.add_done_callback(lambda _: stopped.set())
    try:
        await asyncio.wait((task, addresses), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task  # it did not start, and says why
        yield await addresses
    finally:
        stopped.set()
        await task


@contextmanager
def _stop_by_signal() -> Iterator[asyncio.Event]:
    """An event that the first SIGINT or SIGTERM sets; one that comes more than ``SAME_WISH`` later ends the process."""
    loop, stopped, signals = asyncio.get_running_loop(), asyncio.Event(), (signal.SIGINT, signal.SIGTERM)

    def told() -> None:
        if not stopped.is_set():
            stopped.set()
            loop.call_later(SAME_WISH, release)

    def release() -> None:
        for number in signals:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    for number in signals:
        loop.add_signal_handler(number, told)
    try:
        yield stopped
    finally:
        release()
