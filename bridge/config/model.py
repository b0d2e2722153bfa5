"""What a configuration comes to: every stage's settings and compiled mappings, frozen; nothing that runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from bridge.contract.settings import CallbackSettings
from bridge.mapping.mapping import ClaimMapping
from bridge.mapping.require import Require
from bridge.oidc.hints import Hint
from bridge.oidc.settings import ProviderSettings
from bridge.units import Duration, Rate, Settings, Size

Port = Annotated[int, Field(ge=0, le=65535)]
"""A TCP port; 0 has the system pick one."""

Positive = Annotated[Duration, Field(gt=0)]


class ServerSettings(Settings):
    """The public port.

    Attributes:
        host: The address to listen on.
        port: The port; 0 takes a free one.
        grace: Seconds that calls in flight have when the service stops.
    """

    host: str = "0.0.0.0"  # noqa: S104 (in a container the service is reached from outside)
    port: Port = 8080
    grace: Duration = 25.0


class AdminSettings(Settings):
    """The private port: health and readiness.

    Attributes:
        host: The address to listen on.
        port: The port; 0 takes a free one.
    """

    host: str = "127.0.0.1"
    port: Port = 9090


class LogSettings(Settings):
    """How the log looks.

    Attributes:
        format: ``auto`` is JSON unless a terminal reads it.
        level: The least that is logged.
    """

    format: Literal["auto", "json", "text"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


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


class CacheSettings(Settings):
    """The answers that are remembered.

    Attributes:
        max_entries: How many; 0 remembers none.
        max_bytes: Bytes that they may take in memory.
        max_age: Seconds for which one is good; never past its token's own expiry.
    """

    max_entries: Annotated[int, Field(ge=0)] = 50_000
    max_bytes: Size = 64 * 1024 * 1024
    max_age: Duration = 300.0


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback, ready to be assembled.

    Attributes:
        name: For logs, metrics and cache keys.
        providers: Whose tokens it takes, by name.
        mappings: What becomes of their claims, by provider name.
        requires: Who of their visitors is let in, by provider name.
    """

    name: str
    settings: CallbackSettings
    providers: tuple[str, ...]
    mappings: Mapping[str, ClaimMapping]
    requires: Mapping[str, Require]


@dataclass(frozen=True, slots=True)
class Model:
    """A configuration without a fault: settings and compiled mappings, nothing that runs.

    Attributes:
        state_dir: The folder in which key sets are kept; ``None``: they are not.
        hints: What each provider's preset says of tokens that are refused, by provider name.
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
