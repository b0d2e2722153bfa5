"""Which file a command reads."""

from pathlib import Path

import pytest

from tests.cli.command import invoke

GOOD = """
version: 1
callback: {header_token: {env: CXGENIE_HEADER_TOKEN}}
providers: {p: {issuer: https://login.shop.example, audience: chat}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with three good files."""
    (tmp_path / "config").mkdir()
    for file in ("config/bridge.yaml", "named.yaml", "given.yaml"):
        (tmp_path / file).write_text(GOOD)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "env", "file"),
    [
        ((), {}, "config/bridge.yaml"),
        ((), {"BRIDGE_CONFIG": ""}, "config/bridge.yaml"),
        ((), {"BRIDGE_CONFIG": "named.yaml"}, "named.yaml"),
        (("--config", "given.yaml"), {"BRIDGE_CONFIG": "named.yaml"}, "given.yaml"),
        (("given.yaml",), {"BRIDGE_CONFIG": "named.yaml"}, "given.yaml"),
        (("given.yaml", "--config", "given.yaml"), {}, "given.yaml"),
    ],
)
def test_the_nearest_name_wins(folder: Path, arguments: tuple[str, ...], env: dict[str, str], file: str) -> None:
    """The argument, then the variable, then the usual place."""
    ran = invoke("check", *arguments, cwd=folder, env=env)
    assert ran.status == 0
    assert f"{file} is good." in ran.out


@pytest.mark.parametrize("command", ["check", "serve"])
@pytest.mark.parametrize(
    ("arguments", "env", "sentence"),
    [
        ((), {}, "There is no configuration"),
        (("--config", "no.yaml"), {}, "no.yaml cannot be read: No such file or directory."),
        ((), {"BRIDGE_CONFIG": "no.yaml"}, "no.yaml cannot be read: No such file or directory."),
        (("--config", "."), {}, ". cannot be read: Is a directory."),
    ],
)
def test_a_file_that_cannot_be_read_is_a_sentence(
    tmp_path: Path, command: str, arguments: tuple[str, ...], env: dict[str, str], sentence: str
) -> None:
    """Status 2: nothing was found out about the file."""
    ran = invoke(command, *arguments, cwd=tmp_path, env=env)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(f"idp-bridge: {sentence}")


def test_two_files_are_one_too_many(folder: Path) -> None:
    """Which of them would the verdict be about?"""
    ran = invoke("check", "given.yaml", "--config", "named.yaml", cwd=folder)
    assert ran.status == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--config", "-"),
        ("test", "--config", "-"),
        ("config", "show", "--config", "-"),
        ("explain", "--claims", "-", "--config", "-"),
        ("check", "-", "--against", "given.yaml"),
    ],
)
def test_only_check_reads_standard_input(folder: Path, arguments: tuple[str, ...]) -> None:
    """The others need a file: they read it again, or look beside it."""
    ran = invoke(*arguments, cwd=folder, stdin=GOOD.encode())
    assert (ran.status, ran.out) == (2, "")
    assert "Only `idp-bridge check` reads a configuration from standard input" in ran.err
