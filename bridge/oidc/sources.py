"""The operator's ``sources:``: facts that the identity provider does not have, asked about verified visitors only.

A source decides nothing: one that fails, hangs or answers nonsense costs its values, never the login.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from cachetools import TLRUCache

from bridge.claims import Claims, Json
from bridge.errors import ProviderError, ProviderUnavailable
from bridge.flights import Flights
from bridge.oidc.http import HttpClient
from bridge.oidc.source_settings import SourceSettings
from bridge.oidc.source_url import SourceUrl
from bridge.strict_json import JsonInvalid, loads
from bridge.trace import SILENT, Trace

_log = logging.getLogger(__name__)

MAX_FACTS = 64 * 1024
"""Bytes of one answer: a customer's record, not the shop's."""

MAX_BYTES = 32 * 1024 * 1024
"""Bytes of one source's answers that are remembered."""

PAUSE = 5.0
"""Seconds for which what has failed is not asked again: about one visitor, or in an outage about anybody."""

OUTAGE = 3
"""Failures one after the other that are no longer about one visitor: then nobody's are asked for."""

_ENTRY_BYTES = 700
"""Bytes that an answer takes beside its texts: objects, the cache's own books. Measured on CPython 3.11."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whom a source is asked about; everything here is verified.

    Attributes:
        provider: The provider's name.
        subject: The visitor's id at that provider.
        id: The same as CX Genie is given it, with its prefix; ``None`` where the mapping gives none.
    """

    provider: str
    subject: str = field(repr=False)
    id: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sources said.

    Attributes:
        said: Their answers, by the source's name; a source that knows nothing is not there.
        complete: Whether each that was asked has answered. What is made of incomplete facts is never kept.
    """

    said: Mapping[str, Mapping[str, Json]] = field(default_factory=dict, repr=False)
    complete: bool = True

    def beside(self, claims: Claims) -> Claims:
        """The claims with these facts beside them, where only ``from:`` reads them."""
        return replace(claims, sources={**claims.sources, **self.said}) if self.said else claims


NO_FACTS: Final = Facts()
"""Where no source is read."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer about one visitor.

    Attributes:
        url: Where it was asked for.
        body: A JSON object as it came; ``None`` where there is no such visitor, or a ``failure``.
        failure: Why there is no answer; empty where there is one.
        until: When it is no longer good, by the source's clock.
    """

    url: str = field(repr=False)
    body: bytes | None = field(repr=False)
    failure: str
    until: float

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return _ENTRY_BYTES + len(self.url) + len(self.body or b"")


class FactSource:
    """One source.

    Args:
        name: Its name in the configuration.
        settings: What is asked, and how often.
        http: Its client, which limits the time.
        monotonic: Seconds of a clock that never goes back.
    """

    def __init__(
        self,
        name: str,
        settings: SourceSettings,
        http: HttpClient,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._settings = settings
        self._http = http
        self._monotonic = monotonic
        self._url = SourceUrl(settings.url or "")
        bearer = settings.bearer
        self._headers = {} if bearer is None else {"Authorization": f"Bearer {bearer.get_secret_value()}"}
        # As for chat users: weighing each answer at its share of either bound makes both hold.
        smallest = MAX_BYTES // max(1, settings.max_entries)
        self._answers: TLRUCache[str, _Answer] = TLRUCache(
            MAX_BYTES if settings.max_entries else 0,
            ttu=lambda _, answer, __: answer.until,
            timer=monotonic,
            getsizeof=lambda answer: max(smallest, answer.size),
        )
        self._flights: Flights[_Answer] = Flights()
        self._failures = 0
        self._failure = ""
        self._paused_until = float("-inf")

    def url_of(self, visitor: Visitor) -> str | None:
        """Where this visitor is asked about; ``None`` where the visitor has nothing that can stand in its address."""
        return self._url.filled({"id": visitor.id, "sub": visitor.subject, "provider": visitor.provider})

    async def ask(self, url: str) -> "_Told":
        """What the source says at an address of ``url_of``."""
        answer, asked = self._answers.get(url), False
        if answer is None:
            if url not in self._flights and (reason := self._not_now()):
                return _Told(self._name, None, failure=reason)
            answer, asked = await self._flights.join(url, lambda _: self._find_out(url), SILENT), True
        facts = None if answer.body is None else loads(answer.body)
        return _Told(self._name, facts, failure=answer.failure, asked=asked)

    async def close(self) -> None:
        """Ends what is under way."""
        await self._flights.close()

    def _not_now(self) -> str:
        """Why no request may be made now, or an empty text."""
        now = self._monotonic()
        if len(self._flights) >= self._settings.in_flight:
            return f"it is asked about {len(self._flights)} visitors already (in_flight)"
        if self._failures >= OUTAGE:
            if now < self._paused_until:
                return self._failure
            # One looks whether it is back; the others go without it meanwhile.
            self._paused_until = now + PAUSE
        return ""

    async def _find_out(self, url: str) -> _Answer:
        try:
            answer = _Answer(url, await self._fetch(url), "", self._monotonic() + self._settings.max_age)
            self._succeeded()
        except ProviderError as failure:
            answer = self._failed(url, failure)
        except Exception:  # noqa: BLE001 - logged with its trace just below
            _log.exception(
                "source %s cannot be asked", self._name, extra={"event": "internal_error", "source": self._name}
            )
            answer = self._failed(url, ProviderUnavailable("a defect of the bridge; see its log"))
        if self._answers.getsizeof(answer) <= self._answers.maxsize:
            self._answers[url] = answer
        return answer

    async def _fetch(self, url: str) -> bytes | None:
        response = await self._http.get(url, "source", headers=self._headers)
        if response.status == 404:
            return None
        if response.status != 200:
            raise ProviderUnavailable(f"HTTP {response.status}, 200 or 404 was expected")
        if len(response.body) > MAX_FACTS:
            raise ProviderUnavailable(f"more than {MAX_FACTS} bytes")
        try:
            facts = loads(response.body)
        except JsonInvalid as invalid:
            raise ProviderUnavailable(f"no JSON that is read: {invalid}") from None
        if not isinstance(facts, dict):
            raise ProviderUnavailable("JSON that is no object")
        return response.body

    def _succeeded(self) -> None:
        if self._failures:
            _log.warning(
                "source %s answers again", self._name, extra={"event": "source_recovered", "source": self._name}
            )
        self._failures = 0

    def _failed(self, url: str, failure: ProviderError) -> _Answer:
        if not self._failures:
            # Not whose: neither the filled address nor anything of the answer is said.
            _log.warning(
                "source %s failed, its values are left out: %s",
                self._name,
                failure.detail,
                extra={"event": "source_failed", "source": self._name},
            )
        # A source that says when to come back speaks of itself, not of one visitor.
        self._failures = self._failures + 1 if failure.retry_after is None else OUTAGE
        self._failure = failure.detail
        self._paused_until = self._monotonic() + max(PAUSE, failure.retry_after or 0.0)
        return _Answer(url, None, failure.detail, self._paused_until)


class Sources:
    """All sources that some mapping reads, by name."""

    def __init__(self, sources: Mapping[str, FactSource]) -> None:
        self._sources = sources

    async def ask(self, names: Collection[str], visitor: Visitor, trace: Trace) -> Facts:
        """What these sources say of a visitor, all asked at the same time; nothing is raised for a source's sake."""
        started = time.monotonic()
        told = await asyncio.gather(*(self._ask(name, visitor) for name in sorted(names)))
        if any(each.asked for each in told):
            trace.waited("source", time.monotonic() - started)
        for each in told:
            trace.step("sources", each.source, "skipped" if each.facts is None else "ok", each.words, each.facts)
        said = {each.source: each.facts for each in told if each.facts is not None}
        return Facts(said, complete=not any(each.failure for each in told))

    async def close(self) -> None:
        """Ends what is under way."""
        await asyncio.gather(*(source.close() for source in self._sources.values()))

    async def _ask(self, name: str, visitor: Visitor) -> "_Told":
        source = self._sources[name]
        url = source.url_of(visitor)
        return _Told(name, None, nobody=True) if url is None else await source.ask(url)


NO_SOURCES: Final = Sources({})
"""Where no mapping reads one."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What one source said of one visitor.

    Attributes:
        source: Its name.
        facts: Its answer; ``None`` where it has none.
        failure: Why there is none that could be had; empty where it knows nothing of the visitor.
        asked: Whether it was asked now.
        nobody: Whether the visitor has nothing that can stand in its address.
    """

    source: str
    facts: Mapping[str, Json] | None = field(repr=False)
    failure: str = ""
    asked: bool = False
    nobody: bool = False

    @property
    def words(self) -> str:
        """The same for the trace, without any value."""
        if self.nobody:
            return "not asked: the visitor has no id that can stand in its address"
        if self.failure:
            return f"its values are left out: {self.failure}"
        known = "" if self.facts is not None else "; it does not know this visitor (HTTP 404)"
        return ("asked" if self.asked else "asked before, and remembered") + known
