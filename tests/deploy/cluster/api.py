"""A client of the API server: JSON over HTTPS with a token, as administrator."""

import http.client
import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

JsonObject = dict[str, Any]


class ApiRefused(Exception):
    """The API server said no; ``status`` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Api:
    """One API server on this machine.

    Attributes:
        port: Its port on 127.0.0.1.
        token: The administrator's.
        certificate: Its own self-signed one.
    """

    port: int
    token: str
    certificate: Path

    def get(self, path: str) -> JsonObject:
        """An object or a list."""
        return self._ask("GET", path)

    def items(self, path: str) -> list[JsonObject]:
        """The objects of a list."""
        return list(self.get(path)["items"])

    def post(self, path: str, body: JsonObject) -> JsonObject:
        """Creates an object."""
        return self._ask("POST", path, body)

    def merge(self, path: str, body: JsonObject) -> JsonObject:
        """Lays members over an object (RFC 7396)."""
        return self._ask("PATCH", path, body, "application/merge-patch+json")

    def delete_now(self, path: str) -> None:
        """Removes an object whose grace period is over; one that is gone already is no fault."""
        try:
            self._ask("DELETE", path, {"gracePeriodSeconds": 0})
        except ApiRefused as refused:
            if refused.status != 404:
                raise

    def _ask(
        self, method: str, path: str, body: JsonObject | None = None, media_type: str = "application/json"
    ) -> JsonObject:
        context = ssl.create_default_context(cafile=str(self.certificate))
        context.check_hostname = False
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=context)
        try:
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": media_type}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            document: JsonObject = json.loads(answer.read() or b"{}")
        finally:
            connection.close()
        if answer.status >= 400:
            raise ApiRefused(answer.status, str(document.get("message", "")))
        return document
