"""HTTP as it comes off the wire: what ASGI code cannot see, and uvicorn does not bound.

Bounded here: the size of a request's head and the time for it, the time that an unread answer or a closing connection
may take. Refused here: whatever two parsers could read differently (RFC 9112 section 11.2).
"""

import re
from asyncio import AbstractEventLoop, BaseTransport, Event, TimerHandle, Transport
from collections.abc import Callable
from enum import Enum
from typing import Any, cast
from urllib.parse import unquote

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from bridge.config.model import LimitSettings
from bridge.contract.response import refusal
from bridge.errors import BodyTooLarge, BridgeError, HeadTooLarge, RequestInvalid
from bridge.server.exchange import CLOSE, ClosingTransport, Exchange, PipelineFlow, head_lines
from bridge.server.request_id import HEADER, RequestIds

LINGER = 2.0
"""Seconds for which a caller that is still sending may read its last answer before the connection is cut."""

LONGEST_PIPELINE = 256
"""Requests that may wait for the answers before theirs."""

CHUNK_OVERHEAD = 8
"""Bytes on the wire for each byte of a body, at most: a chunk of one byte takes six (RFC 9112 section 7.1)."""

# RFC 9110 section 7.2: uri-host [":" port]; empty is allowed, what could be two hosts is not.
_HOST = re.compile(rb"[A-Za-z0-9._~!$&'()*+;=:%\[\]-]*")

# RFC 9112 section 3.1: any token is a method; the parser knows only those that are registered.
_METHOD = re.compile(rb"(?:\r\n)*([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) (?=[/*h])")


