"""``idp-bridge presets``: what each kind of identity provider brings along."""

from typing import Annotated

import typer

from bridge.cli.console import cannot_tell, printable, say, say_json
from bridge.config.field_errors import nearest_or
from bridge.config.presets import preset, preset_names, preset_summary, preset_text


def presets(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The preset to print, as it is shipped.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the presets, or print one: it holds what could stand under a provider, and where each fact is from.

    Exit status: 0; 2 there is no preset of that name.
    """
    if name is not None and name not in preset_names():
        cure = nearest_or(name, preset_names(), "`idp-bridge presets` lists them.")
        raise cannot_tell(f"There is no preset {name}. {cure}", as_json=as_json)
    if as_json:
        chosen = preset_names() if name is None else (name,)
        say_json({"ok": True, "presets": {each: preset(each) for each in chosen}})
    elif name is not None:
        say(preset_text(name).rstrip("\n"))
    else:
        width = max(map(len, preset_names()))
        for each in preset_names():
            say(printable(f"{each:{width}}  {preset_summary(each)}"))
