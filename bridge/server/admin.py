"""The private port: is the process alive, may it be sent callbacks, and what has it counted?"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from bridge.assemble import Bridge
from bridge.contract.response import Answer
from bridge.server.access_log import StrangerLog
from bridge.server.app import application
from bridge.server.capture import Capture
from bridge.server.counts import ReloadState
from bridge.server.event_log import EventLog
from bridge.server.metrics import Metrics
from bridge.server.reply import json_answer, plain_answer, send_answer
from bridge.server.request_id import RequestIds

LONGEST_WAIT = 10.0
"""Seconds after which the service is ready even without a word from a provider (CONTRACT.md, "Other endpoints")."""


def admin_app(
    readiness: "Readiness",
    metrics: Metrics,
    *,
    log: EventLog,
    reload: ReloadState | None = None,
    capture: Capture | None = None,
) -> Starlette:
    """The application of the private port.

    Args:
        readiness: Whether callbacks may come.
        metrics: What is shown at ``/metrics``.
        log: Where events go.
        reload: How reloading went; default: there is none.
        capture: The last requests; default: none are kept.
    """

    def live(_: Scope) -> Answer:
        return json_answer(200, {"status": "alive"})

    def ready(scope: Scope) -> Answer:
        status = readiness.status
        document: dict[str, Any] = {"status": status}
        if b"verbose" in scope["query_string"].split(b"&"):
            document["providers"] = readiness.providers()
            if reload is not None:
                document["configuration"] = _configuration(reload)
        return json_answer(200 if status == "ready" else 503, document)

    def counted(scope: Scope) -> Answer:
        accept = b",".join(value for name, value in scope["headers"] if name == b"accept")
        body, content_type = metrics.exposition(accept.decode("latin-1"))
        return plain_answer(200, body, content_type.encode("ascii"))

    request_ids = RequestIds()
    paths: dict[str, Callable[[Scope], Answer]] = {"/healthz": live, "/readyz": ready, "/metrics": counted}
    if capture is not None:
        paths["/capture"] = lambda _: json_answer(200, {"requests": list(capture.kept)})
    endpoints = {path: _Endpoint(say, request_ids) for path, say in paths.items()}
    return application(
        {path: {"GET": endpoint, "HEAD": endpoint} for path, endpoint in endpoints.items()},
        f"This port answers GET {', GET '.join(endpoints)}.",
        request_ids,
        StrangerLog(log, metrics),
    )


class Readiness:
    """Whether callbacks may come: from when each provider was asked once, well or ill, until the service stops.

    It does not go back when a provider fails: one provider's outage would take all replicas out at once.

    Args:
        current: What the configuration that answers now became; that it is here means that one is loaded.
        draining: Whether the service is stopping.
        now: Seconds of a clock that never goes back.
    """

    def __init__(
        self, current: Callable[[], Bridge], draining: Callable[[], bool], now: Callable[[], float] = time.monotonic
    ) -> None:
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
    def __init__(self, say: Callable[[Scope], Answer], request_ids: RequestIds) -> None:
        self._say = say
        self._request_ids = request_ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        await send_answer(send, self._say(scope), self._request_ids.of(scope["headers"]))
