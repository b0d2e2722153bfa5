"""What opaque tokens cost: requests at a provider that takes its time, CPU when they are repeated, and memory.

    uv run python -m benchmarks.opaque [--tokens 3000] [--memory 50000] [--latency 20]

A provider on loopback (``userinfo.py``) answers userinfo after ``--latency`` milliseconds; ``requests`` are opened
wide. Four parts, each printed as it is measured:

1. Distinct tokens, each of which is one request, over more and more connections, until the bridge's core is full:
   requests per second as a share of what latency and connections allow. Twice: with the latency as it was asked for,
   and with the latency that whoever asks the provider without a bridge measures. The goal is 90 % of the latter.
2. 10,000 callbacks over 200 tokens: how many requests that was. The goal is 200.
3. CPU of a callback with a repeated opaque token and with a repeated JWT, in turns; the goal is a ratio of 1.
4. Memory while distinct tokens come, good, revoked and forged ones in turn, beside what ``cache.max_bytes`` allows
   and what the same work takes in a bridge that remembers nothing: buffers, connections, garbage not yet collected.
   ``--memory 1000000`` is the whole drill and takes as long as a million requests at a provider take.

Bridge and load are pinned to a core each where there are two; the provider shares the load's. Every answer is checked.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit
from urllib.request import urlopen

import uvloop

from benchmarks.callback import (
    AUDIENCE,
    AUTHORIZATION,
    HERE,
    HOT,
    ISSUER,
    MAPPING,
    answer,
    base64url,
    claims,
    cpu_seconds,
    free_port,
    mint,
    pin,
    resident,
    running,
)
from benchmarks.load import Caller, Exchange

CONNECTIONS = 50
REPEATED = 10_000
TURNS = 5  # of part 3, because a machine's speed changes more between minutes than within one
CACHE = 16  # MiB in part 4, so that the bound is met early
SAMPLES = 20  # of part 4

CONFIGURATION = (
    """
version: 1
callback: {{header_token: {{env: HEADER_TOKEN}}, identity_method: id}}
server: {{host: 127.0.0.1, port: {port}}}
admin: {{port: {admin_port}}}
log: {{level: warning}}
cache: {{max_bytes: {cache}MiB, max_entries: {entries}, reuse_alarm: 0}}
providers:
  bench: {{issuer: "{issuer}", audience: {audience}, jwks: {{file: {folder}/jwks.json}}, id_prefix: ""}}
  good:
    userinfo: {{url: {idp}/good/userinfo}}
    unbound_tokens: accept
    token_pattern: "good-[0-9]+"
    requests: {{rate: 1000000/s, burst: 1000000, in_flight: 1000}}
    id_prefix: "o:"
  revoked:
    userinfo: {{url: {idp}/revoked/userinfo}}
    unbound_tokens: accept
    token_pattern: "revoked-[0-9]+"
    requests: {{rate: 1000000/s, burst: 1000000, in_flight: 1000}}
    id_prefix: "r:"
"""
    + MAPPING
)


class Bridge:
    """A running bridge, and what it is asked.

    Attributes:
        pid: Its process.
        port: Its public port.
        core: The load's core.
    """

    def __init__(self, pid: int, port: int, core: int | None) -> None:
        self.pid = pid
        self.port = port
        self.core = core

    def load(self, file: Path, count: int, connections: int = CONNECTIONS) -> tuple[float, float]:
        """Seconds that ``count`` requests of a file took, and seconds of the bridge's CPU."""
        before = cpu_seconds(self.pid)
        seconds = drive(self.port, file, count, connections, self.core)
        return seconds, cpu_seconds(self.pid) - before


def drive(port: int, file: Path, count: int, connections: int, core: int | None) -> float:
    """Seconds that ``count`` requests of a file took, sent by a process of their own."""
    command = [sys.executable, str(HERE / "load.py"), str(port), str(connections), str(count), str(file)]
    load = subprocess.Popen(command, stdout=subprocess.PIPE)
    pin(load.pid, core)
    printed = load.communicate()[0]
    if load.returncode:
        sys.exit("the load found a wrong answer; see above")
    return float(printed)


