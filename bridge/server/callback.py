"""The endpoint: contract in, authenticate, contract out. Errors become answers here and only here.

It speaks ASGI itself instead of through request and response objects: they would cost as much as all the rest.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING

from starlette.types import Receive, Scope, Send

from bridge.authentication import Authenticated, Authentication
from bridge.config.model import Callback, LimitSettings
from bridge.contract.callers import Callers
from bridge.contract.domains import domain_list
from bridge.contract.header_token import HeaderTokens
from bridge.contract.request import CallbackRequest, body_kind, read_request
from bridge.contract.response import Answer, Responses, refusal
from bridge.errors import BodyTooLarge, BridgeError, CallerUnauthorized, InternalError, Overloaded, TooManyFailedCalls
from bridge.server.access_log import AccessLog, StrangerLog
from bridge.server.audit import AuditTrail
from bridge.server.event_log import EventLog, trace_of
from bridge.server.exchange import CLOSE
from bridge.server.limits import ClientGone, InFlight, TokenBucket, read_body, refuse_declared_length
from bridge.server.metrics import Metrics
from bridge.server.reply import send_answer
from bridge.server.request_id import HEADER, REQUEST_ID, RequestIds
from bridge.trace import Meter

if TYPE_CHECKING:  # an extra, loaded where it is wanted
    from bridge.server.traces import Traces

Headers = Iterable[tuple[bytes, bytes]]


class UntrustedHead:
    """The headers that matter here, gathered in one pass; all values of each, for repetition is an attack."""

    __slots__ = ("authorization", "content_length", "content_type", "request_ids")

    def __init__(self, headers: Headers) -> None:
        self.authorization: list[bytes] = []
        self.content_type: list[bytes] = []
        self.request_ids: list[bytes] = []
        self.content_length = b""
        for name, value in headers:
            if name == b"authorization":
                self.authorization.append(value)
            elif name == b"content-type":
                self.content_type.append(value)
            elif name == b"content-length":
                self.content_length = value
            elif name == HEADER:
                self.request_ids.append(value)


def peer_of(scope: Scope) -> str | None:
    """The address of a connection's other end, which may be a proxy's; ``None`` where it has none."""
    client = scope.get("client")
    return client[0] if client else None


FAILED_CALLERS_SAVED = 10.0
"""Seconds: an operator who is trying out a header token learns what is wrong with it; a guesser gains nothing by it."""


class Gate:
    """What all callbacks share: places for requests in flight, and patience with callers who lack the header token.

    Args:
        limits: ``limits:`` of the configuration.
        log: Where events go.
        metrics: Where they are counted.
        audit: Where visitors are recorded; ``None`` where they are not.
        traces: Makes spans; ``None`` where nothing is traced.
        trusted_proxies: Whose ``X-Forwarded-For`` is believed: ``server.trusted_proxies``.
        before: That of the configuration before: what it counts is counted on.
    """

    def __init__(
        self,
        limits: LimitSettings,
        log: EventLog,
        metrics: Metrics,
        audit: AuditTrail | None = None,
        traces: "Traces | None" = None,
        *,
        trusted_proxies: Sequence[str] = (),
        before: "Gate | None" = None,
    ) -> None:
        self.limits = limits
        self.log = log
        self.metrics = metrics
        self.audit = audit
        self.traces = traces
        earlier: InFlight | None = before.in_flight if before else None
        self.in_flight: InFlight = InFlight(limits.in_flight, limits.deadline, before=earlier)
        self.failed_callers = TokenBucket(limits.failed_callers, saved=FAILED_CALLERS_SAVED)
        self.strangers = StrangerLog(log, metrics)
        self.request_ids = RequestIds()
        self.trusted_proxies = trusted_proxies
        if before is not None:
            self.strangers, self.request_ids = before.strangers, before.request_ids
            if limits.failed_callers == before.limits.failed_callers:
                self.failed_callers = before.failed_callers


class CallerCheck:
    """Who may call one callback: whoever knows its header token, and calls from an allowed address where that matters.

    Args:
        callback: Its configuration.
        gate: What it shares with the other callbacks.
    """

    def __init__(self, callback: Callback, gate: Gate) -> None:
        settings = callback.settings
        self._header_tokens = HeaderTokens([secret.get_secret_value() for secret in settings.header_token])
        self._callers = Callers(settings.allow_from, gate.trusted_proxies) if settings.allow_from else None

    def __call__(self, authorization: Sequence[bytes], scope: Scope) -> None:
        """Lets the caller pass, or not.

        Raises:
            CallerUnauthorized: Header token or address.
        """
        self._header_tokens.check(authorization)
        if self._callers is not None:
            self._callers.check(peer_of(scope), scope["headers"])


class _Endpoint:
    """What both of a callback's endpoints need."""

    def __init__(self, callback: Callback, gate: Gate) -> None:
        self._caller = CallerCheck(callback, gate)
        self._gate = gate
        self._log = AccessLog(gate.log, callback.name, callback.settings.identity_method)
        self._counts = gate.metrics.callback(callback.name, callback.providers)

    async def _turn_away(
        self, scope: Scope, send: Send, error: CallerUnauthorized, request_id: str, began: float
    ) -> None:
        """Answers a caller without the header token; beyond ``limits.failed_callers``, with next to no work."""
        peer = peer_of(scope) or ""
        answer: Answer
        if self._gate.failed_callers.take():
            answer = refusal(error, request_id)
            seconds = perf_counter() - began
            self._counts.failure(error, seconds)
            self._log.failure(request_id, error, status=answer.status, seconds=seconds, peer=peer)
        else:
            many = TooManyFailedCalls(
                error.detail, hint="limits.failed_callers sets how many are looked at.", retry_after=1
            )
            answer = refusal(many, request_id)
            self._gate.strangers.refused(many, request_id, peer)
        await send_answer(send, answer, request_id)


