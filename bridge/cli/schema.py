"""``idp-bridge schema``: the configuration file's JSON Schema."""

import typer

from bridge.config.schema import schema_text


def schema() -> None:
    """Print the JSON Schema of the configuration file, for editors: completion, and an explanation of every key.

    A file names it in its first line: # yaml-language-server: $schema=./bridge.schema.json

    Exit status: 0.
    """
    typer.echo(schema_text(), nl=False)
