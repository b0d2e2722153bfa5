"""What tests need of other people's and is made once for all runs: in a folder outside of the repository."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "idp-bridge"


def made_once(name: str, make: Callable[[Path], Path]) -> Path:
    """The folder of this name in ``CACHE``.

    Args:
        name: Says what is in it, its version included.
        make: Makes it where there is none yet. Gets an empty folder to work in, which is removed, and gives the folder
            below it that is to stay.
    """
    there = CACHE / name
    if not there.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            fresh = make(Path(scratch))
            try:
                fresh.rename(there)  # at once, so that another run never sees half of it
            except OSError:
                if not there.exists():  # else that other run was faster
                    raise
    return there
