"""The demo's provider and shop on real sockets, without a bridge, and a stand-in for its callback."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from joserfc.jwk import KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.demo.keys import new_keys
from bridge.demo.listening import listen, port_of, serving
from bridge.demo.provider import provider_app
from bridge.demo.shop import Callback, shop_app

KEYS: KeySet = new_keys()
"""One key for all tests: making it is the slow part."""
HEADER_TOKEN = "a-header-token-of-the-tests"


@dataclass
class Posted:
    """What the stand-in callback was asked, and what it answers."""

    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answer: dict[str, object] = field(default_factory=lambda: {"status": True, "data": {"name": "<b>An</b>"}})

    def app(self) -> Starlette:
        """It as an application."""

        async def take(request: Request) -> Response:
            self.requests.append((dict(request.headers), await request.body()))
            return JSONResponse(self.answer)

        return Starlette(routes=[Route("/", take, methods=["POST"])])

    def tokens(self) -> list[object]:
        """The visitors' tokens of all requests."""
        return [json.loads(body)["access_token"] for _, body in self.requests]


@dataclass(frozen=True)
class Pages:
    """Addresses of what runs."""

    issuer: str
    shop: str
    posted: Posted


@contextmanager
def in_a_thread() -> Iterator[Pages]:
    """The same in an event loop of its own, for as many tests as like: starting takes longer than most of them."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    running = pages()
    try:
        yield asyncio.run_coroutine_threadsafe(running.__aenter__(), loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@asynccontextmanager
async def pages() -> AsyncIterator[Pages]:
    """Provider, shop and stand-in callback, each on a free port."""
    provider, shop, callback = listen(0), listen(0), listen(0)
    issuer, shop_url = f"http://127.0.0.1:{port_of(provider)}", f"http://127.0.0.1:{port_of(shop)}"
    posted = Posted()
    settings = Callback(f"http://127.0.0.1:{port_of(callback)}/", HEADER_TOKEN)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serving(provider_app(issuer, KEYS, f"{shop_url}/callback"), provider))
        await stack.enter_async_context(serving(shop_app(shop_url, issuer, settings), shop))
        await stack.enter_async_context(serving(posted.app(), callback))
        yield Pages(issuer, shop_url, posted)
