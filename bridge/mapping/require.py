"""The token is good: is this visitor wanted? What ``require`` says (CONFIG.md, "The mapping language").

Rules on claims run before the mapping, rules on the finished chat user after it, each in their order; the first that
does not say yes answers, with the operator's own text where it has one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from bridge.chat_user import ChatUser
from bridge.claims import Claims
from bridge.errors import KeyPath, VisitorRefused
from bridge.mapping.condition import Condition, Judge, Verdict, in_words, is_settled
from bridge.mapping.path import left_out
from bridge.trace import SILENT, Trace

FIELDS: Final[Mapping[str, Callable[[ChatUser], str | None]]] = {
    "id": attrgetter("id"),
    "name": attrgetter("name"),
    "email": attrgetter("email"),
    "phone_number": lambda user: None if user.phone is None else user.phone.e164,
    "country_code": lambda user: None if user.phone is None else user.phone.country_code,
    "avatar": attrgetter("avatar"),
    "label": attrgetter("label"),
}
"""The fields that a rule may ask of; a phone number as E.164, whatever form the callback sends."""


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """One CONDITION on the claims.

    Attributes:
        condition: What must hold.
        path: Where it stands.
        message: What a visitor reads whom it refuses, if not the code's own text.
    """

    condition: Condition
    path: KeyPath
    message: str | None = None


@dataclass(frozen=True, slots=True)
class FieldRule:
    """One operator on a field of the finished chat user; ``absent`` is its verdict on a field that is not there."""

    field: str
    operator: str
    judge: Judge
    path: KeyPath
    message: str | None = None
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Require:
    """All the rules that one provider's visitors must pass in one callback; without any, everybody does."""

    on_claims: tuple[ClaimRule, ...] = ()
    on_fields: tuple[FieldRule, ...] = ()

    def check_claims(self, claims: Claims, trace: Trace = SILENT) -> None:
        """Asks the rules on claims.

        Raises:
            VisitorRefused: One of them says no, or cannot tell.
        """
        for rule in self.on_claims:
            verdict = rule.condition.evaluate(claims)
            if verdict is True and not trace.recording:
                continue
            said = in_words(verdict) + left_out(rule.condition.paths(), claims)
            if trace.recording:
                found = {str(path): path.find(claims) for path in rule.condition.paths()}
                _note(trace, rule, verdict, f"{rule.condition}: {said}", found)
            if verdict is not True:
                raise _refused(rule, f"{rule.condition}: {said}")

    def check_user(self, user: ChatUser, trace: Trace = SILENT) -> None:
        """Asks the rules on fields.

        Raises:
            VisitorRefused: One of them says no, or cannot tell.
        """
        for rule in self.on_fields:
            value = FIELDS[rule.field](user)
            verdict = rule.absent if value is None else rule.judge(value)
            said = f"{rule.field} {rule.operator}: {in_words(verdict)}"
            if trace.recording:
                _note(trace, rule, verdict, said, {rule.field: value})
            if verdict is not True:
                raise _refused(rule, said)

    def is_settled(self, claims: Claims) -> bool:
        """Whether the rules said yes whatever a source that said nothing would have said.

        ``not`` and ``present: false`` say yes of what is not there, so a source that is down must not be what lets a
        visitor in. A field may be made of any claim, under conditions on others: no rule on one is settled.
        """
        return not self.on_fields and all(is_settled(rule.condition, claims) for rule in self.on_claims)


Rule = ClaimRule | FieldRule


def _note(trace: Trace, rule: Rule, verdict: Verdict, said: str, found: Mapping[str, object]) -> None:
    trace.step("require", dotted(rule.path), "ok" if verdict else "refused", said, found)


def _refused(rule: Rule, said: str) -> VisitorRefused:
    return VisitorRefused(
        f"{dotted(rule.path)}: {said}",
        hint="`idp-bridge explain` shows what was found; change the rule there if this visitor should be let in.",
        message=rule.message,
    )


def dotted(path: KeyPath) -> str:
    """A key path as messages show it."""
    return ".".join(map(str, path))
