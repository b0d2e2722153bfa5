"""VALUE as operators write it -> compiled, or every problem with its key path.

A form is one entry of ``FORMS``. What stands beside a form and wraps it (``when``, ``transform``, ``default``) is one
entry of ``BESIDE``, whose order is the order of effect.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from bridge.errors import KeyPath
from bridge.mapping.beside import Default, Shaped, When
from bridge.mapping.condition import Condition
from bridge.mapping.condition_grammar import MAX_DEPTH, ConditionReader
from bridge.mapping.findings import Findings, abridged
from bridge.mapping.node import TRUSTED, Node, Place, Proof
from bridge.mapping.path import TEXT, Wanted, as_text, describe
from bridge.mapping.transform import LIST
from bridge.mapping.transform_grammar import TransformReader
from bridge.mapping.value import KEY, Claim, Computed, Constant, FirstOf, Join, Lookup, Subject, Template

_TEMPLATE = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<name>[^{}]*)\}|(?P<stray>[{}])")


class ValueReader(ConditionReader):
    """Reads the VALUEs of one target.

    Args:
        check: What a text must be before any transform; the others are a ``ConditionReader``'s.
    """

    def __init__(
        self,
        target: str,
        findings: Findings,
        *,
        check: Callable[[str], str | None] | None = None,
        **conditions: Any,
    ) -> None:
        super().__init__(target, findings, **conditions)
        self._transforms = TransformReader(findings, check)

    def value(self, written: Any, path: KeyPath, *, own_keys: Collection[str] = ()) -> Node | None:
        """The target's VALUE; ``own_keys`` are those of the target, which may stand beside it."""
        return self._value(written, Place(path, whole=True), own_keys)

    def _value(self, written: Any, place: Place, own_keys: Collection[str] = ()) -> Node | None:
        path = place.path
        if place.depth > MAX_DEPTH:
            self.too_deep(path)
            return None
        if isinstance(written, str):
            return self.claim({"claim": written}, place, short=True)
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
        place, inner = self._transformed(written, place, form)
        node = form.read(self, written, inner)
        if "verified_by" in written and "default" in written:
            why = "Every visitor without a proven value would be given the same one."
            self.findings.refuse((*path, "default"), "default beside verified_by", why, "Remove one of them.")
        if "verified_by" in written and forms[0] != "claim":
            node = self._vouched(written["verified_by"], node, forms[0], (*path, "verified_by"))
        for key, wrap in BESIDE.items():
            if key in written:
                node = wrap(self, node, written[key], place)
        return node

    def _transformed(self, written: dict[str, Any], place: Place, form: "Form") -> tuple[Place, Place]:
        """The place with the ``transform`` that stands there, and the place of the form beneath it."""
        if "transform" not in written:
            return place, place
        transforms = self._transforms.read(
            written["transform"],
            (*place.path, "transform"),
            of="text" if form.gives_text else "any",
            wanted=place.wanted,
            whole=place.whole,
        )
        return replace(place, transforms=transforms), replace(place, wanted=transforms[0].takes if transforms else LIST)

    def _no_value(self, written: Any, path: KeyPath) -> None:
        if isinstance(written, bool | int | float):
            found, cure = describe(written), 'Write a claim\'s name in quotes, or a constant as {value: "…"}.'
        else:
            found, cure = describe(written), "Write a claim's name, or omit to switch the target off."
        self.findings.refuse(path, f"{found}, a claim's name or a form was expected", "", cure)

    def _members(
        self, written: Any, key: str, place: Place, *, wanted: Wanted = TEXT, whole: bool = False
    ) -> tuple[Node, ...] | None:
        members = [
            self._value(member, place.inside(key, position, wanted=wanted, whole=whole))
            for position, member in enumerate(self.findings.items((*place.path, key), written, "values"))
        ]
        complete = tuple(member for member in members if member is not None)
        return complete if members and len(complete) == len(members) else None

    def claim(self, written: dict[str, Any], place: Place, *, short: bool = False) -> Node | None:
        """``{claim: PATH}``, or a name alone when ``short``."""
        path = place.path
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
                proof = self.proof(written["verified_by"], by, place.depth + 1, of=claim)
                if proof is None:
                    return None
                if source in self.sources and not self.decides:
                    self.refuse_proof(by)
                proven = "condition"
        if claim is None or ("from" in written and source is None):
            return None
        if claim.steps == (self.subject,) and source is None and proof is None:
            return Node(Subject(self.target, claim.name), path, "claim", proof=proven or "condition", claim=claim)
        value = Claim(self.target, claim, source=source, proof=proof, wanted=place.wanted)
        return Node(value, path, "claim", proof=proven, claim=claim)

    def constant(self, written: dict[str, Any], place: Place) -> Node | None:
        """``{value: TEXT}``."""
        text = self.findings.text((*place.path, "value"), written["value"])
        if text is None:
            return None
        return Node(Constant(self.target, text), place.path, "value", constant=text, shared=True)

    def template(self, written: dict[str, Any], place: Place) -> Node | None:
        """``{template: TEXT, where: {name: VALUE or a walk}}``."""
        path = place.path
        text = self.findings.text((*path, "template"), written["template"])
        where = written.get("where", {})
        bound: dict[str, Node | None] = {}
        if isinstance(where, dict):
            for name, value in where.items():
                if isinstance(name, str):
                    at = place.inside("where", name)
                    # A list is a walk here: a name is bound to one value, so nothing else can be meant.
                    walks = isinstance(value, list)
                    bound[name] = self.claim({"claim": value}, at, short=True) if walks else self._value(value, at)
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
        return Node(Template(self.target, texts), path, "template", members=members, shared=not members)

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

    def join(self, written: dict[str, Any], place: Place) -> Node | None:
        """``{join: [VALUE…], with: TEXT}``."""
        members = self._members(written["join"], "join", place)
        separator = written.get("with", " ")
        if not isinstance(separator, str):
            self.findings.text((*place.path, "with"), separator)
            return None
        if members is None:
            return None
        value = Join(self.target, tuple(member.value for member in members), separator)
        return Node(value, place.path, "join", members=members)

    def first_of(self, written: dict[str, Any], place: Place) -> Node | None:
        """``{first_of: [VALUE…]}``."""
        members = self._members(written["first_of"], "first_of", place, wanted=place.wanted, whole=place.whole)
        if members is None:
            return None
        always = next((at for at, member in enumerate(written["first_of"]) if _is_always_there(member)), len(members))
        if self.own and always + 1 < len(members):
            why = "The one before it is always there."
            cure = "Give that one a when:, move it to the end, or remove what follows."
            self.findings.warn((*place.path, "first_of", always + 1), "never reached", why, cure)
        return Node(FirstOf(tuple(member.value for member in members)), place.path, "first_of", members=members)

    def lookup(self, written: dict[str, Any], place: Place) -> Node | None:
        """``{lookup: VALUE, table: {key: TEXT…}}``."""
        member = self._value(written["lookup"], place.inside("lookup", wanted=KEY))
        at = (*place.path, "table")
        rows = written.get("table")
        if not isinstance(rows, dict) or not rows:
            found = "missing" if "table" not in written else "an empty map" if rows == {} else describe(rows)
            self.findings.refuse(at, f"{found}, a map was expected", "", "Write table: {gold: Gold member}.")
            return None
        table: dict[str, str] = {}
        for key, row in rows.items():
            # A key that is no text would be read as one at the wrong place: what YAML calls true or 7 must be quoted.
            name = self.findings.text((*at, key) if isinstance(key, str) else at, key)
            text = self.findings.text((*at, key) if isinstance(key, str) else at, row)
            if name is not None and text is not None:
                table[name] = text
        if member is None or len(table) < len(rows):
            return None
        value = Lookup(self.target, member.value, table)
        return Node(value, place.path, "lookup", table=table, members=(member,))

    def cel(self, written: dict[str, Any], place: Place) -> Node | None:
        """``{cel: EXPRESSION}``."""
        expression = self.expression(written["cel"], (*place.path, "cel"))
        if expression is None:
            return None
        value = Computed(self.target, expression, place.wanted)
        return Node(value, place.path, "cel", shared=not expression.names)

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

    def when(self, node: Node | None, written: Any, place: Place) -> Node | None:
        """``when: CONDITION`` beside a form."""
        condition = self.condition(written, (*place.path, "when"), place.depth + 1)
        if node is None or condition is None:
            return None
        return replace(node, value=When(self.target, node.value, condition))

    def transform(self, node: Node | None, _written: Any, place: Place) -> Node | None:
        """``transform: [STEP…]`` beside a form."""
        transforms = place.transforms
        if node is None or not transforms:
            return None
        constant: Any = node.constant
        for transform in transforms if constant is not None else ():
            constant = None if constant is None else transform.apply(constant)
        if node.constant is not None and as_text(constant) is None:
            found = "a transform that leaves nothing of the text"
            self.findings.refuse((*place.path, "transform"), found, "", "Write what should come of it as value:.")
            return None
        return replace(
            node,
            value=Shaped(self.target, node.value, transforms, place.wanted),
            constant=as_text(constant),
            table=None,
            transforms=tuple(transform.name for transform in transforms),
            shared=node.shared or any(transform.constant for transform in transforms),
        )

    def default(self, node: Node | None, written: Any, place: Place) -> Node | None:
        """``default: TEXT`` beside a form."""
        text = self.findings.text((*place.path, "default"), written)
        if node is None or text is None:
            return None
        return replace(node, value=Default(self.target, node.value, text), default=text)


