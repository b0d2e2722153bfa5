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
)
from bridge.server.access_log import STRANGERS_RATE, AccessLog, StrangerLog
from bridge.server.event_log import EventLog


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
    AccessLog(kept.log, "shop").failure("r1", error, status=401, seconds=0.0015, token="f" * 12)
    [line] = kept.lines
    del line["time"]
    assert line == {
        "level": level, "event": "callback", "request_id": "r1", "callback": "shop", "code": error.code, "status": 401,
        "milliseconds": 1.5, "token": "f" * 12, "detail": "d", "hint": "h",
    }  # fmt: skip


def test_strangers_do_not_fill_the_disk() -> None:
    """So many lines a second; the next line says how many were not written."""
    kept, now = Lines(), 0.0
    strangers = StrangerLog(kept.log, now=lambda: now)
    for _ in range(1000):
        strangers.refused(NotFound("nothing there", hint="elsewhere"), "r1")
    assert len(kept.lines) == STRANGERS_RATE
    now = 1.0
    strangers.refused(NotFound(), "r2")
    assert kept.lines[-1]["unwritten"] == 1000 - STRANGERS_RATE
