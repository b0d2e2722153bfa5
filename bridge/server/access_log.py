"""One line for each callback, and at most a few a second about everybody else.

A line never holds a token, a secret, a name, an address or a number of a visitor: the token appears as its fingerprint.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from bridge.errors import BridgeError, TooManyFailedCalls
from bridge.server.event_log import EventLog
from bridge.server.limits import TokenBucket
from bridge.server.metrics import Metrics
from bridge.trace import Meter

STRANGERS_RATE = 10.0
"""Lines per second about requests that carry no right header token: whoever floods us must not fill the disk."""

BURST_ENDS = 60.0
"""Seconds without one after which the next call beyond ``limits.failed_callers`` is worth a warning again."""

# What an operator should look at without being asked; a visitor whose token has expired is everyday life.
_LEVELS = {
    "internal_error": logging.ERROR,
    "overloaded": logging.WARNING,
    "provider_busy": logging.WARNING,
    "provider_unavailable": logging.WARNING,
    "caller_unauthorized": logging.WARNING,
}


class AccessLog:
    """The lines of one callback.

    Args:
        log: Where they go.
        callback: The callback's name.
        identity_method: What its chat users are told apart by.
    """

    def __init__(self, log: EventLog, callback: str, identity_method: str) -> None:
        self._log = log
        self._callback = callback
        self._identity_method = identity_method

    def success(
        self,
        request_id: str,
        *,
        provider: str,
        status: int,
        seconds: float,
        cached: bool,
        token: str,
        meter: Meter,
        absent: tuple[str, ...] = (),
    ) -> None:
        """A chat user went out.

        Args:
            request_id: The request's name.
            provider: Whose token it was.
            status: The answer's.
            seconds: From head to answer.
            cached: Whether it was worked out before.
            token: The token's fingerprint.
            meter: How long providers were waited for.
            absent: The fields that the mapping could not give, where it was worked out just now.
        """
        self._log.write(
            logging.INFO,
            "callback",
            request_id=request_id,
            callback=self._callback,
            provider=provider,
            code="ok",
            identity_method=self._identity_method,
            status=status,
            milliseconds=round(seconds * 1000, 2),
            provider_milliseconds=round(meter.seconds * 1000, 2),
            **({"asked": meter.asked} if meter.asked else {}),
            cached=cached,
            **({"absent": absent} if absent else {}),
            token=token,
        )

    def failure(
        self,
        request_id: str,
        error: BridgeError,
        *,
        status: int,
        seconds: float,
        token: str = "",
        meter: Meter | None = None,
        peer: str = "",
    ) -> None:
        """A failure went out; its detail and hint stay here.

        Args:
            request_id: The request's name.
            error: Why.
            status: The answer's.
            seconds: From head to answer.
            token: The token's fingerprint, where one was read.
            meter: How long providers were waited for, where one could have been.
            peer: The address of a caller that lacks the header token: a server's, or an attacker's.
        """
        fields: dict[str, Any] = {"callback": self._callback}
        if error.provider:
            fields["provider"] = error.provider
        fields |= {
            "code": error.code,
            "identity_method": self._identity_method,
            "status": status,
            "milliseconds": round(seconds * 1000, 2),
        }
        if meter is not None:
            fields["provider_milliseconds"] = round(meter.seconds * 1000, 2)
            if meter.asked:
                fields["asked"] = meter.asked
            fields["cached"] = error.cached
        said = {"token": token, "peer": peer, "detail": error.detail, "hint": error.hint}
        fields |= {name: text for name, text in said.items() if text}
        self._log.write(_LEVELS.get(error.code, logging.INFO), "callback", request_id=request_id, **fields)


class StrangerLog:
    """The lines about requests that are refused before a callback's settings may decide.

    By the protocol, by path or method, for want of connections, or beyond ``limits.failed_callers``. They are
    counted and mostly not written when there are many. Neither path nor header is quoted: either may hold a secret that
    somebody put into the wrong place.

    Args:
        log: Where they go.
        metrics: Where they are counted.
        now: Seconds of a clock that never goes back.
    """

    def __init__(self, log: EventLog, metrics: Metrics, *, now: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._counts = metrics.strangers
        self._now = now
        self._burst_at = float("-inf")
        self._bucket = TokenBucket(STRANGERS_RATE, now=now)
        self._unwritten = 0

    def refused(self, error: BridgeError, request_id: str, peer: str = "") -> None:
        """Writes a line, or counts it for the next; the first that guesses a header token is a warning.

        Args:
            error: Why.
            request_id: The request's name.
            peer: As for ``AccessLog.failure``.
        """
        self._counts[error.code] += 1
        level = self._level(error)
        if not self._bucket.take() and level == logging.INFO:
            self._unwritten += 1
            return
        self._log.write(
            level,
            "refused",
            request_id=request_id,
            code=error.code,
            **({"peer": peer} if peer else {}),
            **({"detail": error.detail} if error.detail else {}),
            **({"hint": error.hint} if error.hint else {}),
            **({"unwritten": self._unwritten} if self._unwritten else {}),
        )
        self._unwritten = 0

    def _level(self, error: BridgeError) -> int:
        if not isinstance(error, TooManyFailedCalls):
            return logging.INFO
        begins = self._now() - self._burst_at > BURST_ENDS
        self._burst_at = self._now()
        return logging.WARNING if begins else logging.INFO
