"""JSON Schema of the mapping language, for editors: what may stand where, and what each key means.

Made from the tables that also read the language (``FORMS``, ``BESIDE``, ``OPERATORS``, ``TARGETS``), so that a form or
an operator without a description fails at import. What a schema cannot say (that an identity must be proven, that a
regular expression is one) stays with the loader.
"""

from collections.abc import Mapping
from typing import Any, Final

from bridge.mapping.condition import OPERATORS
from bridge.mapping.mapping import TARGETS
from bridge.mapping.node import TRUSTED
from bridge.mapping.path import SOURCES
from bridge.mapping.require import FIELDS
from bridge.mapping.require_grammar import NUMERIC
from bridge.mapping.target import SCHEMES
from bridge.mapping.transform import FORMS as STEPS
from bridge.mapping.transform import NAMED
from bridge.mapping.value_grammar import BESIDE, FORMS

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string", "pattern": "\\S"}
_FLAG: Final[Schema] = {"type": "boolean"}
_SOURCE_NAME: Final[Schema] = {"type": "string", "pattern": "^[a-z0-9-]{1,32}$"}
_REGION: Final[Schema] = {"type": "string", "pattern": "^[A-Z]{2}$"}


def ref(name: str) -> Schema:
    """A reference to a definition of the same schema."""
    return {"$ref": f"#/definitions/{name}"}


def described(schema: Schema, description: str, *examples: Any) -> Schema:
    """A schema with what an editor shows beside it."""
    return {"description": description, **({"examples": list(examples)} if examples else {}), **schema}


def closed(properties: Mapping[str, Schema], *required: str, **more: Any) -> Schema:
    """An object with these keys and no others."""
    needed = {"required": list(required)} if required else {}
    return {"type": "object", "properties": dict(properties), **needed, "additionalProperties": False, **more}


def list_of(items: Schema) -> Schema:
    """A list of one or more."""
    return {"type": "array", "items": items, "minItems": 1}


_OPERANDS: Final[Mapping[str, Schema]] = {
    "equals": described({"type": ["string", "boolean"], "pattern": "\\S"}, "The claim is this text."),
    "in": described(list_of({"type": ["string", "boolean"], "pattern": "\\S"}), "The claim is one of these texts."),
    "contains": described(_TEXT, "The list has this element, or the text this whole word (`scope`)."),
    "contains_any": described(list_of(_TEXT), "The list has one of these elements, or the text one of these words."),
    "matches": described(_TEXT, "This regular expression (RE2) matches the whole text."),
    "starts_with": described(_TEXT, "The text begins so."),
    "ends_with": described(_TEXT, "The text ends so."),
    "present": described(_FLAG, "The claim is there, or with `false` is not."),
    "at_least": described({"type": "number"}, "The number is this or more."),
    "at_most": described({"type": "number"}, "The number is this or less."),
}

_FORM_KEYS: Final[Mapping[str, Schema]] = {
    "claim": described(
        ref("path"), "A claim by its literal name, or a list that walks.", "email", ["realm_access", "roles"]
    ),
    "from": described(ref("source"), "Who must have said it; without it the first of the provider's that did."),
    "value": described(_TEXT, "This text, always."),
    "template": described(_TEXT, "This text with claims filled in; absent when one of them is.", "{name} ({org})"),
    "where": described(
        {"type": "object", "additionalProperties": {"anyOf": [ref("value"), ref("walk")]}},
        "What the names in the template stand for; any other name is a claim's.",
    ),
    "join": described(list_of(ref("value")), "The values that are there, joined; absent when none is."),
    "with": described({"type": "string"}, "What stands between the joined values. Default: a blank."),
    "first_of": described(list_of(ref("value")), "The first value that is there."),
    "lookup": described(ref("value"), "A value that is looked up in the table; for a list, the first row in it."),
    "table": described(
        {"type": "object", "additionalProperties": _TEXT, "minProperties": 1}, "Values and their texts."
    ),
    "cel": described(_TEXT, "A CEL expression (needs the extra `cel`).", "claims.plan == 'gold' ? 'Gold' : 'Basic'"),
}

_BESIDE_KEYS: Final[Mapping[str, Schema]] = {
    "when": described(ref("condition"), "Absent unless this holds."),
    "transform": described(ref("transforms"), "What is done to the value, in this order."),
    "default": described(_TEXT, "The text where there is no value."),
}

_TARGETS: Final[Mapping[str, str]] = {
    "id": "`data.id`: the provider's subject, behind `id_prefix`; any other claim needs `verified_by`.",
    "name": "The customer's name: one line, at most 255 characters.",
    "email": "An e-mail address; absent unless it is proven.",
    "phone": "A phone number, sent as `phone_number` and `country_code`.",
    "avatar": "The https address of a picture.",
    "label": "Your own label for the customer, which agents see: one line, at most 255 characters.",
}

_OWN_KEYS: Final[Mapping[str, Mapping[str, Schema]]] = {
    "phone": {
        "region": described(
            {"anyOf": [_REGION, {**ref("form")}]},
            "The country of numbers without a plus sign (ISO 3166), or where to read it.",
            "VN",
        ),
        "international": described(_FLAG, "The claim is an international number without its plus sign."),
    },
    "avatar": {
        "schemes": described(list_of({"enum": list(SCHEMES)}), "Schemes of an address that are taken."),
        "upgrade": described({"const": "https"}, "Make https of http."),
    },
}

_SOURCED: Final = {"from": _FORM_KEYS["from"], **_OPERANDS}