class CallbackEndpoint(_Endpoint):
    """One callback's ``POST``.

    Args:
        callback: Its configuration.
        authentication: Its flow.
        gate: What it shares with the other callbacks.
    """

    def __init__(self, callback: Callback, authentication: Authentication, gate: Gate) -> None:
        super().__init__(callback, gate)
        self._name = callback.name
        self._responses = Responses(callback.settings)
        self._authentication = authentication
        self._limits = gate.limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request. The order of checks is CONTRACT.md's: header token, sizes, content type, body, token."""
        began = perf_counter()
        head = UntrustedHead(scope["headers"])
        request_id = self._gate.request_ids.of_values(head.request_ids)
        try:
            self._caller(head.authorization, scope)
        except CallerUnauthorized as error:
            await self._turn_away(scope, send, error, request_id, began)
            return
        REQUEST_ID.set(request_id)
        fingerprint, meter = "", Meter()
        traces = self._gate.traces
        span = None if traces is None else traces.callback(self._name, request_id, scope["headers"])
        try:
            with self._gate.in_flight:
                request = await self._read(head, receive)
                fingerprint = request.token.fingerprint
                known = await self._authentication.authenticate(request.token, meter)
            answer = self._responses.success(known.user)
            seconds = perf_counter() - began
            self._counts.success(known.provider, seconds, known.absent)
            self._log.success(
                request_id,
                provider=known.provider,
                status=answer.status,
                seconds=seconds,
                cached=known.cached,
                absent=known.absent,
                token=fingerprint,
                meter=meter,
            )
            if self._gate.audit is not None:
                self._gate.audit.success(self._name, request_id, known, fingerprint)
            if span is not None:
                span.success(known.provider, cached=known.cached)
            if request.untrusted_user_id or request.untrusted_email:
                self._compare(request, known, request_id)
        except ClientGone:
            self._gate.log.write(logging.DEBUG, "caller_gone", request_id=request_id)
            if span is not None:
                span.gone()
            return
        except BaseException as error:  # noqa: BLE001 - whatever happens, the caller gets an answer and the log a line
            failure = self._failure(error, request_id)
            answer = self._responses.failure(failure, request_id)
            seconds = perf_counter() - began
            self._counts.failure(failure, seconds)
            self._log.failure(
                request_id, failure, status=answer.status, seconds=seconds, token=fingerprint, meter=meter
            )
            if self._gate.audit is not None and fingerprint:
                self._gate.audit.failure(self._name, request_id, failure, fingerprint)
            if span is not None:
                span.failure(failure)
            if isinstance(error, BodyTooLarge):
                await send_answer(send, answer, request_id, CLOSE)
                return
        await send_answer(send, answer, request_id)

    async def _read(self, head: UntrustedHead, receive: Receive) -> CallbackRequest:
        refuse_declared_length(head.content_length, self._limits.body)
        kind = body_kind(head.content_type)
        body = await read_body(receive, self._limits.body)
        return read_request(body, kind, max_token=self._limits.token)

    def _failure(self, error: BaseException, request_id: str) -> BridgeError:
        if isinstance(error, BridgeError):
            return error
        if isinstance(error, asyncio.CancelledError):
            # server.grace is over. Raised further, it would become a plain-text 500 and a stack trace.
            return Overloaded(
                "stopped while it was being answered", hint="server.grace sets how long stopping may take."
            )
        if not isinstance(error, Exception):
            raise error
        self._gate.log.write(logging.ERROR, "internal_error", request_id=request_id, trace=trace_of(error))
        return InternalError("a defect of the bridge", hint="Please report the event internal_error of this request.")

    def _compare(self, request: CallbackRequest, known: Authenticated, request_id: str) -> None:
        """Counts where the body contradicts what is verified (CONTRACT.md, "The request"); decides nothing.

        A page knows its user by the provider's subject, without our prefix, and an address in any case.
        """
        fields = []
        ids = {id_ for id_ in (known.user.id, known.provenance.subject) if id_}
        if (said := request.untrusted_user_id) and ids and said not in ids:
            fields.append("user_id")
        if (said := request.untrusted_email) and (email := known.user.email) and said.lower() != email.lower():
            fields.append("email")
        for name in fields:
            self._counts.contradictions[name] += 1
        if fields:
            self._gate.log.write(logging.DEBUG, "body_contradicts_token", request_id=request_id, fields=fields)


class DomainsEndpoint(_Endpoint):
    """One callback's ``GET`` of its domain list, behind the same header token."""

    def __init__(self, callback: Callback, gate: Gate) -> None:
        super().__init__(callback, gate)
        self._answer = domain_list(callback.settings.domains)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Answers one request."""
        began = perf_counter()
        head = UntrustedHead(scope["headers"])
        request_id = self._gate.request_ids.of_values(head.request_ids)
        try:
            self._caller(head.authorization, scope)
        except CallerUnauthorized as error:
            await self._turn_away(scope, send, error, request_id, began)
            return
        await send_answer(send, self._answer, request_id)
