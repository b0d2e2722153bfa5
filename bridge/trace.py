"""The steps of one call with their verdicts: what explain, the playground and the debug log show.

A check and its step are one call, so a rule that is not in the trace cannot exist. The service hands in a ``Meter``,
whose ``recording`` is false: code that would build a text only for the trace asks that first.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

Stage = Literal["token", "verification", "claims", "require", "sources", "mapping"]
Verdict = Literal["ok", "refused", "skipped", "note"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one call.

    Attributes:
        stage: Which stage took it.
        name: What was looked at.
        verdict: What came of it.
        reason: Why, without any value of the visitor's.
        value: What was found or given; personal data, so no ``repr`` has it, and explain masks it unless told to show.
    """

    stage: Stage
    name: str
    verdict: Verdict
    reason: str = ""
    value: Any = field(default=None, repr=False)


class Trace:
    """Takes steps and keeps none."""

    __slots__ = ()

    recording = False

    def step(self, stage: Stage, name: str, verdict: Verdict, reason: str = "", value: Any = None) -> None:
        """Notes one step."""

    def waited(self, endpoint: str, seconds: float) -> None:
        """Notes that the call stood still for an endpoint of a provider's, for so many seconds."""


class Meter(Trace):
    """Keeps only how long the call stood still for providers: what a log line says of it.

    Attributes:
        seconds: In all.
        asked: The endpoints, in the order in which they were asked.
    """

    __slots__ = ("asked", "seconds")

    def __init__(self) -> None:
        self.seconds = 0.0
        self.asked: tuple[str, ...] = ()

    def waited(self, endpoint: str, seconds: float) -> None:
        """Adds a wait."""
        self.seconds += seconds
        self.asked = (*self.asked, endpoint)


class RecordingTrace(Trace):
    """Keeps every step, in the order in which it was taken."""

    __slots__ = ("steps",)

    recording = True

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def step(self, stage: Stage, name: str, verdict: Verdict, reason: str = "", value: Any = None) -> None:
        """Notes one step."""
        self.steps.append(Step(stage, name, verdict, reason, value))

    def waited(self, endpoint: str, seconds: float) -> None:
        """Notes a wait as a step."""
        stage: Stage = "sources" if endpoint == "source" else "verification"
        self.step(stage, endpoint, "note", f"asked, answered after {seconds * 1000:.0f} ms")


SILENT = Trace()
"""For calls of which nothing is kept."""
