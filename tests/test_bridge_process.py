"""tests/bridge_process.py: whatever a bridge prints is searched, so the search must find."""

import json

import pytest

from tests.bridge_process import SECRET, leaks
from tests.issuer.mint import good_token

TOKEN = good_token("https://login.shop.example", name="Nguyễn Thị Hoa", email="hoa@shop.example")
_, PAYLOAD, SIGNATURE = TOKEN.split(".")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        pytest.param(f"token {TOKEN}", 3, id="a token"),
        pytest.param(f'{{"detail": "not {SIGNATURE}"}}', 1, id="its signature"),
        pytest.param("KeyError: " + TOKEN[:20], 1, id="the beginning of a token"),
        pytest.param(f"expected {SECRET!r}", 1, id="a header token"),
        pytest.param("user Nguyễn Thị Hoa", 1, id="a name"),
        pytest.param(json.dumps({"detail": "Nguyễn Thị Hoa"}), 1, id="a name, escaped"),
        pytest.param("no mailbox hoa@shop.example here", 1, id="an address"),
        pytest.param('{"event": "callback", "token": "0123456789ab", "provider": "p0"}', 0, id="nothing"),
    ],
)
def test_a_leak_is_found(line: str, found: int) -> None:
    """Each kind, in whatever way it is written."""
    assert len(leaks([line], [SECRET])) == found
