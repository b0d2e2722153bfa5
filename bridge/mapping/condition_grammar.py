"""PATH and CONDITION as operators write them -> compiled, or every problem with its key path."""

import re
from collections.abc import Collection
from typing import Any, Final

from bridge.claims import Source
from bridge.errors import KeyPath
from bridge.mapping.condition import OPERATORS, All, AnyOf, ClaimTest, Computed, Condition, Judge, Not, is_true
from bridge.mapping.expression import Expression, compile_expression
from bridge.mapping.findings import Findings, abridged, misspelt, nearest, shown
from bridge.mapping.node import TRUSTED
from bridge.mapping.operand import OperandUnfit
from bridge.mapping.path import EVERY, NEVER_OF_FACTS, NEVER_OF_USERINFO, SOURCES, Path, Step, describe

MAX_DEPTH: Final = 8
"""Levels of VALUE and CONDITION inside one target (CONFIG.md, "The mapping language")."""

MAX_STEPS: Final = 32
"""Steps of a PATH: claims are never nested deeper (``strict_json``)."""

MAX_INDEX: Final = 1_000_000
"""No list of claims is that long."""

EDITABLE: Final = frozenset({"user_metadata", "unsafe_metadata"})
"""Claims that visitors edit themselves: Supabase's, Clerk's."""

KINDS: Final = ("claim", "all", "any", "not", "cel")
"""The forms of a CONDITION that is no PATH alone."""

STANDARD: Final = frozenset(
    (
        *("sub", "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile"),
        *("picture", "website", "email", "email_verified", "gender", "birthdate", "zoneinfo", "locale"),
        *("phone_number", "phone_number_verified", "address", "updated_at"),
        *("groups", "roles", "realm_access", "resource_access"),
    )
)
"""Claims that most providers have (OpenID Connect Core section 5.1), for what an operator may have meant."""

# "https://…", and "urn:…" or "cognito:groups": a name with dots that nobody means as a walk.
_DOTS_ARE_MEANT = re.compile(r"[A-Za-z][A-Za-z0-9+-]*:")


