"""The forms of a VALUE (CONFIG.md, "The mapping language"), compiled: each gives what is wanted where it stands.

That is text, but beneath a ``lookup`` or a ``transform``, which take more. ``None`` is an absent value. A form notes in
the trace what it tried and why it gave nothing: claims by name, what they hold apart from the reason.
"""

from collections.abc import Iterator, Mapping
from typing import Final, Protocol

from bridge.claims import Claims, Json, Source
from bridge.mapping.condition import Condition
from bridge.mapping.expression import Expression
from bridge.mapping.path import LEFT_OUT, ONLY, SOURCES, TEXT, Path, Wanted, as_comparable, as_text, describe
from bridge.trace import Trace


class Value(Protocol):
    """Something that gives a value from a visitor's claims."""

    def evaluate(self, claims: Claims, trace: Trace, sources: tuple[Source, ...] = SOURCES, /) -> Json:
        """The value, read from these sources only; ``None`` when it is absent."""

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
            trace.step("mapping", self.target, "skipped" if subject is None else "ok", verdict, subject)
        return subject

    def names(self) -> Iterator[str]:
        """The claim that the provider's settings call the subject."""
        yield self.claim


class Claim:
    """A claim: from the first source where it is usable, which is there, of a wanted type, and proven if it must be."""

    __slots__ = ("path", "proof", "source", "target", "wanted")

    def __init__(
        self,
        target: str,
        path: Path,
        *,
        source: Source | None = None,
        proof: Condition | None = None,
        wanted: Wanted = TEXT,
    ) -> None:
        self.target = target
        self.path = path
        self.source = source
        self.proof = proof
        self.wanted = wanted

    def evaluate(self, claims: Claims, trace: Trace, sources: tuple[Source, ...] = SOURCES, /) -> Json:
        """What it holds. The proof is asked of the same source: a flag of one never proves a claim of another."""
        found = False
        if self.source is not None:
            # What is proven comes from its proof's source alone; one of `sources:` proves nothing, and is just read.
            sources = (self.source,) if self.source in sources or self.source not in SOURCES else ()
        for source in sources:
            value = self.path.read(claims, source)
            if value is None:
                continue
            found = True
            taken = self.wanted.take(value)
            if taken is None:
                if trace.recording:
                    self._skip(trace, source, unfit(value, self.wanted), value)
            elif self.proof is not None and self.proof.evaluate(claims, ONLY[source]) is not True:
                if trace.recording:
                    self._skip(trace, source, f"not proven by {self.proof}", value)
            else:
                if trace.recording:
                    trace.step("mapping", self.target, "ok", f"{self.path} of {_named(source)}", taken)
                return taken
        if trace.recording and not found:
            where = "" if self.source is None else f" of {_named(self.source)}"
            from_provider = self.source is None or self.source in SOURCES
            why = LEFT_OUT if from_provider and self.path.is_left_out(claims) else "no such claim, or blank"
            trace.step("mapping", self.target, "skipped", f"{self.path}{where}: {why}")
        return None

    def _skip(self, trace: Trace, source: Source, reason: str, value: Json) -> None:
        trace.step("mapping", self.target, "skipped", f"{self.path} of {_named(source)}: {reason}", value)

    def names(self) -> Iterator[str]:
        """The claim and those of its proof; none where no source of the provider's is read."""
        if self.source is not None and self.source not in SOURCES:
            return
        yield self.path.name
        if self.proof is not None:
            yield from (path.name for path in self.proof.paths())


def _named(source: Source) -> str:
    return f"the {source}" if source in SOURCES else f"source {source}"


def unfit(value: Json, wanted: Wanted) -> str:
    """Why a value is not usable where it stands, in an operator's words."""
    cure = ": add first or join" if isinstance(value, list) and not wanted.lists else ""
    return f"{describe(value)}, {wanted.words}{cure}"


