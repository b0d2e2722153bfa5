"""A provider's metadata document as long as it is fresh: one for its keys and for all its endpoints.

No callback waits for a newer one while there is one: a document that hangs, where all else of the provider is well,
would cost every visitor the whole time limit (THREATS.md K10, K11).
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final, Literal

from bridge.errors import ProviderError, ProviderUnavailable
from bridge.oidc.discovery import Metadata, discover, unfit_address
from bridge.oidc.http import HttpClient

_log = logging.getLogger(__name__)

EndpointName = Literal["userinfo_endpoint", "introspection_endpoint"]
"""What the document calls an endpoint (OpenID Connect Discovery section 3, RFC 8414 section 2)."""

FAILURE_PAUSE: Final = 0.5
"""Seconds after a failure: many callbacks may want it at once, and the keys are tried again after one second."""


class FreshMetadata:
    """Asked for once per refresh, whoever needs it; until a newer one is there the last one serves.

    Args:
        http: The provider's client.
        issuer: Whose document it is.
        insecure: Whether addresses in it may be plain http on another machine.
        refresh: Seconds for which it is fresh.
        monotonic: Seconds of a clock that never goes back.
    """

    def __init__(
        self,
        http: HttpClient,
        issuer: str,
        *,
        insecure: bool,
        refresh: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._issuer = issuer
        self._insecure = insecure
        self._refresh = refresh
        self._monotonic = monotonic
        self._metadata: Metadata | None = None
        self._asked_at = self._failed_at = float("-inf")
        self._failure: ProviderError | None = None
        self._one_at_a_time = asyncio.Lock()
        self._wanted = asyncio.Event()

    async def jwks_uri(self) -> str:
        """Where the key set is. It can move and leave old keys where it was, so it is asked for with each refresh.

        Raises:
            ProviderUnavailable, ProviderBusy: The document cannot be had.
        """
        return (await self._fresh()).jwks_uri

    async def endpoint(self, name: EndpointName) -> str:
        """Where an endpoint is, as the last document says; one that has grown old is renewed behind the answer.

        Raises:
            ProviderUnavailable, ProviderBusy: The document cannot be had, or names no address that we ask.
        """
        metadata = self._metadata or await self._fresh()
        if not self._is_fresh:
            self._wanted.set()
        url = getattr(metadata, f"untrusted_{name}")
        if reason := unfit_address(url, self._issuer, insecure=self._insecure):
            section = name.removesuffix("_endpoint")
            raise ProviderUnavailable(
                f"the discovery document's {name} is {reason}", hint=f"Set {section}: {{url: …}} to a fit address."
            )
        return str(url)

    async def keep_fresh(self) -> None:
        """Renews the document, for as long as it runs, whenever one that has grown old was used."""
        while True:
            await self._wanted.wait()
            try:
                await self._fresh()  # the last document serves where a newer one cannot be had
            except Exception:  # noqa: BLE001 - a defect of ours must not end the renewing for ever
                _log.exception("a metadata document cannot be renewed", extra={"event": "internal_error"})
            self._wanted.clear()

    def forget(self) -> None:
        """Has the document asked for anew at the next need: an address in it did not hold what it should."""
        self._asked_at = float("-inf")

    def adopt(self, other: "FreshMetadata") -> None:
        """Goes on with what another knows, of the same provider and settings and on the same clock."""
        self._metadata, self._asked_at = other._metadata, other._asked_at  # noqa: SLF001 - one of its own kind
        self._failure, self._failed_at = other._failure, other._failed_at  # noqa: SLF001 - as above

    @property
    def _is_fresh(self) -> bool:
        # As early as a refresh of the keys with its jitter is.
        return self._monotonic() - self._asked_at < self._refresh * 0.9

    async def _fresh(self) -> Metadata:
        async with self._one_at_a_time:
            if self._metadata is not None and self._is_fresh:
                return self._metadata
            if self._monotonic() - self._failed_at >= self._pause():
                await self._ask()
            if self._metadata is None:
                assert self._failure is not None  # noqa: S101 - either is there after asking
                raise type(self._failure)(
                    self._failure.detail, hint=self._failure.hint, retry_after=self._failure.retry_after
                )
            return self._metadata

    def _pause(self) -> float:
        """Seconds after the last failure in which it is not asked for."""
        told = self._failure.retry_after if self._failure is not None else None
        return max(FAILURE_PAUSE, told or 0.0)

    async def _ask(self) -> None:
        try:
            self._metadata = await discover(self._http, self._issuer, insecure=self._insecure)
        except ProviderError as failure:
            self._failure, self._failed_at = failure, self._monotonic()
        else:
            self._failure, self._asked_at = None, self._monotonic()
