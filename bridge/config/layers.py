"""The mapping's layers: preset, common, callback, provider; later wins, target by target, each replaced whole."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.config.config_file import CallbackEntry, ConfigFile
from bridge.config.presets import preset
from bridge.errors import KeyPath, Problem
from bridge.mapping.mapping import TARGETS, ClaimMapping
from bridge.mapping.parse import Parsed, Written, parse_mapping


@dataclass(slots=True)
class Compiled:
    """Every callback's mappings, by callback and provider name, and all that is to be said of them."""

    mappings: dict[str, dict[str, ClaimMapping]] = field(default_factory=dict)
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def compile_mappings(file: ConfigFile) -> Compiled:
    """What each callback makes of each of its providers' claims."""
    compiled = Compiled()
    for path, name, entry in file.entries():
        compiled.mappings[name] = {}
        for provider in file.providers_of(entry):
            parsed = _compile(file, path, entry, provider)
            compiled.mappings[name][provider] = parsed.mapping
            compiled.errors += parsed.errors
            compiled.warnings += parsed.warnings
            compiled.warnings += _changed_proofs(file, provider)
    return compiled


def unknown_targets(file: ConfigFile) -> Iterator[KeyPath]:
    """Where a layer names something that is no field of a chat user."""
    layers: list[tuple[KeyPath, Mapping[str, Any]]] = [(("mapping",), file.mapping)]
    layers += [((*path, "mapping"), entry.mapping) for path, _, entry in file.entries()]
    layers += [(("providers", name, "mapping"), entry.mapping) for name, entry in file.providers.items()]
    for path, mapping in layers:
        yield from ((*path, target) for target in mapping if target not in TARGETS)


def _compile(file: ConfigFile, path: KeyPath, entry: CallbackEntry, provider: str) -> Parsed:
    settings = file.providers[provider]
    own: KeyPath = ("providers", provider, "mapping")
    # What a callback of one provider says is said of that provider alone, as if it stood under it.
    callback_layer = "provider" if len(file.providers_of(entry)) == 1 else "callback"
    written: dict[str, Written] = {}
    for layer, where, mapping in (
        ("preset", own, preset(settings.preset).get("mapping", {})),
        ("common", ("mapping",), file.mapping),
        (callback_layer, (*path, "mapping"), entry.mapping),
        ("provider", own, settings.mapping),
    ):
        for target, value in mapping.items():
            if target in TARGETS:
                written[target] = Written(value, (*where, target), layer)
    return parse_mapping(
        written,
        identity_method=entry.identity_method,
        subject=settings.subject,
        id_prefix=settings.id_prefix or "",
        several_providers=len(file.providers) > 1,
        provider_path=("providers", provider),
    )


def _changed_proofs(file: ConfigFile, provider: str) -> Iterator[Problem]:
    if len(file.providers) < 2:
        return
    mapping = preset(file.providers[provider].preset).get("mapping", {})
    for target, value in file.mapping.items():
        before, after = _proof(mapping.get(target)), _proof(value)
        if before and after != before:
            yield Problem(
                ("mapping", target),
                f"proven by {after or 'nothing'} for {provider} too, whose preset says {before}",
                "What is written for one provider may not hold for another.",
                f"Write it under providers: {provider}: mapping:, or leave {target} to the presets.",
            )


def _proof(target: Any) -> str:
    proof = target.get("verified_by") if isinstance(target, Mapping) else None
    return proof if isinstance(proof, str) else "" if proof is None else "a condition"
