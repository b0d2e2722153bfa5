"""Which file a command reads, and the sentences for a file that cannot be read."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.console import Status, cannot_tell, printable, tell
from bridge.cli.problems import stopped_by
from bridge.config.load import InvalidConfiguration, Loaded, load, load_text
from bridge.config.reading import NOT_LOOKED_UP
from bridge.config.references import Needed
from bridge.config.yaml_document import MAX_BYTES

VARIABLE = "BRIDGE_CONFIG"
PLACES = (Path("config/bridge.yaml"), Path("/etc/idp-bridge/bridge.yaml"))

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help=f"The configuration file.  [default: ${VARIABLE}, then {PLACES[0]}, then {PLACES[1]}]",
        show_default=False,
    ),
]
InlineSecretsOption = Annotated[
    bool,
    typer.Option(
        "--allow-inline-secrets", help="Take secrets written into the file itself: for a laptop, not for a server."
    ),
]


STANDARD_INPUT = Path("-")
"""What names standard input in place of a file."""


def configuration_file(given: Path | None, *, reads_input: bool = False, as_json: bool = False) -> Path:
    """The file that was named, or the first of the usual places where there is one.

    Args:
        given: What was named.
        reads_input: Whether the command takes standard input in place of a file.
        as_json: As for ``cannot_tell``.
    """
    if given == STANDARD_INPUT and not reads_input:
        raise cannot_tell(
            "Only `idp-bridge check` reads a configuration from standard input, and not beside --against. Name a file.",
            as_json=as_json,
        )
    if given is not None:
        return given
    if named := os.environ.get(VARIABLE):
        return Path(named)
    for place in PLACES:
        if place.exists():
            return place
    raise cannot_tell(
        f"There is no configuration: ${VARIABLE} is not set, and neither {PLACES[0]} nor {PLACES[1]} exists. "
        "Name the file with --config.",
        as_json=as_json,
    )


def named(path: Path) -> Path:
    """A configuration as problems and verdicts call it."""
    return Path("standard input") if path == STANDARD_INPUT else path


def load_configuration(
    path: Path, *, resolve_secrets: bool | Needed = True, allow_inline_secrets: bool = False, as_json: bool = False
) -> Loaded:
    """The checked configuration.

    Raises:
        InvalidConfiguration: The file has problems.
    """
    try:
        if path == STANDARD_INPUT:
            return load_text(
                sys.stdin.buffer.read(MAX_BYTES + 1),
                file=str(named(path)),
                environment=os.environ,
                resolve_secrets=resolve_secrets,
                allow_inline_secrets=allow_inline_secrets,
            )
        return load(
            path, environment=os.environ, resolve_secrets=resolve_secrets, allow_inline_secrets=allow_inline_secrets
        )
    except OSError as error:
        raise cannot_tell(f"{path} cannot be read: {error.strerror or error}.", as_json=as_json) from None


def unresolved_configuration(
    path: Path, status: Status, *, needed: bool | Needed = False, as_json: bool = False
) -> Loaded:
    """The configuration for a command that needs none, or few, of its secrets; a bad file ends it with this status.

    Where nothing from outside is looked up, the settings that are missing for that are told.
    """
    try:
        loaded = load_configuration(path, resolve_secrets=needed, allow_inline_secrets=True, as_json=as_json)
    except InvalidConfiguration as invalid:
        raise stopped_by(invalid.problems, path, status, as_json=as_json) from None
    for warning in loaded.warnings if needed is False else ():
        if warning.problem.found == NOT_LOOKED_UP:
            tell(printable(f"note: {warning}"))
    return loaded


def cases_beside(path: Path) -> Path:
    """Where the test cases of a configuration are: ``bridge.tests.yaml`` beside ``bridge.yaml``."""
    return path.with_suffix(".tests.yaml")
