"""From plain data with positions to a model, collecting everything that is wrong on the way.

References, presets, types, then what only the whole shows, then the mappings. A value that is wrong is said once and
taken out, so that the rest is judged in the same go and nothing is said that only follows from it.
"""

from collections.abc import Mapping
from functools import cache, cached_property
from itertools import islice
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bridge.config.config_file import ConfigFile
from bridge.config.decides import decides
from bridge.config.field_errors import described, field_problem, kind_of, nearest_or, quoted, unknown_key_problem
from bridge.config.layers import Compiled, compile_mappings
from bridge.config.model import Callback, Model
from bridge.config.presets import DEFAULT, OWN_LAYERS, hints, laid_over, preset, preset_names
from bridge.config.references import References
from bridge.config.slots import shown_path, slot_at, slot_of
from bridge.config.source_use import source_problems, source_warnings
from bridge.config.yaml_document import YamlDocument
from bridge.config.yaml_nodes import Finding, Mark
from bridge.errors import KeyPath, Problem
from bridge.oidc.endpoint_settings import UNION_TAGS

MAX_PROBLEMS = 1000
"""More than this many of one kind are not looked at: nobody reads them, and each costs a search for what was meant."""

NOT_LOOKED_UP = "not looked up"
"""A plain setting that comes from outside, where nothing from outside is read."""

_FILE = slot_of(ConfigFile)

_NAMELESS = {
    "providers": (
        ("issuer", "preset", "audience"),
        "Give the provider a name of your choice, and put its keys under it: providers: {shop: {issuer: …}}.",
    ),
    "callbacks": (
        ("path", "identity_method", "failure_status"),
        "Write callback: for the only one, or put its keys under a name of yours: callbacks: {shop: {path: …}}.",
    ),
}
"""Sections whose entries have names, and the keys that show that one has none."""


