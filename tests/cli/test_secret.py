"""``idp-bridge secret new``."""

import re
from pathlib import Path

from bridge.contract.settings import CallbackSettings
from tests.cli.command import invoke


def test_a_new_secret_stands_alone(tmp_path: Path) -> None:
    """So that ``export TOKEN=$(idp-bridge secret new)`` and ``> file`` do what is meant; each is another."""
    ran = [invoke("secret", "new", cwd=tmp_path) for _ in range(20)]
    assert {(each.status, each.err) for each in ran} == {(0, "")}
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}\n", each.out) for each in ran)
    assert len({each.out for each in ran}) == 20


def test_a_new_secret_is_a_header_token(tmp_path: Path) -> None:
    """The configuration takes it as it is."""
    secret = invoke("secret", "new", cwd=tmp_path).out.strip()
    assert list(CallbackSettings.model_validate({"header_token": secret}).problems()) == []
