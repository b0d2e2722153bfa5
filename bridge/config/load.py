"""The file becomes a model, or every problem at once, each with its line and column: the entrance of this folder."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bridge.config.config_file import ConfigFile
from bridge.config.digests import FileDigests, digest
from bridge.config.field_errors import quoted
from bridge.config.model import Model
from bridge.config.reading import Reading
from bridge.config.references import Needed, References, Sources, everything, nothing
from bridge.config.yaml_document import MAX_BYTES, read_yaml
from bridge.config.yaml_nodes import Finding, YamlInvalid
from bridge.errors import KeyPath, Problem

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}", re.ASCII)


@dataclass(frozen=True, slots=True)
class LocatedProblem:
    """A problem and its place; both numbers count from 1. As text it has CONFIG.md's form ("Errors in it")."""

    file: str
    line: int
    column: int
    problem: Problem

    def __str__(self) -> str:
        where = dotted(self.problem.path)
        first = f"{self.file}:{self.line}:{self.column}: {where + ': ' if where else ''}{self.problem.found}"
        return "\n  ".join(filter(None, (first, self.problem.why, self.problem.cure)))


class InvalidConfiguration(Exception):
    """The file cannot be used.

    Attributes:
        problems: Everything that is wrong with it, in the order of the file.
        files: What was read on the way, and what it held.
    """

    def __init__(self, problems: Iterable[LocatedProblem], files: FileDigests | None = None) -> None:
        self.problems = tuple(problems)
        self.files: FileDigests = files or {}
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a file came to.

    Attributes:
        model: What is run.
        warnings: What is allowed and yet doubtful.
        settings: What was written, presets laid under it, its mappings not compiled.
        files: What it was read from, and what that held.
        text: What was written, to the byte.
        cut: The keys of secrets whose file ended in a line break, which is no part of them.
    """

    model: Model
    warnings: tuple[LocatedProblem, ...]
    settings: ConfigFile
    files: FileDigests = field(default_factory=dict)
    text: bytes = field(default=b"", repr=False)
    cut: tuple[str, ...] = ()


def load(
    path: str | Path,
    *,
    environment: Mapping[str, str],
    resolve_secrets: bool | Needed = True,
    allow_inline_secrets: bool = False,
) -> Loaded:
    """What a configuration file says.

    Args:
        path: The file; relative paths inside it are relative to its folder.
        environment: What ``{env: NAME}`` reads.
        resolve_secrets: ``False`` reads neither variables nor files: stand-ins take the place of secrets, and rules
            about values that are not known are not asked. A function says which are needed, by where they stand.
        allow_inline_secrets: Takes secrets that are written into the file.

    Raises:
        InvalidConfiguration: Something is wrong with what it says.
        OSError: It cannot be read.
    """
    with Path(path).open("rb") as stream:
        text = stream.read(MAX_BYTES + 1)
    own = {Path(path): digest(text)}
    try:
        loaded = load_text(
            text,
            file=str(path),
            environment=environment,
            resolve_secrets=resolve_secrets,
            allow_inline_secrets=allow_inline_secrets,
            base=Path(path).parent,
        )
    except InvalidConfiguration as invalid:
        raise InvalidConfiguration(invalid.problems, {**own, **invalid.files}) from None
    return replace(loaded, files={**own, **loaded.files}, text=text)


def load_text(
    text: str | bytes,
    *,
    file: str,
    environment: Mapping[str, str],
    resolve_secrets: bool | Needed = True,
    allow_inline_secrets: bool = False,
    base: Path = Path(),
) -> Loaded:
    """The same for a text; ``file`` is what problems call it, ``base`` what relative paths begin at.

    Raises:
        InvalidConfiguration: Something is wrong with what it says.
    """
    try:
        document = read_yaml(text)
    except YamlInvalid as invalid:
        raise InvalidConfiguration(located(file, [invalid.finding])) from None
    needed = resolve_secrets if callable(resolve_secrets) else everything if resolve_secrets else nothing
    sources = Sources(environment, base, needed, allow_inline_secrets)
    references = References(sources)
    reading = Reading(document, references)
    model, settings = reading.model()
    if reading.errors:
        raise InvalidConfiguration(located(file, reading.errors), references.files)
    written = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    model = replace(model, fingerprint=digest(written)[:12])
    cut = tuple(map(dotted, references.cut))
    return Loaded(model, tuple(located(file, reading.warnings)), settings, references.files, cut=cut)


def located(file: str, findings: Iterable[Finding]) -> Iterator[LocatedProblem]:
    """Findings as problems of a file, in its order."""
    for finding in sorted(findings, key=lambda each: each.mark):
        yield LocatedProblem(file, finding.mark.line, finding.mark.column, finding.problem)


def dotted(path: KeyPath) -> str:
    """A key path as problems show it: ``providers.auth0.audience[1]``."""
    steps = (
        f"[{step}]" if isinstance(step, int) else f".{step if _PLAIN_KEY.fullmatch(step) else quoted(step)}"
        for step in path
    )
    return "".join(steps).removeprefix(".")