@contextmanager
def provider(folder: Path, core: int | None, latency: float) -> Iterator[str]:
    """One that takes so many seconds, by its address."""
    port, file = free_port(), folder / "profile.json"
    file.write_text(json.dumps(profile()))
    with running([sys.executable, str(HERE / "userinfo.py"), str(port), str(latency), str(file)], port, core):
        yield f"http://127.0.0.1:{port}"


def asked(idp: str) -> int:
    """How often a provider was asked for userinfo."""
    with urlopen(f"{idp}/asked") as answer:
        return int(answer.read())


@contextmanager
def bridge(
    folder: Path, idp: str, cores: list[int | None], cache: int = 64, entries: int = 1_000_000
) -> Iterator[Bridge]:
    """A fresh one."""
    port, admin_port = free_port(), free_port()
    file = folder / "bridge.yaml"
    file.write_text(
        CONFIGURATION.format(
            port=port,
            admin_port=admin_port,
            issuer=ISSUER,
            audience=AUDIENCE,
            folder=folder,
            idp=idp,
            cache=cache,
            entries=entries,
        )
    )
    with running([sys.executable, "-m", "bridge", "serve", "--config", str(file)], port, cores[0]) as pid:
        time.sleep(1)  # what a server does just after its start is not idling
        yield Bridge(pid, port, cores[1])


def request(token: str) -> str:
    """One callback."""
    body = json.dumps({"access_token": token})
    return (
        f"POST / HTTP/1.1\r\nHost: bridge.shop.test\r\nAuthorization: {AUTHORIZATION}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )


def profile() -> dict[str, object]:
    """What userinfo says of every good opaque token."""
    of_the_token = {"iss", "aud", "azp", "iat", "exp", "jti", "typ", "scope"}
    return {name: value for name, value in claims(0).items() if name not in of_the_token}


def owed() -> dict[str, object]:
    """The answer to every good opaque token."""
    whole = answer(0)
    data = whole["data"]
    assert isinstance(data, dict)
    return {**whole, "data": {**data, "id": f"o:{data['id']}"}}


def work(file: Path, first: int, count: int) -> Path:
    """A file of distinct good tokens."""
    with file.open("w") as lines:
        for number in range(first, first + count):
            print(json.dumps([request(f"good-{number}"), owed()]), file=lines)
    return file


def distinct(to: Bridge, folder: Path, idp: str, *, tokens: int, latency: float) -> None:
    """Part 1."""
    alone = folder / "alone"
    alone.write_text(json.dumps(["GET /good/userinfo HTTP/1.1\r\nHost: idp.test\r\n\r\n", profile()]))
    print(f"\n{tokens} distinct tokens, the provider answers after {latency * 1000:.0f} ms")
    head = f"{'connections':>12}{'requests/s':>12}{'allowed':>10}{'share':>8}{'without bridge':>16}{'share':>8}"
    print(f"{head}{'core busy':>11}{'CPU us':>8}")
    for step, connections in enumerate((5, 10, 20, CONNECTIONS)):
        count = tokens * connections // CONNECTIONS
        without = count / drive(urlsplit(idp).port or 0, alone, count, connections, to.core)
        seconds, cpu = to.load(work(folder / "distinct", step * 10**7, count), count, connections)
        rate, allowed = count / seconds, connections / latency
        row = f"{connections:12}{rate:12,.0f}{allowed:10,.0f}{rate / allowed:8.0%}{without:16,.0f}{rate / without:8.0%}"
        print(f"{row}{cpu / seconds:11.0%}{cpu / count * 1e6:8.0f}", flush=True)


def shared(to: Bridge, folder: Path, idp: str) -> None:
    """Part 2."""
    before = asked(idp)
    to.load(work(folder / "opaque", 10**9, HOT), REPEATED)
    print(f"\n{REPEATED:,} callbacks over {HOT} tokens: {asked(idp) - before} requests; goal: {HOT}")


def repeated(to: Bridge, folder: Path) -> None:
    """Part 3."""
    files = {"opaque": folder / "opaque", "JWT": folder / "bridge.repeated"}
    for file in files.values():
        to.load(file, HOT)
    costs = [{kind: to.load(file, REPEATED)[1] / REPEATED * 1e6 for kind, file in files.items()} for _ in range(TURNS)]
    opaque, jwt = (median(each[kind] for each in costs) for kind in files)
    ratio = median(each["opaque"] / each["JWT"] for each in costs)
    print(f"\nCPU of a repeated token: opaque {opaque:.0f} us, JWT {jwt:.0f} us; ratio {ratio:.2f}")


class Stranger(Caller):
    """A connection whose tokens are not all good."""

    def data_received(self, data: bytes) -> None:
        """Reads an answer, and compares what it says of the token."""
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if not blank or len(body) < int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]):
            return
        if json.loads(body).get("code", "ok") != self._expected:
            self._fail(f"a wrong answer: {self._received!r}")
            return
        self._received = b""
        self._next()


