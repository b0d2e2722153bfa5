"""Valkey, or the Redis that it comes from, as a process."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any, Self

from valkey import Valkey
from valkey.exceptions import ConnectionError as NotThere

PASSWORD = "a-password-of-the-interop-tests"

_START = 20.0  # seconds that it may take on a noisy machine


def program() -> str:
    """The server's program.

    Raises:
        AssertionError: None is installed: the sentence says what to do.
    """
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    assert found is not None, (
        "These tests run a real Valkey or Redis:"
        " install one, on Debian by `apt-get install --no-install-recommends redis-server`."
    )
    return found


class ValkeyProcess:
    """A server on a port of its own that writes nothing to disk, behind a password.

    Attributes:
        url: Its address, password included.
    """

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.url = f"valkey://:{PASSWORD}@127.0.0.1:{self._port}/0"
        self.start()

    def start(self) -> None:
        """Starts it, empty."""
        options = {"port": self._port, "bind": "127.0.0.1", "save": "", "appendonly": "no", "requirepass": PASSWORD}
        command = [program(), *(word for name, value in options.items() for word in (f"--{name}", str(value)))]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self.client: Any = Valkey.from_url(self.url)  # its types cannot tell it from its asynchronous twin
        until = time.monotonic() + _START
        while True:
            try:
                self.client.ping()
            except NotThere:
                assert time.monotonic() < until, "the server did not start"
                time.sleep(0.02)
            else:
                return

    def kill(self) -> None:
        """Ends it as a crash would."""
        self.client.close()
        self._process.kill()
        self._process.wait()

    def everything(self) -> Iterator[bytes]:
        """Each name, its value, and the value as the server itself has it."""
        for name in self.client.keys("*"):
            yield name
            yield self.client.get(name) or b""
            yield self.client.dump(name) or b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
