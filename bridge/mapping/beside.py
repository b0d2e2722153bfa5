"""What stands beside a form of VALUE and wraps it, in the order of effect: ``when``, ``transform``, ``default``."""

from collections.abc import Iterator

from bridge.claims import Claims, Json, Source
from bridge.mapping.condition import Condition, in_words
from bridge.mapping.path import SOURCES, TEXT, Wanted, left_out
from bridge.mapping.transform import Transform, nothing_comes_of
from bridge.mapping.value import Value, unfit
from bridge.trace import Trace


class Shaped:
    """A value after its transforms, one after the other."""

    __slots__ = ("target", "transforms", "value", "wanted")

    def __init__(self, target: str, value: Value, transforms: tuple[Transform, ...], wanted: Wanted = TEXT) -> None:
        self.target = target
        self.value = value
        self.transforms = transforms
        self.wanted = wanted

    def evaluate(self, claims: Claims, trace: Trace, sources: tuple[Source, ...] = SOURCES, /) -> Json:
        """What the last of them gives."""
        value = self.value.evaluate(claims, trace, sources)
        if value is None:
            return None
        for transform in self.transforms:
            changed = transform.apply(value)
            if changed is None:
                if trace.recording:
                    reason = f"{transform.name}: {nothing_comes_of(value, transform)}"
                    trace.step("mapping", self.target, "skipped", reason, value)
                return None
            value = changed
            if trace.recording:
                trace.step("mapping", self.target, "ok", transform.name, value)
        taken = self.wanted.take(value)
        if taken is None and trace.recording:
            trace.step("mapping", self.target, "skipped", unfit(value, self.wanted), value)
        return taken

    def names(self) -> Iterator[str]:
        """The value's claims."""
        return self.value.names()


class When:
    """A value that is absent unless a condition says yes."""

    __slots__ = ("condition", "target", "value")

    def __init__(self, target: str, value: Value, condition: Condition) -> None:
        self.target = target
        self.value = value
        self.condition = condition

    def evaluate(self, claims: Claims, trace: Trace, sources: tuple[Source, ...] = SOURCES, /) -> Json:
        """The value. The condition may be read from any source: it grants nothing that the value itself must prove."""
        verdict = self.condition.evaluate(claims)
        if trace.recording:
            said = in_words(verdict) + left_out(self.condition.paths(), claims)
            asked = {str(path): path.find(claims) for path in self.condition.paths()}
            trace.step("mapping", self.target, "ok" if verdict else "skipped", f"when {self.condition}: {said}", asked)
        return self.value.evaluate(claims, trace, sources) if verdict is True else None

    def names(self) -> Iterator[str]:
        """The value's claims, without the condition's."""
        return self.value.names()


class Default:
    """A value with the text that stands in for it."""

    __slots__ = ("target", "text", "value")

    def __init__(self, target: str, value: Value, text: str) -> None:
        self.target = target
        self.value = value
        self.text = text

    def evaluate(self, claims: Claims, trace: Trace, sources: tuple[Source, ...] = SOURCES, /) -> Json:
        """The value, or the default."""
        value = self.value.evaluate(claims, trace, sources)
        if value is None:
            if trace.recording:
                trace.step("mapping", self.target, "ok", "the default", self.text)
            return self.text
        return value

    def names(self) -> Iterator[str]:
        """The value's claims."""
        return self.value.names()
