"""The private port: is the process alive, and may it be sent callbacks?"""

import time
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from bridge.assemble import Bridge
from bridge.config.model import LogSettings
from bridge.server.access_log import StrangerLog
from bridge.server.app import application
from bridge.server.capture import Capture
from bridge.server.event_log import EventLog
from bridge.server.reply import json_answer, send_answer
from bridge.server.request_id import RequestIds

LONGEST_WAIT = 10.0
"""Seconds after which the service is ready even without a word from a provider (CONTRACT.md, "Other endpoints")."""


def admin_app(
    bridge: Bridge,
    draining: Callable[[], bool],
    *,
    log: EventLog | None = None,
    capture: Capture | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Starlette:
    """The application of the private port.

    Args:
        bridge: What the configuration became; that it is here means that the configuration is loaded.
        draining: Whether the service is stopping.
        log: Where events go; default: JSON on standard output.
        capture: The last requests; default: none are kept.
        now: Seconds of a clock that never goes back.
    """
    readiness = Readiness(bridge, draining, now)

    def live(_: Scope) -> tuple[int, dict[str, Any]]:
        return 200, {"status": "alive"}

    def ready(scope: Scope) -> tuple[int, dict[str, Any]]:
        status = readiness.status
        document: dict[str, Any] = {"status": status}
        if b"verbose" in scope["query_string"].split(b"&"):
            document["providers"] = readiness.providers()
        return 200 if status == "ready" else 503, document

    request_ids = RequestIds()
    said: dict[str, Callable[[Scope], tuple[int, dict[str, Any]]]] = {"/healthz": live, "/readyz": ready}
    if capture is not None:
        said["/capture"] = lambda _: (200, {"requests": list(capture.kept)})
    endpoints = {path: _Endpoint(say, request_ids) for path, say in said.items()}
    return application(
        {path: {"GET": endpoint, "HEAD": endpoint} for path, endpoint in endpoints.items()},
        f"This port answers GET {', GET '.join(endpoints)}.",
        request_ids,
        StrangerLog(log or EventLog(LogSettings())),
    )


class Readiness:
    """Whether callbacks may come: from when each provider was asked once, well or ill, until the service stops.

    It does not go back when a provider fails: one provider's outage would take all replicas out at once.
    """

    def __init__(self, bridge: Bridge, draining: Callable[[], bool], now: Callable[[], float]) -> None:
        self._bridge = bridge
        self._draining = draining
        self._now = now
        self._latest = now() + LONGEST_WAIT
        self._ready = False

    @property
    def status(self) -> str:
        """``starting``, ``ready`` or ``draining``."""
        if self._draining():
            return "draining"
        if not self._ready:
            states = self._bridge.provider_states().values()
            self._ready = all(state.first_fetch_ended for state in states) or self._now() >= self._latest
        return "ready" if self._ready else "starting"

    def providers(self) -> dict[str, dict[str, Any]]:
        """How each provider's keys stand: nothing that a stranger on this port could use."""
        return {
            name: {
                "first_fetch_ended": state.first_fetch_ended,
                "keys": state.keys,
                "age_seconds": None if state.age is None else round(state.age, 1),
                "failure": state.failure,
            }
            for name, state in self._bridge.provider_states().items()
        }


class _Endpoint:
    def __init__(self, say: Callable[[Scope], tuple[int, dict[str, Any]]], request_ids: RequestIds) -> None:
        self._say = say
        self._request_ids = request_ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        await send_answer(send, json_answer(*self._say(scope)), self._request_ids.of(scope["headers"]))
