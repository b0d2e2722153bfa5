"""An OpenTelemetry collector, as small as one can be: OTLP over HTTP (protobuf), over a real socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.http_service import Quiet, serving


@dataclass(frozen=True, slots=True)
class CollectedSpan:
    """One span as it came; the ids in hex, those that are not there empty."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any]
    is_error: bool
    service: str


@dataclass
class Collector:
    """The running collector.

    Attributes:
        url: Where it takes spans.
        spans: What it was sent, in the order in which the spans ended.
        raw: The same as bytes.
        headers: The headers of each request, names in lower case.
    """

    url: str = ""
    spans: list[CollectedSpan] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def take(self, body: bytes, headers: dict[str, str]) -> None:
        """Reads one request."""
        self.raw.append(body)
        self.headers.append(headers)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = {each.key: each.value.string_value for each in resource.resource.attributes}["service.name"]
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                attributes = {each.key: _value(each.value) for each in span.attributes}
                ids = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
                self.spans.append(CollectedSpan(span.name, *ids, attributes, span.status.code == 2, service))

    def of_request(self, request_id: str) -> CollectedSpan:
        """The one span of the callback with this id."""
        (found,) = (span for span in self.spans if span.attributes.get("request_id") == request_id)
        return found

    def below(self, span: CollectedSpan) -> list[CollectedSpan]:
        """The spans whose parent this one is."""
        return [each for each in self.spans if (each.trace_id, each.parent_id) == (span.trace_id, span.span_id)]


@contextmanager
def otlp_collector() -> Iterator[Collector]:
    """A collector for as long as the context lasts."""
    state = Collector()

    class Handler(Quiet):
        def do_POST(self) -> None:  # noqa: N802 -- as http.server calls it
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.take(body, {name.lower(): value for name, value in self.headers.items()})
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with serving(Handler) as url:
        state.url = f"{url}/v1/traces"
        yield state


def _value(value: Any) -> Any:
    return getattr(value, value.WhichOneof("value"))