def strangers(first: int, count: int) -> Iterator[Exchange]:
    """Good, revoked and forged tokens in turn."""
    header, now = base64url(b'{"alg":"RS256","typ":"JWT","kid":"bench"}'), claims(0)
    for number in range(first, first + count):
        if number % 3 == 0:
            yield request(f"good-{number}").encode(), "ok"
        elif number % 3 == 1:
            yield request(f"revoked-{number}").encode(), "token_inactive"
        else:
            payload = base64url(json.dumps({**now, "jti": str(number)}).encode())
            yield request(f"{header}.{payload}.{base64url(number.to_bytes(256))}").encode(), "token_invalid"


async def visit(port: int, exchanges: Iterator[Exchange]) -> None:
    """All of them, over some connections."""
    loop = asyncio.get_running_loop()
    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(CONNECTIONS)]
    for end in ends:
        await loop.create_connection(partial(Stranger, exchanges, end), "127.0.0.1", port)
    await asyncio.gather(*ends)


def forgetful(to: Bridge, tokens: int) -> None:
    """What the work of part 4 takes without its memory."""
    idle = resident(to.pid)
    uvloop.run(visit(to.port, strangers(0, tokens)))
    more = (resident(to.pid) - idle) / 2**20
    print(f"\n{tokens:,} tokens at a bridge that remembers none of them: {more:.1f} MiB more than idle")


def memory(to: Bridge, tokens: int) -> None:
    """Part 4."""
    idle = resident(to.pid)
    print(f"\n{tokens:,} distinct tokens, good, revoked and forged in turn; cache.max_bytes: {CACHE}MiB")
    print(f"{'tokens':>12}{'MiB':>8}{'more than idle':>16}")
    for sample in range(SAMPLES):
        uvloop.run(visit(to.port, strangers(sample * tokens // SAMPLES, tokens // SAMPLES)))
        now = resident(to.pid)
        print(f"{(sample + 1) * tokens // SAMPLES:12,}{now / 2**20:8.0f}{(now - idle) / 2**20:16.1f}", flush=True)


def main() -> None:
    """Runs the parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=3000, help="distinct tokens in part 1, over 50 connections")
    parser.add_argument("--memory", type=int, default=50_000, help="distinct tokens in part 4")
    parser.add_argument("--latency", type=int, default=20, help="milliseconds that the provider takes")
    arguments = parser.parse_args()
    available = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    cores: list[int | None] = [*available[:2]] if len(available) > 1 else [None, None]
    with tempfile.TemporaryDirectory() as name:
        folder, latency = Path(name), arguments.latency / 1000
        mint(folder, HOT)
        with provider(folder, cores[1], latency) as idp, bridge(folder, idp, cores) as to:
            distinct(to, folder, idp, tokens=arguments.tokens, latency=latency)
            shared(to, folder, idp)
            repeated(to, folder)
        with provider(folder, cores[1], 0.0) as idp:
            with bridge(folder, idp, cores, CACHE, entries=0) as to:
                forgetful(to, arguments.memory // SAMPLES)
            with bridge(folder, idp, cores, CACHE) as to:
                memory(to, arguments.memory)


if __name__ == "__main__":
    main()
