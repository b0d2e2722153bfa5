"""The whole file as one model: the stages' settings under the names that operators write, and what only the whole shows."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, Any, Literal

from pydantic import Field

from bridge.config.presets import DEFAULT
from bridge.contract.settings import CallbackSettings
from bridge.errors import KeyPath, Problem
from bridge.mapping.mapping import ClaimMapping
from bridge.oidc.settings import ProviderSettings
from bridge.units import Duration, OneOrList, Rate, Settings, Size

_NAME = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)

Port = Annotated[int, Field(ge=0, le=65535)]
"""A TCP port; 0 has the system pick one."""

Positive = Annotated[Duration, Field(gt=0)]


class ServerSettings(Settings):
    """The public port; ``grace`` is the seconds that calls in flight have when the service stops."""

    host: str = "0.0.0.0"  # noqa: S104 (in a container the service is reached from outside)
    port: Port = 8080
    grace: Duration = 25.0


class AdminSettings(Settings):
    """The private port: health and readiness."""

    host: str = "127.0.0.1"
    port: Port = 9090


class LogSettings(Settings):
    """``auto`` is JSON unless a terminal reads it."""

    format: Literal["auto", "json", "text"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


class LimitSettings(Settings):
    """What one call, and all callers together, may take.

    Attributes:
        body: Bytes of a request's body.
        token: Bytes of a visitor's token.
        head: Bytes of a request's line and headers.
        header_time: Seconds that the head may take to arrive.
        in_flight: Calls at the same time.
        deadline: Seconds for one whole call.
        failed_callers: Calls per second without a right header token that are still looked at.
    """

    body: Annotated[Size, Field(gt=0)] = 65536
    token: Annotated[Size, Field(gt=0)] = 16384
    head: Annotated[Size, Field(gt=0)] = 32768
    header_time: Positive = 10.0
    in_flight: Annotated[int, Field(gt=0)] = 512
    deadline: Positive = 4.0
    failed_callers: Annotated[Rate, Field(gt=0)] = 10.0


class CacheSettings(Settings):
    """How many answers are remembered, in how many bytes, for how many seconds; never past a token's own expiry."""

    max_entries: Annotated[int, Field(ge=0)] = 50_000
    max_bytes: Size = 64 * 1024 * 1024
    max_age: Duration = 300.0


class CallbackEntry(CallbackSettings):
    """A callback as it is written: whose tokens it takes (default: every provider's), and its layer of the mapping."""

    providers: Annotated[tuple[str, ...] | None, OneOrList] = None
    mapping: dict[str, Any] = {}


class ProviderEntry(ProviderSettings):
    """A provider as it is written: its preset, what its ids begin with, and its layer of the mapping."""

    preset: str = DEFAULT
    id_prefix: str | None = None
    mapping: dict[str, Any] = {}

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
    """The file's own keys, presets laid under its providers. Everything has a default, so that all of it can be judged."""

    version: int | None = None
    callback: CallbackEntry | None = None
    callbacks: dict[str, CallbackEntry] = {}
    providers: dict[str, ProviderEntry] = {}
    mapping: dict[str, Any] = {}
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
        yield from _header_token_problems(list(self.entries()))
        for path, _, entry in self.entries():
            yield from self._routing_problems(path, entry)

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
            yield Problem(("callback",), "beside callbacks", "It is short for one of them.", "Move it under callbacks:.")
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
            yield Problem(
                ("admin", "port"), f"{self.admin.port}, as server.port", "Both would listen there.", "Choose another."
            )

    def _routing_problems(self, path: KeyPath, entry: CallbackEntry) -> Iterator[Problem]:
        if entry.providers == ():
            yield Problem((*path, "providers"), "empty", "No token could be taken.", "Remove it to take all providers.")
        for position, name in enumerate(entry.providers or ()):
            if name not in self.providers:
                yield Problem(
                    (*path, "providers", position),
                    "a provider that is not there",
                    "",
                    f"Name some of: {', '.join(self.providers)}." if self.providers else "",
                )
        for one, other in combinations(self.providers_of(entry), 2):
            yield from self._issuer_problems(one, other)
            yield from self._prefix_problems(one, other)
        if len(self.providers_of(entry)) > 1:
            for name in self.providers_of(entry):
                if self.providers[name].id_prefix is None:
                    yield Problem(
                        ("providers", name, "id_prefix"),
                        "missing",
                        "With several providers two visitors could have the same id, and an id must never change.",
                        f'Set id_prefix: "{name}:"; one provider, such as the first you had, may have id_prefix: "".',
                    )

    def _issuer_problems(self, one: str, other: str) -> Iterator[Problem]:
        for position, issuer in enumerate(self.providers[other].issuer):
            if issuer in self.providers[one].issuer:
                yield Problem(
                    ("providers", other, "issuer", position),
                    f"the issuer of {one} too",
                    "A token's issuer says which provider verifies it.",
                    "Keep it under one of them, or give each provider a callback of its own.",
                )

    def _prefix_problems(self, one: str, other: str) -> Iterator[Problem]:
        first, second = self.providers[one].id_prefix, self.providers[other].id_prefix
        if first is None or second is None:
            return
        path = ("providers", other, "id_prefix")
        if first == second:
            found = f"empty, as that of {one}" if not first else f"the same as that of {one}"
        elif first and second and (first.startswith(second) or second.startswith(first)):
            found = f"one of this and that of {one} begins with the other"
        else:
            return
        yield Problem(
            path,
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
        paths = [(entry.path, ("path",))]
        if entry.domains.allow:
            paths.append((entry.domains.path, ("domains", "path")))
        for text, keys in paths:
            if text in taken:
                yield Problem(
                    (*path, *keys),
                    f"the path of callback {taken[text]} too",
                    "A request's path says whose it is.",
                    "Give each callback, and each domain list, a path of its own.",
                )
            taken.setdefault(text, name)


def _header_token_problems(entries: list[tuple[KeyPath, str, CallbackEntry]]) -> Iterator[Problem]:
    taken: dict[str, KeyPath] = {}
    for path, _, entry in entries:
        for position, secret in enumerate(entry.header_token):
            owner = taken.setdefault(secret.get_secret_value(), path)
            if owner != path:
                yield Problem(
                    (*path, "header_token", position),
                    "a header token that another callback has",
                    "Whoever may call one could call the other.",
                    "Give each callback a header token of its own.",
                )


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback, ready to be assembled.

    Attributes:
        name: For logs, metrics and cache keys.
        providers: Whose tokens it takes, by name.
        mappings: What becomes of their claims, by provider name.
    """

    name: str
    settings: CallbackSettings
    providers: tuple[str, ...]
    mappings: Mapping[str, ClaimMapping]


@dataclass(frozen=True, slots=True)
class Model:
    """A configuration without a fault: settings and compiled mappings, nothing that runs."""

    callbacks: tuple[Callback, ...]
    providers: Mapping[str, ProviderSettings]
    server: ServerSettings
    admin: AdminSettings
    log: LogSettings
    limits: LimitSettings
    cache: CacheSettings
