"""One line for each callback, and at most a few a second about everybody else.

A line never holds a token, a secret, a name, an address or a number of a visitor: the token appears as its fingerprint.
"""

import logging
import time
from collections.abc import Callable

from bridge.errors import BridgeError
from bridge.server.event_log import EventLog
from bridge.server.limits import TokenBucket

STRANGERS_RATE = 10.0
"""Lines per second about requests that carry no right header token: whoever floods us must not fill the disk."""

# What an operator should look at without being asked; a visitor whose token has expired is everyday life.
_LEVELS = {
    "internal_error": logging.ERROR,
    "overloaded": logging.WARNING,
    "provider_busy": logging.WARNING,
    "provider_unavailable": logging.WARNING,
    "caller_unauthorized": logging.WARNING,
}


class AccessLog:
    """The lines of one callback."""

    def __init__(self, log: EventLog, callback: str) -> None:
        self._log = log
        self._callback = callback

    def success(self, request_id: str, *, provider: str, status: int, seconds: float, cached: bool, token: str) -> None:
        """A chat user went out. ``token`` is its fingerprint."""
        self._log.write(
            logging.INFO,
            "callback",
            request_id=request_id,
            callback=self._callback,
            provider=provider,
            code="ok",
            status=status,
            milliseconds=round(seconds * 1000, 2),
            cached=cached,
            token=token,
        )

    def failure(self, request_id: str, error: BridgeError, *, status: int, seconds: float, token: str = "") -> None:
        """A failure went out; its detail and hint stay here."""
        self._log.write(
            _LEVELS.get(error.code, logging.INFO),
            "callback",
            request_id=request_id,
            callback=self._callback,
            code=error.code,
            status=status,
            milliseconds=round(seconds * 1000, 2),
            **{name: text for name, text in (("token", token), ("detail", error.detail), ("hint", error.hint)) if text},
        )


class StrangerLog:
    """The lines about requests that are refused before a callback's settings may decide: 400, 404, 405, 429, 431.

    They are counted and mostly not written when there are many. Neither path nor header is quoted: either may hold a
    secret that somebody put into the wrong place.
    """

    def __init__(self, log: EventLog, *, now: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._bucket = TokenBucket(STRANGERS_RATE, now=now)
        self._unwritten = 0

    def refused(self, error: BridgeError, request_id: str) -> None:
        """Writes a line, or counts it for the next."""
        if not self._bucket.take():
            self._unwritten += 1
            return
        self._log.write(
            logging.INFO,
            "refused",
            request_id=request_id,
            code=error.code,
            **({"detail": error.detail} if error.detail else {}),
            **({"hint": error.hint} if error.hint else {}),
            **({"unwritten": self._unwritten} if self._unwritten else {}),
        )
        self._unwritten = 0
