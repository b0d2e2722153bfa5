"""Incident switches: what is refused although it is good."""

import re
from collections.abc import Iterator
from datetime import datetime

from bridge.errors import Problem
from bridge.oidc.endpoint_settings import Texts, blanks
from bridge.units import Settings

# RFC 3339 section 5.6; what it calls time-offset is not optional, or the time would be this machine's.
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class RefuseSettings(Settings):
    """Incident switches: good tokens that are refused all the same, until the incident is over.

    Attributes:
        issued_before: A time as RFC 3339 writes it, with its zone: tokens issued earlier are refused, and so are those
            without ``iat``.
        subjects: Visitors whose tokens are refused: ``sub``, or what ``subject`` names.
        key_ids: Keys whose tokens are refused, and with them all tokens without ``kid``.
        token_ids: Tokens that are refused, by ``jti``.
    """

    issued_before: str | None = None
    subjects: Texts = ()
    key_ids: Texts = ()
    token_ids: Texts = ()

    @property
    def issued_before_time(self) -> float | None:
        """Seconds since the epoch; ``None`` where the switch is off.

        Raises:
            ValueError: Not a time.
        """
        if self.issued_before is None:
            return None
        if _RFC3339.fullmatch(self.issued_before) is None:
            raise ValueError("not a time of RFC 3339")
        return datetime.fromisoformat(self.issued_before.upper()).timestamp()

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the switches. Key paths are relative to them."""
        try:
            _ = self.issued_before_time
        except (ValueError, OverflowError):
            yield Problem(
                ("issued_before",),
                "not a time with its zone",
                "Without a zone it would be another time on another machine.",
                "Write it as 2026-11-01T10:00:00Z or 2026-11-01T17:00:00+07:00.",
            )
        for name in ("subjects", "key_ids", "token_ids"):
            yield from blanks(name, getattr(self, name))
