"""What is counted on the way of a callback: plain numbers, because each callback pays for them."""

import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from bridge.errors import BridgeError, CallerError, TokenError, TokenMissing, VisitorError

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the buckets, in seconds: a cached callback takes tenths of a millisecond, a deadline is 4 s."""

BODY_FIELDS = ("user_id", "email")
"""What a body may say of the visitor beside the token, and is compared with it (CONTRACT.md, "The request")."""

IDENTIFIED, GUEST, REFUSED, CALLER, FAILED = "identified", "guest", "refused", "caller", "failed"
"""What a callback came to: a chat user, nobody, a refusal for cause, a bad request, or a fault on our side."""


def outcome_of(error: BridgeError) -> str:
    """Whose business a failure is, so that guests and forgers do not spoil the measure of our own service."""
    if isinstance(error, TokenMissing):
        return GUEST
    if isinstance(error, TokenError | VisitorError):
        return REFUSED
    return CALLER if isinstance(error, CallerError) else FAILED


class Timings:
    """How long something took, in buckets."""

    __slots__ = ("_counts", "_seconds")

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self._seconds = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        self._counts[bisect_left(BOUNDS, seconds)] += 1
        self._seconds += seconds

    @property
    def seconds(self) -> float:
        """All of them together."""
        return self._seconds

    def buckets(self) -> Iterator[tuple[str, int]]:
        """Upper bounds and counts as Prometheus has them: each holds those below it too."""
        return zip((*map(str, BOUNDS), "+Inf"), accumulate(self._counts), strict=True)


class CallbackCounts:
    """What the answers of one callback came to.

    Args:
        providers: Whose tokens it takes: their successes are shown from the first scrape on, so that rates begin at 0.
    """

    def __init__(self, providers: Iterable[str]) -> None:
        self.answers: dict[tuple[str, str, str], int] = defaultdict(int)
        self.absent: dict[tuple[str, str], int] = defaultdict(int)
        self.contradictions = dict.fromkeys(BODY_FIELDS, 0)
        self.seconds: dict[str, Timings] = defaultdict(Timings)
        self._identified = self.seconds[IDENTIFIED]
        for provider in providers:
            self.answers[provider, "ok", IDENTIFIED] = 0

    def success(self, provider: str, seconds: float, absent: Iterable[str] = ()) -> None:
        """A chat user went out, for the first time without these fields."""
        self.answers[provider, "ok", IDENTIFIED] += 1
        self._identified.add(seconds)
        for name in absent:
            self.absent[provider, name] += 1

    def failure(self, error: BridgeError, seconds: float) -> None:
        """A failure went out."""
        outcome = outcome_of(error)
        self.answers[error.provider, error.code, outcome] += 1
        self.seconds[outcome].add(seconds)


@dataclass(slots=True)
class ReloadState:
    """How reloading went so far, for metrics and ``/readyz?verbose``.

    Attributes:
        succeeded: Configurations that were put in place of the one before.
        failed: Those that could not be used.
        loaded_at: Since when the present one answers, in seconds since the epoch.
        last_at: When a change was last looked at, likewise; ``None`` before the first.
        last_ok: Whether what the files hold is what answers.
        problems: Why not: each with its place, and without any secret.
    """

    succeeded: int = 0
    failed: int = 0
    loaded_at: float = field(default_factory=time.time)
    last_at: float | None = None
    last_ok: bool = True
    problems: tuple[str, ...] = field(default=())
