"""``mapping:`` as plain data -> ``ClaimMapping``, with every problem's key path: the stage's first entrance at load.

The others are ``require_grammar``, for ``require:``, and ``answer_test``.

What each target adds to the grammar of VALUE is read here, and so is what keeps one visitor from being another: the
field that CX Genie identifies by must be proven (CONFIG.md, "verified_by proves one claim").
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from bridge.errors import KeyPath, Problem
from bridge.mapping.condition import Condition
from bridge.mapping.findings import Findings, nearest, shown
from bridge.mapping.mapping import TARGETS, ClaimMapping
from bridge.mapping.node import TRUSTED, Node
from bridge.mapping.path import describe
from bridge.mapping.phone import PhoneUnfit, is_region, read_phone, region_of
from bridge.mapping.proof import refuse_unproven, warn_unproven
from bridge.mapping.target import (
    SCHEMES,
    NationalPhoneTarget,
    PhoneTarget,
    Rule,
    TextTarget,
    avatar_rule,
    email_address,
    email_rule,
    id_rule,
    one_line,
)
from bridge.mapping.value import Subject, Value
from bridge.mapping.value_grammar import ValueReader
from bridge.mapping.written import Written

IdentityMethodText = Literal["id", "email", "phone_number"]

OMIT: Final = "omit"
"""As a target: switches it off."""

IDENTITY: Final[Mapping[str, str]] = {"id": "id", "email": "email", "phone_number": "phone"}
"""The target behind each identity method."""

_OTHER_NAMES: Final = {
    "phone_number": "phone",
    "country_code": "phone",
    "picture": "avatar",
    "sub": "id",
    "user_id": "id",
    "mail": "email",
    "full_name": "name",
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """The compiled mapping; with errors it is not to be used."""

    mapping: ClaimMapping
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def parse_mapping(
    written: Mapping[str, Written],
    *,
    identity_method: IdentityMethodText,
    subject: str = "sub",
    id_prefix: str = "",
    other_prefixes: Sequence[str] = (),
    several_providers: bool = False,
    provider_path: KeyPath = (),
    email_domains: Collection[str] = (),
    known_claims: Collection[str] = (),
    sources: Collection[str] = (),
) -> Parsed:
    """Compiles one provider's mapping in one callback, or says everything that is wrong with it.

    Args:
        written: The targets after laying the layers over each other; a missing ``id`` is the provider's subject.
        identity_method: As selected in CX Genie.
        subject: The claim that is the provider's subject.
        id_prefix: Stands before each id.
        other_prefixes: Those of the callback's other providers.
        several_providers: Then nothing that is written for all of them may vouch.
        provider_path: Where to report that the provider can never give the identity field.
        email_domains: The only ones, in lower case, of which this provider may give addresses; none is no limit.
        known_claims: Claims that this provider has beside the standard's, for what a misspelt name was meant to be.
        sources: The names of the operator's ``sources:``, for ``from:``.
    """
    reading = _Reading(
        written,
        IDENTITY[identity_method],
        subject,
        several_providers=several_providers,
        known_claims=known_claims,
        sources=sources,
    )
    id_ = id_rule(id_prefix, tuple(other_prefixes))
    operators_id = written.get("id")
    mapping = ClaimMapping(
        identity=reading.identity,
        id=TextTarget("id", Subject("id", subject), id_) if operators_id is None else reading.text_target("id", id_),
        name=reading.text_target("name", one_line),
        email=reading.text_target("email", email_rule(email_domains)),
        phone=reading.phone(),
        avatar=reading.avatar(),
        label=reading.text_target("label", one_line),
        sends_id=operators_id is not None and operators_id.layer != "preset" and operators_id.value != OMIT,
        asks={name: frozenset(asked) for name, asked in reading.asks.items() if asked},
    )
    reading.unknown_targets()
    reading.identity_given(provider_path)
    return Parsed(mapping, tuple(reading.findings.errors), tuple(reading.findings.warnings))


class _Reading:
    """One mapping while it is read."""

    def __init__(
        self,
        written: Mapping[str, Written],
        identity: str,
        subject: str,
        *,
        several_providers: bool,
        known_claims: Collection[str],
        sources: Collection[str],
    ) -> None:
        self.asks: dict[str, set[str]] = {}
        self.findings = Findings()
        self.identity = identity
        self._written = written
        self._subject = subject
        self._several_providers = several_providers
        self._known_claims = known_claims
        self._sources = sources

    def unknown_targets(self) -> None:
        """Refuses names that no field of the chat user has."""
        for name, entry in self._written.items():
            if name not in TARGETS:
                close = _OTHER_NAMES.get(name) or nearest(name, TARGETS)
                cure = f"Did you mean {close}?" if close else f"Known here: {', '.join(TARGETS)}."
                self.findings.refuse(entry.path, f"unknown target {shown(name)}", "", cure)

    def identity_given(self, provider_path: KeyPath) -> None:
        """Refuses a provider that can never give the field that CX Genie identifies by."""
        entry = self._written.get(self.identity)
        omitted = entry is not None and entry.value == OMIT
        if not omitted and (entry is not None or self.identity == "id"):
            return
        self.findings.refuse(
            entry.path if entry is not None and entry.layer != "preset" else provider_path,
            f"{self.identity} is the identity, and this provider gives none",
            "Every login of its visitors would fail.",
            f"Map {self.identity}, select another identity method here and in CX Genie, or remove the provider.",
        )

    def text_target(self, name: str, rule: Rule, own_keys: Sequence[str] = ()) -> TextTarget | None:
        """A target that is one text."""
        entry = self._written.get(name)
        if entry is None or entry.value == OMIT:
            return None
        reader = self._reader(name, entry)
        node = reader.value(entry.value, entry.path, own_keys=own_keys)
        if node is None:
            return None
        self._constants_fit(node, rule, name)
        if name in ("id", self.identity):
            refuse_unproven(self.findings, node, name, subject=self._subject)
        elif name == "email" and entry.layer != "preset" and not reader.asked:
            warn_unproven(self.findings, node, name)
        return TextTarget(name, node.value, rule)

    def avatar(self) -> TextTarget | None:
        """The address of a picture."""
        entry = self._written.get("avatar")
        keys = entry.value if entry is not None and isinstance(entry.value, dict) else {}
        path = () if entry is None else entry.path
        schemes: tuple[str, ...] = ("https",)
        if "schemes" in keys:
            items = self.findings.items((*path, "schemes"), keys["schemes"], "schemes: [https, http]")
            for position, scheme in enumerate(items):
                if scheme not in SCHEMES:
                    why = "Any other could run as a script in the agent's browser, or is no address."
                    self.findings.refuse(
                        (*path, "schemes", position), "unknown scheme", why, f"Write one of {', '.join(SCHEMES)}."
                    )
            schemes = tuple(scheme for scheme in items if isinstance(scheme, str))
        upgrade = "upgrade" in keys
        if upgrade and keys["upgrade"] != "https":
            self.findings.refuse((*path, "upgrade"), "unknown value", "", "Write upgrade: https, or remove it.")
        return self.text_target("avatar", avatar_rule(schemes, upgrade=upgrade), ("schemes", "upgrade"))

    def phone(self) -> PhoneTarget | NationalPhoneTarget | None:
        """A phone number, in one value or as a national number beside its country."""
        entry = self._written.get("phone")
        if entry is None or entry.value == OMIT:
            return None
        written, path, identity = entry.value, entry.path, self.identity == "phone"
        reader = self._reader("phone", entry)
        if isinstance(written, dict) and ("national" in written or "country_code" in written):
            return self._national_phone(reader, written, path, identity=identity, own=entry.layer != "preset")
        keys = written if isinstance(written, dict) else {}
        node = reader.value(written, path, own_keys=("region", "international"))
        region = (
            self._region(reader, keys["region"], (*path, "region"), identity=identity) if "region" in keys else None
        )
        international = keys.get("international", False)
        if not isinstance(international, bool):
            found = f"{describe(international)}, true or false was expected"
            self.findings.refuse((*path, "international"), found, "", "Write international: true, or remove it.")
        elif international and "region" in keys:
            why = "Without a plus sign a number is either one of a region, or begins with its calling code."
            self.findings.refuse((*path, "international"), "international beside region", why, "Keep one of them.")
        if node is None:
            return None
        if isinstance(region, str | None):
            self._constants_fit(node, _phone_rule(region, international=international is True), "phone")
        if identity:
            refuse_unproven(self.findings, node, "phone number")
        elif entry.layer != "preset" and not reader.asked:  # a source is the shop's own
            warn_unproven(self.findings, node, "phone number")
        return PhoneTarget(node.value, region=region, international=international is True, identity=identity)

    def _region(self, reader: ValueReader, written: Any, path: KeyPath, *, identity: bool) -> str | Value | None:
        if isinstance(written, dict):
            node = reader.value(written, path)
            if identity:
                why = "With another region the same digits are somebody else's number."
                self.findings.refuse(
                    path, "a region that visitors differ in", why, "Write one region, such as region: VN."
                )
            return None if node is None else node.value
        region = self.findings.text(path, written)
        if region is None or is_region(region):
            return region
        cure = (
            f"Did you mean {region.upper()}?"
            if is_region(region.upper())
            else "Write two capital letters (ISO 3166), such as VN."
        )
        self.findings.refuse(path, f"unknown region {shown(region)}", "", cure)
        return None

    def _national_phone(
        self, reader: ValueReader, written: dict[str, Any], path: KeyPath, *, identity: bool, own: bool
    ) -> NationalPhoneTarget | None:
        known = ("national", "country_code", "verified_by")
        for key in written:
            if key not in known:
                self.findings.unknown_key(path, key, known)
        for key in known[:2]:
            if key not in written:
                self.findings.refuse((*path, key), "missing", "", "national and country_code stand together.")
        national = reader.value(written["national"], (*path, "national")) if "national" in written else None
        code = (
            self._country_code(reader, written["country_code"], (*path, "country_code"))
            if "country_code" in written
            else None
        )
        vouched = written.get("verified_by") == TRUSTED
        proof = self._national_proof(reader, written, path, national)
        if national is None or code is None:
            return None
        if proof is not None and national.form != "claim":
            why = "A condition proves one claim."
            cure = "Write national: as one claim, or verified_by: trusted."
            self.findings.refuse((*path, "verified_by"), f"a condition beside {national.form}", why, cure)
        if own and not identity and not reader.asked:
            warn_unproven(self.findings, national, "phone number", proven=proof is not None or vouched)
        if identity:
            refuse_unproven(self.findings, national, "phone number", proven=proof is not None, vouched=vouched)
            if not vouched and code.constant is None:
                why = (
                    "With another country the same digits are somebody else's number, and a condition proves one claim."
                )
                cure = 'Write a constant, country_code: {value: "+84"}, or verified_by: trusted on the whole.'
                self.findings.refuse((*path, "country_code"), "a country that visitors differ in", why, cure)
        return NationalPhoneTarget(national.value, code.value, proof=proof, identity=identity)

    @staticmethod
    def _national_proof(
        reader: ValueReader, written: dict[str, Any], path: KeyPath, national: Node | None
    ) -> Condition | None:
        if "verified_by" not in written:
            return None
        own = (*path, "verified_by")
        if written["verified_by"] == TRUSTED:
            reader.vouch(own, "verified_by: trusted")
            return None
        proof = reader.proof(written["verified_by"], own, 2, of=None if national is None else national.claim)
        if reader.asked:
            reader.refuse_proof(own)
        return proof

    def _country_code(self, reader: ValueReader, written: Any, path: KeyPath) -> Node | None:
        if isinstance(written, int) or (isinstance(written, str) and written.removeprefix("+").isdigit()):
            cure = 'Write a constant as country_code: {value: "+84"}.'
            self.findings.refuse(path, "a calling code, a claim's name was expected", "", cure)
            return None
        node = reader.value(written, path)
        if node is not None and node.constant is not None and region_of(node.constant) is None:
            cure = 'Write a calling code in quotes, such as "+84", or two letters (ISO 3166), such as VN.'
            self.findings.refuse((*path, "value"), f"no country has {shown(node.constant)}", "", cure)
        return node

    def _reader(self, name: str, entry: Written) -> ValueReader:
        reader = ValueReader(
            name,
            self.findings,
            subject=self._subject if name == "id" else None,
            may_vouch=not self._several_providers or entry.layer in ("preset", "provider"),
            own=entry.layer != "preset",
            known_claims=self._known_claims,
            sources=self._sources,
            decides=name in ("id", self.identity),
            check=email_address if name == "email" else None,
        )
        self.asks[name] = reader.asked
        return reader

    def _constants_fit(self, node: Node, rule: Rule, name: str) -> None:
        """Refuses a text of the operator's that its own target could never give."""
        members = node.members if node.form == "first_of" and not node.transforms else ()
        for member in members:
            self._constants_fit(member, rule, name)
        texts: list[tuple[KeyPath, str | None]] = [(("value",), node.constant), (("default",), node.default)]
        texts += [(("table", key), text) for key, text in (node.table or {}).items()]
        for keys, text in texts:
            if text is not None and rule(text) is None:
                self.findings.refuse(
                    (*node.path, *keys), f"a text that {name} can never be", "", "Mend it, or remove it."
                )


def _phone_rule(region: str | None, *, international: bool) -> Rule:
    def rule(text: str) -> str | None:
        try:
            return read_phone(text, region=region, international=international).e164
        except PhoneUnfit:
            return None

    return rule