class Phase(Enum):
    """Which part of a request the next byte belongs to."""

    IDLE = "between two requests"
    HEAD = "request line or headers"
    BODY = "body or trailers"


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Made by ``bounded_protocol``, which sets what it is told.

    Attributes:
        limits: ``limits:`` of the configuration.
        draining: Whether each answer is to be the last of its connection.
        refused: Told of each request that is refused here, and its id.
        request_ids: Makes their ids.
    """

    limits: LimitSettings
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
        self._fresh = True  # nothing but this chunk's first request has been seen in this chunk
        self._chunk = 0
        self._earlier = 0  # bytes of this head, or of this body, in chunks that hold nothing else
        self._fault: BridgeError | None = None
        self._deaf = False
        self._last_words: bytes | None = None
        self._reuse = False
        self._ended = False
        self._upgrade = False
        self._head_timer: TimerHandle | None = None
        self._cut_timer: TimerHandle | None = None

    # -- the connection ------------------------------------------------------------------------------------------------

    def connection_made(self, transport: BaseTransport) -> None:
        """A caller has connected; its first head is due."""
        self._raw = cast("Transport", transport)
        super().connection_made(cast("Transport", ClosingTransport(self._raw, self._close)))
        self.flow = PipelineFlow(self._raw, self.pipeline)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._deaf = True
        for timer in (self._head_timer, self._cut_timer):
            if timer is not None:
                timer.cancel()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio says bool | None, uvicorn None
        """The caller sends no more, but may still read. Gives whether the connection stays for that."""
        self._ended = True
        if self._phase is not Phase.IDLE and not self._deaf:
            self._refuse(RequestInvalid("the connection ended within the request"))
        self.last_answer()
        return self._is_answering and not self.transport.is_closing()

    def shutdown(self) -> None:
        """The server stops: a connection without a request ends now, any other after its answer."""
        if self._phase is Phase.IDLE:
            super().shutdown()

    def last_answer(self) -> None:
        """Makes the answer under way, if any, the last of this connection."""
        self._reuse = False
        if self._is_answering:
            self.cycle.keep_alive = False

    def pause_writing(self) -> None:
        """The caller does not read its answers: it gets as long as for a head."""
        super().pause_writing()
        self._cut_after(self.limits.header_time)

    def resume_writing(self) -> None:
        """The caller reads on."""
        super().resume_writing()
        if self._cut_timer is not None and not self._deaf:
            self._cut_timer.cancel()
            self._cut_timer = None

    def _cut_after(self, seconds: float) -> None:
        if self._cut_timer is None:
            self._cut_timer = self.loop.call_later(seconds, self._raw.abort)

    def _close(self) -> None:
        """Ends the connection so that the caller can still read its answer (RFC 9112 section 9.6).

        Closed while bytes come in, the connection would be reset, and a reset takes with it what the caller has not
        read yet.
        """
        reads_all = self._ended or (self._phase is Phase.IDLE and not self._deaf and not self.flow.read_paused)
        self._deaf = True
        if self._raw.is_closing():
            return
        self._cut_after(LINGER)
        if reads_all:
            self._raw.close()
        else:
            self._raw.write_eof()
            self._raw.resume_reading()

    # -- bytes in ------------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Parses what came."""
        if self._deaf:
            return
        self._unset_keepalive_if_required()
        self._chunk, self._fresh = len(data), self._phase is Phase.IDLE
        if not self._fresh:
            self._earlier += self._chunk
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as error:
            self._ignore_upgrade(data[error.args[0] :])
        except httptools.HttpParserInvalidMethodError as error:
            self._take_other_method(data, error)
        except httptools.HttpParserError as error:
            self._refuse(self._fault or RequestInvalid(str(error)))
        else:
            self._bound_the_rest()

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Reads a request on as if it had not asked for another protocol (RFC 9110 section 7.8).

        The parser takes whatever follows such a head for the other protocol, so it gets the head again without it.
        """
        line = b"%b %b HTTP/%b\r\n" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        kept = b"".join(b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade")
        self._upgrade = False
        self._begin_anew(line + kept + b"\r\n" + rest)

    def _begin_anew(self, data: bytes) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does, for pipelines
        self._phase = Phase.IDLE
        self.data_received(data)

    def _take_other_method(self, data: bytes, error: Exception) -> None:
        """Has a method that the parser does not know refused by the application, which knows the path's own."""
        method = _METHOD.match(data) if self._fresh else None
        if method is None:
            self._refuse(RequestInvalid(str(error)))
            return
        self._begin_anew(b"TRACE" + data[method.end(1) :])  # no path takes TRACE

    def _bound_the_rest(self) -> None:
        if self._phase is Phase.BODY:
            if self._earlier > self.limits.body * CHUNK_OVERHEAD + self.limits.head:
                self._refuse(BodyTooLarge("far more bytes than a body that is taken, in tiny chunks or trailers"))
            elif self.cycle.keep_alive:
                # An answer that overtakes its request's body is the last: the body is not read for nothing.
                self.cycle.keep_alive, self._reuse = False, True
        elif self._phase is Phase.HEAD and self._earlier > self.limits.head:
            self._refuse(_head_too_large(self.limits.head))
        elif self._head_timer is None and (self._phase is Phase.HEAD or not self._is_answering):
            self._await_head()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._phase, self._earlier = Phase.HEAD, 0

    def on_headers_complete(self) -> None:
        """The head is there: checks it and starts the application."""
        self._fault = self._fault_of_head()
        if self._fault is not None:
            raise self._fault
        if self.parser.should_upgrade():
            self._upgrade = True
            return
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        self._start_exchange()
        self._phase, self._earlier, self._fresh = Phase.BODY, 0, False
        self.headers = []  # trailers land here instead of among the headers (RFC 9110 section 6.5.1)

    def _start_exchange(self) -> None:
        """What uvicorn does here, but for an ``Exchange`` instead of its own, and without what it does for others."""
        parser, scope, previous = self.parser, self.scope, cast("RequestResponseCycle | None", self.cycle)
        url = httptools.parse_url(self.url)
        path = url.path.decode("ascii")
        scope["method"] = parser.get_method().decode("ascii")
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"] = url.path
        scope["query_string"] = url.query or b""
        self.cycle = Exchange(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=scope["http_version"] == "1.1" and parser.should_keep_alive() and not self.draining(),
            on_response=self.on_response_complete,
        )
        if previous is None or previous.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def on_message_complete(self) -> None:
        """The body is there as well."""
        if self._upgrade:
            return
        super().on_message_complete()
        self._phase = Phase.IDLE
        if self._reuse:
            self.cycle.keep_alive, self._reuse = not self.draining(), False

    def _fault_of_head(self) -> BridgeError | None:
        if (self._earlier or self._chunk > self.limits.head) and self._head_size > self.limits.head:
            return _head_too_large(self.limits.head)
        if len(self.pipeline) >= LONGEST_PIPELINE:
            return RequestInvalid(f"more than {LONGEST_PIPELINE} requests wait for the answers before theirs")
        if self.parser.get_method() == b"CONNECT":
            return RequestInvalid("this is no proxy")
        version = self.scope["http_version"] = self.parser.get_http_version()
        if version not in ("1.1", "1.0"):
            return RequestInvalid(f"HTTP/{version}; 1.1 and 1.0 are spoken")
        hosts = []
        for name, value in self.headers:
            if name == b"host":
                hosts.append(value)
            elif name == b"transfer-encoding" and (value.lower() != b"chunked" or version == "1.0"):
                return RequestInvalid("a Transfer-Encoding other than chunked, or with HTTP/1.0 (RFC 9112 section 6.1)")
        if len(hosts) > 1 or (not hosts and version == "1.1") or not all(map(_HOST.fullmatch, hosts)):
            return RequestInvalid("not one valid Host header (RFC 9112 section 3.2)")
        if version == "1.0":
            self.expect_100_continue = False  # RFC 9110 section 10.1.1
        if not self.url.startswith(b"/"):
            return self._read_absolute_form()
        return None

    def _read_absolute_form(self) -> BridgeError | None:
        """Reads ``http://host`` as ``http://host/`` (RFC 9110 section 4.2.3); our paths are all there is to ask for."""
        if self.url == b"*":
            return None
        try:
            url = httptools.parse_url(self.url)
        except httptools.HttpParserInvalidURLError:
            return RequestInvalid("the request's target is no path and no address")
        self.url = (url.path or b"/") + (b"?" + url.query if url.query else b"")
        return None

    @property
    def _head_size(self) -> int:
        line = len(self.parser.get_method()) + len(self.url) + len(b"  HTTP/1.1\r\n\r\n")
        return line + sum(len(name) + len(value) + len(b": \r\n") for name, value in self.headers)

    # -- time ----------------------------------------------------------------------------------------------------------

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.limits.header_time, self._head_is_late)

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self._phase is Phase.HEAD:
            self._refuse(RequestInvalid(f"no whole head within {self.limits.header_time:g} s"))
        elif not self._is_answering:
            self.transport.close()

    # -- answers -------------------------------------------------------------------------------------------------------

    @property
    def _is_answering(self) -> bool:
        latest = cast("RequestResponseCycle | None", self.cycle)
        return latest is not None and not latest.response_complete

    def on_response_complete(self) -> None:
        """An answer is out: the next of a pipeline, or the last words."""
        was_last = not self.pipeline
        super().on_response_complete()
        if was_last and self._last_words is not None and not self.transport.is_closing():
            self._speak(self._last_words)

    def _refuse(self, error: BridgeError) -> None:
        """Answers what cannot be parsed, behind the answers that are still due, and closes."""
        self._deaf = True
        request_id = self.request_ids.of(self.headers or ())
        self.refused(error, request_id)
        words = self._words(error, request_id)
        if self._phase is Phase.BODY:
            # The faulty request is the latest cycle, which waits for the rest of its body.
            if self.pipeline and self.pipeline[0][0] is self.cycle:
                self.pipeline.popleft()
            else:
                started = self.cycle.response_started
                self.cycle.disconnected = True
                self.cycle.message_event.set()
                self._speak(b"" if started else words)
                return
        if self._is_answering:
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
        limits: ``limits:`` of the configuration.
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
