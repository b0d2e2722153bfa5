"""A chat user or a failure -> the vendor's JSON. Here is the only table of codes, statuses and public texts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from types import MappingProxyType
from typing import Any

import orjson

from bridge.chat_user import ChatUser
from bridge.contract.settings import CallbackSettings
from bridge.errors import BridgeError, IdentityUnusable

# CONTRACT.md, "Failures". Visitors may read a text, so it says nothing of claims, keys or providers.
_FAILURES = {
    "body_invalid": (400, "The request could not be read."),
    "body_too_large": (413, "The request is too large."),
    "caller_unauthorized": (401, "The caller is not authorised."),
    "head_too_large": (431, "The request's headers are too large."),
    "media_type_unsupported": (415, "The request is not JSON."),
    "method_not_allowed": (405, "This address does not take requests of this kind."),
    "not_found": (404, "There is nothing at this address."),
    "request_invalid": (400, "The request could not be understood."),
    "too_many_failed_calls": (429, "There were too many unauthorised calls. Please try again later."),
    "token_missing": (401, "The visitor is not signed in."),
    "token_malformed": (401, "The visitor's token could not be read."),
    "token_invalid": (401, "The visitor's token could not be confirmed."),
    "token_untrusted": (401, "The visitor's token was not made for this chat."),
    "token_expired": (401, "The visitor's token has expired."),
    "token_not_yet_valid": (401, "The visitor's token is not valid yet."),
    "token_inactive": (401, "The visitor's token is no longer active."),
    "visitor_refused": (403, "This chat is not open to this visitor."),
    "identity_unusable": (403, "The visitor's account lacks a confirmed detail that this chat needs."),
    "provider_busy": (429, "Many visitors are signing in. Please try again in a moment."),
    "provider_unavailable": (503, "Signing in is not possible just now. Please try again in a moment."),
    "overloaded": (503, "The service is busy. Please try again in a moment."),
    "internal_error": (500, "Something went wrong on our side. Please try again later."),
}

STATUS: Mapping[str, int] = MappingProxyType({code: status for code, (status, _) in _FAILURES.items()})
"""The HTTP status of each failure code; ``anonymous.status`` and ``failure_status: ok`` are a callback's own."""

MESSAGES: Mapping[str, str] = MappingProxyType({code: text for code, (_, text) in _FAILURES.items()})
"""The public text of each failure code; a callback's ``messages`` and ``anonymous.message`` lie over it."""

SUCCESS = "Successfully!"
"""The vendor's own word."""

RETRY_AFTER = 5
"""Seconds after which a caller may ask again, where the failure itself does not know: a provider's cool-down."""

MAX_RETRY_AFTER = 3600
"""Seconds at most: what a provider asks of us is passed on within reason (THREATS.md U09)."""

_NO_STORE = (b"cache-control", b"no-store")
_NO_SNIFF = (b"x-content-type-options", b"nosniff")
# Every 401 names a scheme (RFC 9110 section 15.5.2); this is RFC 6750's without its details, which are for the log.
_CHALLENGE = (b"www-authenticate", b"Bearer")

_PHONE_NUMBER = {form: attrgetter(form) for form in ("national", "without_trunk", "e164")}
_IDENTITY = {"id": attrgetter("id"), "email": attrgetter("email"), "phone_number": attrgetter("phone")}
_ABSENT: Mapping[str, str | None] = {"omit": None, "as_null": None, "as_empty": ""}


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer but for ``X-Request-ID`` and ``Allow``, which the edge knows.

    Attributes:
        status: The HTTP status.
        body: One JSON object, UTF-8.
        headers: Lower-case names and values as ASGI wants them, ``content-length`` included.
    """

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...]


class Responses:
    """How one callback answers its authorised caller."""

    __slots__ = (
        "_absent",
        "_identity",
        "_identity_method",
        "_messages",
        "_omits",
        "_phone_number",
        "_sends_id",
        "_status",
    )

    def __init__(self, settings: CallbackSettings) -> None:
        self._identity_method = settings.identity_method
        self._identity = _IDENTITY[settings.identity_method]
        self._sends_id = settings.identity_method == "id"
        self._omits = settings.absent == "omit"
        self._absent = _ABSENT[settings.absent]
        self._phone_number = _PHONE_NUMBER[settings.phone_format]
        self._messages = {**MESSAGES, **settings.messages}
        if settings.anonymous.message is not None:
            self._messages["token_missing"] = settings.anonymous.message
        if settings.failure_status == "ok":
            self._status = dict.fromkeys(STATUS, 200)
        else:
            self._status = {**STATUS, "token_missing": settings.anonymous.status}

    def success(self, user: ChatUser) -> Answer:
        """The chat user in the vendor's envelope, its fields in the order of the vendor's example (CONTRACT.md).

        Raises:
            IdentityUnusable: The field that this callback identifies by is absent: CX Genie would match nobody, or
                everybody. The mapping sees to it; this is the last door.
        """
        if not self._identity(user):
            raise IdentityUnusable(f"identity_method is {self._identity_method}, and the chat user has none")
        absent, phone = self._absent, user.phone
        data: dict[str, str | None] = {}
        if self._sends_id or user.sends_id:
            data["id"] = user.id or absent
        data["name"] = user.name or absent
        data["phone_number"] = self._phone_number(phone) if phone else absent
        data["country_code"] = phone.country_code if phone else absent
        data["email"] = user.email or absent
        data["avatar"] = user.avatar or absent
        data["label"] = user.label or absent
        if self._omits:
            data = {field: value for field, value in data.items() if value is not None}
        return success_answer(data)

    def failure(self, error: BridgeError, request_id: str) -> Answer:
        """What a caller with a right header token is told; ``failure_status``, ``anonymous`` and ``messages`` apply.

        The text of the rule that refused is nearer to the visitor than the one for all refusals of its code.
        """
        return _failure(self._status[error.code], error, error.message or self._messages[error.code], request_id)


def success_answer(data: Any) -> Answer:
    """HTTP 200 with the vendor's envelope round ``data``."""
    body = orjson.dumps({"status": True, "message": SUCCESS, "data": data})
    return Answer(200, body, headers_of(body))


def refusal(error: BridgeError, request_id: str) -> Answer:
    """What everybody else is told: the code's own status and text, whatever a callback's settings say."""
    return _failure(STATUS[error.code], error, MESSAGES[error.code], request_id)


def headers_of(body: bytes, content_type: bytes = b"application/json") -> tuple[tuple[bytes, bytes], ...]:
    """The headers that every answer of ours has, the private port's too."""
    return ((b"content-type", content_type), (b"content-length", b"%d" % len(body)), _NO_STORE, _NO_SNIFF)


def _failure(status: int, error: BridgeError, message: str, request_id: str) -> Answer:
    body = orjson.dumps({"status": False, "message": message, "code": error.code, "request_id": request_id})
    more: tuple[tuple[bytes, bytes], ...] = ()
    if status == 401:
        more = (_CHALLENGE,)
    elif status in (429, 503):
        more = ((b"retry-after", b"%d" % _retry_after(error.retry_after)),)
    return Answer(status, body, (*headers_of(body), *more))


def _retry_after(seconds: float | None) -> int:
    """Whole seconds (RFC 9110 section 10.2.3), at least one: zero would be an invitation to hammer."""
    if seconds is None or math.isnan(seconds):
        return RETRY_AFTER
    return math.ceil(min(max(seconds, 1), MAX_RETRY_AFTER))
