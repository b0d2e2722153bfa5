"""What is said where an optional dependency is not installed."""

import subprocess
import sys


def printed_without(module: str, program: str) -> list[str]:
    """The lines that a program prints in a process of its own that cannot import this module."""
    hidden = f"import sys; sys.modules[{module!r}] = None\n"
    command = [sys.executable, "-c", hidden + program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
