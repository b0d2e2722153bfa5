"""Verified facts about one visitor, and where each came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bridge.errors import ProviderError
from bridge.provenance import Provenance

ProviderSource = Literal["token", "userinfo", "introspection"]
"""Who of a provider's said a claim. Their order is the order in which a claim without ``from:`` is looked for."""

Source = str
"""Who said a claim: one of the provider's, or by its name one of ``sources:``, which only ``from:`` reads."""

LATEST_DATE = 10**11
"""Seconds since the epoch; the year 5138. A NumericDate beyond it is a mistake of units, not a date."""

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
        revision: The provider's keys that verified the token; empty where none had a say.
        incomplete: Why a source that was worth asking said nothing; what is made of such claims is never kept.
    """

    provider: str
    subject: str
    sources: Mapping[Source, Mapping[str, Json]]
    expires_at: float
    revision: str = ""
    incomplete: ProviderError | None = None

    @property
    def provenance(self) -> Provenance:
        """What the audit trail keeps of them; without an ``iss`` the provider's name stands for the issuer."""
        said: dict[str, Json] = {}
        for name in ("iss", "azp", "client_id", "iat"):
            said[name] = next((claims[name] for claims in self.sources.values() if name in claims), None)
        issued_at = said["iat"]  # userinfo's nobody has checked: it may have 400 digits
        return Provenance(
            issuer=_text(said["iss"]) or self.provider,
            subject=self.subject,
            client=_text(said["azp"]) or _text(said["client_id"]),
            issued_at=issued_at if isinstance(issued_at, int | float) and abs(issued_at) < LATEST_DATE else None,
        )


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
