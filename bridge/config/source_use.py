"""What only ``sources:`` and the mappings that read them show together, once both are known.

A source decides nothing: neither who is let in, nor who somebody is, nor by its slowness whether a call is answered.
"""

from collections.abc import Iterator

from bridge.config.config_file import ConfigFile
from bridge.config.layers import Compiled
from bridge.errors import Problem
from bridge.mapping.path import SOURCES


def source_problems(file: ConfigFile, compiled: Compiled) -> Iterator[Problem]:
    """What is wrong. Key paths are absolute."""
    for name, source in file.sources.items():
        if name in SOURCES:
            why = f"from: {name} reads what the provider says."
            yield Problem(("sources", name), "a name that the provider's own source has", why, "Choose another.")
        if source.timeout > file.limits.deadline / 2:
            why = "Its slowness would cost the login: what is left of the call's time is for the token."
            cure = "Write half of limits.deadline at most."
            yield Problem(
                ("sources", name, "timeout"), "more than half of limits.deadline", why, cure, (("limits", "deadline"),)
            )
    yield from _deciding_rules(compiled)
    yield from _nobody_to_ask_about(file, compiled)


def _deciding_rules(compiled: Compiled) -> Iterator[Problem]:
    """Rules on a field of the finished chat user that a source helps to fill."""
    for callback, requires in compiled.requires.items():
        for provider, require in requires.items():
            asks = compiled.mappings[callback][provider].asks
            for rule in require.on_fields:
                target = "phone" if rule.field in {"phone_number", "country_code"} else rule.field
                if target in asks:
                    found = f"a rule on {rule.field}, which source {' and '.join(sorted(asks[target]))} helps to fill"
                    why = "A source that fails must never decide who is let in or who somebody is."
                    cure = f"Ask a claim of the provider's here, or fill {target} without the source."
                    yield Problem((*rule.path, "field"), found, why, cure)


def _nobody_to_ask_about(file: ConfigFile, compiled: Compiled) -> Iterator[Problem]:
    """Sources asked by an ``id`` that a mapping which reads them switches off."""
    for mappings in compiled.mappings.values():
        for provider, mapping in mappings.items():
            for name in sorted(mapping.sources_wanted()):
                if mapping.id is None and "id" in file.sources[name].places:
                    found = f"{{id}}, and the mapping of {provider} gives no id"
                    yield Problem(("sources", name, "url"), found, "It would never be asked.", "Write {sub}.")


def source_warnings(file: ConfigFile, compiled: Compiled) -> Iterator[Problem]:
    """What is allowed and yet doubtful."""
    for name, source in file.sources.items():
        if name not in compiled.sources_read:
            cure = "Read it in a mapping, {claim: …, from: " + name + "}, or remove it."
            yield Problem(("sources", name), "read by no mapping", "", cure)
        asking = {
            provider
            for mappings in compiled.mappings.values()
            for provider, mapping in mappings.items()
            if name in mapping.sources_wanted()
        }
        shared = {file.providers[provider].subjects for provider in asking} == {"shared"}
        if len(asking) > 1 and not shared and source.places.isdisjoint({"id", "provider"}):
            why = "Two visitors of different providers may have the same subject, and would be given the same facts."
            cure = "Write {id}, which has the provider's id_prefix, or add {provider}."
            yield Problem(("sources", name, "url"), "{sub} alone, for several providers", why, cure)
