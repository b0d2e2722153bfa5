"""A shop's own little service of facts, over a real socket: what ``sources:`` ask.

It keeps each request exactly as it came, so that a test sees where was asked, and can be told to misbehave.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.http_service import Quiet, serving


@dataclass
class FactsServer:
    """The running service.

    Attributes:
        url: Its address, without a slash at its end.
        facts: What it says of everybody, as JSON or as raw text.
        status: Its HTTP status.
        headers: More headers of its answers.
        hangs: Whether it answers only when it is told to stop.
        asked: The request targets, raw, in their order.
        authorizations: The Authorization headers beside them.
        traceparents: The traceparent headers beside them.
    """

    url: str = ""
    facts: Any = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    asked: list[str] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)
    traceparents: list[str | None] = field(default_factory=list)
    _came: threading.Condition = field(default_factory=threading.Condition, repr=False)

    def honest(self, **facts: Any) -> None:
        """From now on it answers, and says this."""
        self.facts, self.status, self.headers, self.hangs = facts, 200, {}, False

    def came(self, target: str, authorization: str | None, traceparent: str | None) -> None:
        """Takes note of a request."""
        with self._came:
            self.asked.append(target)
            self.authorizations.append(authorization)
            self.traceparents.append(traceparent)
            self._came.notify_all()

    def wait_for(self, count: int) -> None:
        """Returns when it was asked so often."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.asked) >= count, timeout=10)


@contextmanager
def facts_server() -> Iterator[FactsServer]:
    """A service of facts for as long as the context lasts."""
    state, stopped = FactsServer(), threading.Event()

    class Handler(Quiet):
        def do_GET(self) -> None:  # noqa: N802 -- as http.server calls it
            state.came(self.path, self.headers["Authorization"], self.headers["traceparent"])
            if state.hangs:
                stopped.wait(30)
                self.close_connection = True
                return
            body = state.facts.encode() if isinstance(state.facts, str) else json.dumps(state.facts).encode()
            self.send_response(state.status)
            for name, value in {**state.headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    with serving(Handler) as state.url:
        try:
            yield state
        finally:
            stopped.set()
