"""``idp-bridge check``: the verdict on a configuration file, with every problem located."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bridge.cli.comparison import changes_as_json, compared, say_changes
from bridge.cli.configuration import (
    ConfigOption,
    InlineSecretsOption,
    configuration_file,
    load_configuration,
    named,
)
from bridge.cli.console import Status, cannot_tell, doubtful, good, printable, say, say_json
from bridge.cli.problems import problems_as_json, say_problems
from bridge.config.load import InvalidConfiguration, LocatedProblem
from bridge.config.model import Callback, Model
from bridge.oidc.settings import ProviderSettings


def check(  # noqa: PLR0917 -- typer makes options of them, only the file is positional
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="The file to check; the same as --config. - is standard input."),
    ] = None,
    config: ConfigOption = None,
    no_secrets: Annotated[
        bool,
        typer.Option("--no-secrets", help="Do not look up {env:} and {file:}: for a machine that has none of them."),
    ] = False,
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="OLD", help="Say what a change from OLD would do to existing customers."),
    ] = None,
    allow_inline_secrets: InlineSecretsOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check the configuration file: every problem at once, each with its line and what to do.

    With --against OLD it also says who of its customers would become somebody else, or be refused: from both files, and
    from the answers of both to the test cases beside them.

    Exit status: 0 the file is good; 1 it has problems, or a customer would become somebody else; 2 it cannot be read.
    """
    if file is not None and config is not None and file != config:
        raise cannot_tell("Two files are named: give FILE or --config, not both.", as_json=as_json)
    path = configuration_file(file or config, reads_input=against is None, as_json=as_json)
    try:
        loaded = load_configuration(
            path, resolve_secrets=not no_secrets, allow_inline_secrets=allow_inline_secrets, as_json=as_json
        )
    except InvalidConfiguration as error:
        say_problems(error.problems, named(path), as_json=as_json)
        raise typer.Exit(Status.FINDING) from None
    changed = None if against is None else compared(against, path, as_json=as_json)
    good_for_customers = not any(change.effect == "identity" for change in changed or ())
    if as_json:
        verdict = {"ok": good_for_customers, "file": str(named(path)), "warnings": problems_as_json(loaded.warnings)}
        comparison = {} if changed is None else {"against": str(against), "changes": changes_as_json(changed)}
        say_json({**verdict, **_summary(loaded.model), **comparison})
    else:
        _print_summary(loaded.model, loaded.warnings, str(named(path)))
        if changed is not None:
            say_changes(changed, str(against))
    raise typer.Exit(Status.YES if good_for_customers else Status.FINDING)


def _print_summary(model: Model, warnings: Sequence[LocatedProblem], file: str) -> None:
    for warning in warnings:
        say(doubtful("warning: ") + printable(str(warning)))
    say(good(printable(f"{file} is good.")))
    for callback in model.callbacks:
        path, method = callback.settings.path, callback.settings.identity_method
        say(f"  callback {callback.name}: POST {path}, identity method {method}, takes {_listed(callback.providers)}")
    for name, provider in model.providers.items():
        said = []
        if provider.takes_jwts:
            audience, accepted = _listed(provider.audience), _listed(provider.accept)
            said.append(f"{_listed(provider.issuer)}, audience {audience}, accepts {accepted}")
        if (proof := _opaque(provider)) is not None:
            said.append(f"opaque tokens by {proof}")
        say(f"  provider {name}: {', '.join(said)}")


def _listed(names: Sequence[str]) -> str:
    return printable(", ".join(names)) or "none"


def _summary(model: Model) -> dict[str, Any]:
    return {
        "callbacks": {callback.name: _callback(callback) for callback in model.callbacks},
        "providers": {name: _provider(provider) for name, provider in model.providers.items()},
    }


def _callback(callback: Callback) -> dict[str, Any]:
    return {
        "path": callback.settings.path,
        "identity_method": callback.settings.identity_method,
        "providers": list(callback.providers),
    }


def _provider(provider: ProviderSettings) -> dict[str, Any]:
    return {
        "issuer": list(provider.issuer),
        "audience": list(provider.audience),
        "accept": list(provider.accept) if provider.takes_jwts else [],
        "opaque": _opaque(provider),
    }


def _opaque(provider: ProviderSettings) -> str | None:
    """What is asked about a provider's opaque tokens first; ``None`` where it takes none."""
    if provider.introspection is not None:
        return "introspection"
    if provider.token_check is not None:
        return "token_check"
    return "userinfo" if provider.takes_opaque_tokens else None
