"""VALUE as operators write it -> compiled, or every problem with its key path.

A form is one entry of ``FORMS``. What stands beside a form and wraps it (``when``, ``default``) is one entry of
``BESIDE``, whose order is the order of effect.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, NamedTuple

from bridge.errors import KeyPath
from bridge.mapping.condition import Condition
from bridge.mapping.condition_grammar import MAX_DEPTH, ConditionReader
from bridge.mapping.findings import abridged
from bridge.mapping.path import Path, describe
from bridge.mapping.value import Claim, Constant, Default, FirstOf, Join, Subject, Template, Value, When

TRUSTED: Final = "trusted"
"""As ``verified_by``: the operator vouches for every value that this provider gives."""

_TEMPLATE = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<name>[^{}]*)\}|(?P<stray>[{}])")

Proof = Literal["", "condition", "trusted"]


@dataclass(frozen=True, slots=True)
class Node:
    """One VALUE as it was read: compiled, and what the rules of safety ask about it. It lives only while loading.

    Attributes:
        value: What is evaluated.
        path: Where it stands.
        form: ``claim``, ``value``, …
        proof: What proves it, as far as its own ``verified_by`` goes.
        constant: The text of ``value``.
        default: The text of ``default``.
        claim: The PATH of ``claim``.
        members: The VALUEs inside.
    """

    value: Value
    path: KeyPath
    form: str
    proof: Proof = ""
    constant: str | None = None
    default: str | None = None
    claim: Path | None = None
    members: tuple["Node", ...] = ()


class ValueReader(ConditionReader):
    """Reads the VALUEs of one target."""

    def value(self, written: Any, path: KeyPath, depth: int = 1, *, own_keys: Collection[str] = ()) -> Node | None:
        """A VALUE; ``own_keys`` are those of its target, which may stand beside it."""
        if depth > MAX_DEPTH:
            self.too_deep(path)
            return None
        if isinstance(written, str):
            return self.claim({"claim": written}, path, depth, short=True)
        if isinstance(written, list):
            items = abridged(written)
            why = "A bare list could mean a walk or several values."
            cure = f"To walk, write {{claim: {items}}}; to take the first that is there, {{first_of: {items}}}."
            self.findings.refuse(path, "a bare list", why, cure)
            return None
        if not isinstance(written, dict):
            self._no_value(written, path)
            return None
        forms = [key for key in written if key in FORMS]
        if len(forms) != 1:
            form_keys = [key for form in FORMS.values() for key in form.keys]
            self.findings.not_one(path, written, FORMS, (*form_keys, *BESIDE, "verified_by", *own_keys))
            return None
        form = FORMS[forms[0]]
        known = (forms[0], *form.keys, *BESIDE, "verified_by", *own_keys)
        for key in written:
            if key not in known:
                owner = next((name for name, other in FORMS.items() if key in other.keys), None)
                self.findings.unknown_key(path, key, known, f"{key} belongs to {owner}." if owner else "")
        node = form.read(self, written, path, depth)
        if "verified_by" in written and "default" in written:
            why = "Every visitor without a proven value would be given the same one."
            self.findings.refuse((*path, "default"), "default beside verified_by", why, "Remove one of them.")
        if "verified_by" in written and forms[0] != "claim":
            node = self._vouched(written["verified_by"], node, forms[0], (*path, "verified_by"))
        for key, wrap in BESIDE.items():
            if key in written:
                node = wrap(self, node, written[key], (*path, key), depth)
        return node

    def _no_value(self, written: Any, path: KeyPath) -> None:
        if isinstance(written, bool | int | float):
            found, cure = describe(written), 'Write a claim\'s name in quotes, or a constant as {value: "…"}.'
        else:
            found, cure = describe(written), "Write a claim's name, or omit to switch the target off."
        self.findings.refuse(path, f"{found}, a claim's name or a form was expected", "", cure)

    def _members(self, written: Any, path: KeyPath, depth: int) -> tuple[Node, ...] | None:
        members = [
            self.value(member, (*path, position), depth + 1)
            for position, member in enumerate(self.findings.items(path, written, "values"))
        ]
        complete = tuple(member for member in members if member is not None)
        return complete if members and len(complete) == len(members) else None

    def claim(self, written: dict[str, Any], path: KeyPath, depth: int, *, short: bool = False) -> Node | None:
        """``{claim: PATH}``, or a name alone when ``short``."""
        claim = self.path(written["claim"], path if short else (*path, "claim"))
        source = self.source(written["from"], claim, (*path, "from")) if "from" in written else None
        proof: Condition | None = None
        proven: Proof = ""
        if "verified_by" in written:
            by = (*path, "verified_by")
            if written["verified_by"] == TRUSTED:
                self.vouch(by, "verified_by: trusted")
                proven = "trusted"
            else:
                proof = self.proof(written["verified_by"], by, depth + 1, of=claim)
                if proof is None:
                    return None
                proven = "condition"
        if claim is None or ("from" in written and source is None):
            return None
        if claim.steps == (self.subject,) and source is None and proof is None:
            return Node(Subject(self.target, claim.name), path, "claim", proof="trusted", claim=claim)
        return Node(Claim(self.target, claim, source=source, proof=proof), path, "claim", proof=proven, claim=claim)

    def constant(self, written: dict[str, Any], path: KeyPath, _depth: int) -> Node | None:
        """``{value: TEXT}``."""
        text = self.findings.text((*path, "value"), written["value"])
        return None if text is None else Node(Constant(self.target, text), path, "value", constant=text)

    def template(self, written: dict[str, Any], path: KeyPath, depth: int) -> Node | None:
        """``{template: TEXT, where: {name: VALUE or a walk}}``."""
        text = self.findings.text((*path, "template"), written["template"])
        where = written.get("where", {})
        bound: dict[str, Node | None] = {}
        if isinstance(where, dict):
            for name, value in where.items():
                if isinstance(name, str):
                    at = (*path, "where", name)
                    # A list is a walk here: a name is bound to one value, so nothing else can be meant.
                    walks = isinstance(value, list)
                    bound[name] = (
                        self.claim({"claim": value}, at, depth, short=True)
                        if walks
                        else self.value(value, at, depth + 1)
                    )
                else:
                    self.findings.unknown_key((*path, "where"), name, ())
        else:
            cure = "Write where: {name: VALUE}."
            self.findings.refuse((*path, "where"), f"{describe(where)}, a map was expected", "", cure)
        if text is None:
            return None
        parts, sound = self._filled(text, bound, (*path, "template"))
        members = tuple(part for part in parts if isinstance(part, Node))
        used = set(map(id, members))
        for name, node in bound.items():
            if node is not None and id(node) not in used:
                self.findings.refuse(
                    (*path, "where", name),
                    "a name that the template does not use",
                    "",
                    f"Write {{{name}}} in it, or remove this.",
                )
        if not sound or None in bound.values():
            return None
        texts = tuple(part.value if isinstance(part, Node) else part for part in parts)
        return Node(Template(self.target, texts), path, "template", members=members)

    def _filled(self, text: str, bound: Mapping[str, Node | None], path: KeyPath) -> tuple[list[str | Node], bool]:
        """A template's parts, and whether it is sound."""
        parts: list[str | Node] = []
        sound, end = True, 0
        for match in _TEMPLATE.finditer(text):
            parts.append(text[end : match.start()])
            end = match.end()
            if match["brace"]:
                parts.append(match["brace"][0])
            elif not match["name"] or match["name"].isspace():
                sound = False
                found = f"a stray {match['stray']}" if match["stray"] else "an empty {}"
                self.findings.refuse(
                    path, found, "Braces hold a claim's name.", "Write {{ and }} for braces in the text."
                )
            elif match["name"] not in bound:
                claim = self.path(match["name"], path)
                if claim is not None:
                    parts.append(Node(Claim(self.target, claim), path, "claim", claim=claim))
            elif (node := bound[match["name"]]) is not None:
                parts.append(node)
        parts.append(text[end:])
        return [part for part in parts if part != ""], sound

    def join(self, written: dict[str, Any], path: KeyPath, depth: int) -> Node | None:
        """``{join: [VALUE…], with: TEXT}``."""
        members = self._members(written["join"], (*path, "join"), depth)
        separator = written.get("with", " ")
        if not isinstance(separator, str):
            self.findings.text((*path, "with"), separator)
            return None
        if members is None:
            return None
        return Node(Join(tuple(member.value for member in members), separator), path, "join", members=members)

    def first_of(self, written: dict[str, Any], path: KeyPath, depth: int) -> Node | None:
        """``{first_of: [VALUE…]}``."""
        members = self._members(written["first_of"], (*path, "first_of"), depth)
        if members is None:
            return None
        return Node(FirstOf(tuple(member.value for member in members)), path, "first_of", members=members)

    def _vouched(self, written: Any, node: Node | None, form: str, path: KeyPath) -> Node | None:
        if written != TRUSTED:
            why = "A condition proves one claim."
            cure = "Write it beside the claim it proves: {claim: …, verified_by: …}" + (
                " in each member of the list." if form in ("first_of", "join") else ", or write verified_by: trusted."
            )
            self.findings.refuse(path, f"a condition beside {form}", why, cure)
            return node
        self.vouch(path, "verified_by: trusted")
        return None if node is None else replace(node, proof="trusted")

    def when(self, node: Node | None, written: Any, path: KeyPath, depth: int) -> Node | None:
        """``when: CONDITION`` beside a form."""
        condition = self.condition(written, path, depth + 1)
        if node is None or condition is None:
            return None
        return replace(node, value=When(self.target, node.value, condition))

    def default(self, node: Node | None, written: Any, path: KeyPath, _depth: int) -> Node | None:
        """``default: TEXT`` beside a form."""
        text = self.findings.text(path, written)
        if node is None or text is None:
            return None
        return replace(node, value=Default(self.target, node.value, text), default=text)


class Form(NamedTuple):
    """One form of VALUE: how it is read, and the keys that belong to it alone."""

    read: Callable[[ValueReader, dict[str, Any], KeyPath, int], Node | None]
    keys: tuple[str, ...] = ()


FORMS: Final[Mapping[str, Form]] = {
    "claim": Form(ValueReader.claim, ("from",)),
    "value": Form(ValueReader.constant),
    "template": Form(ValueReader.template, ("where",)),
    "join": Form(ValueReader.join, ("with",)),
    "first_of": Form(ValueReader.first_of),
}

BESIDE: Final[Mapping[str, Callable[[ValueReader, Node | None, Any, KeyPath, int], Node | None]]] = {
    "when": ValueReader.when,
    "default": ValueReader.default,
}
