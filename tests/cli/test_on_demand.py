"""Commands are imported when they are asked for, and are all there."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from bridge.cli.main import COMMANDS, app
from tests.cli.command import ROOT, invoke

HEAVY = ("aiohttp", "authlib", "bridge.config", "cryptography", "re2", "starlette", "uvicorn", "yaml")
"""What it takes to serve or to read a configuration."""


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--version"], 0),
        (["--help"], 0),
        (["secret", "new"], 0),
        (["healthcheck", "--url", "http://127.0.0.1:1/"], 1),
    ],
)
def test_what_needs_nothing_imports_nothing(arguments: list[str], status: int) -> None:
    """A health check runs every few seconds, and help is what a person asks for first."""
    code = f"""
import sys, bridge.cli.main
try:
    bridge.cli.main.app({arguments!r})
except SystemExit as ended:
    print("status", int(ended.code))
print("loaded", *[name for name in {HEAVY!r} if name in sys.modules])
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-2:] == [f"status {status}", "loaded"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_the_list_says(name: str, tmp_path: Path) -> None:
    """Each can be imported, and its help is its own, without boxes."""
    assert name in typer.main.get_group(app).commands
    ran = invoke(name, "--help", cwd=tmp_path)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: idp-bridge {name} ")
    assert "─" not in ran.out


def test_the_list_of_commands_says_what_each_does(tmp_path: Path) -> None:
    """One line for each, whole."""
    lines = [" ".join(line.split()) for line in invoke("--help", cwd=tmp_path).out.splitlines()]
    assert [
        f"{name} {place.summary}" for name, place in COMMANDS.items() if f"{name} {place.summary}" not in lines
    ] == []
