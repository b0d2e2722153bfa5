"""A Python that has imported the bridge already: what it forks is a process of its own, up after a tenth of the time.

Three quarters of what it takes to start a bridge are imports. Tests start hundreds, so each worker has one process that
has imported it all, ``python -m tests.warm_python``, and each bridge is a fork of that one. From the fork on all is as
``python -m bridge …`` has it: arguments, environment, folder, streams, signals, exit status. How a process starts from
nothing is for the tests of the command line (tests/cli), which start it so.
"""

import contextlib
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Protocol, Self

_ROOT = Path(__file__).parents[1]
_IMPORTED = ["bridge.cli.serve", "typer._adapters", "uvicorn.lifespan.off"]  # the latter two when it starts to serve
_READ = 1 << 16


class Process(Protocol):
    """What a test does with a process, as ``subprocess.Popen`` names it."""

    @property
    def pid(self) -> int:
        """Its id."""

    @property
    def stdout(self) -> IO[str] | None:
        """What it prints."""

    def send_signal(self, sig: int, /) -> None:
        """Sends it, if the process has not ended."""

    def terminate(self) -> None:
        """Sends SIGTERM."""

    def kill(self) -> None:
        """Sends SIGKILL."""

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status; ``subprocess.TimeoutExpired`` if it does not end within these seconds."""


class Start(Protocol):
    """Starts ``python -m bridge`` with these arguments, both streams of output in one."""

    def __call__(self, arguments: list[str], environment: Mapping[str, str]) -> Process:
        """The process. ``environment`` is the whole of it."""


def start_cold(arguments: list[str], environment: Mapping[str, str], *, under: Sequence[str] = ()) -> Process:
    """A Python of its own; ``under`` a command that runs it, such as one that sets limits first."""
    return subprocess.Popen(
        [*under, sys.executable, "-m", "bridge", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=_ROOT,
        env=dict(environment),
        text=True,
        encoding="utf-8",
    )


class WarmPython:
    """The process that forks, from the first start on; the context ends it and what is left of its children."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._requests, self._theirs = socket.socketpair()

    def start(self, arguments: list[str], environment: Mapping[str, str]) -> Process:
        """A ``Start``."""
        if self._process is None:
            command = [sys.executable, "-m", "tests.warm_python"]
            self._process = subprocess.Popen(command, stdin=self._theirs.fileno(), stdout=subprocess.DEVNULL, cwd=_ROOT)
            self._theirs.close()
        request = json.dumps({"arguments": arguments, "environment": dict(environment)}).encode() + b"\n"
        ours, life = socket.socketpair()
        read, write = os.pipe()
        with life:
            sent = socket.send_fds(self._requests, [request], [write, life.fileno()])
            self._requests.sendall(request[sent:])
        os.close(write)
        return _Forked(read, ours)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._requests.close()
        self._theirs.close()
        if self._process is not None:
            self._process.wait()


class _Forked:
    """A ``Process`` with another parent: over ``life`` come its id, and at its end its exit status."""

    def __init__(self, stdout: int, life: socket.socket) -> None:
        self.stdout: IO[str] = os.fdopen(stdout, encoding="utf-8")
        self._life = life.makefile("r")
        life.close()  # the file keeps it open
        self.pid = int(self._life.readline())
        self._status: int | None = None
        self._ended = threading.Event()
        threading.Thread(target=self._until_its_end, daemon=True).start()

    def _until_its_end(self) -> None:
        with self._life:
            self._status = int(self._life.readline())
        self._ended.set()

    def send_signal(self, sig: int, /) -> None:
        if not self._ended.is_set():
            with contextlib.suppress(ProcessLookupError):  # it has ended, and the word of it is under way
                os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired("bridge", timeout or 0)
        assert self._status is not None
        return self._status


class _Parent:
    """The process's side: forks, and tells of each child's end."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._lives: dict[int, socket.socket] = {}

    def children(self) -> Iterator[dict[str, Any]]:
        """In each child what is asked of it, once; in this process nothing: it returns when nobody asks any more."""
        woken, wake = socket.socketpair()
        wake.setblocking(False)
        before = signal.set_wakeup_fd(wake.fileno()), signal.signal(signal.SIGCHLD, lambda *_: None)
        with selectors.DefaultSelector() as selector, woken, wake:
            selector.register(self._requests, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select()]
                if woken in ready:
                    woken.recv(4096)
                    self._tell_of_ends(os.WNOHANG)
                if self._requests not in ready:
                    continue
                text, given, *_ = socket.recv_fds(self._requests, _READ, 2)
                if not text:
                    break
                while not text.endswith(b"\n"):
                    text += self._requests.recv(_READ)
                output, life = given
                if child := os.fork():
                    os.close(output)
                    self._lives[child] = socket.socket(fileno=life)
                    self._lives[child].sendall(f"{child}\n".encode())
                    continue
                signal.set_wakeup_fd(before[0])
                signal.signal(signal.SIGCHLD, before[1])
                self._become_the_child(output, life)
                break
        if text:
            yield json.loads(text)
        else:
            self._end_all()

    def _tell_of_ends(self, options: int) -> None:
        while self._lives:
            child, how = os.waitpid(-1, options)
            if not child:
                return
            with self._lives.pop(child) as life, contextlib.suppress(OSError):  # where nobody listens any more
                life.sendall(f"{os.waitstatus_to_exitcode(how)}\n".encode())

    def _become_the_child(self, output: int, life: int) -> None:
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        os.close(life)
        for other in self._lives.values():
            other.close()
        self._requests.close()
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        # Python asked what its streams are when it made them, and they are others now.
        sys.stdout = os.fdopen(1, "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors, closefd=False)
        sys.stderr = os.fdopen(2, "w", 1, encoding=sys.stderr.encoding, errors=sys.stderr.errors, closefd=False)

    def _end_all(self) -> None:
        for child in self._lives:
            os.kill(child, signal.SIGKILL)
        self._tell_of_ends(0)


def _main() -> None:
    for module in _IMPORTED:
        import_module(module)
    assert threading.active_count() == 1  # a fork has only the thread that forked
    gc.freeze()  # pages that no collection looks at stay common to all
    requests = socket.socket(fileno=os.dup(0))
    for child in _Parent(requests).children():
        os.environ.clear()
        os.environ.update(child["environment"])
        sys.argv[1:] = child["arguments"]
        runpy.run_module("bridge", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
