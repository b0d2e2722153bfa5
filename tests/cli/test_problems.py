"""Located problems, for a person and for a program."""

import json
from pathlib import Path

import pytest

from bridge.cli.console import Status
from bridge.cli.problems import problems_as_json, say_problems, stopped_by
from bridge.config.load import LocatedProblem
from bridge.errors import Problem

PROBLEM = LocatedProblem("f.yaml", 3, 5, Problem(("a", 0), "missing\x1b", "Why.", "Cure."))


def test_they_are_said_with_their_number(capsys: pytest.CaptureFixture[str]) -> None:
    """Place, found, why, cure; nothing that steers a terminal."""
    say_problems([PROBLEM], Path("f.yaml"), as_json=False)
    say_problems([PROBLEM, PROBLEM], Path("f.yaml"), as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == ["f.yaml:3:5: a[0]: missing\\u001b", "  Why.", "  Cure.", "f.yaml: 1 problem"]
    assert lines[-1] == "f.yaml: 2 problems"


def test_in_the_way_of_a_command_they_are_no_result(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, or as the JSON result; the status is the command's own."""
    assert stopped_by([PROBLEM], Path("f.yaml"), Status.CANNOT_TELL, as_json=False).exit_code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("idp-bridge: f.yaml must be mended first; see `idp-bridge check`.\n")
    assert stopped_by([PROBLEM], Path("f.yaml"), Status.FINDING, as_json=True).exit_code == 1
    assert json.loads(capsys.readouterr().out)["problems"] == problems_as_json([PROBLEM])
