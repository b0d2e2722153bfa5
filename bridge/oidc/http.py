"""The one outgoing client: what is asked of an identity provider, and how little its answer is trusted.

One total time limit per exchange, a body that is counted while it is read, no redirects, no cookies, no proxies from
the environment, no decompression (THREATS.md K11, K12, K15, L19).
"""

import asyncio
import functools
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Literal, Protocol

import aiohttp
from multidict import CIMultiDict, MultiMapping  # aiohttp's own types of headers and of an address
from yarl import URL

from bridge import __version__
from bridge.errors import ProviderBusy, ProviderUnavailable
from bridge.oidc.connection_failure import connection_failure

Endpoint = Literal["discovery", "jwks", "userinfo", "introspection", "token_check", "source"]
"""What is asked, for logs and metrics."""

OnExchange = Callable[[str, Endpoint, str, float], None]
"""Told of each exchange: provider's name, endpoint, outcome (``200``, ``timeout``, ``unreachable`` …), seconds."""


class ExchangeSpan(Protocol):
    """One exchange as a trace has it.

    Attributes:
        headers: What goes along with the request.
    """

    @property
    def headers(self) -> Mapping[str, str]: ...  # noqa: D102 - said above

    def end(self, outcome: str) -> None:
        """Told the outcome, as ``OnExchange`` is."""


BeginSpan = Callable[[str, Endpoint], ExchangeSpan]
"""Asked before each exchange, where exchanges are traced: provider's name, endpoint."""

MAX_BODY = 1024 * 1024
"""Bytes of an answer that are read. Entra's key set, the largest known, has about 20 KiB."""

NAMES_KEPT = 10
"""Seconds for which the address of a host name is kept: a provider that moves is found again without a restart."""

MAX_RETRY_AFTER = 300.0
"""Seconds that a provider's Retry-After can hold us back."""


FORM = "application/x-www-form-urlencoded"
"""The media type of what we post."""

_NO_HEADERS: Mapping[str, str] = {}
# One limit for the whole exchange stands around it, a second attempt included.
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None)


@dataclass(frozen=True, slots=True)
class Response:
    """One answer, read whole.

    Attributes:
        status: HTTP status; redirects are answers like any other.
        body: At most ``MAX_BODY`` bytes; perhaps personal data, so no ``repr`` has it.
        headers: Its headers, of which few are worth reading in an answer about a token.
    """

    status: int
    body: bytes = field(repr=False)
    headers: MultiMapping[str] = field(default_factory=CIMultiDict, repr=False)

    @property
    def content_type(self) -> str:
        """Its media type, lower case, without parameters; empty where it names none."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def date(self) -> float | None:
        """What time it was there, seconds since the epoch (RFC 9110 section 6.6.1); ``None`` where it says nothing."""
        return _http_date(self.headers.get("Date", ""))

    @property
    def max_age(self) -> float | None:
        """Seconds for which it calls itself fresh from now on, 0 or more; ``None`` where it says nothing."""
        return _freshness(",".join(self.headers.getall("Cache-Control", ())), self.headers)


def open_session() -> aiohttp.ClientSession:
    """The process's session: without cookies, one visitor's can never travel with another's token."""
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        connector=aiohttp.TCPConnector(limit=256, ttl_dns_cache=NAMES_KEPT),
        auto_decompress=False,
        trust_env=False,
        headers={"Accept-Encoding": "identity", "User-Agent": f"idp-bridge/{__version__}"},
    )


