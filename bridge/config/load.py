"""The file becomes a model, or every problem at once, each with its line and column: the entrance of this folder."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge.config.field_errors import quoted
from bridge.config.model import Model
from bridge.config.reading import Reading
from bridge.config.references import References, Sources
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
        where = _dotted(self.problem.path)
        first = f"{self.file}:{self.line}:{self.column}: {where + ': ' if where else ''}{self.problem.found}"
        return "\n  ".join(filter(None, (first, self.problem.why, self.problem.cure)))


class InvalidConfiguration(Exception):
    """The file cannot be used; ``problems`` is everything that is wrong with it, in the order of the file."""

    def __init__(self, problems: Iterable[LocatedProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model, and what is allowed and yet doubtful about its file."""

    model: Model
    warnings: tuple[LocatedProblem, ...]


def load(
    path: str | Path,
    *,
    environment: Mapping[str, str],
    resolve_secrets: bool = True,
    allow_inline_secrets: bool = False,
) -> Loaded:
    """What a configuration file says.

    Args:
        path: The file; relative paths inside it are relative to its folder.
        environment: What ``{env: NAME}`` reads.
        resolve_secrets: ``False`` reads neither variables nor files: stand-ins take the place of secrets, and rules
            about values that are not known are not asked.
        allow_inline_secrets: Takes secrets that are written into the file.

    Raises:
        InvalidConfiguration: Something is wrong with what it says.
        OSError: It cannot be read.
    """
    with Path(path).open("rb") as stream:
        text = stream.read(MAX_BYTES + 1)
    return load_text(
        text,
        file=str(path),
        environment=environment,
        resolve_secrets=resolve_secrets,
        allow_inline_secrets=allow_inline_secrets,
        base=Path(path).parent,
    )


def load_text(
    text: str | bytes,
    *,
    file: str,
    environment: Mapping[str, str],
    resolve_secrets: bool = True,
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
        raise InvalidConfiguration(_located(file, [invalid.finding])) from None
    sources = Sources(environment, base, resolve=resolve_secrets, allow_inline_secrets=allow_inline_secrets)
    reading = Reading(document, References(sources))
    model = reading.model()
    if reading.errors:
        raise InvalidConfiguration(_located(file, reading.errors))
    return Loaded(model, tuple(_located(file, reading.warnings)))


def _located(file: str, findings: Iterable[Finding]) -> Iterator[LocatedProblem]:
    for finding in sorted(findings, key=lambda each: each.mark):
        yield LocatedProblem(file, finding.mark.line, finding.mark.column, finding.problem)


def _dotted(path: KeyPath) -> str:
    steps = (
        f"[{step}]" if isinstance(step, int) else f".{step if _PLAIN_KEY.fullmatch(step) else quoted(step)}"
        for step in path
    )
    return "".join(steps).removeprefix(".")
