"""The steps of one call with their verdicts: what explain, the playground and the debug log show.

A check and its step are one call, so a rule that is not in the trace cannot exist. The service hands in ``SILENT``,
whose ``recording`` is false: code that would build a text only for the trace asks that first.
"""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "refused", "skipped", "note"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: which stage, what was looked at, the verdict, and why (never a value of the visitor's)."""

    stage: Literal["token", "verification", "claims", "mapping"]
    name: str
    verdict: Verdict
    reason: str = ""


class Trace:
    """Takes steps and keeps none."""

    recording = False

    def step(
        self,
        stage: Literal["token", "verification", "claims", "mapping"],
        name: str,
        verdict: Verdict,
        reason: str = "",
    ) -> None:
        """Notes one step."""


class RecordingTrace(Trace):
    """Keeps every step, in the order in which it was taken."""

    recording = True

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def step(
        self,
        stage: Literal["token", "verification", "claims", "mapping"],
        name: str,
        verdict: Verdict,
        reason: str = "",
    ) -> None:
        """Notes one step."""
        self.steps.append(Step(stage, name, verdict, reason))


SILENT = Trace()
"""What the service hands in."""
