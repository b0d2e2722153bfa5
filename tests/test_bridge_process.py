"""tests/bridge_process.py: whatever a bridge prints is searched, so the search must find."""

import json

import pytest

from tests.bridge_process import SECRET, leaks
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
