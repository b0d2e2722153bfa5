"""What one callback costs: the bridge beside a bare Starlette echo, in the same rounds on the same cores.

    uv run python benchmarks/callback.py [--rounds 3] [--tokens 5000]

Each round starts both servers afresh, one after the other, and drives each with as many RS256 tokens that it has never
seen ("distinct"), then with 200 tokens that it has ("repeated"). Every answer is checked. Server and load are pinned to
a core each where there are two. CPU time is the server process's own, all threads, from /proc; ratios are medians of
the rounds, because a machine's speed changes more between rounds than within one.
"""

import argparse
import base64
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

HERE = Path(__file__).parent
HEADER_TOKEN = "2nR7yq0wK4vZp9sLx1bT"
AUTHORIZATION = f"{HEADER_TOKEN} Bearer"
ISSUER, AUDIENCE = "https://login.shop.test", "chat"
CONNECTIONS = 32
HOT = 200  # tokens that are repeated
REPEATS = 4  # requests with a hot token for each with a distinct one: they are that much cheaper to time

MAPPING = """mapping:
  name: name
  email: {{claim: email, verified_by: email_verified}}
  phone: {{claim: phone_number, verified_by: phone_number_verified, region: VN}}
  avatar: picture
  label: {{first_of: [{{value: VIP, when: {{claim: [realm_access, roles], contains: vip}}}}, {{value: Customer}}]}}
"""
"""The mapping, as it stands in a text that is still to be formatted."""

CONFIGURATION = (
    """
version: 1
callback: {{header_token: {{env: HEADER_TOKEN}}, identity_method: id}}
server: {{host: 127.0.0.1, port: {port}}}
admin: {{port: {admin_port}}}
providers:
  bench: {{issuer: "{issuer}", audience: {audience}, jwks: {{file: {jwks}}}}}
"""
    + MAPPING
)


def base64url(data: bytes) -> str:
    """RFC 7515 section 2."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims(visitor: int) -> dict[str, object]:
    """A token of a usual size: about 900 characters."""
    now = int(time.time())
    return {
        "iss": ISSUER, "aud": ["account", AUDIENCE], "azp": "web-shop", "sub": f"f81d4fae-{visitor:08d}",
        "iat": now, "exp": now + 3600, "jti": f"b0c1-{visitor:08d}", "typ": "Bearer",
        "scope": "openid profile email phone", "realm_access": {"roles": ["user", "vip"][: 1 + visitor % 2]},
        "name": f"Nguyễn Văn {visitor}", "email": f"user{visitor}@shop.test", "email_verified": True,
        "phone_number": f"+8490{visitor % 10**7:07d}", "phone_number_verified": True,
        "picture": f"https://img.shop.test/u/{visitor}.png",
    }  # fmt: skip


def answer(visitor: int) -> dict[str, object]:
    """What is owed for that token."""
    return {
        "status": True,
        "message": "Successfully!",
        "data": {
            "id": f"f81d4fae-{visitor:08d}", "name": f"Nguyễn Văn {visitor}", "email": f"user{visitor}@shop.test",
            "phone_number": f"090{visitor % 10**7:07d}", "country_code": "+84",
            "avatar": f"https://img.shop.test/u/{visitor}.png", "label": "VIP" if visitor % 2 else "Customer",
        },
    }  # fmt: skip


def mint(folder: Path, count: int) -> None:
    """Writes the key set, and one ``[request, answer]`` per line for the bridge and for the echo."""
    key = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_numbers()
    n, e = (base64url(number.to_bytes((number.bit_length() + 7) // 8)) for number in (public.n, public.e))
    jwk = {"kty": "RSA", "kid": "bench", "use": "sig", "alg": "RS256", "n": n, "e": e}
    (folder / "jwks.json").write_text(json.dumps({"keys": [jwk]}))
    header = base64url(b'{"alg":"RS256","typ":"JWT","kid":"bench"}')
    with (folder / "bridge").open("w") as bridge, (folder / "echo").open("w") as echo:
        for visitor in range(count):
            signed = f"{header}.{base64url(json.dumps(claims(visitor)).encode())}"
            token = f"{signed}.{base64url(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"
            body = json.dumps({"access_token": token})
            request = (
                f"POST / HTTP/1.1\r\nHost: bridge.shop.test\r\nAuthorization: {AUTHORIZATION}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            )
            print(json.dumps([request, answer(visitor)]), file=bridge)
            print(json.dumps([request, answer(0)]), file=echo)
    for name in ("bridge", "echo"):
        lines = (folder / name).read_text().splitlines(keepends=True)
        (folder / f"{name}.repeated").write_text("".join(lines[:HOT]))


@dataclass(frozen=True)
class Measured:
    """One server in one round.

    Attributes:
        idle: Resident bytes before the first request.
        cpu: Seconds of CPU per request, by kind of load.
        rate: Requests per second, by kind of load.
        busy: Resident bytes after the last.
    """

    idle: int
    cpu: dict[str, float]
    rate: dict[str, float]
    busy: int


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all threads (proc(5), /proc/pid/stat fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    """Bytes of memory that a process holds (proc(5), VmRSS)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, core: int | None, *, log: int = subprocess.DEVNULL) -> Iterator[int]:
    """A server as a process; yields its id when its port is open. With ``log=PIPE`` its log is read by somebody."""
    environment = {**os.environ, "HEADER_TOKEN": HEADER_TOKEN}
    process = subprocess.Popen(command, cwd=HERE.parent, env=environment, stdout=log)
    reader = subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL) if process.stdout else None
    pin(process.pid, core)
    try:
        deadline = time.monotonic() + 30
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{command} did not start; see above")
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait()
        if reader is not None:
            reader.wait()


