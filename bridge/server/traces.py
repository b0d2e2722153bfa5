"""Traces by OpenTelemetry: a span for each callback, and below it one for each exchange with a provider.

The only file that knows the extra [otel]; it is loaded where ``traces.endpoint`` is set, and nowhere else. A span has
names of the configuration, codes, outcomes and a request id, never a token, a secret or a visitor's data. Spans are
sent by a thread of their own; while the collector does not take them the oldest are dropped, and callbacks are answered
as ever.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from threading import Thread

import requests
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from bridge import __version__
from bridge.config.trace_settings import TraceSettings
from bridge.errors import BridgeError
from bridge.oidc.http import Endpoint
from bridge.server.counts import FAILED, outcome_of
from bridge.server.event_log import EventLog

HEADER = "traceparent"
"""W3C Trace Context, section 3.2. ``tracestate`` is neither read nor sent: a caller may write anything there."""

MOST_WAITING, MOST_AT_ONCE = 2048, 512
"""Spans that wait for the collector, and spans in one request to it."""

PAUSE = 1.0
"""Seconds between two requests to the collector, unless there is enough for one."""

PATIENCE = 5.0
"""Seconds for one batch, further attempts included."""

FAREWELL = 1.0
"""Seconds that the last spans have when the service stops."""

_W3C = TraceContextTextMapPropagator()

_AROUND: ContextVar[Context | None] = ContextVar("callback_span", default=None)
"""The span of the callback that is being answered. A flight begun for it (``flights``) has it too."""


class Traces:
    """Makes the spans of one process.

    Args:
        settings: ``traces:`` of the configuration, with an endpoint.
        failed: Told when the collector does not take spans, once until it does again; by another thread.
    """

    def __init__(self, settings: TraceSettings, failed: Callable[[], None]) -> None:
        _silence("opentelemetry", "urllib3")
        self._exporter = _Exporter(settings, failed)
        # Not at exit: that would wait for a dead collector for as long as the library likes.
        self._provider = TracerProvider(
            sampler=ParentBasedTraceIdRatio(settings.percent / 100),
            resource=Resource({"service.name": "idp-bridge", "service.version": __version__}),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                self._exporter,
                max_queue_size=MOST_WAITING,
                max_export_batch_size=MOST_AT_ONCE,
                schedule_delay_millis=PAUSE * 1000,
            )
        )
        self._tracer = self._provider.get_tracer("idp-bridge", __version__)

    def callback(self, name: str, request_id: str, untrusted_headers: Iterable[tuple[bytes, bytes]]) -> "CallbackSpan":
        """Begins the span of one callback, below the caller's if a well-formed ``traceparent`` names that.

        Exchanges that follow in this task, and in tasks that it begins, stand below it.
        """
        parent = _parent([value for header, value in untrusted_headers if header == HEADER.encode()])
        attributes = {"callback": name, "request_id": request_id}
        span = self._tracer.start_span("callback", parent, SpanKind.SERVER, attributes)
        _AROUND.set(set_span_in_context(span, Context()))
        return CallbackSpan(span)

    def exchange(self, provider: str, endpoint: Endpoint) -> "ExchangeSpan":
        """Begins the span of one exchange; see ``BeginSpan``. One that no callback waits for stands alone."""
        attributes = {"provider": provider, "endpoint": endpoint}
        span = self._tracer.start_span(endpoint, _AROUND.get() or Context(), SpanKind.CLIENT, attributes)
        return ExchangeSpan(span)

    def close(self) -> None:
        """Sends what waits; gives up after ``FAREWELL``."""
        sending = Thread(target=self._provider.shutdown, name="send the last spans", daemon=True)
        sending.start()
        sending.join(FAREWELL)
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # ends a pause between two attempts


class CallbackSpan:
    """One callback under way."""

    __slots__ = ("_span",)

    def __init__(self, span: Span) -> None:
        self._span = span

    def success(self, provider: str, *, cached: bool) -> None:
        """Ends with a chat user."""
        self._end(provider, "ok", cached=cached)

    def failure(self, error: BridgeError) -> None:
        """Ends with a failure; only faults on our side are errors, guests and refused visitors are not."""
        if outcome_of(error) == FAILED:
            self._span.set_status(StatusCode.ERROR)
        self._end(error.provider, error.code, cached=error.cached)

    def gone(self) -> None:
        """Ends without an answer: the caller has hung up."""
        self._end("", "caller_gone", cached=False)

    def _end(self, provider: str, code: str, *, cached: bool) -> None:
        self._span.set_attributes({"provider": provider, "code": code, "cached": cached})
        self._span.end()


class ExchangeSpan:
    """One exchange with a provider under way.

    Attributes:
        headers: What goes along with the request, so that the provider's own spans stand below this one.
    """

    __slots__ = ("_span", "headers")

    def __init__(self, span: Span) -> None:
        self._span = span
        headers: dict[str, str] = {}
        _W3C.inject(headers, set_span_in_context(span, Context()))
        self.headers: Mapping[str, str] = headers

    def end(self, outcome: str) -> None:
        """Ends with an outcome as ``OnExchange`` is told it."""
        self._span.set_attribute("outcome", outcome)
        if outcome[0] not in "123":
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


class _Exporter(OTLPSpanExporter):
    """Sends spans, and tells once of a collector that does not take them."""

    def __init__(self, settings: TraceSettings, failed: Callable[[], None]) -> None:
        session = requests.Session()
        session.trust_env = False  # neither a proxy nor a .netrc of the environment's
        super().__init__(
            endpoint=settings.endpoint,
            headers={name.lower(): secret.get_secret_value() for name, secret in settings.headers.items()},
            timeout=PATIENCE,
            compression=Compression.NoCompression,
            session=session,
        )
        self._failed = failed
        self._is_failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Sends one batch, or loses it."""
        result = super().export(spans)
        failing = result is not SpanExportResult.SUCCESS
        if failing and not self._is_failing:
            self._failed()
        self._is_failing = failing
        return result


@contextlib.asynccontextmanager
async def traced(settings: TraceSettings, log: EventLog) -> AsyncIterator[Traces]:
    """Traces for as long as the context lasts; then what waits is sent."""
    loop = asyncio.get_running_loop()

    def say() -> None:
        hint = "Spans are dropped until it does; callbacks are answered as ever. Is traces.endpoint right?"
        log.write(logging.WARNING, "traces_not_sent", hint=hint)

    def failed() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended before the last attempt
            loop.call_soon_threadsafe(say)

    traces = Traces(settings, failed)
    try:
        yield traces
    finally:
        await asyncio.to_thread(traces.close)


def _parent(untrusted: Sequence[bytes]) -> Context:
    """The caller's span; none where the header is garbage or there are several (W3C Trace Context, section 3.2)."""
    if len(untrusted) != 1:
        return Context()
    return _W3C.extract({HEADER: untrusted[0].decode("latin-1")}, Context())


def _silence(*libraries: str) -> None:
    """Has libraries log nowhere: they would by another thread, at each attempt, and quote what a collector says."""
    for library in libraries:
        logger = logging.getLogger(library)
        logger.propagate = False
        logger.addHandler(logging.NullHandler())
