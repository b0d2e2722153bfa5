"""``idp-bridge test``."""

import json
from pathlib import Path

import pytest

from tests.cli.command import ROOT, Ran, invoke

CONFIGURATION = (
    "version: 1\ncallback: {header_token: {env: NOT_SET}}\n"
    "providers: {shop: {issuer: 'https://login.shop.example', audience: chat}}\n"
)
RIGHT = "- {name: An, claims: {sub: u1, name: An}, expect: {id: u1, name: An}}\n"
WRONG = "- {name: Binh, claims: {sub: u2, name: Bình}, expect: {id: u2, name: Binh}}\n"
REFUSED = "- {claims: {name: An}, expect: {id: u1}}\n"


def ran(folder: Path, cases: str | None, *options: str) -> Ran:
    """The command in a folder with these cases beside the configuration."""
    (folder / "bridge.yaml").write_text(CONFIGURATION)
    if cases is not None:
        (folder / "bridge.tests.yaml").write_text(cases)
    return invoke("test", "--config", "bridge.yaml", *options, cwd=folder)


def test_the_shipped_cases_pass() -> None:
    """As they are, with no secret at hand and no option."""
    result = invoke("test", cwd=ROOT)
    assert (result.status, result.err) == (0, "")
    assert result.out.endswith("cases, all as expected\n")


@pytest.mark.parametrize(
    ("cases", "status", "lines"),
    [
        (RIGHT, 0, ["ok    An", "1 case, all as expected"]),
        (
            RIGHT + WRONG,
            1,
            [
                "ok    An",
                "FAIL  Binh (bridge.tests.yaml:2)",
                '        name: expected "Binh", found "Bình"',
                "2 cases, 1 failed",
            ],
        ),
        (
            REFUSED,
            1,
            [
                "FAIL  case 1 (bridge.tests.yaml:1)",
                '        refused: expected nothing, found "identity_unusable"',
                "        id, which CX Genie identifies by, is missing, unproven or malformed",
            ],
        ),
        (
            "- {claims: {sub: u1}, expct: {id: u1}}\n",
            1,
            [
                "bridge.tests.yaml:1:23: [0].expct: unknown key",
                "  Did you mean expect?",
                "bridge.tests.yaml: 1 problem",
            ],
        ),
        (None, 2, []),
    ],
    ids=["right", "wrong", "refused", "misspelt", "none"],
)
def test_the_verdict(tmp_path: Path, cases: str | None, status: int, lines: list[str]) -> None:
    """0 as expected, 1 with each difference by field, 1 for cases that are wrong themselves, 2 where there are none."""
    result = ran(tmp_path, cases)
    assert result.status == status
    assert result.out.splitlines()[: len(lines)] == lines
    assert ("bridge.tests.yaml cannot be read: No such file" in result.err) == (status == 2)


def test_other_files_can_be_named(tmp_path: Path) -> None:
    """Several, in their order."""
    (tmp_path / "one.yaml").write_text(RIGHT)
    (tmp_path / "two.yaml").write_text(WRONG)
    result = ran(tmp_path, None, "one.yaml", "two.yaml")
    assert result.out.splitlines()[:2] == ["ok    An", "FAIL  Binh (two.yaml:1)"]


def test_json_for_programs(tmp_path: Path) -> None:
    """One object with ``ok``, whatever happens."""
    found = json.loads(ran(tmp_path, RIGHT + WRONG + REFUSED, "--json").out)
    assert [case["ok"] for case in found["cases"]] == [True, False, False]
    assert found["ok"] is False
    assert found["cases"][1]["differences"] == [{"field": "name", "expected": "Binh", "found": "Bình"}]
    assert found["cases"][2]["differences"] == [{"field": "refused", "found": "identity_unusable"}]
    assert found["cases"][2]["detail"]
    assert json.loads(ran(tmp_path, "- 5\n", "--json").out)["problems"][0]["line"] == 1
    assert json.loads(ran(tmp_path, RIGHT, "--json").out)["ok"] is True


def test_a_bad_configuration_stops_it(tmp_path: Path) -> None:
    """Its problems are told; nothing is run."""
    (tmp_path / "bridge.yaml").write_text(CONFIGURATION + "servr: {}\n")
    result = invoke("test", "--config", "bridge.yaml", cwd=tmp_path)
    assert (result.status, result.out) == (1, "")
    assert "bridge.yaml:4:1: servr: unknown key" in result.err


def test_38_a_table_of_cases(tmp_path: Path) -> None:
    """Claims and what must come of them, in YAML; a case that is not so is shown field by field."""
    table = (
        "- {name: as it should, claims: {sub: u1, name: An}, expect: {id: u1, name: An}}\n"
        "- {name: another name, claims: {sub: u1, name: An}, expect: {id: u1, name: Ân, label: VIP}}\n"
        "- {name: nobody, claims: {sub: ' '}, refused: identity_unusable}\n"
        "- {name: somebody, claims: {sub: u2}, refused: visitor_refused}\n"
    )
    result = ran(tmp_path, table)
    assert result.status == 1
    assert result.out.splitlines() == [
        "ok    as it should",
        "FAIL  another name (bridge.tests.yaml:2)",
        '        name: expected "Ân", found "An"',
        '        label: expected "VIP", found nothing',
        "ok    nobody",
        "FAIL  somebody (bridge.tests.yaml:4)",
        '        refused: expected "visitor_refused", found nothing',
        "4 cases, 2 failed",
    ]
