"""The soak: half of full load while everything changes, and a successor at the end.

    uv run python -m benchmarks.soak [--seconds 120]

Starts the test issuer and the bridge as processes on loopback. While callers post good tokens at half of the rate that
the bridge was just measured to take, the configuration is rewritten every second (two good files in turn, every seventh
time a broken one), the issuer's key is rotated every ten seconds, and near the end a second bridge joins the port and
the first is told to stop. Counts every answer. The goal: none lost, none wrong; ends with status 1 if it is missed.

An answer is right if it is the success that its token is owed by one of the two good configurations as a whole. A call
is lost if it got no answer: refused, or cut off.
"""

import argparse
import asyncio
import itertools
import json
import multiprocessing
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import uvloop

from tests.bridge_process import SECRET, RunningBridge, configuration, provider, written
from tests.issuer.keys import jwks
from tests.issuer.mint import good_claims, good_header, sign
from tests.issuer.process import Issuer, IssuerProcess

CONNECTIONS = 32
WARM_UP = 5.0  # seconds of full load
ROTATION = 10.0  # seconds
OVERLAP = 1.0  # seconds from when a key is published to when tokens are signed with it
KEYS = ("ec256", "ed25519", "ec256b")
FRESH = 4  # one call in so many brings a token that the bridge has never seen
SUCCESSOR = 10.0  # seconds before the end at which it is started
TOGETHER = 2.0  # seconds for which both serve
BROKEN = 7  # one file in so many


@dataclass
class Came:
    """What came of the calls.

    Attributes:
        answers: How often each answer: the name of the good configuration that gave it, else its code.
        lost: How often none, and why.
        waits: Seconds that each call took.
        connects: How often a caller had to connect anew because it was told to.
    """

    answers: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    connects: int = 0


