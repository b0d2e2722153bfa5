"""What a configuration comes to: every stage's settings and compiled mappings, frozen; nothing that runs."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from bridge.config.cache_settings import CacheSettings
from bridge.config.trace_settings import TraceSettings
from bridge.contract.callers import network_problems
from bridge.contract.settings import CallbackSettings
from bridge.errors import Problem
from bridge.mapping.mapping import ClaimMapping
from bridge.mapping.require import Require
from bridge.oidc.endpoints import AnswerTests
from bridge.oidc.hints import Hint
from bridge.oidc.settings import ProviderSettings
from bridge.oidc.source_settings import SourceSettings
from bridge.placeholder import is_placeholder
from bridge.units import Duration, OneOrList, Rate, Settings, Size

Port = Annotated[int, Field(ge=0, le=65535)]
"""A TCP port; 0 has the system pick one."""

SHORTEST_AUDIT_KEY = 32
"""Bytes: as long as the hash of HMAC-SHA256 (RFC 2104 section 3)."""

_NEW_KEY = "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"

Positive = Annotated[Duration, Field(gt=0)]


_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", re.ASCII)


def _host_problems(host: str) -> Iterator[Problem]:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if _HOST_NAME.fullmatch(host) is None:
            found = "an address with a scheme" if "://" in host else "not an address to listen on"
            cure = "Write an IP address alone, such as 0.0.0.0 or ::, and the port under port:."
            yield Problem(("host",), found, "It says on which of this machine's addresses to listen.", cure)


class ServerSettings(Settings):
    """The public port.

    Attributes:
        host: The address to listen on.
        port: The port; 0 takes a free one.
        grace: Seconds that calls in flight have when the service stops.
        trusted_proxies: Networks of the proxies before the bridge: their X-Forwarded-For is believed where a callback
            has allow_from.
    """

    host: str = "0.0.0.0"  # noqa: S104 (in a container the service is reached from outside)
    port: Port = 8080
    grace: Duration = 25.0
    trusted_proxies: Annotated[tuple[str, ...], OneOrList] = ()

    def problems(self) -> Iterator[Problem]:
        """What is wrong with it. Key paths are relative to it."""
        yield from _host_problems(self.host)
        everybody = "Whoever calls could then choose the address that he calls from."
        yield from network_problems(self.trusted_proxies, ("trusted_proxies",), everybody)


class AdminSettings(Settings):
    """The private port: health, readiness and metrics.

    Attributes:
        host: The address to listen on.
        port: The port; 0 takes a free one.
        capture: How many of the last requests GET /capture shows in outline: for the first days with CX Genie. Nothing
            personal, no token and no secret is in an outline.
    """

    host: str = "127.0.0.1"
    port: Port = 9090
    capture: Annotated[int, Field(ge=0, le=100)] = 0

    def problems(self) -> Iterator[Problem]:
        """What is wrong with it. Key paths are relative to it."""
        yield from _host_problems(self.host)


class LogSettings(Settings):
    """How the log looks.

    Attributes:
        format: ``auto`` is JSON unless a terminal reads it.
        level: The least that is logged.
    """

    format: Literal["auto", "json", "text"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


class AuditSettings(Settings):
    """Who was let in as whom, as a stream of its own.

    Attributes:
        mode: ``pseudonymous`` records keyed hashes of persons, ``full`` the plain values beside them.
        key: The secrets of the hashes: the first is in use, those behind it are for finding older lines.
        file: An absolute path to append to; without one the lines go to standard output.
    """

    mode: Literal["off", "pseudonymous", "full"] = "off"
    key: Annotated[tuple[SecretStr, ...], OneOrList] = ()
    file: str | None = None

    def problems(self) -> Iterator[Problem]:
        """What no single field shows. Key paths are relative to ``audit``."""
        if self.mode != "off" and not self.key:
            yield Problem(
                ("key",), "missing", "Hashes without a secret can be guessed.", "Set key: {env: AUDIT_KEY}. " + _NEW_KEY
            )
        for position, secret in enumerate(self.key):
            text = secret.get_secret_value()
            if len(text.encode()) < SHORTEST_AUDIT_KEY:
                found = f"{len(text.encode())} bytes; at least {SHORTEST_AUDIT_KEY} were expected"
                yield Problem(("key", position), found, "A short secret can be guessed.", _NEW_KEY)
            elif is_placeholder(text):
                yield Problem(
                    ("key", position), "a placeholder", "Whoever has read the documentation knows it.", _NEW_KEY
                )
        if self.file is not None and not PurePosixPath(self.file).is_absolute():
            yield Problem(
                ("file",), "not an absolute path", "Where a service is started from may change.", "Begin it with a /."
            )


class LimitSettings(Settings):
    """What one call, and all callers together, may take.

    Attributes:
        body: Bytes of a request's body.
        token: Bytes of a visitor's token.
        head: Bytes of a request's line and headers.
        header_time: Seconds that the head may take to arrive.
        connections: Callers connected at the same time, to each port.
        in_flight: Calls at the same time.
        deadline: Seconds for one whole call.
        failed_callers: Calls per second without a right header token that are still looked at.
    """

    body: Annotated[Size, Field(gt=0)] = 65536
    token: Annotated[Size, Field(gt=0)] = 16384
    head: Annotated[Size, Field(gt=0)] = 32768
    header_time: Positive = 10.0
    connections: Annotated[int, Field(gt=0)] = 4096
    in_flight: Annotated[int, Field(gt=0)] = 512
    deadline: Positive = 4.0
    failed_callers: Annotated[Rate, Field(gt=0)] = 10.0


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback, ready to be assembled.

    Attributes:
        name: For logs, metrics and cache keys.
        providers: Whose tokens it takes, by name.
        mappings: What becomes of their claims, by provider name.
        requires: Who of their visitors is let in, by provider name.
        decides: SHA-256 of all that decides its answers, secrets among it: two that are equal may share a cache.
    """

    name: str
    settings: CallbackSettings
    providers: tuple[str, ...]
    mappings: Mapping[str, ClaimMapping]
    requires: Mapping[str, Require]
    decides: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Model:
    """A configuration without a fault: settings and compiled mappings, nothing that runs.

    Attributes:
        state_dir: The folder in which key sets are kept; ``None``: they are not.
        hints: What each provider's preset says of tokens that are refused, by provider name.
        answer_tests: What each provider's answers are asked, by provider name.
        sources: What mappings read with ``from:`` beside the provider's claims, by name.
        fingerprint: The first twelve digits of the SHA-256 of the file, which any machine can compute from it.
    """

    callbacks: tuple[Callback, ...]
    providers: Mapping[str, ProviderSettings]
    server: ServerSettings
    admin: AdminSettings
    log: LogSettings
    limits: LimitSettings
    cache: CacheSettings
    state_dir: str | None = None
    hints: Mapping[str, tuple[Hint, ...]] = field(default_factory=dict)
    answer_tests: Mapping[str, AnswerTests] = field(default_factory=dict)
    sources: Mapping[str, SourceSettings] = field(default_factory=dict)
    audit: AuditSettings = field(default_factory=AuditSettings)
    traces: TraceSettings = field(default_factory=TraceSettings)
    fingerprint: str = ""
