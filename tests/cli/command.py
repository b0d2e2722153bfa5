"""The command line: as a person runs it, ``python -m bridge …`` as a process, and in this process for long tables."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from bridge.cli.main import app

ROOT = Path(__file__).parents[2]
SECRET = "wq7Vt2-the-secret-of-this-test-run"
SECONDS = 25.0
"""How long a command may take on a noisy machine."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended."""

    status: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    """This process's environment without what would steer the command, and more."""
    steering = {"BRIDGE_CONFIG", "NO_COLOR", "FORCE_COLOR", "TERM"}
    kept = {name: value for name, value in os.environ.items() if name not in steering}
    # In a folder of its own the command still finds the package.
    return kept | {"PYTHONPATH": str(ROOT), "CXGENIE_HEADER_TOKEN": SECRET} | more


async def start(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> asyncio.subprocess.Process:
    """A command that is running, its three streams at hand."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bridge",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
        env=environment(**(env or {})),
    )


async def run(*arguments: str, cwd: Path, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Ran:
    """A command that has ended."""
    process = await start(*arguments, cwd=cwd, env=env)
    try:
        out, err = await asyncio.wait_for(process.communicate(stdin), SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    ran = Ran(process.returncode or 0, out.decode(), err.decode())
    assert "Traceback" not in ran.out + ran.err, ran
    return ran


def invoke(*arguments: str, cwd: Path, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Ran:
    """The same command in this process, which takes milliseconds; an exception that escapes it fails the test."""
    steered: dict[str, str | None] = {"BRIDGE_CONFIG": None, "CXGENIE_HEADER_TOKEN": SECRET}
    with contextlib.chdir(cwd):
        result = CliRunner().invoke(app, arguments, input=stdin, env={**steered, **(env or {})}, prog_name="idp-bridge")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)