def key_at(seconds: float) -> int:
    """The number of the rotation whose key signs, so many seconds after the start."""
    return max(0, int((seconds - OVERLAP) // ROTATION))


def published(number: int) -> Any:
    """The key set of that rotation: its key and the one before."""
    return jwks(*dict.fromkeys((KEYS[number % len(KEYS)], KEYS[(number - 1) % len(KEYS)])))


def requests(issuer: str, began: float) -> Iterator[bytes]:
    """Calls with a good token: mostly one that has come before, each now and then a new one."""
    number, kept = -1, b""
    for count in itertools.count():
        now = key_at(time.time() - began)
        if now != number or count % FRESH == 0:
            key = KEYS[now % len(KEYS)]
            algorithm = "EdDSA" if key == "ed25519" else "ES256"
            token = sign(good_header(algorithm, key), good_claims(issuer, jti=f"{count}"), key)
            body = json.dumps({"access_token": token})
            head = f"POST / HTTP/1.1\r\nHost: a\r\nAuthorization: {SECRET} Bearer\r\nContent-Type: application/json\r\n"
            request = f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()
            kept = request if now != number else kept
            number = now
            yield request
        else:
            yield kept


def name_of(status: int, body: bytes) -> str:
    """Which good configuration gave this answer as a whole, or its code, or what is wrong with it."""
    answer = orjson.loads(body)
    if status != 200 or answer["status"] is not True:
        return str(answer.get("code"))
    data = answer["data"]
    for name in ("one", "two"):
        if data == {"id": f"{name}:visitor-1", "label": name}:
            return name
    return f"mixed: {data}"


async def caller(port: int, work: Iterator[bytes], slots: Iterator[float], came: Came) -> None:
    """One connection after another; each call at its time, or at once if that is over."""
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    for due in slots:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        request, began = next(work), time.perf_counter()
        try:
            if streams is None:
                streams = await asyncio.open_connection("127.0.0.1", port)
                came.connects += 1
            reader, writer = streams
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            body = await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n")[0]))
            came.answers[name_of(int(head[9:12]), body)] += 1
            came.waits.append(time.perf_counter() - began)
            if b"connection: close" in head:
                writer.close()
                streams = None
        except (OSError, asyncio.IncompleteReadError) as error:
            came.lost[type(error).__name__] += 1
            streams = None


def drive(port: int, issuer: str, began: float, seconds: float, rate: float) -> Came:
    """Calls for so long, so many each second in all; in a process of its own, so that its work is not the bridge's."""
    came = Came()

    async def all_callers() -> None:
        start = time.perf_counter()
        numbers = itertools.count()
        slots = iter(lambda: start + next(numbers) / rate, None)
        ending = itertools.takewhile(lambda due: max(due, time.perf_counter()) < start + seconds, slots)
        work = requests(issuer, began)
        await asyncio.gather(*(caller(port, work, ending, came) for _ in range(CONNECTIONS)))

    uvloop.run(all_callers())
    return came


def config(name: str, issuer: str) -> str:
    """One of the two good files."""
    providers = {"p": provider(issuer, id_prefix=f"{name}:", algorithms=["ES256", "EdDSA"])}
    mapping = {"label": {"value": name}, "name": "omit", "email": "omit"}
    return written(configuration(providers=providers, mapping=mapping, log={"format": "json", "level": "warning"}))


def rewrite(bridge: RunningBridge, number: int, issuer: str) -> bool:
    """Puts the next file in place, says so, and gives whether it is a broken one."""
    broken = number % BROKEN == BROKEN - 1
    text = config("two" if number % 2 else "one", issuer)
    other = bridge.file.with_suffix(".new")
    other.write_text(text.replace('"audience"', '"audiance"') if broken else text)
    other.replace(bridge.file)
    bridge.signal(signal.SIGHUP)
    return broken


def resident(bridge: RunningBridge) -> float:
    """MiB of memory that a process holds (proc(5), VmRSS)."""
    status = Path(f"/proc/{bridge._process.pid}/status").read_text()  # noqa: SLF001 - nobody else asks
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@dataclass
class Changes:
    """What was changed under the load, and what the first bridge made of it."""

    broken: int = 0
    rotations: int = 0
    status: int | None = None
    told: dict[str, Any] = field(default_factory=dict)
    memory: float = 0.0


def rotate(issuer: Issuer, began: float, seconds: float) -> int:
    """Publishes a new key every ten seconds, and gives how many that were."""
    for number in itertools.count(1):
        if number * ROTATION >= seconds:
            return number - 1
        time.sleep(max(0.0, began + number * ROTATION - time.time()))
        issuer.set(jwks=published(number))
    raise AssertionError


def change(bridge: RunningBridge, issuer: Issuer, began: float, seconds: float) -> Changes:
    """Rewrites the configuration every second until the successor is due, and asks what came of it."""
    made = Changes()
    for number in range(1, int(seconds - SUCCESSOR)):
        time.sleep(max(0.0, began + number - time.time()))
        made.broken += rewrite(bridge, number, issuer.url)
    time.sleep(1)  # so that the last file has settled
    made.told = bridge.ask_admin("/readyz?verbose").json["configuration"]
    made.memory = resident(bridge)
    return made


def soak(process: IssuerProcess, folder: Path, seconds: float, load: ProcessPoolExecutor) -> bool:
    """Runs it, prints the counts, and gives whether nothing was lost and nothing wrong."""
    issuer = process.realm("soak")
    issuer.set(jwks=published(0))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])

    with ExitStack() as stack:

        def start(name: str) -> RunningBridge:
            file = folder / name / "bridge.yaml"
            file.parent.mkdir()
            file.write_text(config("one", issuer.url).replace('"warning"', '"info"'))
            bridge = stack.enter_context(RunningBridge(file, folder, {}, "--port", port, "--reuse-port"))
            bridge.wait_until_ready()
            file.write_text(config("one", issuer.url))  # quiet from here on: calls are counted by who calls
            bridge.signal(signal.SIGHUP)
            bridge.next_event("listening")
            return bridge

        first = start("first")
        full = load.submit(drive, int(port), issuer.url, time.time(), WARM_UP, 1e9).result()
        rate = len(full.waits) / WARM_UP / 2
        before = resident(first)
        print(f"full load: {2 * rate:.0f} calls/s; soaking at {rate:.0f}/s for {seconds:.0f} s", flush=True)
        began = time.time()
        running: Future[Came] = load.submit(drive, int(port), issuer.url, began, seconds, rate)
        with ThreadPoolExecutor(1) as pool:
            rotating = pool.submit(rotate, issuer, began, seconds)
            made = change(first, issuer, began, seconds)
            start("second")
            time.sleep(TOGETHER)
            first.signal(signal.SIGTERM)
            made.status = first.wait()
            made.rotations = rotating.result()
        came = running.result()
    report(came, made, before)
    wrong = came.answers.total() - came.answers["one"] - came.answers["two"]
    return not wrong and not came.lost and made.status == 0


def report(came: Came, made: Changes, before: float) -> None:
    """Prints the counts."""
    waits = sorted(came.waits)
    print(f"answers: {dict(came.answers.most_common())}")
    print(f"lost: {came.lost.total()} {dict(came.lost)}")
    print(f"wait: median {waits[len(waits) // 2] * 1e3:.1f} ms, 99 % {waits[len(waits) * 99 // 100] * 1e3:.1f} ms, "
          f"longest {waits[-1] * 1e3:.0f} ms; connections made: {came.connects}")  # fmt: skip
    print(f"reloads {made.told['reloads']}, refused files {made.told['failed']} of {made.broken} broken ones, "
          f"rotations {made.rotations}")  # fmt: skip
    print(f"memory of the first bridge: {before:.0f} MiB before, {made.memory:.0f} MiB after; exit {made.status}")


def main() -> None:
    """Runs the soak."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120)
    seconds = max(2.5 * SUCCESSOR, parser.parse_args().seconds)
    jwks(*KEYS)  # made here, so that the callers' process signs with the keys that this one publishes
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as load:
        load.submit(bool).result()  # forked before there is any thread
        with TemporaryDirectory() as name, IssuerProcess() as process:
            good = soak(process, Path(name), seconds, load)
    print("nothing lost, nothing wrong" if good else "MISSED: something was lost or wrong")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
