"""CONDITIONs on one answer of a provider's, asked before there are claims: ``refused_when``, ``token_check.rules``."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.claims import Claims, Json
from bridge.errors import KeyPath, Problem
from bridge.mapping.condition import Condition, Verdict
from bridge.mapping.condition_grammar import ConditionReader
from bridge.mapping.findings import Findings
from bridge.mapping.path import SOURCES


@dataclass(frozen=True, slots=True)
class AnswerTest:
    """Compiled conditions, all of which are asked of the same answer."""

    conditions: tuple[Condition, ...]

    def holds(self, answer: Mapping[str, Json]) -> bool:
        """Whether each says yes; cannot tell is no."""
        return all(verdict is True for verdict in self._verdicts(answer))

    def may_hold(self, answer: Mapping[str, Json]) -> bool:
        """Whether none says no: what a refusal asks, for where it cannot tell it refuses."""
        return not any(verdict is False for verdict in self._verdicts(answer))

    def _verdicts(self, answer: Mapping[str, Json]) -> list[Verdict]:
        # Read on the answer alone: whatever source a condition names, there is only this one.
        claims = Claims("", "", dict.fromkeys(SOURCES, answer), math.inf)
        return [condition.evaluate(claims, ("token",)) for condition in self.conditions]


@dataclass(frozen=True, slots=True)
class ParsedAnswerTest:
    """The compiled conditions; with errors they are not to be used."""

    test: AnswerTest
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def parse_answer_test(written: Sequence[Any], paths: Sequence[KeyPath]) -> ParsedAnswerTest:
    """Compiles conditions that are asked of an answer, or says everything that is wrong with them.

    Args:
        written: The conditions.
        paths: Where each stands.
    """
    findings = Findings()
    reader = ConditionReader("answer", findings, own=False)
    conditions = [reader.condition(one, path) for one, path in zip(written, paths, strict=True)]
    known = tuple(condition for condition in conditions if condition is not None)
    return ParsedAnswerTest(AnswerTest(known), tuple(findings.errors), tuple(findings.warnings))
