"""Many random cases from one seed: what failed, exactly, and which case was the slowest.

    FUZZ_SEED=12345 uv run pytest tests/fuzz -s

The same seed draws the same changes in the same order. Keys, and signatures of RSA-PSS and ECDSA, are random in
themselves: what a failure prints has the whole case with it.
"""

import os
import random
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

DEFAULT_SEED = 20261123
"""The short run's: the same everywhere, so that it fails for a change of the code and for nothing else."""

Record = Callable[[str, object], None]


def seed(*, fixed: bool) -> int:
    """``FUZZ_SEED`` where it is set, else the short run's own or a new one."""
    given = os.environ.get("FUZZ_SEED")
    return int(given) if given else DEFAULT_SEED if fixed else secrets.randbits(32)


class Campaign:
    """One run.

    Args:
        cases: How many.
        fixed: Whether the seed is always the same.
        record: pytest's ``record_property``.
    """

    def __init__(self, cases: int, record: Record, *, fixed: bool) -> None:
        self.seed = seed(fixed=fixed)
        self.random = random.Random(self.seed)
        self.outcomes: Counter[str] = Counter()
        self._cases = cases
        self._record = record
        self._slowest = (0.0, "", "")

    async def run(
        self, case: Callable[[random.Random], tuple[str, Any]], judge: Callable[[Any], Awaitable[str]]
    ) -> None:
        """Draws and judges every case.

        Args:
            case: Gives a case with its name.
            judge: Gives what came of it in one word; anything that it raises ends the run with the whole case printed.
        """
        for number in range(self._cases):
            name, drawn = case(self.random)
            started = time.perf_counter()
            try:
                outcome = await judge(drawn)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the find
                pytest.fail(f"FUZZ_SEED={self.seed}, case {number}, {name}: {type(error).__name__}: {error}\n{drawn!r}")
            took = time.perf_counter() - started
            if took > self._slowest[0]:
                self._slowest = (took, f"case {number}, {name}", repr(drawn)[:400])
            self.outcomes[outcome] += 1
        took, name, drawn_text = self._slowest
        self._record("seed", self.seed)
        self._record("slowest", f"{took * 1000:.1f} ms: {name}")
        counts = ", ".join(f"{outcome} {count}" for outcome, count in self.outcomes.most_common())
        print(f"\nseed {self.seed}: {counts}; slowest {took * 1000:.1f} ms: {name}: {drawn_text}")  # noqa: T201 - for -s
