"""``idp-bridge config show``: the configuration without secrets, as written or as it takes effect."""

from typing import Annotated

import typer

from bridge.cli.configuration import ConfigOption, configuration_file, unresolved_configuration
from bridge.cli.console import Status, cannot_tell, printable, say, say_json
from bridge.config.field_errors import nearest_or
from bridge.config.show import as_written, resolved
from bridge.config.yaml_document import read_yaml
from bridge.config.yaml_text import as_data, as_yaml

app = typer.Typer(name="config", help="The configuration file.", no_args_is_help=True)


@app.callback()
def options() -> None:
    """Keeps ``show`` a command of its own, whatever else there will be."""


@app.command()
def show(
    config: ConfigOption = None,
    in_full: Annotated[
        bool, typer.Option("--resolved", help="With presets and defaults, and where each line is from.")
    ] = False,
    provider: Annotated[str | None, typer.Option(metavar="NAME", help="This provider only.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print the configuration without its secrets, as it is written or as it takes effect.

    Nothing from outside is looked up: {env:} and {file:} are shown as they are written.

    Exit status: 0; 1 the file has problems; 2 it cannot be read, or there is no such provider.
    """
    path = configuration_file(config, as_json=as_json)
    settings = unresolved_configuration(path, Status.FINDING, as_json=as_json).settings
    if provider is not None and provider not in settings.providers:
        cure = nearest_or(provider, settings.providers, f"There are {', '.join(settings.providers)}.")
        raise cannot_tell(f"There is no provider {provider}. {cure}", as_json=as_json)
    document = read_yaml(path.read_bytes())
    shown = list(resolved(document, str(path), settings) if in_full else as_written(document, str(path)))
    if provider is not None:
        shown = [each for each in shown if each.path[:2] == ("providers", provider)]
    if as_json:
        origins = [{"path": each.path, "from": each.origin} for each in shown]
        say_json(
            {"ok": True, "file": str(path), "settings": as_data(shown), **({"origins": origins} if in_full else {})}
        )
    else:
        say(printable(as_yaml(shown, origins=in_full)))
