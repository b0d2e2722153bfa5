"""A running bridge: ``python -m bridge serve`` as a process, called as CX Genie would call it.

The configuration is written as JSON, which is YAML; both ports are picked by the system and read from the log line
``{"event": "listening", "url": …, "admin_url": …}``.
"""

import contextlib
import http.client
import itertools
import json
import os
import queue
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import EllipsisType
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families

from tests.contract_failures import CONTRACT
from tests.issuer.mint import AUDIENCE, MINTED, PERSONS
from tests.warm_python import Start, WarmPython, start_cold

SECRET = "wq7Vt2-the-secret-of-this-test-run"
"""The header token of every bridge here, unless a test says otherwise."""

ACCEPTED = None
"""The code of an answer whose ``status`` is true."""

STATUS: Mapping[str | None, int] = {ACCEPTED: 200} | CONTRACT
"""The HTTP status of each code."""

_START, _STOP = 20.0, 10.0  # seconds that a process may take on a noisy machine


def provider(issuer: str, **members: Any) -> dict[str, Any]:
    """The smallest provider, with more members if given."""
    return {"issuer": issuer, "audience": AUDIENCE, **members}


def callback(**members: Any) -> dict[str, Any]:
    """The smallest callback, with more members if given."""
    return {"header_token": {"env": "HEADER_TOKEN"}, **members}


def configuration(*issuers: str, **members: Any) -> dict[str, Any]:
    """A configuration with one callback and a provider ``p0``, ``p1`` … per issuer; ``members`` are top-level keys."""
    prefixes = [f"{number}:" if len(issuers) > 1 else "" for number in range(len(issuers))]
    return {
        "version": 1,
        "callback": callback(),
        "providers": {
            f"p{number}": provider(issuer, id_prefix=prefix)
            for number, (issuer, prefix) in enumerate(zip(issuers, prefixes, strict=True))
        },
        **members,
    }


_SHORTEST = 16  # characters of a word that is no accident
_WORD = re.compile(rf"[A-Za-z0-9_-]{{{_SHORTEST},}}")
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,}")  # RFC 7519: base64url of an object's beginning


def leaks(printed: Iterable[str], secrets: Iterable[str]) -> list[str]:
    """What of tokens, visitors and secrets stands in lines that a bridge has printed (THREATS.md O10).

    Args:
        printed: The lines as they came. They are searched as they are, and as what their JSON says.
        secrets: What this bridge must keep beside the tokens made in this process and the persons in them.
    """
    lines = list(printed)
    for line in list(lines):
        with contextlib.suppress(ValueError):
            lines.append(repr(json.loads(line)))
    text = "\n".join(lines)
    found = set(_JWT.findall(text))
    found |= set(_WORD.findall(text)) & set(MINTED)
    found |= {value for value in {*PERSONS, *secrets} if value in text}
    return sorted(found)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the bridge; ``headers`` by lower-case name, ``json`` the body."""

    status: int
    headers: Mapping[str, str]
    json: Any

    @property
    def code(self) -> str | None:
        """The failure's code; ``None`` where ``status`` is true."""
        return None if self.json["status"] is True else self.json["code"]

    def assert_decent(self) -> None:
        """What every answer of the public port has and has not, whatever it says (CONTRACT.md, "Failures")."""
        assert self.headers["content-type"] == "application/json"
        assert self.headers["cache-control"] == "no-store"
        assert self.headers["x-content-type-options"] == "nosniff"
        assert "server" not in self.headers
        assert not any(name.startswith("access-control") for name in self.headers)
        if self.json["status"] is True:
            assert set(self.json) == {"status", "message", "data"}
        else:
            assert set(self.json) == {"status", "message", "code", "request_id"}
            assert self.json["request_id"] == self.headers["x-request-id"]
        # The operator may choose another status for guests, and 200 for every failure.
        assert self.status in {STATUS[self.code], 200} or self.code == "token_missing"
        assert ("retry-after" in self.headers) == (self.status in {429, 503})
        assert int(self.headers.get("retry-after", 1)) >= 1


def written(config: Mapping[str, Any]) -> str:
    """A configuration's text, on ports that the system picks and with a log that these classes can read."""
    return json.dumps(
        {
            "server": {"host": "127.0.0.1", "port": 0},
            "admin": {"port": 0},
            "log": {"format": "json", "level": "debug"},
            **config,
        },
        indent=1,
        ensure_ascii=False,
    )


