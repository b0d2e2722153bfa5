"""The layers of the mapping and of ``require``: preset, common, callback, provider.

Of the mapping the later wins, target by target, each replaced whole; rules add up.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.config.config_file import ConfigFile
from bridge.config.entries import CallbackEntry, ProviderEntry
from bridge.config.presets import preset
from bridge.errors import KeyPath, Problem
from bridge.mapping.answer_test import AnswerTest, ParsedAnswerTest, parse_answer_test
from bridge.mapping.mapping import ClaimMapping
from bridge.mapping.parse import OMIT, Parsed, parse_mapping
from bridge.mapping.require import Require
from bridge.mapping.require_grammar import ParsedRequire, parse_require
from bridge.mapping.written import Layer, Written
from bridge.oidc.endpoints import AnswerTests


@dataclass(slots=True)
class Compiled:
    """Every callback's rules and mappings, by callback and provider name, and all that is to be said of them.

    Attributes:
        answer_tests: What each provider's answers are asked, by provider name.
    """

    mappings: dict[str, dict[str, ClaimMapping]] = field(default_factory=dict)
    requires: dict[str, dict[str, Require]] = field(default_factory=dict)
    answer_tests: dict[str, AnswerTests] = field(default_factory=dict)
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def take(self, parsed: Parsed) -> ClaimMapping:
        """Keeps what is to be said of one mapping, and gives it."""
        self.errors += parsed.errors
        self.warnings += parsed.warnings
        return parsed.mapping

    def take_require(self, parsed: ParsedRequire) -> Require:
        """The same for rules."""
        self.errors += parsed.errors
        self.warnings += parsed.warnings
        return parsed.require

    def take_test(self, parsed: ParsedAnswerTest) -> AnswerTest:
        """The same for what is asked of an answer."""
        self.errors += parsed.errors
        self.warnings += parsed.warnings
        return parsed.test


def compile_mappings(file: ConfigFile) -> Compiled:
    """What each callback makes of each of its providers' claims; a layer that nothing uses is judged all the same."""
    compiled = Compiled()
    for name, settings in file.providers.items():
        compiled.answer_tests[name] = _answer_tests(compiled, name, settings)
    unused = dict.fromkeys(file.providers)
    for path, name, entry in file.entries():
        providers = file.providers_of(entry)
        prefixes = [file.providers[provider].id_prefix or "" for provider in providers]
        known = _known_claims(file, providers)
        compiled.requires[name] = {
            provider: compiled.take_require(_rules(file, provider, path, entry, known=known)) for provider in providers
        }
        compiled.mappings[name] = {
            provider: compiled.take(_parsed(file, provider, path, entry, prefixes=prefixes, known=known))
            for provider in providers
        }
        for provider in providers:
            unused.pop(provider, None)
        if not providers:
            compiled.take(_read(_common_layer(file) | _layer("callback", (*path, "mapping"), entry.mapping)))
            compiled.take_require(parse_require([Written(entry.require, (*path, "require"), "callback")]))
    for provider in unused:
        known = _known_claims(file, [provider])
        compiled.take_require(_rules(file, provider, (), CallbackEntry(), known=known))
        compiled.take(_parsed(file, provider, (), CallbackEntry(), prefixes=[""], known=known))
    if not file.providers:
        compiled.take(_read(_common_layer(file)))
        compiled.take_require(parse_require([Written(file.require, ("require",), "common")]))
    compiled.warnings += _changed_proofs(file)
    compiled.warnings += _idle_allowances(file)
    return compiled


def _answer_tests(compiled: Compiled, name: str, settings: ProviderEntry) -> AnswerTests:
    """What a provider's ``userinfo.refused_when`` and ``token_check.rules`` ask of its answers."""
    here: KeyPath = ("providers", name)
    refused = rules = None
    if settings.userinfo.refused_when is not None:
        path = (*here, "userinfo", "refused_when")
        refused = compiled.take_test(parse_answer_test([settings.userinfo.refused_when], [path])).may_hold
    if settings.token_check is not None and settings.token_check.rules:
        written = settings.token_check.rules
        paths = [(*here, "token_check", "rules", position) for position in range(len(written))]
        rules = compiled.take_test(parse_answer_test(written, paths)).holds
    return AnswerTests(userinfo_refused=refused, token_check_rules=rules)


