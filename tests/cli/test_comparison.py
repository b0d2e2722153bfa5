"""``idp-bridge check --against OLD``: what a change would do to existing customers."""

import json
from pathlib import Path

import pytest

from tests.cli.command import Ran, invoke

OLD = (
    "version: 1\ncallback: {header_token: {env: CXGENIE_HEADER_TOKEN}}\n"
    "providers: {shop: {issuer: 'https://login.shop.example', audience: chat}}\nmapping: {label: {value: Customer}}\n"
)
CASES = "- {name: An, claims: {sub: u1, name: An}, expect: {id: u1, name: An, label: Customer}}\n"


def against(folder: Path, new: str, *options: str, cases: str | None = None) -> Ran:
    """The verdict on a new file beside the old one."""
    (folder / "old.yaml").write_text(OLD)
    (folder / "new.yaml").write_text(new)
    if cases is not None:
        (folder / "new.tests.yaml").write_text(cases)
    return invoke("check", "new.yaml", "--against", "old.yaml", *options, cwd=folder)


@pytest.mark.parametrize(
    ("old", "new", "status", "says"),
    [
        ("", "", 0, "Nothing changes for the customers of old.yaml."),
        (
            "audience: chat",
            "audience: chat, id_prefix: 's:'",
            1,
            'somebody else: providers.shop.id_prefix: "s:", it was',
        ),
        ("login.shop", "other.shop", 1, "somebody else: providers.shop.issuer: https://other.shop.example, it was"),
        ("chat}", "chats}", 0, "refused: providers.shop.audience: without chat"),
        ("shop: {", "people: {", 0, "note: providers.people: renamed, it was shop"),
    ],
)
def test_the_verdict(tmp_path: Path, old: str, new: str, status: int, says: str) -> None:
    """1 only where a customer would become somebody else; what else would happen is said."""
    ran = against(tmp_path, OLD.replace(old, new, 1) if old else OLD)
    assert ran.status == status
    assert says in ran.out
    assert ("would make somebody else of a customer" in ran.out) == (status == 1)


def test_the_cases_are_asked_of_both(tmp_path: Path) -> None:
    """Those beside the new file: what differs is shown with both sides."""
    ran = against(tmp_path, OLD.replace("Customer", "Guest"), cases=CASES)
    assert ran.status == 0
    assert 'label is "Guest", it was "Customer"' in ran.out
    assert "note: case.An: " in ran.out
    refused = against(tmp_path, OLD + "require: [vip]\n", cases=CASES)
    assert 'refused: case.An: refused is "visitor_refused", it was nothing' in refused.out


def test_cases_that_do_not_fit_the_old_file_are_left_out(tmp_path: Path) -> None:
    """They name what it has not; that is told. Cases that are wrong are a finding."""
    named = CASES.replace("name: An,", "name: An, provider: people,", 1)
    ran = against(tmp_path, OLD.replace("shop: {", "people: {"), cases=named)
    assert ran.status == 0
    assert "their answers are not compared" in ran.err
    assert against(tmp_path, OLD, cases="- 5\n").status == 1


def test_json_for_programs(tmp_path: Path) -> None:
    """``ok`` is false where a customer would become somebody else."""
    found = json.loads(against(tmp_path, OLD.replace("chat}", "chat, subject: uid}"), "--json").out)
    assert (found["ok"], found["against"]) == (False, "old.yaml")
    assert [(each["effect"], each["path"]) for each in found["changes"]] == [
        ("identity", ["providers", "shop", "subject"])
    ]
    assert json.loads(against(tmp_path, OLD, "--json").out)["changes"] == []


def test_an_old_file_that_cannot_be_read_leaves_it_open(tmp_path: Path) -> None:
    """2: it may be the very change that mended it."""
    (tmp_path / "new.yaml").write_text(OLD)
    (tmp_path / "old.yaml").write_text(OLD + "servr: {}\n")
    assert invoke("check", "new.yaml", "--against", "old.yaml", cwd=tmp_path).status == 2
    assert invoke("check", "new.yaml", "--against", "none.yaml", cwd=tmp_path).status == 2
