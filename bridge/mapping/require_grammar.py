"""``require`` as plain data -> ``Require``, with every problem's key path: an entrance of the stage at load."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from bridge.errors import KeyPath, Problem
from bridge.mapping.condition import OPERATORS
from bridge.mapping.condition_grammar import ConditionReader
from bridge.mapping.findings import Findings, nearest, shown
from bridge.mapping.path import describe
from bridge.mapping.require import FIELDS, ClaimRule, FieldRule, Require
from bridge.mapping.written import Written

Nobody = Literal["anonymous", "machine", "impersonated", "pending"]
"""Subjects that are no visitor of the shop's: a preset's rule against one has its name, by which ``allow`` lifts it."""

NOBODY: Final[tuple[Nobody, ...]] = get_args(Nobody)

MAX_MESSAGE: Final = 500
"""Characters of a message: it stands in a chat's small window."""

NUMERIC: Final = ("at_least", "at_most")
"""Operators that no field can be asked with."""


@dataclass(frozen=True, slots=True)
class ParsedRequire:
    """The compiled rules; with errors they are not to be used."""

    require: Require
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def parse_require(
    written: Sequence[Written],
    *,
    allow: Collection[str] = (),
    known_claims: Collection[str] = (),
    sources: Collection[str] = (),
) -> ParsedRequire:
    """Compiles the rules that one provider's visitors must pass in one callback.

    Args:
        written: The layers in order (preset, common, callback, provider): in each ``value`` what stands there as
            ``require``, a list of rules or one rule, at ``path``. They add up.
        allow: Names of a preset's rules that do not apply.
        known_claims: Claims that this provider has beside the standard's.
        sources: The names of the operator's ``sources:``, which no rule may read.
    """
    findings = Findings()
    on_claims: list[ClaimRule] = []
    on_fields: list[FieldRule] = []
    for layer in written:
        reader = _RuleReader(layer, findings, known_claims, sources)
        several = isinstance(layer.value, list | tuple)
        for position, one in enumerate(layer.value if several else [layer.value]):
            rule = reader.rule(one, (*layer.path, position) if several else layer.path)
            if reader.name_of(one) in allow:
                continue
            if isinstance(rule, ClaimRule):
                on_claims.append(rule)
            elif rule is not None:
                on_fields.append(rule)
    return ParsedRequire(Require(tuple(on_claims), tuple(on_fields)), tuple(findings.errors), tuple(findings.warnings))


class _RuleReader:
    """Reads the rules of one layer."""

    def __init__(
        self, layer: Written, findings: Findings, known_claims: Collection[str], sources: Collection[str]
    ) -> None:
        self.findings = findings
        self._preset = layer.layer == "preset"
        self._beside = ("message", "name") if self._preset else ("message",)
        self._conditions = ConditionReader(
            "require",
            findings,
            own=not self._preset,
            known_claims=known_claims,
            sources=sources,
            decides=True,
        )

    def name_of(self, written: Any) -> str | None:
        """What a preset calls its rule."""
        name = written.get("name") if self._preset and isinstance(written, dict) else None
        return name if isinstance(name, str) else None

    def rule(self, written: Any, path: KeyPath) -> ClaimRule | FieldRule | None:
        """One rule."""
        keys = written if isinstance(written, dict) else {}
        message = self._message(keys["message"], (*path, "message")) if "message" in keys else None
        if self._preset and "name" in keys and keys["name"] not in NOBODY:
            self.findings.refuse((*path, "name"), "unknown name", "", f"Write one of {', '.join(NOBODY)}.")
        if "field" in keys:
            return self._field_rule(keys, path, message)
        condition = self._conditions.condition(written, path, beside=self._beside)
        return None if condition is None else ClaimRule(condition, path, message)

    def _message(self, written: Any, path: KeyPath) -> str | None:
        text = self.findings.text(path, written)
        if text is None:
            return None
        if len(text) > MAX_MESSAGE or any(
            not character.isprintable() and character not in "\n\u200c\u200d" for character in text
        ):
            found = f"more than {MAX_MESSAGE} characters, or one that nobody sees"
            self.findings.refuse(path, found, "A visitor reads it in a chat.", "Write a sentence.")
            return None
        return text

    def _field_rule(self, written: dict[str, Any], path: KeyPath, message: str | None) -> FieldRule | None:
        known = ("field", *(name for name in OPERATORS if name not in NUMERIC), *self._beside)
        for key in written:
            if key not in known:
                why = "A field is text." if key in NUMERIC else ""
                why = "claim asks before the mapping, field after it." if key == "claim" else why
                self.findings.unknown_key(path, key, known, why)
        field = written["field"]
        if not isinstance(field, str) or field not in FIELDS:
            found = f"unknown field {shown(field)}" if isinstance(field, str) else f"{describe(field)} as a field"
            close = _SENT.get(field) or nearest(field, FIELDS) if isinstance(field, str) else None
            cure = f"Did you mean {close}?" if close else f"Known here: {', '.join(FIELDS)}."
            self.findings.refuse((*path, "field"), found, "", cure)
            return None
        operators = [key for key in written if key in OPERATORS and key not in NUMERIC]
        if len(operators) != 1:
            found = f"two operators, {' and '.join(operators[:2])}" if operators else "no operator"
            cure = "Write a rule for each." if operators else "Write present: true, or ends_with: … and the like."
            self.findings.refuse((*path, *operators[1:2]), found, "", cure)
            return None
        (operator,) = operators
        judge = self._conditions.judge(operator, written[operator], (*path, operator))
        if judge is None:
            return None
        absent = operator == "present" and written[operator] is False
        return FieldRule(field, operator, judge, path, message, absent)


_SENT: Final = {"phone": "phone_number"}
"""A target of the mapping, and what CX Genie is sent for it: rules ask of what is sent."""
