"""The operator's own test cases: claims, and the chat user or the refusal that must come of them (CONFIG.md).

The claims count as verified: ``require`` and the mapping run as in the service, the checks of tokens do not. No secret
is needed, and nothing is asked.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bridge.authentication import chat_user
from bridge.chat_user import ChatUser
from bridge.claims import Claims, Source
from bridge.config.field_errors import quoted
from bridge.config.model import Callback, Model
from bridge.contract.response import Responses
from bridge.errors import BridgeError
from bridge.trace import SILENT, Trace

FIELDS = ("id", "name", "phone_number", "country_code", "email", "avatar", "label")
"""Those of ``data``, in the vendor's order."""

Data = Mapping[str, str | None]
"""What CX Genie would be given as ``data``."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case, ready to be run.

    Attributes:
        name: The operator's words for it.
        line: Where it stands in its file, from 1.
        callback: The callback that is asked.
        claims: What the provider would have said.
        expect: The whole ``data``, or ``refused`` with the refusal's code.
    """

    name: str
    line: int
    callback: Callback
    claims: Claims
    expect: Data


class Absent:
    """What stands for a field that is not there: another thing than an expected ``null``."""

    def __str__(self) -> str:
        return "nothing"


ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True)
class Difference:
    """A field of ``data`` that is not as expected; in place of all of them ``refused``, with the refusal's code."""

    field: str
    expected: str | Absent | None
    found: str | Absent | None


def shown(value: str | Absent | None) -> str:
    """A side of a difference in words."""
    return quoted(value) if isinstance(value, str) else "null" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a case: ``data``, or the refusal."""

    data: Data | None
    refusal: BridgeError | None

    @property
    def answer(self) -> Mapping[str, str | None]:
        """The fields, or ``refused`` with the refusal's code."""
        return {"refused": self.refusal.code} if self.refusal is not None else self.data or {}


def differences(expected: Mapping[str, str | None], found: Mapping[str, str | None]) -> tuple[Difference, ...]:
    """What differs between two answers; a refusal differs as a whole."""
    fields = ("refused",) if "refused" in (expected.keys() | found.keys()) else FIELDS
    pairs = ((field, expected.get(field, ABSENT), found.get(field, ABSENT)) for field in fields)
    return tuple(Difference(field, before, after) for field, before, after in pairs if before != after)


def data_of(callback: Callback, claims: Claims, trace: Trace = SILENT) -> Data:
    """What CX Genie would be given for verified claims: ``require``, the mapping, and the callback's own form.

    Raises:
        VisitorRefused: A rule says no.
        IdentityUnusable: The field that the callback identifies by cannot be given.
    """
    user = chat_user(claims, callback.mappings[claims.provider], callback.requires[claims.provider], trace)
    return sent(callback, user)


def sent(callback: Callback, user: ChatUser) -> Data:
    """``data`` as the callback sends it for a chat user."""
    data: Data = json.loads(Responses(callback.settings).success(user).body)["data"]
    return data


def verified(
    model: Model, provider: str, claims: Mapping[str, Any], userinfo: Mapping[str, Any] | None = None
) -> Claims:
    """Claims as they are once a provider's token has passed every check."""
    settings = model.providers[provider]
    subject = claims.get(settings.subject_claim)
    alone: Source = "userinfo" if settings.introspection is None else "introspection"
    sources: dict[Source, Mapping[str, Any]] = {"token" if settings.takes_jwts else alone: claims}
    if userinfo is not None:
        sources["userinfo"] = userinfo
    return Claims(provider, subject if isinstance(subject, str) else "", sources, math.inf)


def run_case(case: Case) -> Outcome:
    """What becomes of a case's claims."""
    try:
        return Outcome(data_of(case.callback, case.claims), None)
    except BridgeError as refusal:
        return Outcome(None, refusal)