_STEPS: Final[Mapping[str, Schema]] = {
    "pick": described(_TEXT, "What this regular expression (RE2) finds: its first group, or all of it."),
    "give": described({"type": "string"}, "What is made of the groups.", "\\1-\\2"),
    "strip_prefix": described({"type": "string", "minLength": 1}, "Takes this from the beginning, if it is there."),
    "strip_suffix": described({"type": "string", "minLength": 1}, "Takes this from the end, if it is there."),
    "split": described({"type": "string", "minLength": 1}, "Makes a list of a text, parted here.", ","),
    "only": described(list_of(_TEXT), "The elements that are among these."),
    "only_match": described(_TEXT, "The elements in which this regular expression (RE2) is found."),
    "join": described({"type": "string"}, "Makes a text of a list, with this between.", ", "),
    "at_most": described({"type": "integer", "minimum": 1}, "How many elements at most."),
}


def definitions() -> dict[str, Schema]:
    """What ``mapping:`` and ``require:`` are made of; ``mapping`` and ``rules`` are where to enter."""
    return {
        "mapping": closed({name: described(ref(_target(name)), _TARGETS[name]) for name in TARGETS}),
        "rules": {"anyOf": [ref("rule"), {"type": "array", "items": ref("rule")}]},
        "rule": _rule(),
        "value": {"anyOf": [ref("name"), ref("form")]},
        "form": _form({}),
        **{f"{name}_target": _value_of(name) for name in _OWN_KEYS},
        "name": described(_TEXT, "A claim by its literal name; dots in it are part of it."),
        "path": {"anyOf": [ref("name"), ref("walk")]},
        "walk": {
            "description": 'Into nested claims: names, positions in lists from 0, "*" for every element.',
            "type": "array",
            "items": [ref("name")],
            "additionalItems": {"anyOf": [{"type": "string", "minLength": 1}, {"type": "integer", "minimum": 0}]},
            "minItems": 1,
        },
        "source": {"anyOf": [{"enum": list(SOURCES)}, described(_SOURCE_NAME, "One of `sources`, by its name.")]},
        "condition": {"anyOf": [ref("name"), *_condition("condition", _SOURCED)]},
        "proof": _proof(),
        "transforms": {"anyOf": [ref("transform"), list_of(ref("transform"))]},
        "transform": {
            "anyOf": [
                {"enum": list(NAMED)},
                *(closed({key: _STEPS[key] for key in (name, *form.keys)}, name) for name, form in STEPS.items()),
            ]
        },
    }


def _target(name: str) -> str:
    return f"{name}_target" if name in _OWN_KEYS else "value"


def _value_of(name: str) -> Schema:
    forms = [ref("name"), _form(_OWN_KEYS[name])]
    if name == "phone":
        keys = {
            "national": described(ref("value"), "The national number."),
            "country_code": described(ref("value"), "Its calling code, or its country (ISO 3166)."),
            "verified_by": _verified_by("claim"),
        }
        forms.append(closed(keys, "national", "country_code"))
    return {"anyOf": forms}


def _form(own_keys: Mapping[str, Schema]) -> Schema:
    """A VALUE that is an object: exactly one form, with the keys that belong to it."""
    beside = {name: _BESIDE_KEYS[name] for name in BESIDE}
    forms = []
    for name, form in FORMS.items():
        keys = {key: _FORM_KEYS[key] for key in (name, *form.keys)}
        properties = {**keys, "verified_by": _verified_by(name), **beside, **own_keys}
        forms.append(closed(properties, name, **{"not": {"required": ["verified_by", "default"]}}))
    return {"anyOf": forms}


def _verified_by(form: str) -> Schema:
    trusted = {"const": TRUSTED}
    text = "`trusted`: this provider proves every value of it, and you vouch for that"
    if form != "claim":
        return described(trusted, f"{text}.")
    return described(
        {"anyOf": [trusted, ref("proof")]}, f"What proves the claim: a flag of the same source; or {text}."
    )


def _condition(name: str, keys: Mapping[str, Schema], **beside: Schema) -> list[Schema]:
    """The objects that a CONDITION can be, its members being ``name``."""
    several = list_of(ref(name))
    return [
        _test({"claim": _FORM_KEYS["claim"], **keys, **beside}, "claim"),
        closed({"all": described(several, "Each of them holds."), **beside}, "all"),
        closed({"any": described(several, "One of them holds."), **beside}, "any"),
        closed({"not": described(ref(name), "It does not hold."), **beside}, "not"),
        closed({"cel": described(_TEXT, "This CEL expression is true (needs the extra `cel`)."), **beside}, "cel"),
    ]


def _proof() -> Schema:
    operands = {**_OPERANDS, "present": {"const": True}}
    if_absent = described({"const": "accept"}, "Take the claim also where its flag is not there.")
    test = _test({"claim": _FORM_KEYS["claim"], "if_absent": if_absent, **operands}, "claim")
    return {"anyOf": [ref("name"), test, closed({"all": list_of(ref("proof"))}, "all")]}


def _test(keys: Mapping[str, Schema], *required: str) -> Schema:
    """An object with at most one operator."""
    one: list[Schema] = [{"required": [operator]} for operator in OPERATORS]
    return closed(keys, *required, oneOf=[*one, {"not": {"anyOf": one}}])


def _rule() -> Schema:
    message = described(_TEXT, "What a visitor who is not wanted reads, in place of the code's own text.")
    field = described({"enum": list(FIELDS)}, "A field of the finished chat user.")
    textual = {name: operand for name, operand in _OPERANDS.items() if name not in NUMERIC}
    on_field = _test({"field": field, **textual, "message": message}, "field")
    return {"anyOf": [ref("name"), *_condition("condition", _SOURCED, message=message), on_field]}
