"""The private port: is the process alive, and may it be sent callbacks?"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from bridge.assemble import Bridge
from bridge.config.model import LogSettings
from bridge.server.access_log import StrangerLog
from bridge.server.app import application
from bridge.server.event_log import EventLog
from bridge.server.reload import ReloadState
from bridge.server.reply import json_answer, send_answer
from bridge.server.request_id import RequestIds

LONGEST_WAIT = 10.0
"""Seconds after which the service is ready even without a word from a provider (CONTRACT.md, "Other endpoints")."""


def admin_app(
    current: Callable[[], Bridge],
    draining: Callable[[], bool],
    *,
    log: EventLog | None = None,
    reload: ReloadState | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Starlette:
    """The application of the private port.

    Args:
        current: What the configuration that answers now became; that it is here means that one is loaded.
        draining: Whether the service is stopping.
        log: Where events go; default: JSON on standard output.
        reload: How reloading went; default: there is none.
        now: Seconds of a clock that never goes back.
    """
    readiness = Readiness(current, draining, now)

    def live(_: Scope) -> tuple[int, dict[str, Any]]:
        return 200, {"status": "alive"}

    def ready(scope: Scope) -> tuple[int, dict[str, Any]]:
        status = readiness.status
        document: dict[str, Any] = {"status": status}
        if b"verbose" in scope["query_string"].split(b"&"):
            document["providers"] = readiness.providers()
            if reload is not None:
                document["configuration"] = _configuration(reload)
        return 200 if status == "ready" else 503, document

    request_ids = RequestIds()
    endpoints = {path: _Endpoint(say, request_ids) for path, say in (("/healthz", live), ("/readyz", ready))}
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

    def __init__(self, current: Callable[[], Bridge], draining: Callable[[], bool], now: Callable[[], float]) -> None:
        self._current = current
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
            states = self._current().provider_states().values()
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
            for name, state in self._current().provider_states().items()
        }


def _configuration(reload: ReloadState) -> dict[str, Any]:
    """Since when it answers, and what came of the last change to its files."""
    last = None
    if reload.last_at is not None:
        last = {"at": _clock(reload.last_at), "ok": reload.last_ok, "problems": reload.problems}
    return {"loaded_at": _clock(reload.loaded_at), "reloads": reload.succeeded, "failed": reload.failed, "last": last}


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


class _Endpoint:
    def __init__(self, say: Callable[[Scope], tuple[int, dict[str, Any]]], request_ids: RequestIds) -> None:
        self._say = say
        self._request_ids = request_ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        await send_answer(send, json_answer(*self._say(scope)), self._request_ids.of(scope["headers"]))
