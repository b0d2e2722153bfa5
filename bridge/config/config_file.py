"""The file as operators write it, presets laid under its providers, and what only the whole of it shows."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from typing import Annotated, Any

from pydantic import Field

from bridge.config.field_errors import quoted, suggestion
from bridge.config.model import AdminSettings, CacheSettings, LimitSettings, LogSettings, ServerSettings
from bridge.config.presets import DEFAULT
from bridge.contract.settings import CallbackSettings
from bridge.errors import KeyPath, Problem
from bridge.oidc.settings import ProviderSettings
from bridge.units import OneOrList, Settings

_NAME = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)


class CallbackEntry(CallbackSettings):
    """A callback as it is written: whose tokens it takes (default: every provider's), and its layer of the mapping."""

    providers: Annotated[tuple[str, ...] | None, OneOrList] = None
    mapping: dict[str, Any] = Field(default_factory=dict)


class ProviderEntry(ProviderSettings):
    """A provider as it is written: its preset, what its ids begin with, and its layer of the mapping."""

    preset: str = DEFAULT
    id_prefix: str | None = None
    mapping: dict[str, Any] = Field(default_factory=dict)

    def problems(self) -> Iterator[Problem]:
        """What no single field shows. Key paths are relative to the provider."""
        yield from super().problems()
        if self.preset == "signed-jwt" and not (self.public_key or self.secret or self.jwks.url or self.jwks.file):
            yield Problem(
                ("public_key",),
                "missing",
                "Your server's signatures are verified with it.",
                "Set public_key: {file: PATH}, or secret: {env: NAME} if the tokens are HS256.",
            )
        prefix = self.id_prefix or ""
        if prefix != prefix.lstrip() or not prefix.isprintable() or len(prefix) > 64:
            yield Problem(
                ("id_prefix",),
                "a blank at its beginning, an invisible character, or more than 64 characters",
                "No id behind it could be used.",
                'Write something short, such as id_prefix: "shop:".',
            )


class ConfigFile(Settings):
    """The file's own keys. Everything has a default, so that what is there is judged whatever else is missing."""

    version: int | None = None
    callback: CallbackEntry | None = None
    callbacks: dict[str, CallbackEntry] = Field(default_factory=dict)
    providers: dict[str, ProviderEntry] = Field(default_factory=dict)
    mapping: dict[str, Any] = Field(default_factory=dict)
    server: ServerSettings = ServerSettings()
    admin: AdminSettings = AdminSettings()
    log: LogSettings = LogSettings()
    limits: LimitSettings = LimitSettings()
    cache: CacheSettings = CacheSettings()

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
        for path, _, entry in self.entries():
            yield from _under(path, entry.problems())
        for name, provider in self.providers.items():
            yield from _under(("providers", name), provider.problems())
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
        for path, _, entry in self.entries():
            if entry.identity_method != "id" and len(self.providers_of(entry)) > 1:
                yield Problem(
                    (*path, "identity_method"),
                    f"{entry.identity_method} with several providers",
                    "Each of them can speak for every address: whoever controls one can open the chats of all.",
                    "Use id, or a callback for each provider.",
                )

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
        for section, names in (("callbacks", self.callbacks), ("providers", self.providers)):
            for name in names:
                if _NAME.fullmatch(name) is None:
                    yield Problem(
                        (section, name),
                        "not a name",
                        "It stands in logs and metrics.",
                        "Use 1 to 32 of a-z, 0-9 and the hyphen.",
                    )
        if self.server.port == self.admin.port != 0:
            section, other = ("admin", "server") if "port" in self.admin.model_fields_set else ("server", "admin")
            found = f"{self.admin.port}, the port of {other} too"
            yield Problem((section, "port"), found, "Both would listen there.", "Choose another.")

    def _routing_problems(self, path: KeyPath, entry: CallbackEntry) -> Iterator[Problem]:
        if entry.providers == ():
            yield Problem((*path, "providers"), "empty", "No token could be taken.", "Remove it to take all providers.")
        for position, name in enumerate(entry.providers or ()):
            if name not in self.providers and self.providers:
                nearest = suggestion(name, self.providers)
                cure = (
                    f"Did you mean {nearest}?" if nearest else f"Name some of: {', '.join(islice(self.providers, 9))}."
                )
                yield Problem((*path, "providers", position), f"there is no provider {quoted(name)}", "", cure)
        names = self.providers_of(entry)
        yield from self._issuer_problems(names)
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
        for (first, one), (second, other) in pairwise(sorted(prefixes, key=lambda each: each[0])):
            if first == second:
                found = f"the same as that of {one}" if first else f"empty, as that of {one}"
            elif first and second.startswith(first):
                found = f"begins with that of {one}"
            else:
                continue
            yield Problem(
                ("providers", other, "id_prefix"),
                found,
                "Two visitors of different providers could have the same id, and so the same chats.",
                "Choose prefixes that end alike and differ before, such as shop: and staff:.",
            )


def _under(path: KeyPath, problems: Iterable[Problem]) -> Iterator[Problem]:
    for problem in problems:
        yield Problem((*path, *problem.path), problem.found, problem.why, problem.cure)


def _path_problems(entries: list[tuple[KeyPath, str, CallbackEntry]]) -> Iterator[Problem]:
    taken: dict[str, str] = {}
    for path, name, entry in entries:
        paths: list[tuple[str, KeyPath]] = [(entry.path, ("path",))]
        if entry.domains.allow:
            paths.append((entry.domains.path, ("domains", "path")))
        for text, keys in paths:
            if taken.setdefault(text, name) != name:
                yield Problem(
                    (*path, *keys),
                    f"the path of callback {taken[text]} too",
                    "A request's path says whose it is.",
                    "Give each callback, and each domain list, a path of its own.",
                )