def _is_always_there(written: Any) -> bool:
    """Whether a VALUE, which must be sound, gives something whatever the claims are."""
    if not isinstance(written, dict):
        return False
    if "default" in written:
        return True
    if "when" in written:
        return False
    return "value" in written or any(map(_is_always_there, written.get("first_of", ())))


class Form(NamedTuple):
    """One form of VALUE: how it is read, the keys that belong to it alone, and whether it always gives text."""

    read: Callable[[ValueReader, dict[str, Any], Place], Node | None]
    keys: tuple[str, ...] = ()
    gives_text: bool = True


FORMS: Final[Mapping[str, Form]] = {
    "claim": Form(ValueReader.claim, ("from",), gives_text=False),
    "value": Form(ValueReader.constant),
    "template": Form(ValueReader.template, ("where",)),
    "join": Form(ValueReader.join, ("with",)),
    "first_of": Form(ValueReader.first_of, gives_text=False),
    "lookup": Form(ValueReader.lookup, ("table",)),
    "cel": Form(ValueReader.cel, gives_text=False),
}

BESIDE: Final[Mapping[str, Callable[[ValueReader, Node | None, Any, Place], Node | None]]] = {
    "when": ValueReader.when,
    "transform": ValueReader.transform,
    "default": ValueReader.default,
}
