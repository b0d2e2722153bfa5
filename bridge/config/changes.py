"""What a new configuration would do to existing customers: ``idp-bridge check --against OLD``.

CX Genie knows a customer by one field (``identity_method``), so a change of what that field is given makes strangers of
customers, or, worse, one customer of two.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from bridge.config.cases import Case, differences, run_case, shown
from bridge.config.config_file import ConfigFile
from bridge.config.entries import CallbackEntry, ProviderEntry
from bridge.config.field_errors import quoted
from bridge.config.layers import targets_of
from bridge.errors import KeyPath
from bridge.mapping.parse import IDENTITY

Effect = Literal["identity", "refused", "note"]
"""Who a customer is would change; a customer would be refused; neither."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference that customers would notice.

    Attributes:
        effect: What it would do to them.
        path: Where it stands in the new file, or stood in the old.
        found: What it is.
        why: What follows from it; may be empty.
    """

    effect: Effect
    path: KeyPath
    found: str
    why: str = ""


_STRANGERS: Final = "CX Genie would take every visitor of it for somebody new: earlier chats stay with who they were."


@dataclass(frozen=True, slots=True)
class _Callback:
    """A callback of one of the two files."""

    file: ConfigFile
    path: KeyPath
    name: str
    entry: CallbackEntry

    @property
    def providers(self) -> Mapping[str, ProviderEntry]:
        return {name: self.file.providers[name] for name in self.file.providers_of(self.entry)}


def changes(old: ConfigFile, new: ConfigFile) -> Iterator[Change]:
    """What differs for the customers of the old configuration, each once, whatever callbacks it concerns."""
    return iter(dict.fromkeys(_changes(old, new)))


def _changes(old: ConfigFile, new: ConfigFile) -> Iterator[Change]:
    # Callbacks are told apart by their path, as CX Genie does.
    after = {entry.path: _Callback(new, path, name, entry) for path, name, entry in new.entries()}
    for path, name, entry in old.entries():
        before = _Callback(old, path, name, entry)
        if entry.path in after:
            yield from _of_callback(before, after[entry.path])
        else:
            why = "CX Genie would go on calling it, and nobody would be identified."
            yield Change("refused", path, f"no callback has the path {entry.path} any more", why)


def _of_callback(before: _Callback, after: _Callback) -> Iterator[Change]:
    was, is_now = before.entry, after.entry
    if was.identity_method != is_now.identity_method:
        found = f"{is_now.identity_method}, it was {was.identity_method}"
        yield Change("identity", (*after.path, "identity_method"), found, _STRANGERS)
        return
    if was.identity_method == "phone_number" and was.phone_format != is_now.phone_format:
        found = f"{is_now.phone_format}, it was {was.phone_format}"
        yield Change("identity", (*after.path, "phone_format"), found, _STRANGERS)
    known = set()
    for name, provider in before.providers.items():
        other = _same(name, provider, after.providers)
        if other is None:
            yield from _without(name, provider, after)
        else:
            known.add(other)
            yield from _of_provider(name, other, before, after)
    for name in after.providers:
        if name not in known and name not in before.providers:
            yield Change("note", ("providers", name), "new")


def _same(name: str, provider: ProviderEntry, others: Mapping[str, ProviderEntry]) -> str | None:
    """The provider that vouches for the same visitors: by its issuer, or by its name where it has none."""
    issuers = set(provider.issuer)
    if not issuers:
        return name if name in others else None
    named = (name,) if name in others else ()
    return next((other for other in (*named, *others) if issuers & set(others[other].issuer)), None)


def _without(name: str, provider: ProviderEntry, after: _Callback) -> Iterator[Change]:
    issuers = ", ".join(provider.issuer) or name
    if name not in after.providers:
        found = f"callback {after.name} takes no tokens of {issuers} any more"
        yield Change("refused", ("providers", name), found, "Its visitors would be refused.")
        return
    why = f"The visitors of {issuers} would be refused; who has the id of one of them at the other is taken for him."
    found = f"{', '.join(after.providers[name].issuer) or 'none'}, it was {issuers}"
    yield Change("identity", ("providers", name, "issuer"), found, why)


def _of_provider(name: str, other: str, before: _Callback, after: _Callback) -> Iterator[Change]:
    was, is_now = before.providers[name], after.providers[other]
    here: KeyPath = ("providers", other)
    if name != other:
        why = "Ids stay as they are; logs and metrics have the new name."
        yield Change("note", here, f"renamed, it was {name}", why)
    for key, gone in (
        ("issuer", _gone(was.issuer, is_now.issuer)),
        ("audience", _gone(was.audience, is_now.audience)),
        ("accept", _gone(was.accept, is_now.accept)),
    ):
        if gone:
            yield Change("refused", (*here, key), f"without {gone}", "Visitors with such a token would be refused.")
    method = before.entry.identity_method
    if method == "id" and (was.id_prefix or "") != (is_now.id_prefix or ""):
        found = f"{quoted(is_now.id_prefix or '')}, it was {quoted(was.id_prefix or '')}"
        yield Change("identity", (*here, "id_prefix"), found, _STRANGERS)
    if method == "email" and is_now.email_domains and set(is_now.email_domains) != set(was.email_domains):
        lost = _gone(was.email_domains, is_now.email_domains) or "others than these"
        why = "Visitors of other domains would be refused."
        yield Change("refused", (*here, "email_domains"), f"without {lost}", why)
    target = IDENTITY[method]
    old, new = _target(before, name, target), _target(after, other, target)
    if old != new and method == "id" and was.subject_claim != is_now.subject_claim:
        yield Change("identity", (*here, "subject"), f"{is_now.subject_claim}, it was {was.subject_claim}", _STRANGERS)
    elif old != new:
        yield Change("identity", (*here, "mapping", target), "mapped in another way", _STRANGERS)
    old_rules, new_rules = _rules(before, was), _rules(after, is_now)
    if old_rules != new_rules:
        yield Change(
            "note", (*here, "require"), "other rules", "Some visitors may be refused, or let in, who were not."
        )


def _gone(was: Iterable[str], is_now: Iterable[str]) -> str:
    kept = set(is_now)
    return ", ".join(each for each in was if each not in kept)


def _target(callback: _Callback, provider: str, target: str) -> Any:
    """What gives the identity, as it takes effect; the provider's subject where nothing is written."""
    written = targets_of(callback.file, provider, callback.path, callback.entry).get(target)
    subject = callback.file.providers[provider].subject_claim
    return subject if written is None else written.value


def _rules(callback: _Callback, provider: ProviderEntry) -> tuple[Any, ...]:
    return (callback.file.require, callback.entry.require, provider.require, provider.allow)


def changed_answers(before: Iterable[Case], after: Iterable[Case]) -> Iterator[Change]:
    """What the same cases give with both configurations: one change for each that differs."""
    for old, new in zip(before, after, strict=True):
        was, is_now = run_case(old).answer, run_case(new).answer
        differ = differences(was, is_now)
        if not differ:
            continue
        method = new.callback.settings.identity_method
        identity = {"phone_number", "country_code"} if method == "phone_number" else {method}
        effect: Effect = "identity" if identity & {each.field for each in differ} else "note"
        if "refused" in is_now and "refused" not in was:
            effect = "refused"
        found = "; ".join(f"{each.field} is {shown(each.found)}, it was {shown(each.expected)}" for each in differ)
        yield Change(effect, ("case", new.name), found)
