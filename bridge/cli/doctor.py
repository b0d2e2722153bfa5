"""``idp-bridge doctor``: what is wrong between the bridge, its providers and CX Genie, and what mends it."""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from bridge.cli.configuration import ConfigOption, InlineSecretsOption, configuration_file, load_configuration
from bridge.cli.console import Status, bad, doubtful, good, printable, read_text, say, say_json
from bridge.cli.problems import stopped_by
from bridge.config.load import InvalidConfiguration
from bridge.config.model import Model
from bridge.doctor.examination import examine
from bridge.doctor.finding import Finding

_WORDS = {"ok": good("ok     "), "warning": doubtful("warning"), "finding": bad("FINDING")}


def doctor(
    config: ConfigOption = None,
    url: Annotated[
        str | None,
        typer.Option("--url", metavar="URL", help="A running bridge, to be asked as well."),
    ] = None,
    token_file: Annotated[
        str | None,
        typer.Option(
            "--token-file", metavar="FILE", help="A visitor's token, to be tried as well; - is standard input."
        ),
    ] = None,
    allow_inline_secrets: InlineSecretsOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Examine the providers of a configuration, and a running bridge: what is wrong, why it matters, what to change.

    Providers are asked for their discovery document and keys; their introspection and userinfo about a token that
    nobody has made. A bridge is asked as CX Genie asks it, for a guest.

    Exit status: 0 nothing is wrong (there may be warnings); 1 a finding; 2 the configuration cannot be used.
    """
    path = configuration_file(config, as_json=as_json)
    try:
        loaded = load_configuration(path, allow_inline_secrets=allow_inline_secrets, as_json=as_json)
    except InvalidConfiguration as error:
        raise stopped_by(error.problems, path, Status.CANNOT_TELL, as_json=as_json) from None
    token = None if token_file is None else read_text(token_file, "token", as_json=as_json)
    found = asyncio.run(_examined(loaded.model, url, token, as_json=as_json))
    findings = sum(1 for each in found if each.grade == "finding")
    if as_json:
        say_json({"ok": not findings, "file": str(path), "checks": [asdict(each) for each in found]})
    else:
        say()
        say(bad("1 finding" if findings == 1 else f"{findings} findings") if findings else good("Nothing is wrong."))
    raise typer.Exit(Status.FINDING if findings else Status.YES)


async def _examined(model: Model, url: str | None, token: str | None, *, as_json: bool) -> list[Finding]:
    found: list[Finding] = []
    async for each in examine(model, url=url, token=token):
        if not as_json:
            _say(each, new=not found or found[-1].about != each.about)
        found.append(each)
    return found


def _say(each: Finding, *, new: bool) -> None:
    if new:
        say(printable(each.about))
    say(f"  {_WORDS[each.grade]} {printable(f'{each.check}: {each.found}')}")
    for text in filter(None, (each.why, each.cure)):
        say(printable(f"          {text}"))
