"""The command line as a whole."""

import subprocess
import sys
from pathlib import Path

import pytest

from bridge import __version__
from tests.cli.command import ROOT, invoke, run


async def test_the_version_names_the_configuration_s_too(tmp_path: Path) -> None:
    """What a bug report needs."""
    ran = await run("--version", cwd=tmp_path)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(f"idp-bridge {__version__} (configuration version 1, Python 3.")


def test_help_names_every_command(tmp_path: Path) -> None:
    """And what an exit status means."""
    ran = invoke("--help", cwd=tmp_path)
    assert ran.status == 0
    for word in ("demo", "serve", "check", "call", "Exit status: 0 yes, 1 no"):
        assert word in ran.out


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("demo", {"--once", "--port"}),
        ("check", {"[FILE]", "--config", "--no-secrets", "--allow-inline-secrets", "--json"}),
        ("serve", {"--config", "--host", "--port", "--admin-host", "--admin-port", "--allow-inline-secrets"}),
        ("call", {"--url", "--header-token-file", "--token-file", "--json"}),
    ],
)
def test_every_command_explains_itself(tmp_path: Path, command: str, options: set[str]) -> None:
    """Its options as CONFIG.md names them ("The command line"), and its exit statuses."""
    ran = invoke(command, "--help", cwd=tmp_path)
    assert ran.status == 0
    assert {option for option in options if option in ran.out} == options
    assert "Exit status: 0" in ran.out


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("chek",),
        ("check", "--onlin"),
        ("serve", "--port", "65536"),
        ("serve", "--port", "x"),
        ("call",),
        ("demo", "x"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_cannot_tell(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Status 2, and a sentence on what was meant."""
    ran = invoke(*arguments, cwd=tmp_path)
    assert ran.status == 2
    assert "Usage: " in ran.out + ran.err


def test_only_the_demo_loads_the_demo() -> None:
    """The process that serves visitors has no demo identity provider in it, though one command line starts both."""
    code = "import sys, bridge.cli.main; print([name for name in sys.modules if name.startswith('bridge.demo')])"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


async def test_a_terminal_that_cannot_show_a_letter_is_no_reason_to_fail(tmp_path: Path) -> None:
    """What it cannot show comes as a code."""
    (tmp_path / "ễ.yaml").write_text("version: 1\n", "utf-8")
    ran = await run("check", "ễ.yaml", cwd=tmp_path, env={"PYTHONIOENCODING": "iso-8859-1", "PYTHONUTF8": "1"})
    assert ran.status == 1
    assert "\\u1ec5.yaml" in ran.out
