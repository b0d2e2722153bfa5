"""``idp-bridge secret new``: a secret that nobody has guessed before."""

import secrets

import typer

from bridge.cli.console import say

app = typer.Typer(name="secret", help="Secrets for the configuration.", no_args_is_help=True)

SECRET_BYTES = 32
"""Of randomness: 43 characters, as many as no machine can try."""


@app.callback()
def options() -> None:
    """Keeps ``new`` a command of its own, whatever else there will be."""


@app.command()
def new() -> None:
    """Print a new secret, alone: 43 characters of letters, digits, - and _, for a header token.

    Type it into CX Genie as "Header token", and give it to the bridge as header_token: {env: …} or {file: …}.

    Exit status: 0.
    """
    say(secrets.token_urlsafe(SECRET_BYTES))
