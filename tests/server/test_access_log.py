"""Lines about callbacks and about strangers."""

import json
from typing import Any

import pytest

from bridge.config.model import LogSettings
from bridge.errors import (
    BridgeError,
    CallerUnauthorized,
    InternalError,
    NotFound,
    Overloaded,
    ProviderUnavailable,
    TokenExpired,
    TooManyFailedCalls,
)
from bridge.server.access_log import BURST_ENDS, STRANGERS_RATE, AccessLog, StrangerLog
from bridge.server.event_log import EventLog
from bridge.server.metrics import Metrics
from bridge.trace import Meter


class Lines:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.log = EventLog(LogSettings(format="json", level="debug"), write=self._take)
        self.lines: list[dict[str, Any]] = []

    def _take(self, line: bytes) -> None:
        self.lines.append(json.loads(line))


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (TokenExpired("d", hint="h"), "info"),
        (CallerUnauthorized("d", hint="h"), "warning"),
        (ProviderUnavailable("d", hint="h"), "warning"),
        (Overloaded("d", hint="h"), "warning"),
        (InternalError("d", hint="h"), "error"),
    ],
)
def test_a_failure_says_what_and_what_to_do(error: BridgeError, level: str) -> None:
    """Detail and hint; a level by whose fault it is."""
    kept = Lines()
    AccessLog(kept.log, "shop", "email").failure("r1", error, status=401, seconds=0.0015, token="f" * 12, meter=Meter())
    [line] = kept.lines
    del line["time"]
    assert line == {
        "level": level, "event": "callback", "request_id": "r1", "callback": "shop", "code": error.code,
        "identity_method": "email", "status": 401, "milliseconds": 1.5, "provider_milliseconds": 0.0, "cached": False,
        "token": "f" * 12, "detail": "d", "hint": "h",
    }  # fmt: skip


def test_a_line_says_who_was_waited_for() -> None:
    """The provider, the endpoints that were asked and the milliseconds there, in success and failure alike."""
    kept, meter = Lines(), Meter()
    meter.waited("jwks", 0.25)
    meter.waited("userinfo", 0.5)
    log, error = AccessLog(kept.log, "shop", "id"), TokenExpired()
    error.provider, error.cached = "keycloak", True
    log.success("r1", provider="keycloak", status=200, seconds=1.0, cached=False, token="f", meter=meter)
    log.failure("r2", error, status=401, seconds=1.0, meter=meter)
    for line, cached in zip(kept.lines, (False, True), strict=True):
        assert (line["provider"], line["asked"], line["identity_method"]) == ("keycloak", ["jwks", "userinfo"], "id")
        assert (line["provider_milliseconds"], line["cached"]) == (750.0, cached)


def test_strangers_do_not_fill_the_disk() -> None:
    """So many lines a second; the next line says how many were not written."""
    kept, metrics, now = Lines(), Metrics(), 0.0
    strangers = StrangerLog(kept.log, metrics, now=lambda: now)
    for _ in range(1000):
        strangers.refused(NotFound("nothing there", hint="elsewhere"), "r1")
    assert len(kept.lines) == STRANGERS_RATE
    now = 1.0
    strangers.refused(NotFound(), "r2")
    assert kept.lines[-1]["unwritten"] == 1000 - STRANGERS_RATE
    assert metrics.strangers == {"not_found": 1001}


def test_a_burst_of_guesses_is_one_warning() -> None:
    """The first call beyond limits.failed_callers, also where lines are being saved; the next after a quiet minute."""
    kept, now = Lines(), 0.0
    strangers = StrangerLog(kept.log, Metrics(), now=lambda: now)
    for _ in range(100):
        strangers.refused(NotFound(), "r1")
    for moment in (0.0, 30.0, 89.0, 89.0 + BURST_ENDS + 1):
        now = moment
        strangers.refused(TooManyFailedCalls(), "r2", "192.0.2.1")
    guesses = [line for line in kept.lines if line["code"] == "too_many_failed_calls"]
    assert [line["level"] for line in guesses] == ["warning", "info", "info", "warning"]
    assert {line["peer"] for line in guesses} == {"192.0.2.1"}
