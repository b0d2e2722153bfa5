"""The mapping's layers: preset, common, callback, provider; later wins, target by target, each replaced whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bridge.config.config_file import CallbackEntry, ConfigFile
from bridge.config.presets import preset
from bridge.errors import KeyPath, Problem
from bridge.mapping.mapping import ClaimMapping
from bridge.mapping.parse import OMIT, Parsed, Written, parse_mapping

Layer = Literal["preset", "common", "callback", "provider"]


@dataclass(slots=True)
class Compiled:
    """Every callback's mappings, by callback and provider name, and all that is to be said of them."""

    mappings: dict[str, dict[str, ClaimMapping]] = field(default_factory=dict)
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def take(self, parsed: Parsed) -> ClaimMapping:
        """Keeps what is to be said of one mapping, and gives it."""
        self.errors += parsed.errors
        self.warnings += parsed.warnings
        return parsed.mapping


def compile_mappings(file: ConfigFile) -> Compiled:
    """What each callback makes of each of its providers' claims; a layer that nothing uses is judged all the same."""
    compiled = Compiled()
    unused = dict.fromkeys(file.providers)
    for path, name, entry in file.entries():
        providers = file.providers_of(entry)
        prefixes = [file.providers[provider].id_prefix or "" for provider in providers]
        compiled.mappings[name] = {
            provider: compiled.take(_parsed(file, provider, prefixes, path, entry)) for provider in providers
        }
        for provider in providers:
            unused.pop(provider, None)
        if not providers:
            compiled.take(_read(_common_layer(file) | _layer("callback", (*path, "mapping"), entry.mapping)))
    for provider in unused:
        compiled.take(_parsed(file, provider, [""], (), CallbackEntry()))
    if not file.providers and not compiled.mappings:
        compiled.take(_read(_common_layer(file)))
    compiled.warnings += _changed_proofs(file)
    return compiled


def _parsed(file: ConfigFile, provider: str, prefixes: Sequence[str], path: KeyPath, entry: CallbackEntry) -> Parsed:
    """One provider's mapping in the callback at ``path``; ``prefixes`` are those of all the callback's providers."""
    settings = file.providers[provider]
    own: KeyPath = ("providers", provider, "mapping")
    written = _layer("preset", own, preset(settings.preset).get("mapping", {}))
    written |= _common_layer(file)
    # What a callback of one provider says is said of that provider alone, as if it stood under it.
    written |= _layer("provider" if len(prefixes) == 1 else "callback", (*path, "mapping"), entry.mapping)
    written |= _layer("provider", own, settings.mapping)
    return parse_mapping(
        written,
        identity_method=entry.identity_method,
        subject=settings.subject,
        id_prefix=settings.id_prefix or "",
        # Only an id without a prefix could be taken for one that has another's.
        other_prefixes=() if settings.id_prefix else tuple(filter(None, prefixes)),
        several_providers=len(file.providers) > 1,
        provider_path=("providers", provider),
    )


def _read(written: Mapping[str, Written]) -> Parsed:
    return parse_mapping(written, identity_method="id")


def _common_layer(file: ConfigFile) -> dict[str, Written]:
    return _layer("common", ("mapping",), file.mapping)


def _layer(layer: Layer, path: KeyPath, mapping: Mapping[str, Any]) -> dict[str, Written]:
    return {target: Written(value, (*path, target), layer) for target, value in mapping.items()}


def _changed_proofs(file: ConfigFile) -> Iterator[Problem]:
    """Warns where what is written for all providers changes what one's preset takes as proof."""
    for provider in file.providers if len(file.providers) > 1 else ():
        below = preset(file.providers[provider].preset).get("mapping", {})
        for target, value in file.mapping.items():
            before, after = _proof(below.get(target)), _proof(value)
            reaches = target not in file.providers[provider].mapping
            if reaches and before and after not in {None, before}:
                yield Problem(
                    ("mapping", target),
                    f"proven by {after or 'nothing'}, where the preset of {provider} says {before}",
                    "What is written for all providers may not hold for each.",
                    f"Write it under the provider's own mapping:, or leave {target} to the presets.",
                )


def _proof(target: Any) -> str | None:
    """What proves a target in a few words; ``None`` for one that is no single claim."""
    if isinstance(target, Mapping) and "claim" in target:
        proof = target.get("verified_by")
        return proof if isinstance(proof, str) else "" if proof is None else "a condition"
    return "" if isinstance(target, str) and target != OMIT else None
