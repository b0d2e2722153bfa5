"""The command line ``idp-bridge``: one command per file of this folder.

Every command's exit status says the same: 0 yes, 1 no (a finding), 2 cannot tell (used wrongly, unreadable,
unreachable).
"""

import platform
from collections.abc import Mapping
from typing import Annotated

import typer

from bridge import __version__
from bridge.cli.console import prepare_streams, say
from bridge.cli.on_demand import OnDemand, group_of

COMMANDS: Mapping[str, OnDemand] = {
    "demo": OnDemand("demo", "demo", "The whole story on one machine, with a demo provider and shop."),
    "check": OnDemand("check", "check", "The verdict on a configuration file."),
    "serve": OnDemand("serve", "serve", "The service."),
    "explain": OnDemand("explain", "explain", "Every step of a visitor's token, and what comes of it."),
    "test": OnDemand("run_cases", "run_cases", "The test cases of the mapping."),
    "call": OnDemand("call", "call", "Ask a running bridge as CX Genie does."),
    "presets": OnDemand("presets", "presets", "What each kind of identity provider brings along."),
    "schema": OnDemand("schema", "schema", "The configuration file's JSON Schema."),
    "config": OnDemand("show", "app", "The configuration without its secrets."),
    "secret": OnDemand("secret", "app", "Make a header token."),
    "healthcheck": OnDemand("healthcheck", "healthcheck", "Is the bridge of this machine ready? For containers."),
}

app = typer.Typer(
    name="idp-bridge",
    cls=group_of(COMMANDS),
    help="Answers CX Genie's Custom Authentication callback from your identity provider's tokens.",
    epilog="Exit status: 0 yes, 1 no (a finding), 2 cannot tell (used wrongly, unreadable, unreachable).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
