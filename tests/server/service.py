"""The service on real sockets, in a thread of its own, before a stand-in for providers and mapping."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import uvloop

from bridge.access_token import AccessToken
from bridge.answer_cache import AnswerCache
from bridge.assemble import Bridge
from bridge.authentication import Authenticated, Authentication
from bridge.chat_user import ChatUser
from bridge.config.cache_settings import CacheSettings
from bridge.config.model import (
    AdminSettings,
    Callback,
    LimitSettings,
    LogSettings,
    Model,
    ServerSettings,
)
from bridge.contract.settings import CallbackSettings
from bridge.errors import TokenExpired
from bridge.oidc.provider import ProviderState
from bridge.provenance import Provenance
from bridge.server.event_log import EventLog
from bridge.server.run import serve
from bridge.trace import SILENT, Trace
from tests.server.wire import PATIENCE, Answer, Wire

SECRET = "wq7Vt2-the-secret-of-these-tests"
USER = ChatUser(id="u1", name="Nguyễn Văn A", email="a@shop.example")
PROVENANCE = Provenance(issuer="https://login.shop.example", subject="s1", client="web-shop", issued_at=1e9)
PLANTED = "planted-in-an-exception"


class StandInAuthentication(Authentication):
    """Answers by the token's text alone.

    Attributes:
        begun: Released for each token whose answer is waited for.
        go_on: Lets those that wait go on.
    """

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Event()

    async def authenticate(self, token: AccessToken, trace: Trace = SILENT) -> Authenticated:
        """``good``, ``expired``, ``defect``, or ``waits``."""
        assert not trace.recording, "a recording trace goes past the cache"
        if token.text == "expired":
            raise TokenExpired("exp was an hour ago", hint="Is the clock right?")
        if token.text == "defect":
            raise RuntimeError(PLANTED + token.text)
        if token.text == "waits":
            self.begun.release()
            await asyncio.to_thread(self.go_on.wait)
        return Authenticated(USER, "keycloak", cached=token.text == "good", provenance=PROVENANCE)


class StandInBridge(Bridge):
    """Providers whose first fetch ends when the test says so."""

    def __init__(self) -> None:
        self.standing_in = StandInAuthentication()
        self.authentications = {"default": self.standing_in, "staff": self.standing_in}
        self.cache = AnswerCache(max_entries=1, max_bytes=1, max_age=1, refused_age=1, now=time.time)
        self.shared = None
        self.state = ProviderState(first_fetch_ended=True, keys=2, age=1.0, failure="")

    def provider_states(self) -> Mapping[str, ProviderState]:
        """One provider."""
        return {"keycloak": self.state}

    async def first_fetches(self) -> None:
        """Ended."""


def model(
    *,
    limits: Mapping[str, Any] | None = None,
    server: Mapping[str, Any] | None = None,
    capture: int = 0,
    **default: Any,
) -> Model:
    """Two callbacks, ``default`` at / and ``staff`` at /staff; further arguments are settings of the first."""
    given = {
        "default": {"header_token": SECRET, "domains": {"allow": ["shop.example"]}, **default},
        "staff": {"header_token": SECRET + "-staff", "path": "/staff"},
    }
    return Model(
        callbacks=tuple(
            Callback(name, CallbackSettings.model_validate(settings), ("keycloak",), {}, {}, b"decides")
            for name, settings in given.items()
        ),
        providers={},
        server=ServerSettings.model_validate({"host": "127.0.0.1", "port": 0, **(server or {})}),
        admin=AdminSettings(port=0, capture=capture),
        log=LogSettings(level="debug"),
        limits=LimitSettings.model_validate({"failed_callers": "1000/s", **(limits or {})}),
        cache=CacheSettings(),
    )


@dataclass
class Service:
    """A running service.

    Attributes:
        bridge: What stands in for providers and mapping.
        port: The public port.
        admin_port: The private port.
        log: Every byte that it has logged.
    """

    bridge: StandInBridge = field(default_factory=StandInBridge)
    port: int = 0
    admin_port: int = 0
    log: bytearray = field(default_factory=bytearray)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The log, parsed."""
        return [json.loads(line) for line in bytes(self.log).splitlines()]

    def events(self, event: str, **members: Any) -> list[dict[str, Any]]:
        """The log's lines of one event that have these members."""
        return [line for line in self.lines if {**line, "event": event, **members} == line]

    def event(self, event: str, **members: Any) -> dict[str, Any]:
        """The one line of an event that has these members; waits for it, for lines go out behind the answers."""
        until = time.monotonic() + PATIENCE
        while not (found := self.events(event, **members)) and time.monotonic() < until:
            time.sleep(0.001)
        [line] = found
        return line

    def wire(self) -> Wire:
        """A connection to the public port."""
        return Wire(self.port)

    def post(self, token: str, **headers: Any) -> Answer:
        """One good callback with its own connection."""
        with self.wire() as wire:
            return wire.send(callback(token, **headers)).answer()

    def ask_admin(self, path: str, method: str = "GET") -> Answer:
        """One request to the private port."""
        with Wire(self.admin_port) as wire:
            return wire.send(f"{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()).answer(to=method)

    def begin_stopping(self) -> None:
        """Tells it to stop and does not wait."""
        self._stop.set()

    def wait(self) -> None:
        """Waits until it has stopped."""
        assert self._thread is not None
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def run(self, settings: Model) -> None:
        """Starts it and waits until it listens."""
        ready = threading.Event()

        def listening(url: str, admin_url: str) -> None:
            self.port, self.admin_port = (int(address.rsplit(":", 1)[1]) for address in (url, admin_url))
            ready.set()

        async def main() -> None:
            stop = asyncio.Event()
            watching = asyncio.create_task(self._pass_on(stop))
            log = EventLog(settings.log, write=self.log.extend)
            await serve(settings, ready=listening, stop=stop, log=log, assemble=self._entered)
            await watching

        self._thread = threading.Thread(target=uvloop.run, args=[main()])
        self._thread.start()
        assert ready.wait(PATIENCE)

    @contextlib.asynccontextmanager
    async def _entered(self, model: Model, *, before: Bridge | None = None) -> AsyncIterator[Bridge]:  # noqa: ARG002
        yield self.bridge

    async def _pass_on(self, stop: asyncio.Event) -> None:
        await asyncio.to_thread(self._stop.wait)
        stop.set()


@contextlib.contextmanager
def running(settings: Model | None = None) -> Iterator[Service]:
    """A service that ends with the context."""
    service = Service()
    service.run(settings or model())
    try:
        yield service
    finally:
        service.bridge.standing_in.go_on.set()
        service.begin_stopping()
        service.wait()


def callback(token: str = "good", *, body: bytes | None = None, **headers: str) -> bytes:
    """A callback's bytes; a header is replaced or added by its name with ``_`` for ``-``, and left out if empty."""
    if body is None:
        body = json.dumps({"access_token": token}).encode()
    fields = {
        "host": "bridge.example",
        "authorization": f"{SECRET} Bearer",
        "content-type": "application/json",
        "content-length": str(len(body)),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"POST / HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body
