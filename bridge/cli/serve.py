"""``idp-bridge serve``: the service."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.configuration import ConfigOption, InlineSecretsOption, configuration_file, load_configuration
from bridge.cli.console import Status, cannot_tell, printable, tell
from bridge.config.last_good import LastGood, LastGoodUnfit
from bridge.config.load import InvalidConfiguration, Loaded, load, load_text
from bridge.config.model import Model
from bridge.oidc.key_store import KeyStoreUnusable
from bridge.server.appended_file import FileUnavailable
from bridge.server.port import AddressUnavailable
from bridge.server.reload import Source
from bridge.server.run import run


def serve(  # noqa: PLR0917 -- typer makes options of them, none is positional
    config: ConfigOption = None,
    host: Annotated[str | None, typer.Option(metavar="HOST", help="Listen there instead of server.host.")] = None,
    port: Annotated[int | None, typer.Option(metavar="PORT", min=0, max=65535, help="Instead of server.port.")] = None,
    admin_host: Annotated[str | None, typer.Option(metavar="HOST", help="Instead of admin.host.")] = None,
    admin_port: Annotated[
        int | None, typer.Option(metavar="PORT", min=0, max=65535, help="Instead of admin.port.")
    ] = None,
    reuse_port: Annotated[
        bool, typer.Option("--reuse-port", help="Share the public port with other processes: one per core.")
    ] = False,
    last_good: Annotated[
        Path | None,
        typer.Option(
            "--last-good",
            metavar="FILE",
            help="Keep each configuration that was taken there, and start with that one while the file is bad.",
        ),
    ] = None,
    allow_inline_secrets: InlineSecretsOption = False,
) -> None:
    """Run the service: callbacks on one port, health and metrics on a private one, until SIGTERM or Ctrl-C.

    A change of the file, or of a file that it names, takes effect without a restart; SIGHUP asks for a look at once.

    Exit status: 0 stopped as told; 1 the file has problems, nothing was started; 2 it cannot be read, a port is taken,
    or state_dir or the audit trail's file cannot be written to.
    """
    # Until the service listens to it, SIGHUP would end the process: a reload that a unit or a script asks for at once.
    # Nothing is missed meanwhile, for what has changed since it was read is seen by the first look.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    path = configuration_file(config)
    kept = LastGood(last_good) if last_good else None

    def loaded_again() -> Loaded:
        loaded = load(path, environment=os.environ, allow_inline_secrets=allow_inline_secrets)
        return replace(loaded, model=_placed(loaded.model, host, port, admin_host, admin_port))

    problems: tuple[str, ...] = ()
    try:
        loaded = load_configuration(path, allow_inline_secrets=allow_inline_secrets)
    except InvalidConfiguration as invalid:
        problems = tuple(map(str, invalid.problems))
        for problem in problems:
            tell(printable(problem))
        loaded = _last_good(kept, path, invalid, allow_inline_secrets=allow_inline_secrets)
    for warning in loaded.warnings:
        tell(printable(f"warning: {warning}"))
    placed = replace(loaded, model=_placed(loaded.model, host, port, admin_host, admin_port))
    keep = (lambda taken: kept.keep(taken.text)) if kept else None
    try:
        run(Source(placed, loaded_again, problems, keep), reuse_port=reuse_port)
    except (AddressUnavailable, KeyStoreUnusable, FileUnavailable) as error:
        raise cannot_tell(str(error)) from None


def _last_good(
    kept: LastGood | None, path: Path, invalid: InvalidConfiguration, *, allow_inline_secrets: bool
) -> Loaded:
    """The configuration that was taken last, in place of a bad one; without it the command ends."""
    why = ""
    if kept is not None:
        try:
            loaded = load_text(
                kept.text(),
                file=str(kept.file),
                environment=os.environ,
                allow_inline_secrets=allow_inline_secrets,
                base=path.parent,
            )
        except LastGoodUnfit as unfit:
            why = f" There is no earlier one to start with: {unfit}."
        except InvalidConfiguration as also:
            why = f" The last good one is not good any more: {also.problems[0]}"
        else:
            tell(printable(f"idp-bridge: {path} is bad. Started with the last good configuration, {kept.file}."))
            return replace(loaded, files={**loaded.files, **invalid.files})
    tell(printable(f"idp-bridge: not started, because of {path}.{why}"))
    raise typer.Exit(Status.FINDING)


def _placed(model: Model, host: str | None, port: int | None, admin_host: str | None, admin_port: int | None) -> Model:
    """The configuration with the addresses that the command line names."""
    server = {"host": host, "port": port}
    admin = {"host": admin_host, "port": admin_port}
    return replace(
        model,
        server=model.server.model_copy(update={key: value for key, value in server.items() if value is not None}),
        admin=model.admin.model_copy(update={key: value for key, value in admin.items() if value is not None}),
    )