class Constant:
    """The operator's own text."""

    __slots__ = ("target", "text")

    def __init__(self, target: str, text: str) -> None:
        self.target = target
        self.text = text

    def evaluate(self, _claims: Claims, trace: Trace, _sources: tuple[Source, ...] = SOURCES, /) -> str | None:
        """The text."""
        if trace.recording:
            trace.step("mapping", self.target, "ok", "the configured value", self.text)
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
        filled = "".join(texts)
        if trace.recording:
            trace.step("mapping", self.target, "ok", "the template", filled)
        return filled

    def names(self) -> Iterator[str]:
        """The claims of each value in it."""
        for part in self.parts:
            if not isinstance(part, str):
                yield from part.names()


class Join:
    """The values that are there, joined; absent when none is."""

    __slots__ = ("separator", "target", "values")

    def __init__(self, target: str, values: tuple[Value, ...], separator: str) -> None:
        self.target = target
        self.values = values
        self.separator = separator

    def evaluate(self, claims: Claims, trace: Trace, sources: tuple[Source, ...] = SOURCES, /) -> str | None:
        """The joined text."""
        texts = [text for value in self.values if (text := value.evaluate(claims, trace, sources)) is not None]
        joined = self.separator.join(texts) if texts else None
        if trace.recording:
            reason = f"{len(texts)} of {len(self.values)} values joined"
            trace.step("mapping", self.target, "ok" if texts else "skipped", reason, joined)
        return joined

    def names(self) -> Iterator[str]:
        """The claims of each value."""
        for value in self.values:
            yield from value.names()


class FirstOf:
    """The first value that is there."""

    __slots__ = ("values",)

    def __init__(self, values: tuple[Value, ...]) -> None:
        self.values = values

    def evaluate(self, claims: Claims, trace: Trace, sources: tuple[Source, ...] = SOURCES, /) -> Json:
        """That value."""
        for member in self.values:
            value = member.evaluate(claims, trace, sources)
            if value is not None:
                return value
        return None

    def names(self) -> Iterator[str]:
        """The claims of each value."""
        for value in self.values:
            yield from value.names()


KEY: Final = Wanted(
    lambda value: value if isinstance(value, list) else as_comparable(value),
    "text, a whole number, true or false, or a list was wanted",
)
"""What a ``lookup`` can look for."""


class Lookup:
    """The text that a table has for a value; for a list, that of the first row whose key is in it."""

    __slots__ = ("table", "target", "value")

    def __init__(self, target: str, value: Value, table: Mapping[str, str]) -> None:
        self.target = target
        self.value = value
        self.table = table

    def evaluate(self, claims: Claims, trace: Trace, sources: tuple[Source, ...] = SOURCES, /) -> str | None:
        """The table's text."""
        value = self.value.evaluate(claims, trace, sources)
        if value is None:
            return None
        if isinstance(value, list):
            keys = set(map(as_comparable, value))
            text = next((text for key, text in self.table.items() if key in keys), None)
        else:
            text = self.table.get(as_comparable(value) or "")
        if trace.recording:
            found = "not in the table" if text is None else "found in the table"
            trace.step("mapping", self.target, "skipped" if text is None else "ok", f"lookup: {found}", text)
        return text

    def names(self) -> Iterator[str]:
        """The claims of what is looked for."""
        return self.value.names()


class Computed:
    """What a CEL expression says; absent when that is null, blank, an error, or of a type that is not wanted."""

    __slots__ = ("expression", "paths", "target", "wanted")

    def __init__(self, target: str, expression: Expression, wanted: Wanted = TEXT) -> None:
        self.target = target
        self.expression = expression
        self.paths = tuple(map(Path, expression.names))
        self.wanted = wanted

    def evaluate(self, claims: Claims, trace: Trace, sources: tuple[Source, ...] = SOURCES, /) -> Json:
        """What it says of the claims that it names."""
        said = self.expression.evaluate({path.name: path.find(claims, sources) for path in self.paths})
        value = None if said.value is None else self.wanted.take(said.value)
        if trace.recording:
            if said.cut:
                trace.step("mapping", self.target, "note", "cel: a claim was cut before it was handed in")
            if value is not None:
                trace.step("mapping", self.target, "ok", "cel", value)
            else:
                reason = said.failure or ("null" if said.value is None else unfit(said.value, self.wanted))
                trace.step("mapping", self.target, "skipped", f"cel: {reason}", said.value)
        return value

    def names(self) -> Iterator[str]:
        """The claims that it names."""
        return (path.name for path in self.paths)
