"""Verified facts about one visitor, and where each came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bridge.errors import ProviderError

ProviderSource = Literal["token", "userinfo", "introspection"]
"""Who of a provider's said a claim. Their order is the order in which a claim without ``from:`` is looked for."""

Source = str
"""Who said a claim: one of the provider's, or by its name one of ``sources:``, which only ``from:`` reads."""

Json = Any
"""A value as ``strict_json.loads`` gives it: dict, list, str, int, float, bool or None."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What one provider vouches for. Nothing in here is unverified.

    Attributes:
        provider: The provider's name in the configuration.
        subject: The visitor's stable id at that provider, exactly as it came.
        sources: The claims by who said them; at least one is the provider's, and those stand in the order of
            ``ProviderSource``.
        expires_at: Seconds since the epoch after which nothing derived from this may be used any more.
        incomplete: Why a source that was worth asking said nothing; what is made of such claims is never kept.
    """

    provider: str
    subject: str
    sources: Mapping[Source, Mapping[str, Json]]
    expires_at: float
    incomplete: ProviderError | None = None
