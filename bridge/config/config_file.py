"""The file as operators write it, presets laid under its providers, and what only the whole of it shows."""

import re
from collections.abc import Iterable, Iterator
from itertools import combinations, groupby, islice, pairwise
from operator import itemgetter
from typing import Any

from pydantic import Field

from bridge.config.cache_settings import CacheSettings
from bridge.config.doubts import provider_doubts
from bridge.config.entries import CallbackEntry, ProviderEntry, Rules
from bridge.config.field_errors import nearest_or, quoted
from bridge.config.model import AdminSettings, AuditSettings, LimitSettings, LogSettings, ServerSettings
from bridge.config.opaque_routing import opaque_routing_problems
from bridge.config.trace_settings import TraceSettings
from bridge.errors import KeyPath, Problem, under
from bridge.oidc.source_settings import SourceSettings
from bridge.units import Settings

NAME = "[a-z0-9-]{1,32}"
"""A callback's, a provider's or a source's name: it stands in logs and metrics."""

_NAME = re.compile(NAME, re.ASCII)
_ABSOLUTE = re.compile(r"/[^\x00-\x1f\x7f]+")


class ConfigFile(Settings):
    """The file's own keys. Everything has a default, so that what is there is judged whatever else is missing.

    Attributes:
        version: By which rules the file is read: always 1.
        callback: What CX Genie calls; short for one of ``callbacks`` that is named ``default``.
        callbacks: What CX Genie calls, one for each bot or workspace, by a name of your choice.
        providers: The identity providers whose tokens are taken, by a name of your choice.
        sources: Facts that the identity providers do not have, for `from:` in a mapping, by a name of your choice.
        require: Who is let in, whatever the callback and the provider; all must hold.
        mapping: What becomes of claims, for every callback and provider; laid over each preset's own.
        server: The public port.
        admin: The private port: health, readiness and metrics.
        log: How the log looks.
        limits: What one call, and all callers together, may take.
        cache: The answers that are remembered.
        state_dir: The folder in which the last good key set of each provider is kept, so that a restart during its
            outage serves. Without it: nowhere.
        audit: Who was let in as whom, as a stream of its own.
        traces: OpenTelemetry: a span for each callback and for each exchange with a provider.
    """

    version: int | None = None
    callback: CallbackEntry | None = None
    callbacks: dict[str, CallbackEntry] = Field(default_factory=dict)
    providers: dict[str, ProviderEntry] = Field(default_factory=dict)
    sources: dict[str, SourceSettings] = Field(default_factory=dict)
    require: Rules = ()
    mapping: dict[str, Any] = Field(default_factory=dict)
    server: ServerSettings = ServerSettings()
    admin: AdminSettings = AdminSettings()
    log: LogSettings = LogSettings()
    limits: LimitSettings = LimitSettings()
    cache: CacheSettings = CacheSettings()
    state_dir: str | None = None
    audit: AuditSettings = AuditSettings()
    traces: TraceSettings = TraceSettings()

    def entries(self) -> Iterator[tuple[KeyPath, str, CallbackEntry]]:
        """Each callback: where it stands, its name, itself."""
        if self.callback is not None:
            yield ("callback",), "default", self.callback
        for name, entry in self.callbacks.items():
            yield ("callbacks", name), name, entry

    def providers_of(self, entry: CallbackEntry) -> tuple[str, ...]:
        """Whose tokens a callback takes, as far as they are there; each once."""
        names = self.providers if entry.providers is None else entry.providers
        return tuple(dict.fromkeys(name for name in names if name in self.providers))

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the file as a whole and with each of its parts. Key paths are absolute."""
        yield from self._own_problems()
        yield from under(("audit",), self.audit.problems())
        yield from under(("traces",), self.traces.problems())
        for path, _, entry in self.entries():
            yield from under(path, entry.problems())
        for name, provider in self.providers.items():
            yield from under(("providers", name), provider.problems())
        yield from under(("cache",), self.cache.problems())
        for name, source in self.sources.items():
            yield from under(("sources", name), source.problems())
        yield from _path_problems(list(self.entries()))
        for path, _, entry in self.entries():
            yield from self._routing_problems(path, entry)

    def shared_header_tokens(self) -> Iterator[Problem]:
        """Each header token that an earlier callback has. Key paths are absolute; the secret is not in the problem."""
        taken: dict[str, KeyPath] = {}
        for path, _, entry in self.entries():
            for position, secret in enumerate(entry.header_token):
                if taken.setdefault(secret.get_secret_value(), path) != path:
                    yield Problem(
                        (*path, "header_token", position),
                        "a header token that another callback has",
                        "Whoever may call one could call the other.",
                        "Give each callback a header token of its own.",
                    )

    def warnings(self) -> Iterator[Problem]:
        """What is allowed and yet doubtful."""
        used = {name for _, _, entry in self.entries() for name in self.providers_of(entry)}
        for name in self.providers:
            if name not in used:
                yield Problem(("providers", name), "used by no callback", "", "Add it to a callback's providers:.")
        for name, provider in self.providers.items():
            yield from under(("providers", name), provider_doubts(provider))
            yield from under(("providers", name), provider.warnings())
        for path, _, entry in self.entries():
            yield from self._impersonation_warnings(path, entry)
        yield from self._shared_subjects_warnings()
        yield from self._shared_prefix_warnings()
        yield from under(("cache",), self.cache.warnings())

    def _shared_prefix_warnings(self) -> Iterator[Problem]:
        """Warns of ids that could meet where two callbacks belong to one workspace of CX Genie's."""
        together = [set(self.providers_of(entry)) for _, _, entry in self.entries()]
        for (one, first), (other, second) in combinations(self.providers.items(), 2):
            apart = any(one in names for names in together) and any(other in names for names in together)
            if first.subjects == second.subjects == "shared" or any({one, other} <= names for names in together):
                continue
            if apart and (first.id_prefix or "") == (second.id_prefix or ""):
                yield Problem(
                    ("providers", other, "id_prefix"),
                    f"the same ids as those of {one}, which another callback takes",
                    "If both callbacks belong to one workspace of CX Genie's, two visitors could be one chat user.",
                    f'Give one of them a prefix, such as id_prefix: "{other}:"; an id must never change later.',
                )

    def _impersonation_warnings(self, path: KeyPath, entry: CallbackEntry) -> Iterator[Problem]:
        """Warns of addresses as identity that more than one provider can speak for."""
        names = self.providers_of(entry)
        if entry.identity_method == "id" or len(names) < 2:
            return
        cure = "Use id, or a callback for each provider."
        if entry.identity_method == "email":
            names = tuple(name for name in names if not self.providers[name].email_domains)
            cure = f"Give {' and '.join(names)} its email_domains:, use id, or a callback for each provider."
        if names:
            yield Problem(
                (*path, "identity_method"),
                f"{entry.identity_method} with several providers",
                "Each of them can speak for every address: whoever controls one can open the chats of all.",
                cure,
            )

    def _shared_subjects_warnings(self) -> Iterator[Problem]:
        sharing = {name: each.id_prefix or "" for name, each in self.providers.items() if each.subjects == "shared"}
        behind = list(sharing.values())
        for name, prefix in sharing.items():
            if behind.count(prefix) == 1:
                why = "Shared subjects are the same visitors only behind the same prefix."
                cure = "Give those that share them the same id_prefix:, or remove subjects:."
                yield Problem(("providers", name, "subjects"), "shared with no other provider", why, cure)

    def _own_problems(self) -> Iterator[Problem]:
        if self.version is None:
            yield Problem(("version",), "missing", "It says by which rules the file is read.", "Begin with version: 1")
        elif self.version != 1:
            yield Problem(("version",), f"{self.version}, 1 was expected", "", "Write version: 1")
        if self.callback is not None and self.callbacks:
            yield Problem(
                ("callback",), "beside callbacks", "It is short for one of them.", "Move it under callbacks:."
            )
        if self.callback is None and not self.callbacks:
            yield Problem(
                ("callback",),
                "missing",
                "It is what CX Genie calls.",
                "Set callback: with header_token: and identity_method:.",
            )
        if not self.providers:
            yield Problem(
                ("providers",),
                "missing",
                "Without one there is nobody whose tokens could be taken.",
                "Set providers: with a name of yours, and under it issuer: and audience:.",
            )
        if self.state_dir is not None and not _ABSOLUTE.fullmatch(self.state_dir):
            yield Problem(
                ("state_dir",),
                "not an absolute path",
                "Where it would be depended on where the bridge is started.",
                "Write it from the root on: /var/lib/idp-bridge",
            )
        for section, names in (
            ("callbacks", self.callbacks),
            ("providers", self.providers),
            ("sources", self.sources),
        ):
            for name in names:
                if _NAME.fullmatch(name) is None:
                    yield Problem(
                        (section, name),
                        "not a name",
                        "It stands in logs and metrics.",
                        "Use 1 to 32 of a-z, 0-9 and the hyphen.",
                    )
        yield from under(("server",), self.server.problems())
        yield from under(("admin",), self.admin.problems())
        if self.server.port == self.admin.port != 0:
            section, other = ("admin", "server") if "port" in self.admin.model_fields_set else ("server", "admin")
            found = f"{self.admin.port}, the port of {other} too"
            rests_on = (("server", "port"), ("admin", "port"))
            yield Problem((section, "port"), found, "Both would listen there.", "Choose another.", rests_on)

    def _routing_problems(self, path: KeyPath, entry: CallbackEntry) -> Iterator[Problem]:
        if entry.providers == ():
            yield Problem((*path, "providers"), "empty", "No token could be taken.", "Remove it to take all providers.")
        for position, name in enumerate(entry.providers or ()):
            if name not in self.providers and self.providers:
                cure = nearest_or(name, self.providers, f"Name some of: {', '.join(islice(self.providers, 9))}.")
                yield Problem((*path, "providers", position), f"there is no provider {quoted(name)}", "", cure)
        names = self.providers_of(entry)
        yield from self._issuer_problems(names)
        yield from opaque_routing_problems(self.providers, names)
        yield from self._prefix_problems(names)
        for name in names if len(names) > 1 else ():
            if self.providers[name].id_prefix is None:
                yield Problem(
                    ("providers", name, "id_prefix"),
                    "missing",
                    "With several providers two visitors could have the same id, and an id must never change.",
                    f'Set id_prefix: "{name}:"; one provider, such as the first you had, may have id_prefix: "".',
                )

    def _issuer_problems(self, names: Iterable[str]) -> Iterator[Problem]:
        owners: dict[str, str] = {}
        for name in names:
            for position, issuer in enumerate(self.providers[name].issuer):
                owner = owners.setdefault(issuer, name)
                if owner != name:
                    yield Problem(
                        ("providers", name, "issuer", position),
                        f"the issuer of {owner} too",
                        "A token's issuer says which provider verifies it.",
                        "Keep it under one of them, or give each provider a callback of its own.",
                    )

    def _prefix_problems(self, names: Iterable[str]) -> Iterator[Problem]:
        # In order of the text, a prefix stands right before the first that begins with it.
        prefixes = [(prefix, name) for name in names if (prefix := self.providers[name].id_prefix) is not None]
        ordered = sorted(prefixes, key=itemgetter(0))
        for prefix, group in groupby(ordered, key=itemgetter(0)):
            first, *others = [name for _, name in group]
            for other in others:
                if {self.providers[name].subjects for name in (first, other)} != {"shared"}:
                    found = f"the same as that of {first}" if prefix else f"empty, as that of {first}"
                    yield self._prefix_problem(other, found)
        for (first, one), (second, other) in pairwise(ordered):
            if first and first != second and second.startswith(first):
                yield self._prefix_problem(other, f"begins with that of {one}")

    def _prefix_problem(self, name: str, found: str) -> Problem:
        return Problem(
            ("providers", name, "id_prefix"),
            found,
            "Two visitors of different providers could have the same id, and so the same chats.",
            "Choose prefixes that end alike and differ before, such as shop: and staff:; or say subjects: shared under"
            " both, if their visitors and ids are the same.",
        )


def _path_problems(entries: list[tuple[KeyPath, str, CallbackEntry]]) -> Iterator[Problem]:
    taken: dict[str, tuple[str, KeyPath]] = {}
    for path, name, entry in entries:
        paths: list[tuple[str, KeyPath]] = [(entry.path, (*path, "path"))]
        if entry.domains.allow:
            paths.append((entry.domains.path, (*path, "domains", "path")))
        for text, keys in paths:
            owner, owners_keys = taken.setdefault(text, (name, keys))
            if owner != name:
                yield Problem(
                    keys,
                    f"the path of callback {owner} too",
                    "A request's path says whose it is.",
                    "Give each callback, and each domain list, a path of its own.",
                    (owners_keys,),
                )
