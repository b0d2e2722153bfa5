"""The file as it is understood, without secrets: what was written, or everything that holds and where it is from.

``idp-bridge config show [--resolved]``. Nothing from outside is looked up: a reference is shown as it was written.
"""

from collections.abc import Iterable, Iterator, Mapping
from inspect import isclass
from typing import Any

from pydantic import BaseModel

from bridge.config.config_file import ConfigFile
from bridge.config.defaults import plain_type, written_default
from bridge.config.entries import ProviderEntry
from bridge.config.layers import rules_of, targets_of
from bridge.config.presets import DEFAULT, preset
from bridge.config.slots import Slot, slot_of
from bridge.config.yaml_document import YamlDocument
from bridge.config.yaml_text import Shown
from bridge.errors import KeyPath
from bridge.mapping.written import Written

MASK = "•••••"
"""In place of a secret that is written into the file."""

_DEFAULT = "default"
_FIRST = ("preset", "issuer", "audience", "accept")  # of a provider: whose tokens
_MAPPING = ("require", "mapping")  # they add up or lie over each other: shown where they take effect


def as_written(document: YamlDocument, file: str) -> Iterator[Shown]:
    """What the file itself says."""
    yield from _Walk(document, file).section(ConfigFile, document.data, {}, "", ())


def resolved(document: YamlDocument, file: str, settings: ConfigFile) -> Iterator[Shown]:
    """Everything that holds, presets and defaults included; each provider's mapping as it takes effect.

    Args:
        document: The file.
        file: What it is called.
        settings: What it came to.
    """
    walk = _Walk(document, file, defaults=True)
    yield from walk.section(ConfigFile, document.data, {}, "", ())
    for name, provider in settings.providers.items():
        yield from walk.effect(settings, name, provider)


class _Walk:
    """One walk along the settings' own types."""

    def __init__(self, document: YamlDocument, file: str, *, defaults: bool = False) -> None:
        self._document = document
        self._file = file
        self._defaults = defaults

    def section(
        self, model: type[BaseModel], written: Any, below: Mapping[str, Any], preset_name: str, path: tuple[str, ...]
    ) -> Iterator[Shown]:
        """The settings of one map: what is written, over what a preset says, over the defaults."""
        slots = slot_of(model)
        for name, field in sorted(model.model_fields.items(), key=lambda item: item[0] not in _FIRST):
            at, slot = (*path, name), slots.members[name]
            value = written.get(name) if isinstance(written, dict) else None
            inner, _ = plain_type(field.annotation)
            if name in _MAPPING:
                if value is not None and not self._defaults:
                    yield from self._opaque(value, at)
            elif isclass(inner) and issubclass(inner, BaseModel):
                if value is not None or name in below or (self._defaults and field.default is not None):
                    yield from self.section(inner, value or {}, below.get(name, {}), preset_name, at)
            elif slot.kind == "map" and slot.inner is not None and slot.inner.kind == "model":
                yield from self._entries(inner, value or {}, at)
            elif value is not None:
                yield Shown(at, _masked(slot, value), self._where(at))
            elif name in below:
                yield Shown(at, below[name], f"preset {preset_name}")
            elif self._defaults and (default := written_default(model, name)) is not None:
                yield Shown(at, default, _DEFAULT)

    def _entries(self, annotation: Any, entries: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Shown]:
        model = annotation.__args__[1]
        for name, entry in entries.items():
            chosen = entry.get("preset", DEFAULT) if isinstance(entry, dict) and model is ProviderEntry else ""
            below = preset(chosen) if self._defaults and chosen else {}
            yield from self.section(model, entry, below, chosen, (*path, name))

    def _opaque(self, value: Any, path: tuple[str, ...]) -> Iterator[Shown]:
        if isinstance(value, dict):
            for name, target in value.items():
                yield Shown((*path, name), target, self._where((*path, name)))
        else:
            yield Shown(path, value, self._where(path))

    def effect(self, settings: ConfigFile, name: str, provider: ProviderEntry) -> Iterator[Shown]:
        """A provider's rules and mapping with every layer in its place, once, or for each callback that differs."""
        here = ("providers", name)
        entries = [
            (path, callback, entry)
            for path, callback, entry in settings.entries()
            if name in settings.providers_of(entry)
        ]
        effects = {
            callback: (rules_of(settings, name, path, entry), targets_of(settings, name, path, entry))
            for path, callback, entry in entries
        }
        different = len({repr(_values(*effect)) for effect in effects.values()}) > 1
        for callback, (rules, targets) in effects.items():
            for position, rule in enumerate(_each(rules, provider)):
                key = f"require in callback {callback}" if different else "require"
                yield Shown((*here, key, str(position)), rule.value, self._origin(rule, provider))
            for target, written in targets.items():
                key = f"mapping in callback {callback}" if different else "mapping"
                yield Shown((*here, key, target), written.value, self._origin(written, provider))
            if not different:
                break

    def _origin(self, written: Written, provider: ProviderEntry) -> str:
        return f"preset {provider.preset}" if written.layer == "preset" else self._where(written.path)

    def _where(self, path: KeyPath) -> str:
        return f"{self._file}:{self._document.mark(path).line}"


def _values(rules: Iterable[Written], targets: Mapping[str, Written]) -> tuple[list[Any], dict[str, Any]]:
    """What takes effect, wherever it stands."""
    return [rule for layer in rules for rule in layer.value], {name: each.value for name, each in targets.items()}


def _each(layers: Iterable[Written], provider: ProviderEntry) -> Iterator[Written]:
    """Every rule by itself, without those of the preset that are lifted."""
    for layer in layers:
        for position, rule in enumerate(layer.value):
            if not (layer.layer == "preset" and rule.get("name") in provider.allow):
                yield Written(rule, (*layer.path, position), layer.layer)


def _masked(slot: Slot, value: Any) -> Any:
    """A value as it may be shown: references as they are, everything else in a secret's place as a mask."""
    if slot.kind == "list" and slot.inner is not None:
        return [_masked(slot.inner, item) for item in value] if isinstance(value, list) else _masked(slot.inner, value)
    if slot.kind != "secret" or isinstance(value, dict):
        return value
    return MASK
