"""The issuer's HTTP side: raw HTTP/1.1 over asyncio streams, because much of what it must say no framework would.

Every path prefix is an issuer of its own, a *realm*: ``http://127.0.0.1:PORT`` and ``http://127.0.0.1:PORT/other`` have
their own documents, faults and counts. ``POST /_set`` (JSON: ``realm`` and any field of ``Realm``), ``POST /_reset``,
``GET /_requests`` (counts by path) and ``GET /_recorded`` (the requests themselves, oldest first) are the controls.
"""

import asyncio
import contextlib
import dataclasses
import json
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

from tests.issuer import faults, token_endpoints
from tests.issuer.recorded import Recorded

_DISCOVERY = "/.well-known/openid-configuration"
_METADATA = "/.well-known/oauth-authorization-server"


@dataclass
class Realm:
    """What one issuer publishes.

    Attributes:
        jwks: The key set, as JSON or as raw text.
        discovery: Members of the metadata document laid over the honest ones; null removes one.
        userinfo: The answer of that endpoint about any token, as JSON or as raw text.
        introspection: The same for introspection.
        token_check: The same for the token check.
        tokens: Answers by token and then by endpoint, instead of those for any token.
        client: Whose questions introspection answers; see ``token_endpoints.answer``.
        statuses: Other statuses than the honest answer's, by endpoint.
        content_types: Other media types than JSON, by endpoint.
        fault: Names of ``faults.py``, one or a list: ``jwks_500``.
        latency: Seconds before each answer.
        headers: Headers added to honest answers (``Cache-Control``).
    """

    jwks: Any = field(default_factory=lambda: {"keys": []})
    discovery: dict[str, Any] = field(default_factory=dict)
    userinfo: Any = None
    introspection: Any = None
    token_check: Any = None
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    client: dict[str, Any] | None = None
    statuses: dict[str, int] = field(default_factory=dict)
    content_types: dict[str, str] = field(default_factory=dict)
    fault: list[str] = field(default_factory=list)
    latency: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)


class IssuerServer:
    """All realms behind one port, and how often each path was asked for."""

    def __init__(self) -> None:
        self._realms: defaultdict[str, Realm] = defaultdict(Realm)
        self._requests: Counter[str] = Counter()
        # The last ones only: a benchmark asks for as long as it likes.
        self._recorded: deque[Recorded] = deque(maxlen=1000)
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
                asked = Recorded.read(head)
                body = await reader.readexactly(int(asked.headers.get("content-length", 0)))
                asked = dataclasses.replace(asked, body=body.decode("latin-1"))
                if asked.path.startswith("/_"):
                    writer.write(faults.http(200, self._control(asked)))
                else:
                    self._requests[asked.path] += 1
                    self._recorded.append(asked)
                    await self._publish(asked, writer)
                await writer.drain()
        writer.close()

    def _control(self, asked: Recorded) -> bytes:
        if (asked.method, asked.path) == ("POST", "/_reset"):
            self._realms.clear()
            self._requests.clear()
            self._recorded.clear()
        elif (asked.method, asked.path) == ("POST", "/_set"):
            change = json.loads(asked.body)
            realm = change.pop("realm", "")
            if isinstance(fault := change.get("fault"), str):
                change["fault"] = [fault]
            self._realms[realm] = dataclasses.replace(self._realms[realm], **change)
        elif asked.path == "/_recorded":
            return json.dumps([one.as_json() for one in self._recorded]).encode()
        return json.dumps(self._requests).encode()

    async def _publish(self, asked: Recorded, writer: asyncio.StreamWriter) -> None:
        endpoint, name = _route(asked.path)
        realm = self._realms.get(name)
        if realm is None or endpoint is None:
            writer.write(faults.http(404))
            return
        status, body = self._honest(endpoint, f"{self._url}{name}", realm, asked)
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
        content_type = realm.content_types.get(endpoint, "application/json")
        writer.write(faults.http(realm.statuses.get(endpoint, status), text, content_type, **realm.headers))

    def _honest(self, endpoint: str, issuer: str, realm: Realm, asked: Recorded) -> tuple[int, Any]:
        if endpoint in token_endpoints.ENDPOINTS:
            return token_endpoints.answer(endpoint, getattr(realm, endpoint), realm.tokens, realm.client, asked)
        return 200, realm.jwks if endpoint == "jwks" else self._metadata(issuer, realm)

    @staticmethod
    def _metadata(issuer: str, realm: Realm) -> dict[str, Any]:
        document = {
            "issuer": issuer,
            "jwks_uri": f"{issuer}/jwks",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "introspection_endpoint": f"{issuer}/introspection",
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
    own = tuple((f"/{endpoint}", endpoint) for endpoint in ("jwks", *token_endpoints.ENDPOINTS))
    for suffix, endpoint in ((_DISCOVERY, "discovery"), *own):
        if path.endswith(suffix):
            return endpoint, path.removesuffix(suffix)
    return None, ""