class Reading:
    """One document on its way to a model.

    Attributes:
        errors: All that is wrong with it, each once.
        warnings: What is allowed and yet doubtful.
    """

    def __init__(self, document: YamlDocument, references: References) -> None:
        self.errors: list[Finding] = []
        self.warnings: list[Finding] = []
        self._said: set[tuple[KeyPath, str]] = set()
        self._document = document
        self._references = references
        self._unreadable = {finding.problem.path for finding in document.findings}

    def model(self) -> tuple[Model, ConfigFile]:
        """The model and the settings as they were written, to be used only where there are no ``errors``."""
        for finding in islice(self._document.findings, MAX_PROBLEMS):
            self._add(finding.problem, finding.mark)
        data = self._document.data
        if not isinstance(data, dict):
            self._add(Problem((), f"{described(data)}, a map was expected", "", "Begin with version: 1"))
            data = {}
            self._references.gaps.add(())
        file = self._validated(self._with_presets(self._with_names(self._references.resolve(_FILE, data))))
        for problem in self._references.problems:
            if problem.path not in self._unreadable:
                self._add(problem)
        compiled = compile_mappings(file)
        for problem in (*file.problems(), *source_problems(file, compiled), *compiled.errors):
            self._judge(problem, self.errors)
        for problem in file.shared_header_tokens():
            self._add(problem)  # stand-ins tell as much: the same reference is the same secret
        for problem in (*file.warnings(), *source_warnings(file, compiled), *compiled.warnings):
            self._judge(problem, self.warnings)
        for path in self._references.assumed:
            self._add(Problem(path, NOT_LOOKED_UP, "It is judged as if it were not there."), kept=self.warnings)
        return _model(file, compiled), file

    def _with_names(self, data: dict[str, Any]) -> dict[str, Any]:
        """The sections of named entries, without one in which the entry's own keys stand where its name should."""
        kept = dict(data)
        for section, (keys, cure) in _NAMELESS.items():
            entries = data.get(section)
            flat = {key: entries[key] for key in keys if key in entries} if isinstance(entries, dict) else {}
            first = next((key for key, value in flat.items() if not isinstance(value, dict)), None)
            if first is not None:
                self._add(Problem((section, first), "a key where a name was expected", "", cure))
                # Either of callback and callbacks will do, so neither is missing.
                self._references.gaps |= {(section,), (section.removesuffix("s"),)}
                del kept[section]
        return kept

    def _with_presets(self, data: dict[str, Any]) -> dict[str, Any]:
        providers = data.get("providers")
        if not isinstance(providers, dict):
            return data
        return {**data, "providers": {name: self._over_preset(name, entry) for name, entry in providers.items()}}

    def _over_preset(self, name: str, entry: Any) -> Any:
        if not isinstance(entry, dict):
            return entry
        chosen = entry.get("preset", DEFAULT)
        if isinstance(chosen, str) and chosen not in preset_names():
            path: KeyPath = ("providers", name, "preset")
            cure = nearest_or(chosen, preset_names(), f"Choose one of: {', '.join(preset_names())}.")
            self._add(Problem(path, f"there is no preset {quoted(chosen)}", "", cure))
            entry = {**entry, "preset": DEFAULT}
        below = preset(entry["preset"]) if isinstance(entry.get("preset"), str) else preset(DEFAULT)
        # A preset's rules and mapping are layers of their own (layers.py): those of an entry are the operator's alone.
        return laid_over({key: value for key, value in below.items() if key not in OWN_LAYERS}, entry)

    def _validated(self, data: dict[str, Any]) -> ConfigFile:
        """The file's settings without what is wrong in them, so that the rest is judged in the same go."""
        while True:
            try:
                return ConfigFile.model_validate(data)
            except ValidationError as invalid:
                errors = [_placed(error) for error in invalid.errors(include_url=False)]
            for error in islice(errors, MAX_PROBLEMS):
                self._add_field_error(error)
            # From the end, because taking an item out of a list moves those behind it.
            for error in reversed(errors):
                self._prune(data, error)

    def _add_field_error(self, error: ErrorDetails) -> None:
        written_path = self._written(error["loc"])
        path = written_path[: self._document.depth(written_path)]
        if path in self._unreadable:
            return
        if error["type"] == "extra_forbidden":
            slot = slot_at(_FILE, path[:-1])
            known = sorted(slot.members) if slot else []
            problem, nearest = unknown_key_problem(path, known, _belongs(str(path[-1]), path[:-1]))
            if nearest:
                self._references.gaps.add((*path[:-1], nearest))
            if nearest == "callbacks":
                self._references.gaps.add(("callback",))  # either will do, so neither is missing
        else:
            found, written = self._found(path, error["input"])
            secret = path in self._references.outside or shown_path(_FILE, path)[1]
            problem = field_problem(error, path, found, written, secret=secret)
        self._add(problem)

    def _found(self, path: KeyPath, value: Any) -> tuple[str, str | None]:
        """A wrong value in a few words, and how it is written if that may be shown."""
        whence = self._references.outside.get(path)
        if whence is not None:
            return f"the value of {whence}", None
        if shown_path(_FILE, path)[1]:
            return kind_of(value), None
        written = self._document.written(path)
        return described(value, written), written

    def _prune(self, data: Any, error: ErrorDetails) -> None:
        """Takes a bad value out; a part that should be a map becomes an empty one, so that others can refer to it."""
        path: KeyPath = ()
        parents: list[tuple[Any, str | int]] = []
        for step in error["loc"]:
            inside = isinstance(data, dict) if isinstance(step, str) else isinstance(data, list)
            if not inside or (step not in data if isinstance(step, str) else step >= len(data)):
                break
            parents.append((data, step))
            data, path = data[step], (*path, step)
        container, last = parents[-1]
        self._references.gaps.add(self._written(path))
        if error["type"] in {"model_type", "dict_type"}:
            container[last] = {}
        else:
            del container[last]
            if isinstance(last, int):
                # References left a record of each list that they walked, and only those can lose items.
                del self._references.survivors[self._written(path[:-1])][last]

    def _written(self, path: KeyPath) -> KeyPath:
        """A path of the validated data as one of the file: positions in a list move where items were left out."""
        written: KeyPath = ()
        for step in path:
            survivors = self._references.survivors.get(written) if isinstance(step, int) else None
            known = survivors is not None and isinstance(step, int) and step < len(survivors)
            written = (*written, survivors[step] if survivors and known and isinstance(step, int) else step)
        return written

    def _is_unknown(self, path: KeyPath) -> bool:
        """Whether what is said of a path speaks of a value that is not known: it, what it is in, or an item of it."""
        gaps = self._references.gaps
        return path in self._lists_with_gaps or any(path[:depth] in gaps for depth in range(len(path) + 1))

    @cached_property
    def _lists_with_gaps(self) -> frozenset[KeyPath]:
        return frozenset(gap[:-1] for gap in self._references.gaps if gap and isinstance(gap[-1], int))

    def _shortened(self, path: KeyPath) -> KeyPath:
        """Without the position that a lone value has where a list could be."""
        return path[:-1] if path and path[-1] == 0 and self._document.depth(path) == len(path) - 1 else path

    def _judge(self, problem: Problem, kept: list[Finding]) -> None:
        path = self._shortened(self._written(problem.path))
        rests_on = map(self._written, problem.rests_on)
        if path not in self._unreadable and not any(map(self._is_unknown, (path, *rests_on))):
            written = self._document.written(path)
            quote = problem.cure == "Quote it." and written is not None
            cure = f'Quote it: "{written}"' if quote else problem.cure
            self._add(Problem(path, problem.found, problem.why, cure), kept=kept)

    def _add(
        self,
        problem: Problem,
        mark: Mark | None = None,
        kept: list[Finding] | None = None,
    ) -> None:
        shown, secret = shown_path(_FILE, problem.path)
        if secret and shown != problem.path:
            problem = Problem(shown, "neither {env: NAME} nor {file: PATH}", "", "Write one of them.")
        path = problem.path
        # A common target is compiled for each callback and provider: what is said of it is said once.
        if (path, problem.found) not in self._said:
            self._said.add((path, problem.found))
            (self.errors if kept is None else kept).append(Finding(mark or self._document.mark(path), problem))


