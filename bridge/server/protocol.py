"""HTTP as it comes off the wire: what ASGI code cannot see, and uvicorn does not bound.

Bounded here: how many connections there are, the size of a request's head and the time for it, the bytes round a body,
the length of a pipeline. Refused here: whatever is not HTTP, behind the answers that are still due.
"""

from asyncio import AbstractEventLoop, BaseTransport, Event, TimerHandle
from collections.abc import Callable
from enum import Enum
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.config import Config
from uvicorn.server import ServerState

from bridge.config.model import LimitSettings
from bridge.contract.response import refusal
from bridge.errors import BodyTooLarge, BridgeError, HeadTooLarge, Overloaded, RequestInvalid
from bridge.server.connection import Connection
from bridge.server.exchange import CLOSE, Exchange, head_lines
from bridge.server.request_head import (
    Headers,
    check_head,
    head_size,
    origin_form,
    with_known_method,
    without_upgrade,
)
from bridge.server.request_id import HEADER, RequestIds

LONGEST_PIPELINE = 256
"""Requests that may wait for the answers before theirs."""

MOST_FIELDS = 100
"""Header fields of one request. Browsers and proxies send a few dozen; thousands of tiny ones only cost time."""

CHUNK_OVERHEAD = 8
"""Bytes on the wire for each byte of a body, at most: a chunk of one byte takes six (RFC 9112 section 7.1)."""


class Phase(Enum):
    """Which part of a request the next byte belongs to."""

    IDLE = "between two requests"
    HEAD = "request line or headers"
    BODY = "body or trailers"


