"""bridge/doctor/finding.py: one list of what can be found, which the reference repeats."""

import re
from pathlib import Path

import pytest

from bridge.doctor.finding import FINDINGS, Finding

ROOT = Path(__file__).parents[2]


def test_a_finding_has_a_name_of_the_list() -> None:
    """Another one would be missing in the reference."""
    with pytest.raises(LookupError):
        Finding("dsn", "provider shop", "ok", "found")


def test_every_finding_is_in_the_reference() -> None:
    """``docs/reference/doctor.md`` has a row for each, with the sentence of the list."""
    page = (ROOT / "docs/reference/doctor.md").read_text("utf-8")
    assert dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", page, re.MULTILINE)) == FINDINGS


def test_every_finding_can_be_found() -> None:
    """Each name of the list is used by a check, and shown by a test."""
    checks = "".join(
        file.read_text("utf-8") for file in (ROOT / "bridge/doctor").glob("*.py") if file.stem != "finding"
    )
    tests = "".join(file.read_text("utf-8") for file in (ROOT / "tests/doctor").glob("test_*.py"))
    assert [name for name in FINDINGS if f'"{name}"' not in checks] == []
    assert [name for name in FINDINGS if f'"{name}"' not in tests] == []