class HttpClient:
    """Speaks to one provider.

    Args:
        session: The process's session.
        provider: The provider's name, for messages and ``on_exchange``.
        timeout: Seconds for one exchange, from name resolution to the last byte.
        ca_pem: PEM text of the certificate authorities to trust instead of the system's.
        on_exchange: Told of each exchange.
        begin_span: Asked before each exchange; ``None`` where they are not traced.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        provider: str,
        timeout: float,
        ca_pem: str | None = None,
        on_exchange: OnExchange | None = None,
        begin_span: BeginSpan | None = None,
    ) -> None:
        self._session = session
        self._provider = provider
        self._timeout = timeout
        self._ssl = ssl.create_default_context(cadata=ca_pem) if ca_pem else True
        self._on_exchange = on_exchange
        self._begin_span = begin_span

    async def get(self, url: str, endpoint: Endpoint, *, headers: Mapping[str, str] = _NO_HEADERS) -> Response:
        """The answer to a GET, whatever its status; also a redirect is an answer, and nobody goes where it points.

        Args:
            url: Where; errors never quote it, for a token may travel in its query.
            endpoint: What is asked.
            headers: More headers, or another ``Accept``.

        Raises:
            ProviderUnavailable: Not reached in time, TLS refused, an encoded or too large body, status 5xx.
            ProviderBusy: Status 429 (RFC 6585 section 4); both with the answer's Retry-After.
        """
        return await self._exchange("GET", url, endpoint, headers, None)

    async def post(
        self, url: str, endpoint: Endpoint, *, body: bytes, headers: Mapping[str, str] = _NO_HEADERS
    ) -> Response:
        """The answer to a POST of a form; the rest as ``get`` has it.

        Every POST of ours is a question that can be asked twice: as aiohttp does for GET, one that found a kept
        connection closed by the other side is sent once more.
        """
        return await self._exchange("POST", url, endpoint, {"Content-Type": FORM, **headers}, body)

    def not_made(self, endpoint: Endpoint) -> None:
        """Tells that an exchange was not made, because what the provider may be asked is used up."""
        if self._on_exchange is not None:
            self._on_exchange(self._provider, endpoint, "over_budget", 0.0)

    async def _exchange(
        self, method: str, url: str, endpoint: Endpoint, headers: Mapping[str, str], body: bytes | None
    ) -> Response:
        started = time.monotonic()
        outcome = "unreachable"
        span = None if self._begin_span is None else self._begin_span(self._provider, endpoint)
        if span is not None:
            headers = {**headers, **span.headers}
        try:
            async with asyncio.timeout(self._timeout), await self._sent(method, url, headers, body) as answer:
                outcome = str(answer.status)
                if answer.status == 429 or answer.status >= 500:
                    raise (ProviderBusy if answer.status == 429 else ProviderUnavailable)(
                        f"{endpoint} of {self._provider} answered HTTP {answer.status}",
                        retry_after=_retry_after(answer.headers.get("Retry-After")),
                    )
                if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
                    raise ProviderUnavailable(f"{endpoint} of {self._provider} answered compressed, unasked")
                read = bytearray()
                async for chunk in answer.content.iter_any():
                    read += chunk
                    if len(read) > MAX_BODY:
                        outcome = "too_large"
                        raise ProviderUnavailable(f"{endpoint} of {self._provider} answered more than {MAX_BODY} bytes")
                return Response(answer.status, bytes(read), answer.headers)
        except TimeoutError:
            outcome = "timeout"
            raise ProviderUnavailable(
                f"{endpoint} of {self._provider} did not answer within {self._timeout:g} s"
            ) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ProviderUnavailable(f"{endpoint} of {self._provider}: {connection_failure(error)}") from None
        finally:
            if self._on_exchange is not None:
                self._on_exchange(self._provider, endpoint, outcome, time.monotonic() - started)
            if span is not None:
                span.end(outcome)

    async def _sent(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> aiohttp.ClientResponse:
        """The answer as far as its head; what stands in its body is still to be read."""
        send = functools.partial(
            self._session.request,
            method,
            # Exactly as it is: yarl would decode what is encoded for a purpose, such as ; in a path's segment.
            URL(url, encoded=True) if url.isascii() else url,
            data=body,
            headers={"Accept": "application/json", **headers},
            ssl=self._ssl,
            timeout=_NO_TIMEOUT,
            allow_redirects=False,
        )
        try:
            return await send()
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if method == "GET" or isinstance(error, aiohttp.ClientConnectorError):
                raise
            return await send()


def _retry_after(value: str | None) -> float | None:
    """Seconds from a Retry-After header in either form (RFC 9110 section 10.2.3), bounded; ``None`` for garbage."""
    if value is None:
        return None
    seconds = _delta_seconds(value)
    if seconds is None and (date := _http_date(value)) is not None:
        seconds = max(date - time.time(), 0.0)
    return None if seconds is None else min(seconds, MAX_RETRY_AFTER)


def _freshness(cache_control: str, headers: Mapping[str, str]) -> float | None:
    """Seconds for which an answer calls itself fresh from now on (RFC 9111 sections 4.2.1, 5.1 to 5.3).

    ``max-age`` goes before ``Expires``; what an intermediary's ``Age`` has used up is gone. Freshness that cannot be
    read is none at all (section 4.2.1), an ``Age`` that cannot be read is ignored (section 5.1).
    """
    directives = dict(_directives(cache_control))
    if "no-store" in directives or "no-cache" in directives:
        return 0.0
    if "max-age" in directives:
        lifetime = _delta_seconds(directives["max-age"]) or 0.0
    elif "Expires" in headers:
        date, expires = _http_date(headers.get("Date", "")), _http_date(headers["Expires"])
        lifetime = 0.0 if expires is None else expires - (time.time() if date is None else date)
    else:
        return None
    return max(lifetime - (_delta_seconds(headers.get("Age", "").split(",")[0]) or 0.0), 0.0)


def _directives(value: str) -> Iterator[tuple[str, str]]:
    """Names, without case, and values, unquoted; of a repeated one the first counts (RFC 9111 section 4.2.1)."""
    # From the last to the first, so that in a dict the first is what stays.
    for directive in reversed(value.split(",")):
        name, _, argument = directive.partition("=")
        yield name.strip().lower(), argument.strip().strip('"')


def _delta_seconds(value: str) -> float | None:
    """A non-negative whole number of seconds (RFC 9111 section 1.2.2); one too large to mean anything is cut."""
    value = value.strip()
    return min(float(value[:30]), 2.0**31) if value.isascii() and value.isdigit() else None


def _http_date(value: str) -> float | None:
    """Seconds since the epoch (RFC 9110 section 5.6.7)."""
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
