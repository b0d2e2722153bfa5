"""The public port: a path for each callback and each domain list, and nothing else. No CORS: callers are servers."""

from collections import defaultdict
from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from bridge.assemble import Bridge
from bridge.config.model import Model
from bridge.contract.response import refusal
from bridge.errors import BridgeError, MethodNotAllowed, NotFound
from bridge.server.access_log import StrangerLog
from bridge.server.callback import CallbackEndpoint, DomainsEndpoint, Gate
from bridge.server.reply import send_answer
from bridge.server.request_id import RequestIds


def callback_app(model: Model, bridge: Bridge, gate: Gate) -> Starlette:
    """The application of the public port.

    Args:
        model: The configuration.
        bridge: What it became.
        gate: What its callbacks share.
    """
    paths: defaultdict[str, dict[str, ASGIApp]] = defaultdict(dict)
    for callback in model.callbacks:
        paths[callback.settings.path]["POST"] = CallbackEndpoint(callback, bridge.authentications[callback.name], gate)
        if callback.settings.domains.allow:
            paths[callback.settings.domains.path]["GET"] = DomainsEndpoint(callback, gate)
    known = ", ".join(f"{method} {path}" for path, endpoints in paths.items() for method in endpoints)
    return application(paths, f"This port answers {known}.", gate.request_ids, gate.strangers)


def application(
    paths: Mapping[str, Mapping[str, ASGIApp]], hint: str, request_ids: RequestIds, strangers: StrangerLog
) -> Starlette:
    """Routes by path, then by method; whatever else comes is answered with our envelope.

    Args:
        paths: The endpoint of each method of each path.
        hint: What a caller of another path should have asked for, for the log.
        request_ids: Makes their ids.
        strangers: Logs what is refused here.
    """
    methods = {
        path: Refusal(
            MethodNotAllowed("the path takes another method", hint=hint),
            request_ids,
            strangers,
            (b"allow", ", ".join(endpoints).encode("ascii")),
        )
        for path, endpoints in paths.items()
    }
    app = ExactPaths(paths, methods)
    app.router.default = Refusal(NotFound("nothing has the path asked for", hint=hint), request_ids, strangers)
    return app


class ExactPaths(Starlette):
    """An application all of whose paths are fixed: a look into a table finds the route.

    Starlette's own way there, through two middlewares and a regular expression for each route, takes half as long as
    all the rest of a cached callback, and such an expression also matches the path with a line break behind it.
    """

    def __init__(self, paths: Mapping[str, Mapping[str, ASGIApp]], other_methods: Mapping[str, ASGIApp]) -> None:
        super().__init__()
        self._table = {(method, path): endpoint for path, own in paths.items() for method, endpoint in own.items()}
        self._other_methods = dict(other_methods)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands over."""
        path = scope["path"]
        endpoint = self._table.get((scope["method"], path)) or self._other_methods.get(path, self.router.default)
        await endpoint(scope, receive, send)


class Refusal:
    """Answers everything with one error."""

    def __init__(
        self, error: BridgeError, request_ids: RequestIds, strangers: StrangerLog, *headers: tuple[bytes, bytes]
    ) -> None:
        self._error = error
        self._request_ids = request_ids
        self._strangers = strangers
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Answers one request."""
        request_id = self._request_ids.of(scope["headers"])
        self._strangers.refused(self._error, request_id)
        await send_answer(send, refusal(self._error, request_id), request_id, *self._headers)
