"""The public port: paths and methods."""

from typing import Any

import pytest

from tests.server.service import Service, callback, running
from tests.server.wire import Answer


def ask(service: Service, method: str, path: str, **headers: Any) -> Answer:
    """One request with a good callback's headers and body."""
    request = callback("good", **headers).replace(b"POST / ", f"{method} {path} ".encode())
    with service.wire() as wire:
        return wire.send(request).answer(to=method)


@pytest.mark.parametrize(
    "path",
    [
        "/healthz",
        "/readyz",
        "/metrics",
        "/playground",
        "/docs",
        "/openapi.json",
        "/staff/",
        "/STAFF",
        "//",
        "/..",
        "/%2e",
        "*",
        "/x%0d%0ay",
        "/%0A",
        "/staff%0a",
    ],
)
def test_nothing_else_is_there(service: Service, path: str) -> None:
    """Paths are compared letter by letter, and the private port's are not on the public one (H25): 404."""
    for method in ("GET", "POST"):
        assert (answer := ask(service, method, path)).status == 404
        assert (answer.code, "allow" in answer.headers) == ("not_found", False)


@pytest.mark.parametrize(("path", "allowed"), [("/", "POST"), ("/staff", "POST"), ("/domains", "GET")])
def test_a_path_says_what_it_takes(service: Service, path: str, allowed: str) -> None:
    """405 with Allow comes before the header token is looked at (CONTRACT.md, "order of checks")."""
    answer = ask(service, "PUT", path, authorization="wrong")
    assert (answer.status, answer.code, answer.headers["allow"]) == (405, "method_not_allowed", allowed)


def test_a_cross_origin_request_gets_no_permission(service: Service) -> None:
    """Callers are servers: a browser's preflight is refused like any other method."""
    answer = ask(service, "OPTIONS", "/", origin="https://evil.example", access_control_request_method="POST")
    assert answer.status == 405
    answer.assert_decent()


def test_a_request_id_is_on_every_answer(service: Service) -> None:
    """Also on those that no callback gave."""
    assert ask(service, "GET", "/nowhere", x_request_id="mine").headers["x-request-id"] == "mine"
    assert ask(service, "GET", "/", x_request_id="mine").json["request_id"] == "mine"


def test_the_log_says_what_would_have_been_right() -> None:
    """An operator who typed a wrong path into CX Genie reads the right ones, and no path that somebody sent."""
    with running() as service:
        request_id = ask(service, "POST", "/cxgenie-callback").headers["x-request-id"]
        line = service.event("refused", request_id=request_id)
    assert line["hint"] == "This port answers POST /, GET /domains, POST /staff."
    assert b"cxgenie-callback" not in service.log
