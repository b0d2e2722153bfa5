"""bridge/server/capture.py: the last requests of a running bridge, in outline, on the private port."""

import json
from collections.abc import Iterator

import pytest

from bridge.server.capture import Capture
from tests.server.service import SECRET, Service, callback, model, running

WRONG = "Bearer not-the-secret-at-all"


@pytest.fixture
def service() -> Iterator[Service]:
    """A service that keeps three."""
    with running(model(capture=3)) as it:
        yield it


def test_the_last_requests_are_shown(service: Service) -> None:
    """So many of them, the oldest first, with what was answered."""
    for token in ("good", "expired", "good", "undefined"):
        service.post(token, user_agent="axios/1.6.0")
    kept = service.ask_admin("/capture").json["requests"]
    assert [each["answer"]["code"] for each in kept] == ["token_expired", "ok", "token_missing"]
    assert [each["answer"]["status"] for each in kept] == [401, 200, 401]
    assert all(each["answer"]["request_id"] and each["answer"]["milliseconds"] >= 0 for each in kept)
    assert [each["request"]["caller"]["user_agent"] for each in kept] == [["axios/1.6.0"]] * 3
    assert kept[1]["slips"] == []
    assert kept[1]["request"]["body"]["keys"] == {"access_token": "text of 4"}


def test_a_caller_without_the_secret_is_kept_without_its_body(service: Service) -> None:
    """It costs no body read (CONTRACT.md, "The request"), with capture as without."""
    service.post("good", authorization=f"{SECRET}x")
    (kept,) = service.ask_admin("/capture").json["requests"]
    assert "body" not in kept["request"]
    assert [slip["found"] for slip in kept["slips"]] == ["the secret is 1 character longer at its end"]
    assert SECRET not in json.dumps(kept)


def test_other_paths_are_kept_too(service: Service) -> None:
    """A slash too many is what is looked for."""
    with service.wire() as wire:
        assert wire.send(callback().replace(b"POST / ", b"POST /staff/ ")).answer().status == 404
    (kept,) = service.ask_admin("/capture").json["requests"]
    assert kept["slips"][0]["found"] == "the callback's path with a slash behind it"


def test_a_flood_of_strangers_pushes_nothing_out() -> None:
    """Beyond limits.failed_callers a call costs no work, and is not kept."""
    with running(model(capture=3, limits={"failed_callers": "1/h"})) as service:
        service.post("good")
        codes = [service.post("good", authorization=WRONG).code for _ in range(5)]
        assert codes == ["caller_unauthorized", *["too_many_failed_calls"] * 4]
        kept = service.ask_admin("/capture").json["requests"]
        assert [each["answer"]["code"] for each in kept] == ["ok", "caller_unauthorized"]


def test_without_the_setting_there_is_no_capture() -> None:
    """Off unless asked for: the port has no such path, and nothing stands round the application."""
    with running() as service:
        assert service.ask_admin("/capture").status == 404

    async def app(scope: object, receive: object, send: object) -> None:
        """An application."""

    assert Capture(model).around(app) is app


def test_the_public_port_shows_nothing(service: Service) -> None:
    """It is the private port's."""
    with service.wire() as wire:
        assert wire.send(b"GET /capture HTTP/1.1\r\nHost: a\r\n\r\n").answer().status == 404
