"""The audit trail: who was let in as whom, as a stream of its own, for whoever must answer for it later.

A person stands in it as keyed hashes (HMAC-SHA256, RFC 2104), which tell nothing without ``audit.key``; whoever has the
key and knows an address finds its lines (``idp-bridge audit find``). Guests are nobody and have no line.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bridge.authentication import Authenticated
from bridge.chat_user import ChatUser
from bridge.config.model import AuditSettings, LogSettings
from bridge.errors import BridgeError
from bridge.provenance import Provenance
from bridge.server.event_log import EventLog
from bridge.server.pseudonyms import Pseudonyms

EVENT = "audit"
"""The event of each line."""


class AuditTrail:
    """Writes a line for each visitor's token that was looked at.

    Args:
        settings: ``audit:`` of the configuration, its mode not ``off``.
        configuration: The configuration's fingerprint, part of each line.
        write: Takes the lines; default: standard output.
        now: Seconds since the epoch.
    """

    def __init__(
        self,
        settings: AuditSettings,
        *,
        configuration: str,
        write: Callable[[bytes], object] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.configuration = configuration
        self._full = settings.mode == "full"
        # The first key is the one in use; the others are there for finding what was written with them.
        self._pseudonyms = Pseudonyms(settings.key[0].get_secret_value().encode())
        self.log = EventLog(LogSettings(format="json", level="info"), write=write, now=now)
        self._now = now

    def success(self, callback: str, request_id: str, known: Authenticated, token: str) -> None:
        """A chat user went out; ``token`` is the token's fingerprint."""
        self._record(
            known.provenance,
            known.user,
            request_id=request_id,
            callback=callback,
            provider=known.provider,
            code="ok",
            token=token,
            cached=known.cached,
        )

    def failure(self, callback: str, request_id: str, error: BridgeError, token: str) -> None:
        """A visitor was refused; ``token`` is the token's fingerprint."""
        self._record(
            error.provenance,
            None,
            request_id=request_id,
            callback=callback,
            provider=error.provider,
            code=error.code,
            token=token,
            cached=error.cached,
        )

    def _record(self, provenance: Provenance | None, user: ChatUser | None, **fields: Any) -> None:
        fields |= {"configuration": self.configuration, "key": self._pseudonyms.key_name}
        if provenance is not None:
            fields["client"] = provenance.client
            if provenance.issued_at is not None:
                fields["token_age"] = round(self._now() - provenance.issued_at)
        plain = dict(_plain(provenance, user))
        fields |= self._hashes(plain)
        if self._full:
            fields["plain"] = plain
        self.log.write(logging.INFO, EVENT, **fields)

    def _hashes(self, plain: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        if "subject" in plain:
            yield "subject", self._pseudonyms.subject(plain["issuer"], plain["subject"])
        for name in ("id", "email", "phone"):
            if name in plain:
                yield name, getattr(self._pseudonyms, name)(plain[name])


def _plain(provenance: Provenance | None, user: ChatUser | None) -> Iterator[tuple[str, str]]:
    if provenance is not None and provenance.subject:
        yield "issuer", provenance.issuer
        yield "subject", provenance.subject
    if user is not None:
        sent = {"id": user.id, "email": user.email, "phone": user.phone.e164 if user.phone else None}
        yield from ((name, value) for name, value in sent.items() if value)
