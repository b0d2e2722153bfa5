"""``idp-bridge audit find``: the audit trail's lines of one person."""

import gzip
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from bridge.cli.configuration import ConfigOption, configuration_file, unresolved_configuration
from bridge.cli.console import Status, cannot_tell, read_text, say, tell
from bridge.config.config_file import ConfigFile
from bridge.errors import KeyPath
from bridge.server.audit import EVENT
from bridge.server.pseudonyms import Pseudonyms

app = typer.Typer(name="audit", help="The audit trail.", no_args_is_help=True)


@app.callback()
def options() -> None:
    """Keeps ``find`` a command of its own, whatever else there will be."""


@app.command()
def find(  # noqa: PLR0917 -- typer makes options of them, none is positional
    config: ConfigOption = None,
    email: Annotated[
        str | None, typer.Option(metavar="FILE", help="A file with an e-mail address; - is standard input.")
    ] = None,
    phone: Annotated[
        str | None, typer.Option(metavar="FILE", help="A file with a phone number that begins with +.")
    ] = None,
    identifier: Annotated[
        str | None, typer.Option("--id", metavar="FILE", help="A file with an id, as CX Genie was sent it.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option(metavar="FILE", help="A file with a subject, as the identity provider says it.")
    ] = None,
    issuer: Annotated[
        str | None, typer.Option(metavar="URL", help="Whose subject.  [default: each issuer of the configuration]")
    ] = None,
    file: Annotated[
        list[Path] | None,
        typer.Option(help="Where to look, .gz too; may be repeated; - is standard input.  [default: audit.file]"),
    ] = None,
) -> None:
    """Print the audit trail's lines of one person, found by what is known of the person.

    The value is read from standard input or a file, never from an argument: those land in the shell's history. Lines
    are found under every key of audit.key, so older keys stay in the list for as long as their lines are kept.

    Exit status: 0 there are lines; 1 there are none; 2 cannot tell.
    """
    asked = {
        name: given
        for name, given in (("email", email), ("phone", phone), ("id", identifier), ("subject", subject))
        if given
    }
    if len(asked) != 1:
        raise cannot_tell("Name the person by one of --email, --phone, --id and --subject.")
    ((field, source),) = asked.items()
    settings = unresolved_configuration(configuration_file(config), Status.CANNOT_TELL, needed=_audit).settings
    files = file or ([Path(settings.audit.file)] if settings.audit.file else [])
    if not settings.audit.key:
        raise cannot_tell("The configuration has no audit.key: without it no hash can be compared.")
    if not files:
        raise cannot_tell("The audit trail goes to standard output (no audit.file): name a file of it with --file.")
    if source == "-" and Path("-") in files:
        raise cannot_tell("Standard input can give only one of the two: put the person into a file.")
    value = read_text(source, "value", as_json=False)
    if field == "phone" and not value.strip().startswith("+"):
        raise cannot_tell("A phone number is found by its international form, such as +84901234567.")
    issuers = [issuer] if issuer else _issuers(settings)
    keys = [Pseudonyms(secret.get_secret_value().encode()) for secret in settings.audit.key]
    hashes = frozenset(name for key in keys for name in _names(key, issuers)[field](value))
    found = 0
    for line in _lines(files):
        if _is_of(line, field, hashes):
            say(line)
            found += 1
    tell(f"{found} line{'' if found == 1 else 's'} in {len(files)} file{'' if len(files) == 1 else 's'}")
    raise typer.Exit(Status.YES if found else Status.FINDING)


def _audit(path: KeyPath) -> bool:
    """Whether a reference is needed: the key and the file of the audit trail are, no other secret is."""
    return path[:1] == ("audit",)


def _issuers(settings: ConfigFile) -> list[str]:
    """Who may vouch for a subject; a provider's name stands for the issuer of tokens that name none."""
    return [issuer for name, provider in settings.providers.items() for issuer in (*provider.issuer, name)]


def _names(key: Pseudonyms, issuers: Iterable[str]) -> Mapping[str, Callable[[str], list[str]]]:
    return {
        "email": lambda value: [key.email(value)],
        "phone": lambda value: [key.phone(value)],
        "id": lambda value: [key.id(value)],
        "subject": lambda value: [key.subject(issuer, value) for issuer in issuers],
    }


def _lines(files: Iterable[Path]) -> Iterator[str]:
    for file in files:
        try:
            with _opened(file) as stream:
                for line in stream:
                    yield line.decode("utf-8", "replace").rstrip("\r\n")
        except (OSError, EOFError) as error:
            reason = getattr(error, "strerror", None) or error
            raise cannot_tell(f"{file} cannot be read: {reason}.") from None


def _opened(file: Path) -> BinaryIO | gzip.GzipFile:
    if file == Path("-"):
        return sys.stdin.buffer
    return gzip.open(file) if file.suffix == ".gz" else file.open("rb")


def _is_of(line: str, field: str, hashes: frozenset[str]) -> bool:
    """Whether a line is of the audit trail and of the person; whatever a collector wrote before it does not matter."""
    try:
        event = json.loads(line[line.index("{") :])
    except ValueError:
        return False
    return isinstance(event, dict) and event.get("event") == EVENT and event.get(field) in hashes