def _placed(error: ErrorDetails) -> ErrorDetails:
    """An error at its place in the file: pydantic has steps of its own where one of several types may stand."""
    error["loc"] = tuple(step for step in error["loc"] if step not in UNION_TAGS)
    return error


@cache
def _places() -> Mapping[str, str]:
    """Where a key that stands in the wrong place belongs: the sections' own keys, unless several have one."""
    places: dict[str, str] = {}
    for section, where in (("callback", "under callback:"), ("providers", "under a provider")):
        slot = _FILE.members[section]
        for key in (slot.inner or slot).members:
            places[key] = "" if key in places else where
    return {key: where for key, where in places.items() if where and key not in _FILE.members}


def _belongs(key: str, around: KeyPath) -> str | None:
    """The place for a misplaced key, unless it is already in a place of that kind."""
    where = _places().get(key)
    here = {"callback": "under callback:", "callbacks": "under callback:", "providers": "under a provider"}
    return None if where is None or (around and here.get(str(around[0])) == where and len(around) < 3) else where


def _model(file: ConfigFile, compiled: Compiled) -> Model:
    return Model(
        callbacks=tuple(
            Callback(
                name,
                entry,
                file.providers_of(entry),
                compiled.mappings[name],
                compiled.requires[name],
                decides(file, entry),
            )
            for _, name, entry in file.entries()
        ),
        providers=file.providers,
        sources=file.sources,
        hints={name: hints(provider.preset) for name, provider in file.providers.items()},
        answer_tests=compiled.answer_tests,
        server=file.server,
        admin=file.admin,
        log=file.log,
        limits=file.limits,
        cache=file.cache,
        state_dir=file.state_dir,
        audit=file.audit,
        traces=file.traces,
    )
