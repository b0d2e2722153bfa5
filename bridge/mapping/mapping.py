"""Claims -> ChatUser: an entrance of the stage at run time, as ``require`` and ``answer_test`` are; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bridge.chat_user import ChatUser
from bridge.claims import Claims, Json
from bridge.errors import IdentityUnusable
from bridge.mapping.target import NationalPhoneTarget, PhoneTarget, TextTarget
from bridge.trace import SILENT, Trace

TARGETS: Final = ("id", "name", "email", "phone", "avatar", "label")
"""The fields that a mapping can give, as operators name them."""


@dataclass(frozen=True, slots=True)
class ClaimMapping:
    """One provider's compiled ``mapping:`` in one callback.

    Attributes:
        identity: The target that CX Genie tells its chat users apart by.
        sends_id: Whether the operator's own mapping names ``id``.
        asks: Which of the operator's ``sources:`` each target reads.
    """

    identity: str
    id: TextTarget | None = None
    name: TextTarget | None = None
    email: TextTarget | None = None
    phone: PhoneTarget | NationalPhoneTarget | None = None
    avatar: TextTarget | None = None
    label: TextTarget | None = None
    sends_id: bool = False
    asks: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def id_of(self, claims: Claims) -> str | None:
        """The visitor's ``id`` with its prefix, as ``apply`` gives it; ``None`` where it is unusable or switched off.

        It never depends on one of ``sources:``, which may be asked by it.
        """
        return None if self.id is None else self.id.evaluate(claims, SILENT)

    def apply(self, claims: Claims, trace: Trace = SILENT) -> ChatUser:
        """The chat user of these claims.

        Raises:
            IdentityUnusable: The identity field is missing, unproven or malformed. Any other field may be absent: it
                costs itself, not the login (CONFIG.md, "verified_by proves one claim").
        """
        user = ChatUser(
            id=None if self.id is None else self.id.evaluate(claims, trace),
            name=None if self.name is None else self.name.evaluate(claims, trace),
            email=None if self.email is None else self.email.evaluate(claims, trace),
            phone=None if self.phone is None else self.phone.evaluate(claims, trace),
            avatar=None if self.avatar is None else self.avatar.evaluate(claims, trace),
            label=None if self.label is None else self.label.evaluate(claims, trace),
            sends_id=self.sends_id,
        )
        if getattr(user, self.identity) is None:
            trace.step("mapping", self.identity, "refused", "the identity field is missing, unproven or malformed")
            raise IdentityUnusable(
                f"{self.identity}, which CX Genie identifies by, is missing, unproven or malformed",
                hint="`idp-bridge explain` shows each rule that was tried for it and why it gave nothing.",
            )
        return user

    def is_settled(self, claims: Claims) -> bool:
        """Whether the identity is the same whatever userinfo, which said nothing, would have said.

        A ``first_of``, a ``join`` and a condition go on without a claim that is not there, and so could make another
        chat user of a visitor for as long as userinfo is down.
        """
        lacking: set[str] = set()
        said = {source: _Said(members, lacking) for source, members in claims.sources.items()}
        target = getattr(self, self.identity)
        target.evaluate(replace(claims, sources={**said, "userinfo": _Unsaid(lacking)}), SILENT)
        return not lacking

    def absent(self, user: ChatUser) -> tuple[str, ...]:
        """The targets that gave nothing to a chat user of this mapping, in the order of ``TARGETS``."""
        return tuple(name for name in TARGETS if getattr(self, name) is not None and getattr(user, name) is None)

    def claims_wanted(self) -> frozenset[str]:
        """The top-level claims read for id, name, email, phone and avatar, with those that prove them.

        Without them a provider's other sources are worth asking. A label's and a condition's claims are not.
        """
        targets = (self.id, self.name, self.email, self.phone, self.avatar)
        return frozenset(name for target in targets if target is not None for name in target.names())

    def sources_wanted(self) -> frozenset[str]:
        """Which of the operator's ``sources:`` are read, in values and in their conditions."""
        return frozenset().union(*self.asks.values())


class _Unsaid(dict[str, Json]):
    """What a source would have said: nothing is known, and what is looked for in it is lacking."""

    def __init__(self, lacking: set[str]) -> None:
        super().__init__()
        self._lacking = lacking

    def get(self, name: str, default: Json = None, /) -> Json:
        """Nothing."""
        self._lacking.add(name)
        return default


class _Said(dict[str, Json]):
    """What a source said: a claim that is looked for there last, and found, is not lacking."""

    def __init__(self, members: Mapping[str, Json], lacking: set[str]) -> None:
        super().__init__(members)
        self._lacking = lacking

    def get(self, name: str, default: Json = None, /) -> Json:
        """What is there."""
        value = super().get(name, default)
        if value is not None:
            self._lacking.discard(name)
        return value
