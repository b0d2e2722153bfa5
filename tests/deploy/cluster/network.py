"""The cluster's network: a bridge on the host and a network namespace for each pod."""

import contextlib
import itertools
import subprocess
from collections.abc import Iterator

from tests.deploy.parts import installed

BRIDGE = "idp-bridge-t0"
HOST_ADDRESS = "10.244.0.1"


def ip(*arguments: str) -> None:
    """Runs iproute2's ``ip``."""
    done = subprocess.run([installed("ip", "iproute2"), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"ip {' '.join(arguments)}: {done.stderr.strip()} (root and NET_ADMIN are needed)")


class Network:
    """Gives pods their addresses."""

    def __init__(self) -> None:
        self._numbers = itertools.count(2)
        self._names = itertools.count()

    @contextlib.contextmanager
    def up(self) -> Iterator["Network"]:
        """Has the bridge for as long as it is entered."""
        subprocess.run(["ip", "link", "del", BRIDGE], capture_output=True, check=False)
        ip("link", "add", BRIDGE, "type", "bridge")
        try:
            ip("addr", "add", f"{HOST_ADDRESS}/16", "dev", BRIDGE)
            ip("link", "set", BRIDGE, "up")
            yield self
        finally:
            ip("link", "del", BRIDGE)

    @contextlib.contextmanager
    def namespace(self) -> Iterator[tuple[str, str]]:
        """A network namespace for one pod: its name and its address."""
        number, position = next(self._numbers), next(self._names)
        name, address = f"idp-bridge-{position}", f"10.244.{number // 250}.{number % 250}"
        outer, inner = f"ib-o{position}", f"ib-i{position}"
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
        ip("netns", "add", name)
        try:
            ip("link", "add", outer, "type", "veth", "peer", "name", inner)
            ip("link", "set", outer, "master", BRIDGE, "up")
            ip("link", "set", inner, "netns", name)
            ip("-n", name, "addr", "add", f"{address}/16", "dev", inner)
            ip("-n", name, "link", "set", inner, "up")
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "route", "add", "default", "via", HOST_ADDRESS)
            yield name, address
        finally:
            ip("netns", "del", name)

    @staticmethod
    def add_service_address(address: str) -> None:
        """Makes a Service's address one of this host's."""
        subprocess.run(["ip", "addr", "add", f"{address}/32", "dev", BRIDGE], capture_output=True, check=False)
