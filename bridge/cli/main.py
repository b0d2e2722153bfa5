"""The command line ``idp-bridge``: one command per file of this folder.

Every command's exit status says the same: 0 yes, 1 no (a finding), 2 cannot tell (used wrongly, unreadable,
unreachable).
"""

import platform
from collections.abc import Callable, Mapping
from typing import Annotated

import typer

from bridge import __version__
from bridge.cli.audit import app as audit
from bridge.cli.call import call
from bridge.cli.check import check
from bridge.cli.console import prepare_streams, say
from bridge.cli.demo import demo
from bridge.cli.explain import explain
from bridge.cli.presets import presets
from bridge.cli.run_cases import run_cases
from bridge.cli.schema import schema
from bridge.cli.serve import serve
from bridge.cli.show import app as config

app = typer.Typer(
    name="idp-bridge",
    help="Answers CX Genie's Custom Authentication callback from your identity provider's tokens.",
    epilog="Exit status: 0 yes, 1 no (a finding), 2 cannot tell (used wrongly, unreadable, unreachable).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS: Mapping[str, Callable[..., None]] = {
    "demo": demo,
    "check": check,
    "serve": serve,
    "explain": explain,
    "test": run_cases,
    "call": call,
    "presets": presets,
    "schema": schema,
}
for name, command in COMMANDS.items():
    app.command(name)(command)
app.add_typer(config)
app.add_typer(audit)


def _version(wanted: bool) -> None:
    if wanted:
        say(f"idp-bridge {__version__} (configuration version 1, Python {platform.python_version()})")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """What comes before a command; the help text is the application's."""


def main() -> None:
    """The console script."""
    prepare_streams()
    app(prog_name="idp-bridge")