class BoundedProtocol(Connection):
    """One connection. Made by ``bounded_protocol``, which sets what it is told.

    Attributes:
        draining: Whether each answer is to be the last of its connection.
        refused: Told of each request that is refused here, and its id.
        request_ids: Makes their ids.
    """

    draining: Callable[[], bool]
    refused: Callable[[BridgeError, str], None]
    request_ids: RequestIds

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._phase = Phase.IDLE
        self._chunk = 0  # bytes of what is being parsed
        self._earlier = 0  # bytes of this head, or of this body, in chunks that hold nothing else
        self._begins = True  # whether the chunk begins with a request, and that is still its first
        self._untrusted_headers: Headers = ()
        self._fault: BridgeError | None = None
        self._upgrades = False
        self._keeps_alive = False  # what the cycle is told once its body is there
        self._last_words = b""
        self._head_timer: TimerHandle | None = None

    @property
    def between_requests(self) -> bool:
        """Whether every request that began to come has come whole."""
        return self._phase is Phase.IDLE

    # -- bytes in ------------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Parses what came."""
        again: bytes | None = data
        while again is not None and not self._deaf:
            again = self._parse(again)

    def _parse(self, data: bytes) -> bytes | None:
        self._unset_keepalive_if_required()
        self._chunk, self._begins = len(data), self._phase is Phase.IDLE
        if not self._begins:
            self._earlier += self._chunk
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as error:
            # The parser takes whatever follows for the other protocol: it gets the head again, without the wish.
            method, version = self.parser.get_method(), self.parser.get_http_version()
            return self._begin_anew(without_upgrade(method, self.url, version, self.headers) + data[error.args[0] :])
        except httptools.HttpParserInvalidMethodError as error:
            known = with_known_method(data) if self._begins else None
            if known is None:
                self._refuse(RequestInvalid(str(error)))
            else:
                return self._begin_anew(known)
        except httptools.HttpParserError as error:
            self._refuse(self._fault or RequestInvalid(str(error)))
            self._fault = None  # its traceback holds this frame, and all that it was reading
        else:
            self._bound_what_is_under_way()
        return None

    def _begin_anew(self, data: bytes) -> bytes:
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does, for pipelines
        self._phase, self._upgrades = Phase.IDLE, False
        return data

    def _bound_what_is_under_way(self) -> None:
        if self._phase is Phase.BODY:
            if self._earlier > self.limits.body * CHUNK_OVERHEAD + self.limits.head:
                self._refuse(BodyTooLarge("far more bytes than a body that is taken, in tiny chunks or trailers"))
            elif self.cycle.keep_alive:
                # An answer that overtakes its request's body is the last: the body is not read for nothing.
                self.cycle.keep_alive, self._keeps_alive = False, True
        elif self._phase is Phase.HEAD and self._earlier > self.limits.head:
            self._refuse(_head_too_large(self.limits.head))
        elif self._phase is Phase.HEAD and len(self.headers) > MOST_FIELDS:
            self._refuse(_too_many_fields())
        elif self._head_timer is None and (self._phase is Phase.HEAD or not self.is_answering):
            self._await_head()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._phase, self._earlier = Phase.HEAD, 0
        self._untrusted_headers = self.headers

    def on_headers_complete(self) -> None:
        """The head is there: checks it and starts the application."""
        try:
            self._check_head()
        except BridgeError as error:
            self._fault = error
            raise
        if self.parser.should_upgrade():
            self._upgrades = True
            return
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        self._start_exchange()
        self._phase, self._earlier, self._begins = Phase.BODY, 0, False
        self.headers = []  # trailers land here instead of among the headers (RFC 9110 section 6.5.1)

    def _check_head(self) -> None:
        method, version, limit = self.parser.get_method(), self.parser.get_http_version(), self.limits.head
        if (self._earlier or self._chunk > limit) and head_size(method, self.url, self.headers) > limit:
            raise _head_too_large(limit)
        if len(self.headers) > MOST_FIELDS:
            raise _too_many_fields()
        if len(self.pipeline) >= LONGEST_PIPELINE:
            raise RequestInvalid(f"more than {LONGEST_PIPELINE} requests wait for the answers before theirs")
        check_head(method, version, self.headers)
        self.url = origin_form(self.url)
        self.scope["method"] = method.decode("ascii")
        self.scope["http_version"] = version

    def _start_exchange(self) -> None:
        """What uvicorn does here, but for an ``Exchange`` instead of its own, and without what it does for others."""
        scope, previous_is_due = self.scope, self.is_answering
        url = httptools.parse_url(self.url)
        path = url.path.decode("ascii")
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"] = url.path
        scope["query_string"] = url.query or b""
        is_1_1 = scope["http_version"] == "1.1"
        self.cycle = Exchange(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=Event(),
            expect_100_continue=self.expect_100_continue and is_1_1,  # RFC 9110 section 10.1.1
            keep_alive=is_1_1 and self.parser.should_keep_alive() and not self.draining(),
            on_response=self.on_response_complete,
        )
        if previous_is_due:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
        else:
            self._start_asgi_task(self.cycle, self.app)

    def on_message_complete(self) -> None:
        """The body is there as well."""
        if self._upgrades:
            return
        super().on_message_complete()
        self._phase = Phase.IDLE
        if self._keeps_alive:
            self.cycle.keep_alive, self._keeps_alive = not self.draining(), False

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio says bool | None, uvicorn None
        """The caller sends no more: a request that is not whole is refused."""
        stays = super().eof_received()
        if not self.between_requests and not self._deaf:
            self._refuse(RequestInvalid("the connection ended within the request"))
            return self.is_answering and not self.transport.is_closing()
        return stays

    # -- time ----------------------------------------------------------------------------------------------------------

    def connection_made(self, transport: BaseTransport) -> None:
        """A caller has connected; its first head is due, unless there are too many of them."""
        super().connection_made(transport)
        limit = self.limits.connections
        if len(self.connections) > 2 * limit:  # too many even of those that are being told so
            self._raw.abort()
        elif len(self.connections) > limit:
            self._refuse(
                Overloaded(
                    f"{limit} callers are connected",
                    hint="limits.connections sets how many may be. Does one of them leave its connections open?",
                    retry_after=1,
                )
            )
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        if self._head_timer is not None:
            self._head_timer.cancel()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.limits.header_time, self._head_is_late)

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self._phase is Phase.HEAD:
            self._refuse(RequestInvalid(f"no whole head within {self.limits.header_time:g} s"))
        elif not self.is_answering:
            self.transport.close()

    # -- answers of our own --------------------------------------------------------------------------------------------

    def on_response_complete(self) -> None:
        """An answer is out: the next of a pipeline, or the last words."""
        was_last = not self.pipeline
        super().on_response_complete()
        if was_last and self._last_words and not self.transport.is_closing():
            self._speak(self._last_words)

    def _refuse(self, error: BridgeError) -> None:
        """Answers what cannot be parsed, behind the answers that are still due, and closes."""
        self._deaf = True
        request_id = self.request_ids.of(self._untrusted_headers)
        self.refused(error, request_id)
        words = self._words(error, request_id)
        if self._phase is Phase.BODY:
            # The faulty request is the latest cycle, which waits for its turn or for the rest of its body.
            if self.pipeline:
                self.pipeline.popleft()
            else:
                self.cycle.disconnected = True
                self.cycle.message_event.set()
                self._speak(words)
                return
        if self.is_answering:
            self._last_words = words
        else:
            self._speak(words)

    def _speak(self, words: bytes) -> None:
        self._raw.write(words)
        self.transport.close()

    def _words(self, error: BridgeError, request_id: str) -> bytes:
        answer = refusal(error, request_id)
        own = (HEADER, request_id.encode("ascii")), CLOSE
        return head_lines(answer.status, self.server_state.default_headers, answer.headers, own) + b"\r\n" + answer.body


def bounded_protocol(
    limits: LimitSettings, *, draining: Callable[[], bool], refused: Callable[[BridgeError, str], None]
) -> type[BoundedProtocol]:
    """The protocol of one port, for uvicorn's ``http`` setting.

    Args:
        limits: ``limits:`` of the configuration. Set anew as the class's attribute, they hold for all connections.
        draining: Whether the service is stopping.
        refused: Told of each request that is refused, and its id.
    """
    members = {
        "limits": limits,
        "draining": staticmethod(draining),
        "refused": staticmethod(refused),
        "request_ids": RequestIds(),
    }
    return type("Protocol", (BoundedProtocol,), members)


def _head_too_large(limit: int) -> HeadTooLarge:
    return HeadTooLarge(f"the head has more than {limit} bytes", hint="limits.head sets how much is read.")


def _too_many_fields() -> HeadTooLarge:
    return HeadTooLarge(f"the head has more than {MOST_FIELDS} fields", hint="No caller of ours needs as many.")
