"""The drill: rotation, an outage in compressed time, a provider that hangs, and a flood of unknown keys.

    uv run python -m benchmarks.outage [--flood 10000]

Starts the test issuer and the bridge as processes on loopback and posts good tokens at a steady pace all the while,
each one new, so that nothing is answered from the cache. Prints what came of them, against the goals; under a minute.
Always exits 0: it is for reading.

Time is compressed about three hundredfold where the bridge lets it be: keys are refreshed every 2 s instead of every
10 min, so 12 s of outage are an hour. The flood runs at a bridge with the default times.
"""

import argparse
import asyncio
import math
import multiprocessing
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from tests.bridge_process import SECRET, RunningBridge, configuration, provider
from tests.issuer.keys import jwks
from tests.issuer.mint import good_claims, good_header, sign
from tests.issuer.process import Issuer, IssuerProcess

REFRESH, COOLDOWN, KEEP_STALE, TIMEOUT = 2, 1, 120, 1  # seconds
DEFAULT_COOLDOWN = 5  # seconds
OUTAGE, HANGING = 12.0, 5.0  # seconds
PACE = 0.01  # seconds between two good tokens
FLOOD_TOGETHER = 32  # unknown kids in flight
LATE = 0.1  # seconds; no good token should wait longer
HEADERS = {"Authorization": f"{SECRET} Bearer", "Content-Type": "application/json"}


@dataclass
class Visitors:
    """What good tokens got.

    Attributes:
        codes: How often each answer.
        waits: Seconds that each took.
    """

    codes: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)


def good(issuer: str, key: str = "ec256") -> str:
    """A new token of a visitor."""
    return sign(good_header("ES256" if key.startswith("ec") else "Ed25519", key), good_claims(issuer), key)


async def post(session: aiohttp.ClientSession, url: str, token: str) -> tuple[str, Mapping[str, str]]:
    """The code of the answer, ``ok`` for a good one, and its headers."""
    try:
        async with session.post(url, json={"access_token": token}, headers=HEADERS) as answer:
            body = await answer.json()
            return "ok" if body["status"] is True else body["code"], answer.headers
    except (aiohttp.ClientError, TimeoutError) as error:
        return type(error).__name__, {}


@asynccontextmanager
async def visitors(url: str, issuer: str) -> AsyncIterator[Visitors]:
    """Good tokens at a steady pace for as long as the context lasts; none is waited for before the next is sent."""
    came = Visitors()
    stop = asyncio.Event()
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as tasks:

        async def visit() -> None:
            token = good(issuer)
            started = time.perf_counter()
            code, _ = await post(session, url, token)
            came.waits.append(time.perf_counter() - started)
            came.codes[code] += 1

        async def come() -> None:
            while not stop.is_set():
                tasks.create_task(visit())
                await asyncio.sleep(PACE)

        tasks.create_task(come())
        try:
            yield came
        finally:
            stop.set()


def report(name: str, came: Visitors, fetches: int, allowed: int, *others: tuple[str, bool]) -> None:
    """Prints one part of the drill against its goals."""
    answered, longest = sum(came.codes.values()), max(came.waits)
    share = came.codes["ok"] / answered
    wrong = "".join(f", {count} {code}" for code, count in came.codes.items() if code != "ok")
    print(f"\n{name}")
    goal(share == 1, f"good tokens answered rightly: {share:.2%} of {answered}{wrong}", "all")
    goal(fetches <= allowed, f"key-set requests: {fetches}", f"at most {allowed}")
    waits = f"{longest * 1000:.0f} ms (median {median(came.waits) * 1000:.1f})"
    goal(longest <= LATE, f"longest wait of a good token: {waits}", f"{LATE * 1000:.0f} ms")
    for text, met in others:
        goal(met, text)


def goal(met: bool, text: str, wanted: str = "") -> None:
    """Prints one line."""
    print(f"  {'met   ' if met else 'MISSED'} {text}{f'; goal: {wanted}' if wanted else ''}")


async def rotation(url: str, issuer: Issuer) -> None:
    """A new key, another in its cool-down, and the old ones gone."""
    await asyncio.sleep(COOLDOWN)
    fetches, started = issuer.fetches(), time.monotonic()
    async with visitors(url, issuer.url) as came, aiohttp.ClientSession() as session:
        issuer.set(jwks=jwks("ec256", "ed25519"))
        at_once, _ = await post(session, url, good(issuer.url, "ed25519"))
        issuer.set(jwks=jwks("ec256", "ed25519", "ec256b"))
        code, headers = await post(session, url, good(issuer.url, "ec256b"))
        told = int(headers.get("Retry-After", 0))
        await asyncio.sleep(told)
        later, _ = await post(session, url, good(issuer.url, "ec256b"))
        issuer.set(jwks=jwks("ec256", "ec256b"))
        await asyncio.sleep(REFRESH + 1)
        retired, _ = await post(session, url, good(issuer.url, "ed25519"))
    report(
        "Rotation",
        came,
        issuer.fetches() - fetches,
        allowed(started, COOLDOWN),
        (f"a token of the new key, at once: {at_once}", at_once == "ok"),
        (f"one of a key that appears in the cool-down: {code}, Retry-After {told} s, and then {later}", later == "ok"),
        (f"one of a retired key after the next refresh: {retired}", retired == "token_invalid"),
    )


