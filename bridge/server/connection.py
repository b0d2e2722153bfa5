"""How a connection ends: never before its answer could be read, and never later than that takes."""

from asyncio import AbstractEventLoop, BaseTransport, TimerHandle, Transport
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from bridge.config.model import LimitSettings
from bridge.server.exchange import ClosingTransport, PipelineFlow

LINGER = 2.0
"""Seconds for which a caller that is still sending may read its last answer before the connection is cut."""


class Connection(HttpToolsProtocol):
    """uvicorn's protocol, with an end.

    Attributes:
        limits: ``limits:`` of the configuration.
    """

    limits: LimitSettings

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._deaf = False  # whatever comes now is thrown away
        self._half_closed = False
        self._cut_timer: TimerHandle | None = None

    @property
    def between_requests(self) -> bool:
        """Whether every request that began to come has come whole."""
        return True

    @property
    def is_answering(self) -> bool:
        """Whether an answer is due."""
        latest = cast("RequestResponseCycle | None", self.cycle)
        return latest is not None and not latest.response_complete

    @property
    def is_owed_an_answer(self) -> bool:
        """Whether an answer is due, or the caller has only just connected: its first request is under way."""
        is_new = cast("RequestResponseCycle | None", self.cycle) is None and not self._deaf
        return is_new or self.is_answering or not self.between_requests

    def last_answer(self) -> None:
        """Makes the answer under way, if any, the last of this connection."""
        if self.is_answering:
            self.cycle.keep_alive = False

    def connection_made(self, transport: BaseTransport) -> None:
        """A caller has connected."""
        self._raw = cast("Transport", transport)
        super().connection_made(cast("Transport", ClosingTransport(self._raw, self._close)))
        self.flow = PipelineFlow(self._raw, self.pipeline)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._deaf = True
        if self._cut_timer is not None:
            self._cut_timer.cancel()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio says bool | None, uvicorn None
        """The caller sends no more, but may still read. Gives whether the connection stays for that."""
        self._half_closed = True
        self.last_answer()
        return self.is_answering and not self.transport.is_closing()

    def shutdown(self) -> None:
        """The server stops: a connection without a request ends now, any other after its answer."""
        if self.between_requests:
            super().shutdown()

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
        nothing_comes = self._half_closed or (self.between_requests and not self._deaf and not self.flow.read_paused)
        self._deaf = True
        if self._raw.is_closing():
            return
        self._cut_after(LINGER)
        if nothing_comes:
            self._raw.close()
        else:
            self._raw.write_eof()
            self._raw.resume_reading()
