"""tests/bridge_process.py: whatever a bridge prints and answers is examined, so the examination must find."""

import json

import pytest

from tests.bridge_process import SECRET, Answer, leaks
from tests.issuer.mint import good_token

NAME, ADDRESS = "Nguyễn Thị Hoa", "hoa.nguyen@shop.example"


@pytest.mark.parametrize(
    ("line", "leaked"),
    [
        ("token {token}", "{payload}"),
        ('{{"detail": "not {signature}"}}', "{signature}"),
        ("KeyError: {token:.20}", "{token:.20}"),
        (f"expected {SECRET!r}", SECRET),
        (f"user {NAME}", NAME),
        (json.dumps(f"user {NAME}"), NAME),
        (f"no mailbox {ADDRESS} here", ADDRESS),
    ],
)
def test_a_leak_is_found(line: str, leaked: str) -> None:
    """Each kind, in whatever way it is written."""
    token = good_token("https://login.shop.example", name=NAME, email=ADDRESS)
    parts = dict(zip(("header", "payload", "signature"), token.split("."), strict=True), token=token)
    assert leaked.format(**parts) in leaks([line.format(**parts)], [SECRET])


def test_a_clean_line_is_clean() -> None:
    """A fingerprint, names of the configuration and request ids are no leaks."""
    line = '{"event": "callback", "request_id": "09510e5eb47b-00000001", "token": "0123456789ab", "provider": "p0"}'
    assert leaks([line], [SECRET]) == []


GOOD = {"content-type": "application/json", "cache-control": "no-store", "x-content-type-options": "nosniff"}
FAILURE = {"status": False, "message": "No.", "code": "overloaded", "request_id": "r1"}
TOLD = {**GOOD, "x-request-id": "r1", "retry-after": "1"}


def test_a_decent_answer_is_decent() -> None:
    """A success, and a failure that may pass."""
    Answer(200, GOOD, {"status": True, "message": "Successfully!", "data": {}}).assert_decent()
    Answer(503, TOLD, FAILURE).assert_decent()


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (503, {"cache-control": "no-cache"}, {}),
        (503, {"x-content-type-options": ""}, {}),
        (503, {"content-type": "text/html"}, {}),
        (503, {"server": "uvicorn"}, {}),
        (503, {"access-control-allow-origin": "*"}, {}),
        (503, {"x-request-id": "r2"}, {}),
        (503, {"retry-after": "0"}, {}),
        (401, {}, {}),
        (429, {}, {}),
        (503, {}, {"code": "token_expired"}),
        (503, {}, {"detail": "aud"}),
    ],
)
def test_any_other_is_not(status: int, headers: dict[str, str], said: dict[str, str]) -> None:
    """A header that is wrong, missing or too much, and a word too many."""
    with pytest.raises(AssertionError):
        Answer(status, TOLD | headers, FAILURE | said).assert_decent()


def test_a_failure_without_a_time_is_not() -> None:
    """Retry-After comes with 503."""
    with pytest.raises(AssertionError):
        Answer(503, GOOD | {"x-request-id": "r1"}, FAILURE).assert_decent()