def allowed(started: float, cooldown: float) -> int:
    """One request per cool-down that began since then."""
    return math.ceil((time.monotonic() - started) / cooldown) + 1


async def faulty(name: str, fault: str, url: str, issuer: Issuer, seconds: float) -> None:
    """Good tokens while the provider fails so, and beside them unknown kids, each of which asks for a fresh look."""
    issuer.set(fault=f"jwks_{fault}")
    fetches, started = issuer.fetches(), time.monotonic()
    strangers: Counter[str] = Counter()
    async with visitors(url, issuer.url) as came, aiohttp.ClientSession() as session:
        while time.monotonic() < started + seconds:
            token = sign(good_header("ES256", "unknown"), good_claims(issuer.url), "ec256b")
            strangers[(await post(session, url, token))[0]] += 1
            await asyncio.sleep(PACE * 10)
    report(
        name,
        came,
        issuer.fetches() - fetches,
        allowed(started, COOLDOWN),
        (f"tokens of an unknown key meanwhile: {dict(strangers)}", set(strangers) == {"provider_unavailable"}),
    )


def flood(url: str, issuer: str, count: int) -> Counter[str]:
    """In a process of its own, so that its work is not a visitor's wait: tokens of unknown kids, truly signed."""
    tokens = [
        sign(good_header("Ed25519", f"unknown-{number}"), good_claims(issuer), "ed25519") for number in range(count)
    ]

    async def post_all() -> Counter[str]:
        codes: Counter[str] = Counter()
        async with aiohttp.ClientSession() as session:

            async def post_some() -> None:
                while tokens:
                    codes[(await post(session, url, tokens.pop()))[0]] += 1

            async with asyncio.TaskGroup() as tasks:
                for _ in range(FLOOD_TOGETHER):
                    tasks.create_task(post_some())
        return codes

    return asyncio.run(post_all())


async def flooded(url: str, issuer: Issuer, count: int) -> None:
    """Good tokens beside a flood of unknown kids."""
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        # To start it takes this process a tenth of a second, which would be counted as the visitors' wait.
        await loop.run_in_executor(pool, flood, url, issuer.url, 0)
        fetches, started = issuer.fetches(), time.monotonic()
        async with visitors(url, issuer.url) as came:
            codes = await loop.run_in_executor(pool, flood, url, issuer.url, count)
    seconds = time.monotonic() - started
    counts = ", ".join(f"{number} {code}" for code, number in codes.most_common())
    report(
        f"Flood: {count} unknown kids in {seconds:.1f} s, cool-down {DEFAULT_COOLDOWN} s",
        came,
        issuer.fetches() - fetches,
        allowed(started, DEFAULT_COOLDOWN),
        (f"none of them taken: {counts}", set(codes) <= {"token_invalid", "provider_unavailable"}),
    )


async def drill(
    process: IssuerProcess, start: Callable[[dict[str, Any]], RunningBridge], folder: Path, count: int
) -> None:
    """Every part, in turn."""
    issuer = process.realm("drill")
    issuer.set(jwks=jwks("ec256"))
    # With its own address: every request of this provider is then one for its key set.
    times = {
        "url": f"{issuer.url}/jwks",
        "refresh": f"{REFRESH}s",
        "cooldown": f"{COOLDOWN}s",
        "keep_stale": f"{KEEP_STALE}s",
    }
    members = {"state_dir": str(folder / "state")}
    config = configuration(
        providers={"p": provider(issuer.url, jwks=times, http={"timeout": f"{TIMEOUT}s"})}, **members
    )
    bridge = start(config)
    await rotation(bridge.url, issuer)
    halves = ("first half", "second half, after a kill and a restart")
    for number, half in enumerate(halves):
        if number:
            bridge.kill()
            bridge = start(config)
        await faulty(f"Outage of an hour ({OUTAGE:.0f} s): {half}", "500", bridge.url, issuer, OUTAGE / len(halves))
    await faulty("A provider that hangs", "hang", bridge.url, issuer, HANGING)
    bridge.stop()
    realm = process.realm("flooded")
    defaults = start(configuration(realm.url))
    await flooded(defaults.url, realm, count)


def main() -> None:
    """Runs the drill."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flood", type=int, default=10_000)
    count = parser.parse_args().flood
    started = time.monotonic()
    running: list[RunningBridge] = []
    with TemporaryDirectory() as name, IssuerProcess() as process:
        folder = Path(name)
        (folder / "state").mkdir()

        def start(config: dict[str, Any]) -> RunningBridge:
            bridge = RunningBridge(config, folder, {})
            running.append(bridge)
            bridge.wait_until_ready()
            return bridge

        try:
            asyncio.run(drill(process, start, folder, count))
        finally:
            for bridge in running:
                bridge.stop()
    print(f"\n{time.monotonic() - started:.0f} s in all")


if __name__ == "__main__":
    main()