def targets_of(file: ConfigFile, provider: str, path: KeyPath, entry: CallbackEntry) -> dict[str, Written]:
    """One provider's mapping in the callback at ``path``, every layer in its place."""
    settings = file.providers[provider]
    own: KeyPath = ("providers", provider, "mapping")
    written = _layer("preset", own, preset(settings.preset).get("mapping", {}))
    written |= _common_layer(file)
    # What a callback of one provider says is said of that provider alone, as if it stood under it.
    alone = len(file.providers_of(entry)) <= 1
    written |= _layer("provider" if alone else "callback", (*path, "mapping"), entry.mapping)
    return written | _layer("provider", own, settings.mapping)


def rules_of(file: ConfigFile, provider: str, path: KeyPath, entry: CallbackEntry) -> tuple[Written, ...]:
    """Who is let in: the rules of each layer, which add up, in the order in which they are asked."""
    settings = file.providers[provider]
    own: KeyPath = ("providers", provider)
    return (
        Written(preset(settings.preset).get("require", ()), (*own, "preset", "require"), "preset"),
        Written(file.require, ("require",), "common"),
        Written(entry.require, (*path, "require"), "callback"),
        Written(settings.require, (*own, "require"), "provider"),
    )


def _rules(
    file: ConfigFile, provider: str, path: KeyPath, entry: CallbackEntry, *, known: frozenset[str]
) -> ParsedRequire:
    allow = file.providers[provider].allow
    return parse_require(rules_of(file, provider, path, entry), allow=allow, known_claims=known)


def _known_claims(file: ConfigFile, providers: Iterable[str]) -> frozenset[str]:
    """Claims that these providers are known to have: what is written for all of them is no slip if one has it."""
    return frozenset(claim for name in providers for claim in preset(file.providers[name].preset).get("claims", ()))


def _parsed(
    file: ConfigFile,
    provider: str,
    path: KeyPath,
    entry: CallbackEntry,
    *,
    prefixes: Sequence[str],
    known: frozenset[str],
) -> Parsed:
    """One provider's mapping in the callback at ``path``; ``prefixes`` are those of all the callback's providers."""
    settings = file.providers[provider]
    return parse_mapping(
        targets_of(file, provider, path, entry),
        identity_method=entry.identity_method,
        subject=settings.subject_claim,
        id_prefix=settings.id_prefix or "",
        # Only an id without a prefix could be taken for one that has another's.
        other_prefixes=() if settings.id_prefix else tuple(filter(None, prefixes)),
        several_providers=len(file.providers) > 1,
        provider_path=("providers", provider),
        email_domains=settings.email_domains,
        known_claims=known,
    )


def _read(written: Mapping[str, Written]) -> Parsed:
    return parse_mapping(written, identity_method="id")


def _common_layer(file: ConfigFile) -> dict[str, Written]:
    return _layer("common", ("mapping",), file.mapping)


def _layer(layer: Layer, path: KeyPath, mapping: Mapping[str, Any]) -> dict[str, Written]:
    return {target: Written(value, (*path, target), layer) for target, value in mapping.items()}


def _idle_allowances(file: ConfigFile) -> Iterator[Problem]:
    """Warns of subjects that are allowed and that the preset does not refuse: perhaps another was meant."""
    for provider, settings in file.providers.items():
        refused = {rule.get("name") for rule in preset(settings.preset).get("require", ())}
        for position, name in enumerate(settings.allow):
            if name not in refused:
                found = f"{name}, which preset {settings.preset} does not refuse"
                yield Problem(("providers", provider, "allow", position), found, "", "Remove it.")


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