class ConditionReader:
    """Reads what belongs to one target.

    Args:
        target: Its name, for the trace.
        findings: Takes what is wrong.
        subject: The claim that is the provider's subject, where it counts as proven: in ``id``.
        may_vouch: Whether ``trusted`` and ``if_absent: accept`` may be written here.
        own: Whether the operator wrote this himself; what a preset does is no news to him.
        known_claims: Further claims that this provider has.
        sources: The names of the operator's ``sources:``.
        decides: Whether what is read here decides who is let in or who somebody is: then no source is.

    Attributes:
        asked: The sources that are read here.
    """

    def __init__(
        self,
        target: str,
        findings: Findings,
        *,
        subject: str | None = None,
        may_vouch: bool = True,
        own: bool = True,
        known_claims: Collection[str] = (),
        sources: Collection[str] = (),
        decides: bool = False,
    ) -> None:
        self.target = target
        self.findings = findings
        self.subject = subject
        self.may_vouch = may_vouch
        self.own = own
        self.known_claims = STANDARD.union(known_claims)
        self.sources = sources
        self.decides = decides
        self.asked: set[str] = set()

    def path(self, written: Any, path: KeyPath) -> Path | None:
        """A PATH: a claim's literal name, or a list that walks."""
        steps = written if isinstance(written, list) else [written]
        if not steps or len(steps) > MAX_STEPS:
            cure = 'Write the claim\'s name, then names, numbers or "*".'
            self.findings.refuse(path, f"a path of {len(steps)} steps", f"It has 1 to {MAX_STEPS}.", cure)
            return None
        name = self.findings.text((*path, 0) if steps is written else path, steps[0])
        rest = [self._step(step, (*path, position)) for position, step in enumerate(steps[1:], 1)]
        if steps is written and name == "*":
            why = "Claims are an object: the first step is a claim's name."
            self.findings.refuse((*path, 0), 'a path that begins with "*"', why, "Write the claim's name before it.")
            return None
        if name is None or None in rest:
            return None
        if steps is not written:
            self._doubt_dots(name, path)
        if self.own:
            self._doubt_name(name, path)
        return Path(name, *(step for step in rest if step is not None))

    def _step(self, step: Any, path: KeyPath) -> Step | None:
        if isinstance(step, int) and not isinstance(step, bool):
            if 0 <= step < MAX_INDEX:
                return step
            self.findings.refuse(
                path, "no position in a list", "Elements are counted from 0.", "Write a whole number from 0."
            )
            return None
        if isinstance(step, str) and step:
            return EVERY if step == "*" else step
        found = "an empty name" if step == "" else describe(step)
        cure = "Write a name (in quotes where it looks like a number and is none)."
        self.findings.refuse(path, f'{found}, a name, a whole number or "*" was expected', "", cure)
        return None

    def _doubt_name(self, name: str, path: KeyPath) -> None:
        if name in EDITABLE and self.target not in ("name", "avatar"):
            why = "Visitors can edit it themselves: it shows what they claim to be, and proves nothing."
            self.findings.warn(path, f"{name} is the visitor's own", why, "Use a claim that only your server can set.")
        meant = misspelt(name, self.known_claims)
        if meant:
            why = "A claim that is not there is absent, and nothing else says so."
            self.findings.warn(path, f"a claim named {shown(name)}", why, f"Did you mean {meant}?")

    def _doubt_dots(self, name: str, path: KeyPath) -> None:
        if "." in name and not _DOTS_ARE_MEANT.match(name):
            walk = ", ".join(filter(None, name.split(".")))
            why = "A text is one literal claim name: nothing is ever split at dots."
            cure = f"To walk, write claim: [{walk}]. If the claim's name has dots, write claim: [{shown(name)}]."
            self.findings.warn(path, f"a claim name with dots, {shown(name)}", why, cure)

    def condition(
        self, written: Any, path: KeyPath, depth: int = 1, *, proof: bool = False, beside: Collection[str] = ()
    ) -> Condition | None:
        """A CONDITION; with ``proof`` that of a ``verified_by``; ``beside`` are keys that are not its own."""
        if depth > MAX_DEPTH:
            self.too_deep(path)
            return None
        if isinstance(written, str):
            claim = self.path(written, path)
            return None if claim is None else ClaimTest(claim, is_true)
        if not isinstance(written, dict):
            self._no_condition(written, path, proof=proof)
            return None
        kinds = [key for key in KINDS if key in written]
        if len(kinds) != 1:
            self.findings.not_one(path, written, KINDS, (*OPERATORS, "from", "if_absent", *beside))
            return None
        (kind,) = kinds
        if kind == "claim":
            return self._claim_test(written, path, proof=proof, beside=beside)
        for key in written:
            if key != kind and key not in beside:
                self.findings.unknown_key(path, key, (kind, *beside), f"It cannot stand beside {kind}.")
        if proof and kind != "all":
            why = "A proof is a plain yes from the provider, not the absence of a no, nor one of several."
            cure = "Write the claim that proves it, or all: of several."
            self.findings.refuse((*path, kind), f"{kind} in verified_by", why, cure)
            return None
        if kind == "cel":
            expression = self.expression(written[kind], (*path, kind))
            return None if expression is None else Computed(expression)
        if kind == "not":
            denied = self.condition(written[kind], (*path, kind), depth + 1)
            return None if denied is None else Not(denied)
        members = self.findings.items((*path, kind), written[kind], "conditions")
        conditions = [
            self.condition(member, (*path, kind, position), depth + 1, proof=proof)
            for position, member in enumerate(members)
        ]
        complete = tuple(condition for condition in conditions if condition is not None)
        if not conditions or len(complete) < len(conditions):
            return None
        return All(complete) if kind == "all" else AnyOf(complete)

    def _no_condition(self, written: Any, path: KeyPath, *, proof: bool) -> None:
        if isinstance(written, list):
            items = abridged(written)
            why = "A bare list could mean a walk or several conditions."
            several = f"for all of them, {{all: {items}}}" + ("" if proof else f"; for one, {{any: {items}}}")
            self.findings.refuse(path, "a bare list", why, f"To walk, write {{claim: {items}}}; {several}.")
            return
        other = "trusted if this provider proves every value" if proof else "{claim: …}"
        cure = f"Write a claim's name, or {other}."
        self.findings.refuse(path, f"{describe(written)}, a condition was expected", "", cure)

    def proof(self, written: Any, path: KeyPath, depth: int, *, of: Path | None) -> Condition | None:
        """The CONDITION of a ``verified_by``, which proves the claim at ``of``."""
        if (
            isinstance(written, str)
            and self.own
            and (misspelt(written.lower(), (TRUSTED,)) or written.lower() == TRUSTED)
        ):
            why = "It is read as the name of a claim, which proves nothing while it is absent."
            self.findings.warn(path, f"a claim named {shown(written)}", why, f"Did you mean {TRUSTED}?")
        condition = self.condition(written, path, depth, proof=True)
        if condition is not None and of is not None and all(read.steps == of.steps for read in condition.paths()):
            why = "Whatever a visitor types in there would prove itself."
            cure = "Name the claim by which the provider vouches for it, or write verified_by: trusted."
            self.findings.refuse(path, "a claim that proves itself", why, cure)
        return condition

    def expression(self, written: Any, path: KeyPath) -> Expression | None:
        """A CEL expression."""
        try:
            expression = compile_expression(written)
        except OperandUnfit as unfit:
            self.findings.refuse(path, unfit.found, unfit.why, unfit.cure)
            return None
        for name in expression.names if self.own else ():
            self._doubt_name(name, path)
        return expression

    def _claim_test(
        self, written: dict[str, Any], path: KeyPath, *, proof: bool, beside: Collection[str]
    ) -> Condition | None:
        operators = [key for key in written if key in OPERATORS]
        known = ("claim", "from", "if_absent", *OPERATORS, *beside)
        for key in written:
            if key not in known:
                self.findings.unknown_key(path, key, known)
        if len(operators) > 1:
            cure = "Write {all: […]} with one condition for each."
            self.findings.refuse((*path, operators[1]), f"two operators, {operators[0]} and {operators[1]}", "", cure)
        claim = self.path(written["claim"], (*path, "claim"))
        operator = operators[0] if operators else ""
        judge = self.judge(operator, written[operator], (*path, operator)) if operator else is_true
        source = None
        if "from" in written and proof:
            why = "A proof is read from its claim's own source: a flag of one never proves a claim of another."
            cure = "Remove it, or write it beside the claim that is proven."
            self.findings.refuse((*path, "from"), "from in verified_by", why, cure)
        elif "from" in written:
            source = self.source(written["from"], claim, (*path, "from"))
        absent = operator == "present" and written[operator] is False
        if absent and proof:
            cure = "Name the claim by which the provider vouches, or write verified_by: trusted."
            found = "present: false in verified_by"
            self.findings.refuse((*path, operator), found, "An absent flag is no proof.", cure)
        if "if_absent" in written:
            self._if_absent(written["if_absent"], (*path, "if_absent"), proof=proof)
            absent = True
        if claim is None or judge is None:
            return None
        return ClaimTest(claim, judge, operator=operator, source=() if source is None else (source,), absent=absent)

    def judge(self, operator: str, operand: Any, path: KeyPath) -> Judge | None:
        """One of ``OPERATORS`` with what stands behind it."""
        try:
            return OPERATORS[operator](operand)
        except OperandUnfit as unfit:
            self.findings.refuse((*path, *unfit.inside), unfit.found, unfit.why, unfit.cure)
            return None

    def _if_absent(self, written: Any, path: KeyPath, *, proof: bool) -> None:
        if not proof:
            cure = "Write present: false for a claim that is not there."
            self.findings.refuse(path, "if_absent outside verified_by", "", cure)
        elif written != "accept":
            cure = "Write if_absent: accept, or remove it: then an absent flag is no proof."
            self.findings.refuse(path, "unknown value", "", cure)
        else:
            self.vouch(path, "if_absent: accept")

    def vouch(self, path: KeyPath, found: str) -> None:
        """Refuses the operator's word for all providers at once."""
        if not self.may_vouch:
            why = "There are several providers: what you know of one must not vouch for another."
            cure = "Write this target under the provider that you mean: providers.NAME.mapping."
            self.findings.refuse(path, f"{found} for all providers", why, cure)

    def too_deep(self, path: KeyPath) -> None:
        """Refuses a form so deep that nobody could follow it."""
        cure = "Say it with fewer forms inside each other."
        self.findings.refuse(path, f"nested more than {MAX_DEPTH} deep", "", cure)

    def source(self, written: Any, claim: Path | None, path: KeyPath) -> Source | None:
        """What ``from`` names, for a claim."""
        known = (*SOURCES, *self.sources)
        if not isinstance(written, str) or written not in known:
            found = f"source {shown(written)}" if isinstance(written, str) else f"source, {describe(written)}"
            close = nearest(written, known) if isinstance(written, str) else None
            cure = f"Did you mean {close}?" if close else f"Write one of {', '.join(known)}."
            self.findings.refuse(path, f"unknown {found}", "", cure)
            return None
        facts = written not in SOURCES
        never = NEVER_OF_FACTS if facts else NEVER_OF_USERINFO if written == "userinfo" else ()
        if claim is not None and claim.name in never:
            why = f"{claim.name} is about the token: only the verified token or introspection can say it."
            self.findings.refuse(path, f"{claim.name} from {written}", why, "Remove from.")
        if facts and self.decides:
            why = "A source that fails must never decide who is let in or who somebody is."
            cure = "Read a claim of the provider's here; a source may fill a label, a name, or what is no identity."
            self.findings.refuse(path, f"source {written} in {self.target}", why, cure)
        elif facts:
            self.asked.add(written)
        return written

    def refuse_proof(self, path: KeyPath) -> None:
        """Refuses a condition as ``verified_by`` of what one of ``sources:`` says."""
        why = "What a source says proves nothing: it only fills what decides nothing."
        self.findings.refuse(path, "verified_by beside a source", why, "Remove it, or ask the source by when:.")
