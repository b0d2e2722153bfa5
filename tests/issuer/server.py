"""The issuer's HTTP side: raw HTTP/1.1 over asyncio streams, because much of what it must say no framework would.

Every path prefix is an issuer of its own, a *realm*: ``http://127.0.0.1:PORT`` and ``http://127.0.0.1:PORT/other`` have
their own documents, faults and counts. ``POST /_set`` (JSON: ``realm`` and any field of ``Realm``), ``POST /_reset``
and ``GET /_requests`` (counts by path) are the controls.
"""

import asyncio
import contextlib
import dataclasses
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.issuer import faults

_DISCOVERY = "/.well-known/openid-configuration"
_METADATA = "/.well-known/oauth-authorization-server"


@dataclass
class Realm:
    """What one issuer publishes.

    Attributes:
        jwks: The key set, as JSON or as raw text.
        discovery: Members of the metadata document laid over the honest ones; null removes one.
        userinfo: The answer for any bearer token.
        fault: Names of ``faults.py``, one or a list: ``jwks_500``.
        latency: Seconds before each answer.
        headers: Headers added to honest answers (``Cache-Control``).
    """

    jwks: Any = field(default_factory=lambda: {"keys": []})
    discovery: dict[str, Any] = field(default_factory=dict)
    userinfo: Any = None
    fault: list[str] = field(default_factory=list)
    latency: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)


class IssuerServer:
    """All realms behind one port, and how often each path was asked for."""

    def __init__(self) -> None:
        self._realms: defaultdict[str, Realm] = defaultdict(Realm)
        self._requests: Counter[str] = Counter()
        self._url = ""

    async def run(self, port: int) -> None:
        """Serves on 127.0.0.1, printing the address once it is bound, until cancelled."""
        server = await asyncio.start_server(self._connection, "127.0.0.1", port)
        self._url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        print(self._url, flush=True)  # noqa: T201 - whoever started the process reads it
        await server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, target, _ = head.split(" ", 2)
                headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                path = urlsplit(target).path
                if path.startswith("/_"):
                    writer.write(faults.http(200, self._control(method, path, body)))
                else:
                    self._requests[path] += 1
                    await self._publish(path, writer)
                await writer.drain()
        writer.close()

    def _control(self, method: str, path: str, body: bytes) -> bytes:
        if (method, path) == ("POST", "/_reset"):
            self._realms.clear()
            self._requests.clear()
        elif (method, path) == ("POST", "/_set"):
            change = json.loads(body)
            realm = change.pop("realm", "")
            if isinstance(fault := change.get("fault"), str):
                change["fault"] = [fault]
            self._realms[realm] = dataclasses.replace(self._realms[realm], **change)
        return json.dumps(self._requests).encode()

    async def _publish(self, path: str, writer: asyncio.StreamWriter) -> None:
        endpoint, name = _route(path)
        realm = self._realms.get(name)
        if realm is None or endpoint is None:
            writer.write(faults.http(404))
            return
        issuer = f"{self._url}{name}"
        body = self._metadata(issuer, realm) if endpoint in {"discovery", "metadata"} else getattr(realm, endpoint)
        text = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        await asyncio.sleep(realm.latency)
        for fault in realm.fault:
            answer = faults.find(fault, endpoint)
            if isinstance(answer, bytes):
                writer.write(answer)
                return
            if answer is not None:
                await answer(writer, text)
                return
        writer.write(faults.http(200, text, **realm.headers))

    @staticmethod
    def _metadata(issuer: str, realm: Realm) -> dict[str, Any]:
        document = {
            "issuer": issuer,
            "jwks_uri": f"{issuer}/jwks",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            # Discovery allows all three here; whoever takes his allow-list from this accepts unsigned tokens.
            "id_token_signing_alg_values_supported": ["none", "HS256", "RS256"],
        }
        return {name: value for name, value in (document | realm.discovery).items() if value is not None}


def _route(path: str) -> tuple[str | None, str]:
    """Endpoint and realm of a path; RFC 8414 section 3.1 puts the issuer's path behind the well-known one."""
    if path.startswith(_METADATA):
        return "metadata", path.removeprefix(_METADATA)
    for suffix, endpoint in ((_DISCOVERY, "discovery"), ("/jwks", "jwks"), ("/userinfo", "userinfo")):
        if path.endswith(suffix):
            return endpoint, path.removesuffix(suffix)
    return None, ""
