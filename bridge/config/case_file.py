"""The operator's test cases as they are written: a list in YAML -> cases, or every problem with its line and column."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from bridge.config.cases import FIELDS, Case, verified
from bridge.config.field_errors import described, field_problem, nearest_or, quoted, unknown_key_problem
from bridge.config.load import InvalidConfiguration, LocatedProblem, located
from bridge.config.model import Callback, Model
from bridge.config.yaml_document import MAX_BYTES, YamlDocument, read_yaml
from bridge.config.yaml_nodes import Finding, YamlInvalid
from bridge.errors import KeyPath, Problem
from bridge.units import Settings

_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", re.ASCII)


class _Written(Settings):
    """A case as it is written."""

    name: str | None = None
    callback: str | None = None
    provider: str | None = None
    claims: dict[str, Any] | None = None
    userinfo: dict[str, Any] | None = None
    sources: dict[str, dict[str, Any]] | None = None
    expect: dict[str, str | None] | None = None
    refused: Literal["identity_unusable", "visitor_refused"] | None = None


def load_cases(path: Path, model: Model) -> tuple[Case, ...]:
    """The cases of a file that is read from disk.

    Raises:
        InvalidConfiguration: Something is wrong with them.
        OSError: It cannot be read.
    """
    with path.open("rb") as stream:
        return read_cases(stream.read(MAX_BYTES + 1), file=str(path), model=model)


def read_cases(text: str | bytes, *, file: str, model: Model) -> tuple[Case, ...]:
    """The cases of a file.

    Args:
        text: YAML, a list of cases.
        file: What problems call it.
        model: The configuration that is tested.

    Raises:
        InvalidConfiguration: Something is wrong with them, each problem with its place.
    """
    try:
        document = read_yaml(text)
    except YamlInvalid as invalid:
        raise InvalidConfiguration(located(file, [invalid.finding])) from None
    reading = _Reading(document, model)
    cases = tuple(reading.cases())
    problems: tuple[LocatedProblem, ...] = tuple(located(file, reading.findings))
    if problems:
        raise InvalidConfiguration(problems)
    return cases


class _Reading:
    """One file of cases while it is read."""

    def __init__(self, document: YamlDocument, model: Model) -> None:
        self.findings = list(document.findings)
        self._document = document
        self._model = model

    def cases(self) -> Iterator[Case]:
        """Each case that can be run; what is wrong with the others is in ``findings``."""
        data = self._document.data
        if not isinstance(data, list) or not data:
            found = "an empty list" if data == [] else described(data)
            self._refuse((), f"{found}, a list of cases was expected", "", "Begin each with “- name: …”.")
            return
        for position, item in enumerate(data):
            case = self._case(item, (position,))
            if case is not None:
                yield case

    def _refuse(self, path: KeyPath, found: str, why: str = "", cure: str = "") -> None:
        self.findings.append(Finding(self._document.mark(path), Problem(path, found, why, cure)))

    def _case(self, item: Any, path: KeyPath) -> Case | None:
        before = len(self.findings)
        if not isinstance(item, dict):
            self._refuse(path, f"{described(item)}, a case was expected", "", "Write name:, claims: and expect:.")
            return None
        written = self._written(item, path)
        for key in ("claims", "userinfo", "sources"):
            self._refuse_what_json_has_not(item.get(key), (*path, key))
        if written is None:
            return None
        callback = self._callback(written.callback, path)
        provider = None if callback is None else self._provider(callback, written.provider, path)
        if callback is None or provider is None or len(self.findings) > before:
            return None
        return Case(
            name=written.name or f"case {int(path[0]) + 1}",
            line=self._document.mark(path).line,
            callback=callback,
            claims=verified(self._model, provider, written.claims or {}, written.userinfo, written.sources),
            expect={"refused": written.refused} if written.expect is None else written.expect,
        )

    def _written(self, item: dict[str, Any], path: KeyPath) -> _Written | None:
        try:
            written = _Written.model_validate(item)
        except ValidationError as invalid:
            for error in invalid.errors(include_url=False):
                at = (*path, *error["loc"])
                if error["type"] == "extra_forbidden":
                    problem, _ = unknown_key_problem(at, _Written.model_fields)
                else:
                    shown = self._document.written(at)
                    problem = field_problem(error, at, described(error["input"], shown), shown)
                self.findings.append(Finding(self._document.mark(at), problem))
            return None
        if written.claims is None:
            cure = "Write claims: with what the token would say, at least its sub."
            self._refuse((*path, "claims"), "missing", "There is nothing to map.", cure)
        if (written.expect is None) == (written.refused is None):
            found = "neither expect nor refused" if written.expect is None else "expect beside refused"
            at = path if written.expect is None else (*path, "refused")
            self._refuse(at, found, "A case says what must come of it.", "Write one of them.")
        for source in written.sources or {}:
            if source not in self._model.sources:
                cure = nearest_or(source, self._model.sources, "Name one of the configuration's sources:.")
                self._refuse((*path, "sources", source), f"there is no source {quoted(source)}", "", cure)
        for field in written.expect or {}:
            if field not in FIELDS:
                cure = nearest_or(field, FIELDS, f"Known here: {', '.join(FIELDS)}.")
                self._refuse((*path, "expect", field), "no field of data", "", cure)
        return written

    def _callback(self, name: str | None, path: KeyPath) -> Callback | None:
        callbacks = {callback.name: callback for callback in self._model.callbacks}
        chosen = self._chosen("callback", name, callbacks, path)
        return None if chosen is None else callbacks[chosen]

    def _provider(self, callback: Callback, name: str | None, path: KeyPath) -> str | None:
        return self._chosen("provider", name, {name: name for name in callback.providers}, path)

    def _chosen(self, key: str, name: str | None, known: Mapping[str, Any], path: KeyPath) -> str | None:
        """The one that is named, or the only one."""
        names = ", ".join(list(known)[:9])
        if name is None and len(known) == 1:
            return next(iter(known))
        if name is None:
            self._refuse((*path, key), "missing", f"There are several: {names}.", f"Name the {key} of the claims.")
        elif name in known:
            return name
        else:
            cure = nearest_or(name, known, f"Name one of: {names}.")
            self._refuse((*path, key), f"there is no {key} {quoted(name)} here", "", cure)
        return None

    def _refuse_what_json_has_not(self, value: Any, path: KeyPath) -> None:
        """Numbers that no token could have: YAML has taken a plus sign or leading zeros from what was meant as text."""
        if isinstance(value, dict | list):
            steps = value.items() if isinstance(value, dict) else enumerate(value)
            for step, inner in steps:
                self._refuse_what_json_has_not(inner, (*path, step))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            written = self._document.written(path)
            if written is not None and not _JSON_NUMBER.fullmatch(written):
                why = "No token has such a number: without quotes YAML drops the plus sign and leading zeros."
                self._refuse(path, described(value, written), why, f'Quote it: "{written}"')
