"""What logging and counting cost a cached callback: the bridge beside itself with neither, in the same rounds.

    uv run python -m benchmarks.observability [--rounds 9] [--requests 8000]

Both take 200 tokens over and over, which are answered from the cache, so that there is as little else to pay for as
there can be. The log goes into a pipe that somebody reads, as in a container. CPU time is the server process's own;
both run all the while and are driven in turns, and the share is the median over the rounds. The goal is under 15 %.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.callback import (
    CONFIGURATION,
    CONNECTIONS,
    HEADER_TOKEN,
    HERE,
    HOT,
    ISSUER,
    cpu_seconds,
    free_port,
    mint,
    pin,
    running,
)
from bridge.config.load import load
from bridge.server.access_log import AccessLog
from bridge.server.counts import CallbackCounts
from bridge.server.reload import Source
from bridge.server.run import run

KINDS = ("with", "without")


def serve(file: str, kind: str) -> None:
    """Runs a bridge in this process; ``without`` takes out what is measured."""
    if kind == "without":
        for owner in (AccessLog, CallbackCounts):
            owner.success = _nothing  # type: ignore[method-assign]  # there is no setting to be without them
    loaded = load(file, environment=os.environ)
    run(Source(loaded, lambda: loaded))


def _nothing(*_: object, **__: object) -> None:
    pass


@contextlib.contextmanager
def started(folder: Path, kind: str, core: int | None) -> Iterator[tuple[int, int]]:
    """A bridge whose log is read; yields its process id and its port."""
    port, admin_port = free_port(), free_port()
    file = folder / f"{kind}.yaml"
    file.write_text(
        CONFIGURATION.format(
            port=port, admin_port=admin_port, issuer=ISSUER, audience="chat", jwks=folder / "jwks.json"
        )
    )
    command = [sys.executable, "-m", "benchmarks.observability", "--serve", str(file), kind]
    with running(command, port, core, log=subprocess.PIPE) as pid:
        yield pid, port


def measure(folder: Path, running_bridge: tuple[int, int], requests: int, core: int | None) -> float:
    """Seconds of CPU for one cached callback, measured over so many."""
    pid, port = running_bridge
    before = cpu_seconds(pid)
    drive(folder, port, requests, core)
    return (cpu_seconds(pid) - before) / requests


def drive(folder: Path, port: int, requests: int, core: int | None) -> None:
    """Posts the hot tokens and checks every answer."""
    command = [sys.executable, str(HERE / "load.py"), str(port), str(CONNECTIONS), str(requests)]
    load_process = subprocess.Popen([*command, str(folder / "bridge.repeated")], stdout=subprocess.PIPE)
    pin(load_process.pid, core)
    load_process.communicate()
    if load_process.returncode:
        sys.exit("the load found a wrong answer; see above")


def main() -> None:
    """Runs the rounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=8_000)
    parser.add_argument("--serve", nargs=2, metavar=("FILE", "KIND"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(*arguments.serve)
        return
    os.environ["HEADER_TOKEN"] = HEADER_TOKEN
    available = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    cores: list[int | None] = [*available[:2]] if len(available) > 1 else [None, None]
    rounds: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        mint(folder, HOT)
        bridges = {kind: stack.enter_context(started(folder, kind, cores[0])) for kind in KINDS}
        for _, port in bridges.values():
            drive(folder, port, HOT, cores[1])  # fills the cache
        for number in range(arguments.rounds):
            order = KINDS if number % 2 else KINDS[::-1]
            rounds.append({kind: measure(folder, bridges[kind], arguments.requests, cores[1]) for kind in order})
            print(", ".join(f"{kind} {rounds[-1][kind] * 1e6:.0f} us" for kind in KINDS), flush=True)
    shares = sorted(1 - each["without"] / each["with"] for each in rounds)
    between = f"{shares[0]:.1%} to {shares[-1]:.1%}"
    print(f"share of a cached callback's CPU: median {median(shares):.1%} ({between}); the goal is under 15 %")


if __name__ == "__main__":
    main()
