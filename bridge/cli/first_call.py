"""``idp-bridge first-call``: waits for CX Genie's first callback, and says what was wrong with it and what mends it."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any

import typer

from bridge.assemble import Bridge, assemble
from bridge.cli.configuration import ConfigOption, InlineSecretsOption, configuration_file, load_configuration
from bridge.cli.console import Status, bad, cannot_tell, doubtful, good, printable, say, say_json_line
from bridge.cli.explanation import Explanation, explanation_as_json
from bridge.cli.masking import masked
from bridge.cli.problems import stopped_by
from bridge.config.cases import Data, sent
from bridge.config.load import InvalidConfiguration
from bridge.config.model import Model
from bridge.errors import BridgeError
from bridge.oidc.jws import read_untrusted
from bridge.oidc.key_store import KeyStoreUnusable
from bridge.server.appended_file import FileUnavailable
from bridge.server.capture import Captured
from bridge.server.event_log import EventLog
from bridge.server.port import AddressUnavailable
from bridge.server.run import serve
from bridge.trace import RecordingTrace


def first_call(  # noqa: PLR0917 -- typer makes options of them, none is positional
    config: ConfigOption = None,
    host: Annotated[str | None, typer.Option(metavar="HOST", help="Listen there instead of server.host.")] = None,
    port: Annotated[int | None, typer.Option(metavar="PORT", min=0, max=65535, help="Instead of server.port.")] = None,
    count: Annotated[int, typer.Option(metavar="N", min=0, help="End after N requests; 0: by Ctrl-C only.")] = 0,
    allow_inline_secrets: InlineSecretsOption = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object in one line for each request.")
    ] = False,
) -> None:
    """Wait for CX Genie's first callback; show its outline, what was wrong with it, and what to change.

    It is the service itself that answers, with an eye on it: CX Genie gets the answer it will always get. No token, no
    secret and nothing personal is shown: names, lengths and kinds only. Ctrl-C ends it.

    Exit status: 0 the last request got a chat user, or was a guest's; 1 it was refused; 2 none came, a port is taken,
    or state_dir or the audit trail's file cannot be written to.
    """
    path = configuration_file(config, as_json=as_json)
    try:
        loaded = load_configuration(path, allow_inline_secrets=allow_inline_secrets, as_json=as_json)
    except InvalidConfiguration as error:
        raise stopped_by(error.problems, path, Status.CANNOT_TELL, as_json=as_json) from None
    changes = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    model = replace(
        loaded.model,
        server=loaded.model.server.model_copy(update=changes),
        # The private port may be a running bridge's.
        admin=loaded.model.admin.model_copy(update={"host": "127.0.0.1", "port": 0}),
    )
    try:
        last = asyncio.run(_Watch(model, count, as_json=as_json).run())
    except (AddressUnavailable, KeyStoreUnusable, FileUnavailable) as error:
        raise cannot_tell(str(error), as_json=as_json) from None
    if last is None:
        raise cannot_tell("No request came.", as_json=as_json)
    raise typer.Exit(Status.YES if last.answer["code"] in {"ok", "token_missing"} else Status.FINDING)


class _Watch:
    """The service with an eye on it.

    Args:
        model: The configuration.
        count: Requests after which it ends; 0 for never.
        as_json: How they are shown.
    """

    def __init__(self, model: Model, count: int, *, as_json: bool) -> None:
        self._model = model
        self._count = count
        self._as_json = as_json
        self._came: asyncio.Queue[Captured] = asyncio.Queue()

    async def run(self) -> Captured | None:
        """Serves until told to stop, and gives the last request that came."""
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        # What is no HTTP at all, such as TLS on a plain port, is only in the log.
        settings = self._model.log.model_copy(update={"level": "info"})
        log = EventLog(settings, write=lambda line: os.write(2, line), terminal=sys.stderr.isatty())
        last: Captured | None = None
        # A bridge of its own: it is asked with a trace, which the service's is not. Keys are for the service to keep.
        async with assemble(replace(self._model, state_dir=None)) as bridge:
            serving = asyncio.create_task(
                serve(self._model, ready=self._ready, stop=stop, log=log, seen=self._came.put_nowait)
            )
            shown = 0
            while not stop.is_set():
                coming = asyncio.ensure_future(self._came.get())
                await asyncio.wait({coming, serving}, return_when=asyncio.FIRST_COMPLETED)
                if not coming.done():
                    coming.cancel()
                    break
                last, shown = coming.result(), shown + 1
                await self._show(bridge, last, shown)
                if shown == self._count:
                    stop.set()
            await serving
        return last

    def _ready(self, url: str, _admin_url: str) -> None:
        if self._as_json:
            return
        paths = ", ".join(f"{each.settings.path} ({each.name})" for each in self._model.callbacks)
        say(f"Listening on {url} for CX Genie's first callback, at {paths}. Open the chat on the shop's page.")
        say("Ctrl-C ends it.")

    async def _show(self, bridge: Bridge, captured: Captured, number: int) -> None:
        explained = await _explained(bridge, captured)
        if self._as_json:
            explanation = (
                {} if explained is None else {"explanation": explanation_as_json(explained, show_values=False)}
            )
            say_json_line({"ok": captured.answer["code"] == "ok", **captured.as_json(), **explanation})
            return
        say()
        for line in _lines(captured, explained, number):
            say(line)


async def _explained(bridge: Bridge, captured: Captured) -> Explanation | None:
    """Every step of the token, if the request had one and the header token was right."""
    callback, token = captured.shape.callback, captured.shape.token
    if callback is None or token is None or captured.answer["code"] == "caller_unauthorized":
        return None
    trace, claims = RecordingTrace(), {}
    data: Data | None = None
    refusal: BridgeError | None = None
    provider: str | None = None
    try:
        claims = read_untrusted(token).claims if token.looks_like_jwt else {}
        answer = await bridge.authentications[callback.name].authenticate(token, trace)
        provider, data = answer.provider, sent(callback, answer.user)
    except BridgeError as error:
        refusal = error
    return Explanation(callback, provider, trace, data, refusal, claims)


def _lines(captured: Captured, explained: Explanation | None, number: int) -> Iterator[str]:
    outline, answer = captured.shape.outline, captured.answer
    caller = outline["caller"]
    agent = f" ({', '.join(caller['user_agent'])})" if caller["user_agent"] else ""
    yield printable(
        f"request {number}, {captured.at.astimezone():%H:%M:%S}: {outline['method']} {outline['path']}"
        f" HTTP/{outline['http_version']} from {caller['address']}{agent}"
    )
    behind = f"{caller['forwarded_for']} in X-Forwarded-For, from {caller['peer']}" if caller["forwarded_for"] else ""
    rows = {
        "callback": outline["callback"] or "none",
        "header token": outline["header_token"],
        **({"proxies": behind} if behind else {}),
        "content type": ", ".join(outline["content_type"]) or "none",
        "headers": " ".join(outline["headers"]),
        "body": _body(outline.get("body")),
        "token": _token(outline.get("token")),
    }
    for name, text in rows.items():
        yield printable(f"  {name:13} {text}")
    paint = good if answer["code"] == "ok" else doubtful if answer["code"] == "token_missing" else bad
    text = f"HTTP {answer['status']} {answer['code']} after {answer['milliseconds']} ms"
    yield f"  {'answer':13} {paint(printable(text))}"
    word = doubtful("note:  ") if answer["code"] in {"ok", "token_missing"} else bad("wrong: ")
    for slip in captured.shape.slips:
        yield f"  {word} {printable(slip.found)}"
        yield printable(f"  change: {slip.cure}")
    if explained is not None and explained.refusal is not None:
        found = "; ".join(filter(None, (explained.refusal.detail, explained.found(show_values=False))))
        yield f"  {word} {printable(found)}"
        yield printable(f"  change: {explained.cure() or 'see `idp-bridge explain`'}")
    for name, value in (explained.data or {}).items() if explained is not None else ():
        yield printable(f"    {name}: {masked(value)}")


def _body(body: Mapping[str, Any] | None) -> str:
    if body is None:
        return "not read"
    keys = ", ".join(f"{name} ({kind})" for name, kind in body.get("keys", {}).items())
    unknown = f"; not in the documentation: {', '.join(body['unknown_keys'])}" if body.get("unknown_keys") else ""
    return f"{body['bytes']} bytes, {keys or body.get('json', 'nothing')}{unknown}"


def _token(token: Mapping[str, Any] | None) -> str:
    if token is None:
        return "none"
    words = [token.get("form", "unreadable")]
    words += [f"{token['length']} characters of {token['alphabet']}"] if token.get("form") == "opaque" else []
    words += [f"the token_pattern of {', '.join(token['fits'])}"] if token.get("fits") else []
    words += [f"{name} {token[name]}" for name in ("alg", "typ") if token.get(name)]
    words += ["with Bearer before it"] if token.get("bearer_before_it") else []
    words += [f"claims {' '.join(token['claims'])}"] if token.get("claims") else []
    return ", ".join(words)
