"""Waiting for what other processes bring about."""

import time
from collections.abc import Callable


def eventually(attempt: Callable[[], object], seconds: float = 15) -> None:
    """Returns as soon as the attempt gives something true; fails when it has not within these seconds."""
    end = time.monotonic() + seconds
    while not attempt():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)
