"""What a test holds: the issuer's process, and a handle on each realm of it."""

import http.client
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tests.issuer import faults, keys
from tests.issuer.recorded import Recorded

_ROOT = Path(__file__).parents[2]


class Issuer:
    """One issuer: where it is, what it publishes, and what was asked of it.

    Attributes:
        url: The issuer identifier, without a trailing slash.
    """

    def __init__(self, server: str, realm: str = "") -> None:
        self._server = server
        self._realm = realm
        self.url = server + realm

    def realm(self, name: str) -> "Issuer":
        """Another issuer of the same process, honest until told otherwise."""
        issuer = Issuer(self._server, f"/{name}")
        issuer.set(jwks=keys.jwks())
        return issuer

    def set(self, **changes: Any) -> None:
        """Changes what is published; see ``server.Realm`` for the fields, the others stay as they are.

        Raises:
            LookupError: There is no fault of that name.
        """
        for fault in [changes["fault"]] if isinstance(changes.get("fault"), str) else changes.get("fault", []):
            faults.find(fault, "")
        self._control("POST", "/_set", {"realm": self._realm, **changes})

    def requests(self) -> dict[str, int]:
        """How often each of this issuer's paths was asked for; of the root issuer, every path of the process."""
        counts: dict[str, int] = self._control("GET", "/_requests")
        return {
            path: count
            for path, count in counts.items()
            if f"{path}/".startswith(f"{self._realm}/") or path.endswith(f"server{self._realm}")
        }

    def recorded(self, endpoint: str) -> list[Recorded]:
        """The requests to one of this issuer's endpoints, oldest first."""
        every = [Recorded(**one) for one in self._control("GET", "/_recorded")]
        return [one for one in every if one.path == f"{self._realm}/{endpoint}"]

    def asked(self) -> int:
        """How many requests that were in all."""
        return sum(self.requests().values())

    def fetches(self) -> int:
        """How often the key set was asked for."""
        return self.requests().get(f"{self._realm}/jwks", 0)

    def reset(self) -> None:
        """Forgets every realm and count of the process; the root issuer publishes ``keys.GOOD`` again."""
        self._control("POST", "/_reset")
        Issuer(self._server).set(jwks=keys.jwks())

    def _control(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection(urlsplit(self._server).netloc, timeout=10)
        try:
            connection.request(method, path, json.dumps(body))
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()


class IssuerProcess(Issuer):
    """``python -m tests.issuer`` while it runs; itself the root issuer."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.issuer"], stdout=subprocess.PIPE, text=True, cwd=_ROOT
        )
        assert self._process.stdout is not None
        super().__init__(self._process.stdout.readline().strip())
        self.reset()

    def close(self) -> None:
        """Ends the process."""
        self._process.terminate()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
