"""``idp-bridge audit find``: the lines of one person, and of nobody else."""

import gzip
import json
from pathlib import Path

import pytest

from bridge.server.pseudonyms import Pseudonyms
from tests.cli.command import Ran, invoke

KEY, OLD_KEY = "Zk3v9Qw7Lp2s8Xr4-Zk3v9Qw7Lp2s8Xr4", "Hc8n2Tb5Yv1m6Kd0-Hc8n2Tb5Yv1m6Kd0"
NEW, OLD = Pseudonyms(KEY.encode()), Pseudonyms(OLD_KEY.encode())
ISSUER = "https://login.shop.example"
CONFIG = f"""
version: 1
callback: {{header_token: {{env: NOT_SET_HERE}}}}
providers: {{keycloak: {{issuer: {ISSUER}, audience: chat}}}}
audit: {{mode: pseudonymous, key: [{{env: AUDIT_KEY}}, {{env: OLD_AUDIT_KEY}}]}}
"""
LINES = [
    {"event": "audit", "request_id": "r1", "email": OLD.email("hoa@shop.example"), "id": OLD.id("kc:hoa")},
    {"event": "audit", "request_id": "r2", "email": NEW.email("hoa@shop.example"), "phone": NEW.phone("+84901234567")},
    {"event": "audit", "request_id": "r3", "email": NEW.email("mai@shop.example"), "subject": NEW.subject(ISSUER, "s")},
    {"event": "audit", "request_id": "r4", "subject": NEW.subject("keycloak", "s")},
    {"event": "callback", "request_id": "r5", "email": NEW.email("hoa@shop.example")},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration, and a trail with a line that is none."""
    (tmp_path / "bridge.yaml").write_text(CONFIG)
    text = "\n".join(["not a line of ours", *map(json.dumps, LINES), "{broken"])
    (tmp_path / "audit.jsonl").write_text(text + "\n")
    (tmp_path / "audit.jsonl.1.gz").write_bytes(gzip.compress((json.dumps(LINES[1]) + "\n").encode()))
    (tmp_path / "collected.log").write_text("2026-11-23T10:00:00Z stdout F " + json.dumps(LINES[1]) + "\n")
    return tmp_path


def find(folder: Path, stdin: str, *arguments: str, file: str = "audit.jsonl") -> Ran:
    """The command, with both keys and no other secret at hand."""
    where = ("--config", "bridge.yaml", "--file", file)
    keys = {"AUDIT_KEY": KEY, "OLD_AUDIT_KEY": OLD_KEY}
    return invoke("audit", "find", *arguments, *where, cwd=folder, stdin=stdin.encode(), env=keys)


def found(ran: Ran) -> list[str]:
    """The requests whose lines were printed."""
    return [json.loads(line[line.index("{") :])["request_id"] for line in ran.out.splitlines()]


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--email", "Hoa@shop.example\n", ["r1", "r2"]),
        ("--email", "nobody@shop.example", []),
        ("--phone", "+84 90 123 45 67", ["r2"]),
        ("--id", "kc:hoa", ["r1"]),
        ("--id", "KC:hoa", []),
        ("--subject", "s", ["r3", "r4"]),
    ],
)
def test_a_person_is_found_under_every_key(folder: Path, option: str, value: str, expected: list[str]) -> None:
    """By what is known of the person; status 1 where there is nothing."""
    ran = find(folder, value, option, "-")
    assert (found(ran), ran.status) == (expected, 0 if expected else 1)
    assert value.strip() not in ran.out + ran.err or value.strip() == "s"


def test_an_issuer_may_be_named(folder: Path) -> None:
    """For a subject whose provider has left the configuration."""
    assert found(find(folder, "s", "--subject", "-", "--issuer", ISSUER)) == ["r3"]
    assert find(folder, "s", "--subject", "-", "--issuer", "https://other.example").status == 1


@pytest.mark.parametrize("file", ["audit.jsonl.1.gz", "collected.log"])
def test_rotated_and_collected_files_are_read(folder: Path, file: str) -> None:
    """Compressed, or with a collector's words before each line."""
    assert found(find(folder, "hoa@shop.example", "--email", "-", file=file)) == ["r2"]


def test_the_file_is_the_configurations(folder: Path) -> None:
    """audit.file, where no other is named."""
    text = CONFIG.replace("audit: {", f"audit: {{file: {folder}/audit.jsonl, ")
    (folder / "bridge.yaml").write_text(text)
    keys = {"AUDIT_KEY": KEY, "OLD_AUDIT_KEY": OLD_KEY}
    ran = invoke(
        "audit", "find", "--email", "-", "--config", "bridge.yaml", cwd=folder, stdin=b"mai@shop.example", env=keys
    )
    assert (found(ran), ran.err) == (["r3"], "1 line in 1 file\n")


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        ((), "", "Name the person by one of"),
        (("--email", "-", "--id", "-"), "x", "Name the person by one of"),
        (("--phone", "-"), "0901234567", "international form"),
        (("--email", "-", "--file", "-"), "x", "only one of the two"),
        (("--email", "-", "--file", "none.jsonl"), "x", "none.jsonl cannot be read: No such file"),
        (("--email", "none"), "", "cannot be read from none"),
    ],
)
def test_what_cannot_be_told_is_a_sentence(folder: Path, arguments: tuple[str, ...], stdin: str, said: str) -> None:
    """Status 2 and what to do."""
    ran = find(folder, stdin, *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


@pytest.mark.parametrize(
    ("audit", "said"),
    [("", "no audit.key"), ("audit: {mode: pseudonymous, key: {env: AUDIT_KEY}}", "name a file of it with --file")],
)
def test_a_configuration_without_a_trail(folder: Path, audit: str, said: str) -> None:
    """Without a key nothing can be compared; without a file there is nothing to look into."""
    (folder / "bridge.yaml").write_text(CONFIG.partition("audit:")[0] + audit)
    ran = invoke(
        "audit", "find", "--id", "-", "--config", "bridge.yaml", cwd=folder, stdin=b"x", env={"AUDIT_KEY": KEY}
    )
    assert ran.status == 2
    assert said in ran.err
