"""The forms of a VALUE (CONFIG.md, "The mapping language"), compiled: each gives text, or ``None`` when absent.

A form notes in the trace what it tried and why it gave nothing: claims by name, values never.
"""

from collections.abc import Iterator
from typing import Protocol

from bridge.claims import Claims, Source
from bridge.mapping.condition import Condition
from bridge.mapping.path import ONLY, SOURCES, Path, as_text, describe
from bridge.trace import Trace


class Value(Protocol):
    """Something that gives a text from a visitor's claims."""

    def evaluate(self, claims: Claims, trace: Trace, sources: tuple[Source, ...] = SOURCES, /) -> str | None:
        """The text, read from these sources only; ``None`` when it is absent."""

    def names(self) -> Iterator[str]:
        """The top-level claims that it reads, with those that prove them, without those of ``when``."""


class Subject:
    """The visitor's id at the provider: what verification has already found, whatever claim it came from."""

    __slots__ = ("claim", "target")

    def __init__(self, target: str, claim: str) -> None:
        self.target = target
        self.claim = claim

    def evaluate(self, claims: Claims, trace: Trace, _sources: tuple[Source, ...] = SOURCES, /) -> str | None:
        """The subject, exactly as it came."""
        subject = as_text(claims.subject)
        if trace.recording:
            verdict = "the provider gave none" if subject is None else f"{self.claim}, the provider's subject"
            trace.step("mapping", self.target, "skipped" if subject is None else "ok", verdict)
        return subject

    def names(self) -> Iterator[str]:
        """The claim that the provider's settings call the subject."""
        yield self.claim


class Claim:
    """A claim: from the first source where it is usable, which is there, text, and proven if it must be."""

    __slots__ = ("path", "proof", "source", "target")

    def __init__(
        self, target: str, path: Path, *, source: Source | None = None, proof: Condition | None = None
    ) -> None:
        self.target = target
        self.path = path
        self.source = source
        self.proof = proof

    def evaluate(self, claims: Claims, trace: Trace, sources: tuple[Source, ...] = SOURCES, /) -> str | None:
        """The claim's text. The proof is asked of the same source: a flag of one never proves a claim of another."""
        found = False
        for source in sources:
            if self.source is not None and source != self.source:
                continue
            value = self.path.read(claims, source)
            if value is None:
                continue
            found = True
            text = as_text(value)
            if text is None:
                self._note(trace, source, f"{describe(value)}, text was wanted")
            elif self.proof is not None and self.proof.evaluate(claims, ONLY[source]) is not True:
                self._note(trace, source, f"not proven by {self.proof}" if trace.recording else "")
            else:
                if trace.recording:
                    trace.step("mapping", self.target, "ok", f"{self.path} of the {source}")
                return text
        if trace.recording and not found:
            trace.step("mapping", self.target, "skipped", f"{self.path}: no such claim, or blank")
        return None

    def _note(self, trace: Trace, source: Source, reason: str) -> None:
        if trace.recording:
            trace.step("mapping", self.target, "skipped", f"{self.path} of the {source}: {reason}")

    def names(self) -> Iterator[str]:
        """The claim and those of its proof."""
        yield self.path.name
        if self.proof is not None:
            yield from (path.name for path in self.proof.paths())


class Constant:
    """The operator's own text."""

    __slots__ = ("target", "text")

    def __init__(self, target: str, text: str) -> None:
        self.target = target
        self.text = text

    def evaluate(self, _claims: Claims, trace: Trace, _sources: tuple[Source, ...] = SOURCES, /) -> str | None:
        """The text."""
        if trace.recording:
            trace.step("mapping", self.target, "ok", "the configured value")
        return self.text

    def names(self) -> Iterator[str]:
        """None."""
        return iter(())


class Template:
    """Text with values filled in; absent when any of them is."""

    __slots__ = ("parts", "target")

    def __init__(self, target: str, parts: tuple[str | Value, ...]) -> None:
        self.target = target
        self.parts = parts

    def evaluate(self, claims: Claims, trace: Trace, sources: tuple[Source, ...] = SOURCES, /) -> str | None:
        """The filled-in text. A claim's braces stay braces: what is filled in is never read as a template."""
        texts = []
        for part in self.parts:
            text = part if isinstance(part, str) else part.evaluate(claims, trace, sources)
            if text is None:
                if trace.recording:
                    trace.step("mapping", self.target, "skipped", "the template lacks a value")
                return None
            texts.append(text)
        return "".join(texts)

    def names(self) -> Iterator[str]:
        """The claims of each value in it."""
        for part in self.parts:
            if not isinstance(part, str):
                yield from part.names()


class Join:
    """The values that are there, joined; absent when none is."""

    __slots__ = ("separator", "values")

    def __init__(self, values: tuple[Value, ...], separator: str) -> None:
        self.values = values
        self.separator = separator

    def evaluate(self, claims: Claims, trace: Trace, sources: tuple[Source, ...] = SOURCES, /) -> str | None:
        """The joined text."""
        texts = [text for value in self.values if (text := value.evaluate(claims, trace, sources)) is not None]
        return self.separator.join(texts) if texts else None

    def names(self) -> Iterator[str]:
        """The claims of each value."""
        for value in self.values:
            yield from value.names()


class FirstOf:
    """The first value that is there."""

    __slots__ = ("values",)

    def __init__(self, values: tuple[Value, ...]) -> None:
        self.values = values

    def evaluate(self, claims: Claims, trace: Trace, sources: tuple[Source, ...] = SOURCES, /) -> str | None:
        """That value's text."""
        for value in self.values:
            text = value.evaluate(claims, trace, sources)
            if text is not None:
                return text
        return None

    def names(self) -> Iterator[str]:
        """The claims of each value."""
        for value in self.values:
            yield from value.names()


class When:
    """A value that is absent unless a condition says yes."""

    __slots__ = ("condition", "target", "value")

    def __init__(self, target: str, value: Value, condition: Condition) -> None:
        self.target = target
        self.value = value
        self.condition = condition

    def evaluate(self, claims: Claims, trace: Trace, sources: tuple[Source, ...] = SOURCES, /) -> str | None:
        """The value. The condition may be read from any source: it grants nothing that the value itself must prove."""
        verdict = self.condition.evaluate(claims)
        if verdict is True:
            return self.value.evaluate(claims, trace, sources)
        if trace.recording:
            said = "no" if verdict is False else "cannot tell: the claim is of another type"
            trace.step("mapping", self.target, "skipped", f"when {self.condition}: {said}")
        return None

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

    def evaluate(self, claims: Claims, trace: Trace, sources: tuple[Source, ...] = SOURCES, /) -> str | None:
        """The value, or the default."""
        text = self.value.evaluate(claims, trace, sources)
        if text is None:
            if trace.recording:
                trace.step("mapping", self.target, "ok", "the default")
            return self.text
        return text

    def names(self) -> Iterator[str]:
        """The value's claims."""
        return self.value.names()