def pin(pid: int, core: int | None) -> None:
    """Keeps a process on one core, where the platform can."""
    if core is not None:
        os.sched_setaffinity(pid, {core})


def measure(command: list[str], port: int, work: Path, count: int, cores: list[int | None]) -> Measured:
    """Starts a server, drives it, stops it."""
    with running(command, port, cores[0]) as pid:
        time.sleep(1)  # what a server does just after its start is not idling
        idle, cpu, rate = resident(pid), {}, {}
        for kind, file, requests in (
            ("distinct", work, count),
            ("repeated", Path(f"{work}.repeated"), REPEATS * count),
        ):
            before = cpu_seconds(pid)
            load = subprocess.Popen(
                [sys.executable, HERE / "load.py", str(port), str(CONNECTIONS), str(requests), file],
                stdout=subprocess.PIPE,
            )
            pin(load.pid, cores[1])
            printed = load.communicate()[0]
            if load.returncode:
                sys.exit("the load found a wrong answer; see above")
            cpu[kind] = (cpu_seconds(pid) - before) / requests
            rate[kind] = requests / float(printed)
        return Measured(idle, cpu, rate, resident(pid))


def report(rounds: list[dict[str, Measured]]) -> None:
    """Prints the medians, and the ratios of each round's two servers."""
    head = ("requests/s", "CPU us/request", "work per CPU / echo", "idle MiB", "after MiB")
    print(" " * 19 + "".join(f"{title:>21}" for title in head))
    for name in ("bridge", "echo"):
        for kind in ("distinct", "repeated"):
            rate = median(each[name].rate[kind] for each in rounds)
            cpu = median(each[name].cpu[kind] for each in rounds)
            ratio = median(each["echo"].cpu[kind] / each[name].cpu[kind] for each in rounds)
            idle = median(each[name].idle for each in rounds) / 2**20
            busy = median(each[name].busy for each in rounds) / 2**20
            print(f"{name:10}{kind:9}{rate:21,.0f}{cpu * 1e6:21.0f}{ratio:21.2f}{idle:21.0f}{busy:21.0f}")


def main() -> None:
    """Runs the rounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=5000, help="distinct tokens in each round (at least 200)")
    arguments = parser.parse_args()
    available = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    cores: list[int | None] = [*available[:2]] if len(available) > 1 else [None, None]
    print(f"{arguments.rounds} rounds, {arguments.tokens} distinct tokens, {CONNECTIONS} connections, cores {cores}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mint(folder, max(arguments.tokens, HOT))
        rounds = []
        for _ in range(arguments.rounds):
            port, admin_port = free_port(), free_port()
            (folder / "bridge.yaml").write_text(
                CONFIGURATION.format(
                    port=port, admin_port=admin_port, issuer=ISSUER, audience=AUDIENCE, jwks=folder / "jwks.json"
                )
            )
            commands = {
                "bridge": [sys.executable, "-m", "bridge", "serve", "--config", str(folder / "bridge.yaml")],
                "echo": [sys.executable, str(HERE / "echo.py"), str(port), AUTHORIZATION, json.dumps(answer(0))],
            }
            rounds.append(
                {
                    name: measure(command, port, folder / name, arguments.tokens, cores)
                    for name, command in commands.items()
                }
            )
    report(rounds)


if __name__ == "__main__":
    main()