class RunningBridge:
    """One process.

    Attributes:
        file: Its configuration.
        url: The public port's address.
        admin_url: The private port's.
        lines: What it has logged so far: parsed where a line is JSON, else the text.
    """

    def __init__(
        self,
        config: Mapping[str, Any] | str | Path,
        directory: Path,
        environment: Mapping[str, str],
        *options: str,
        start: Start = start_cold,
    ) -> None:
        if isinstance(config, Path):
            self.file = config
        else:
            self.file = directory / "bridge.yaml"
            self.file.write_text(config if isinstance(config, str) else written(config), encoding="utf-8")
        self.lines: list[Any] = []
        self._printed: list[str] = []
        self._searched = 0
        self._secrets = {SECRET, *(value for name, value in environment.items() if re.search("TOKEN|SECRET|KEY", name))}
        self._listening: queue.Queue[Mapping[str, str] | None] = queue.Queue()
        self._process = start(
            ["serve", "--config", str(self.file), *options], {**os.environ, "HEADER_TOKEN": SECRET, **environment}
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        listening = self._listening.get(timeout=_START)
        if listening is None:
            self.stop()
            raise RuntimeError("the bridge did not start:\n" + "\n".join(map(str, self.lines)))
        self.url, self.admin_url = listening["url"], listening["admin_url"]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._printed.append(line)
            try:
                event = json.loads(line)
            except ValueError:
                event = line.rstrip("\n")
            self.lines.append(event)
            if isinstance(event, dict) and event.get("event") == "listening":
                self._listening.put(event)
        self._listening.put(None)

    def post(
        self,
        token: str | EllipsisType = ...,
        *,
        path: str = "/",
        authorization: str | None = f"{SECRET} Bearer",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One callback with its own connection.

        Args:
            token: The visitor's token; without it the body has none.
            path: The callback's path.
            authorization: The Authorization header; ``None`` leaves it out.
            body: The whole body instead.
            headers: More headers, or other values.
        """
        if body is None:
            body = json.dumps({} if token is ... else {"access_token": token}).encode()
        given = {"Content-Type": "application/json"}
        given |= {} if authorization is None else {"Authorization": authorization}
        answer = self._call("POST", self.url, path, body, given | dict(headers or {}))
        answer.assert_decent()
        return answer

    def get(self, path: str, *, authorization: str | None = None) -> Answer:
        """A GET of the public port."""
        answer = self._call("GET", self.url, path, None, {"Authorization": authorization} if authorization else {})
        answer.assert_decent()
        return answer

    def wait_until_ready(self) -> None:
        """Returns when each provider's first fetch has ended."""
        while self.admin("/readyz") != 200:
            time.sleep(0.02)

    def admin(self, path: str) -> int:
        """The status of a GET of the private port."""
        connection = http.client.HTTPConnection(urlsplit(self.admin_url).netloc, timeout=_STOP)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return connection.getresponse().status

    def metrics(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        """What the private port has counted, by name and labels."""
        connection = http.client.HTTPConnection(urlsplit(self.admin_url).netloc, timeout=_STOP)
        with contextlib.closing(connection):
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        families = text_string_to_metric_families(text)
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families
            for sample in family.samples
        }

    def ask_admin(self, path: str) -> Answer:
        """A GET of the private port whose answer is JSON."""
        return self._call("GET", self.admin_url, path, None, {})

    def events(self, *names: str) -> list[dict[str, Any]]:
        """What it has logged so far of these events."""
        return [line for line in list(self.lines) if isinstance(line, dict) and line.get("event") in names]

    def next_event(self, *names: str, after: int = 0) -> dict[str, Any]:
        """The first of these events behind the first ``after`` of them; waits for it."""
        until = time.monotonic() + _STOP
        while len(found := self.events(*names)) <= after:
            assert time.monotonic() < until, f"none of {names} came:\n" + "\n".join(map(str, self.lines))
            time.sleep(0.01)
        return found[after]

    def threads(self) -> int:
        """How many threads the process has."""
        return len(list(Path(f"/proc/{self._process.pid}/task").iterdir()))

    def next_line(self, text: str) -> Any:
        """The first line of the log that has this text in it; waits for it."""
        until = time.monotonic() + _STOP
        while not (found := [line for line in list(self.lines) if text in str(line)]):
            assert time.monotonic() < until, f"no {text!r} came:\n" + "\n".join(map(str, self.lines))
            time.sleep(0.01)
        return found[0]

    def signal(self, number: int) -> None:
        """Sends the process a signal."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """The exit status of the process that has been told to end, or ends by itself."""
        return self._process.wait(_STOP)

    @staticmethod
    def _call(method: str, url: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_STOP)
        with contextlib.closing(connection):
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            text = response.read()
            fields = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, fields, json.loads(text) if text else None)

    def raw(self, request: bytes) -> bytes:
        """Whatever comes back for these bytes until the bridge closes or says no more."""
        address = urlsplit(self.url)
        received = b""
        with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=_STOP) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionError):
                while chunk := connection.recv(65536):
                    received += chunk
        return received

    def post_together(self, tokens: Iterable[str]) -> list[Answer]:
        """One callback per token, all at the same time."""
        posts = list(tokens)
        with ThreadPoolExecutor(len(posts)) as pool:
            return list(pool.map(self.post, posts))

    def kill(self) -> None:
        """A crash: the process is gone at once, whatever it was about to do."""
        self._process.kill()
        self._process.wait()

    def said(self, text: str) -> bool:
        """Whether a line of the log so far has this text in it."""
        return any(text in str(line) for line in list(self.lines))

    def stop(self) -> int:
        """Asks the process to end, waits, and gives its exit status."""
        self._process.terminate()
        try:
            status = self._process.wait(_STOP)
        finally:
            self._process.kill()
            self._process.wait()
            self._reader.join()
            assert self._process.stdout is not None
            self._process.stdout.close()
        self.assert_nothing_leaked()
        return status

    def assert_nothing_leaked(self) -> None:
        """Fails if what was printed since the last look holds a token, a secret or a visitor's data."""
        printed = self._printed[self._searched :]
        self._searched += len(printed)
        assert leaks(printed, self._secrets) == []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class StartBridge(Protocol):
    """What the fixture ``start_bridge`` gives."""

    def __call__(self, config: Mapping[str, Any] | str, *, shared: bool = False, **environment: str) -> RunningBridge:
        """A running bridge of that configuration; ``environment`` is laid over the process's own.

        With ``shared=True`` every test that asks for the same configuration and environment gets the same process, so a
        test must not depend on what it was asked before.
        """


class Bridges:
    """The bridges of a session: starting one costs a second, so those that can be shared are kept."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._shared: dict[str, RunningBridge] = {}
        self._python = WarmPython()

    @contextlib.contextmanager
    def for_one_test(self, directory: Path) -> Iterator[Callable[..., RunningBridge]]:
        """A ``StartBridge`` whose unshared bridges end when the context does."""
        shared_ones: list[RunningBridge] = []
        folders = itertools.chain([directory], (directory / f"bridge-{number}" for number in itertools.count(2)))
        with contextlib.ExitStack() as own:

            def start(config: Mapping[str, Any] | str, *, shared: bool = False, **environment: str) -> RunningBridge:
                if shared:
                    shared_ones.append(self._one_of(config, environment))
                    return shared_ones[-1]
                # One in the same folder would write over the file that a first one watches.
                folder = next(folders)
                folder.mkdir(exist_ok=True)
                bridge = RunningBridge(config, folder, environment, start=self._python.start)
                own.callback(bridge.stop)
                return bridge

            yield start
            for bridge in shared_ones:
                bridge.assert_nothing_leaked()

    def _one_of(self, config: Mapping[str, Any] | str, environment: Mapping[str, str]) -> RunningBridge:
        key = json.dumps([config, environment], sort_keys=True)
        if key not in self._shared:
            directory = self._directory / str(len(self._shared))
            directory.mkdir()
            self._shared[key] = RunningBridge(config, directory, environment, start=self._python.start)
            # A first fetch that another test's reset of the issuer overtakes would fail, and cool down into this test.
            self._shared[key].wait_until_ready()
        return self._shared[key]

    def __enter__(self) -> Self:
        self._python.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        with self._python:
            for bridge in self._shared.values():
                bridge.stop()
