"""``traces:`` as it is written: where spans of callbacks and of exchanges with providers are sent."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Annotated

from pydantic import Field, SecretStr

from bridge.errors import Problem
from bridge.oidc.address import unfit_url
from bridge.units import Settings

_FIELD_NAME = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)


class TraceSettings(Settings):
    """OpenTelemetry: a span for each callback and for each exchange with a provider.

    Attributes:
        endpoint: Where the collector takes OTLP over HTTP, path included; without it nothing is traced.
        headers: Headers that the collector wants, by name; each value a secret.
        percent: How many of a hundred callbacks are traced; a caller that sends traceparent has decided for his own.
        insecure: Accept plain http to another machine: whoever is on the way reads the spans, and the headers.
    """

    endpoint: str | None = None
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    percent: Annotated[int, Field(ge=0, le=100)] = 100
    insecure: bool = False

    def problems(self) -> Iterator[Problem]:
        """What no single field shows. Key paths are relative to ``traces``."""
        for name, secret in self.headers.items():
            text = secret.get_secret_value()
            if _FIELD_NAME.fullmatch(name) is None:
                yield Problem(
                    ("headers", name), "not a header's name", "", "Write a name in lower case, such as authorization."
                )
            elif not text.isascii() or not text.isprintable() or text != text.strip():
                found = "a blank at an end, or a character that no header carries"
                yield Problem(("headers", name), found, "It is sent as it is.", "Give visible ASCII characters.")
        if self.endpoint is None:
            return
        if reason := unfit_url(self.endpoint, insecure=self.insecure):
            cure = "Write an https address; plain http is for this machine only, or spell out insecure: true."
            yield Problem(("endpoint",), reason, "Who is asked what, and when, goes there.", cure)
        elif not _installed():
            why = "OpenTelemetry is an extra that most do without."
            cure = "Install it: pip install 'cxgenie-idp-bridge[otel]'"
            yield Problem(("endpoint",), "an address, and the extra [otel] is not installed", why, cure)


def _installed() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:  # not even what it is part of
        return False
