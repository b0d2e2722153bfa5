"""JSON Schema of the configuration file, so that an editor completes and explains every key: ``idp-bridge schema``.

Made from the settings' own types, their docstrings and the presets, as draft 7, which every YAML editor speaks.
References to the outside stand exactly where the loader takes them, because the same slots say where.
"""

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from bridge.config.config_file import NAME, ConfigFile
from bridge.config.defaults import plain_type, unit_of, written_default
from bridge.config.entries import CallbackEntry, ProviderEntry
from bridge.config.presets import preset_names
from bridge.config.references import ENVIRONMENT_NAME
from bridge.config.slots import Slot, slot_of
from bridge.contract.response import MESSAGES
from bridge.contract.settings import FIXED_TEXTS
from bridge.mapping.schema import Schema, closed, definitions, described, ref
from bridge.oidc.endpoint_settings import BEARER, TokenCheckSettings, UserinfoSettings
from bridge.oidc.source_settings import SourceSettings
from bridge.oidc.token_place import TokenPlace
from bridge.units import Settings

_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}

_DEFINED: Mapping[str, type[BaseModel]] = {"callback": CallbackEntry, "provider": ProviderEntry}
"""Models that the file has in several places."""

_REQUIRED: Mapping[type[BaseModel], tuple[str, ...]] = {
    ConfigFile: ("version", "providers"),
    CallbackEntry: ("header_token",),
}

EXAMPLES: Mapping[tuple[type[BaseModel], str], tuple[Any, ...]] = {
    (CallbackEntry, "header_token"): ({"env": "CXGENIE_HEADER_TOKEN"},),
    (CallbackEntry, "providers"): (["keycloak"],),
    (CallbackEntry, "messages"): ({"token_expired": "Please sign in again."},),
    (ConfigFile, "require"): (
        [{"claim": "tenant", "equals": "vn", "message": "This chat is for customers in Vietnam."}],
    ),
    (ConfigFile, "sources"): ({"crm": {"url": "https://crm.shop.example/customers/{id}"}},),
    (SourceSettings, "url"): ("https://crm.shop.example/customers/{id}",),
    (SourceSettings, "bearer"): ({"env": "CRM_TOKEN"},),
    (ConfigFile, "mapping"): ({"label": {"value": "Customer"}},),
    (ProviderEntry, "issuer"): ("https://login.shop.example/realms/shop",),
    (ProviderEntry, "audience"): ("chat",),
    (ProviderEntry, "accept"): (["access_token", "id_token"],),
    (ProviderEntry, "authorized_parties"): (["shop-web"],),
    (ProviderEntry, "required_scopes"): (["chat"],),
    (ProviderEntry, "algorithms"): (["RS256", "ES256"],),
    (ProviderEntry, "id_prefix"): ("shop:",),
    (ProviderEntry, "email_domains"): (["shop.example"],),
    (ProviderEntry, "public_key"): ({"file": "/etc/idp-bridge/shop.pem"},),
    (ProviderEntry, "secret"): ([{"env": "CHAT_JWT_SECRET"}],),
    (ProviderEntry, "token_pattern"): ("[0-9a-f]{40}",),
    (UserinfoSettings, "query"): ({"fields": "id,name,picture"},),
    (UserinfoSettings, "token_in"): ({"header": "access_token"},),
    (UserinfoSettings, "refused_when"): ({"claim": "error", "present": True},),
    (TokenCheckSettings, "token_in"): ({"query": "access_token"},),
    (TokenCheckSettings, "rules"): ([{"claim": "aud", "equals": "shop-web"}],),
}
"""What an editor offers, by model and field."""


def file_schema() -> Schema:
    """The schema of a whole file."""
    one_callback = [{"required": ["callback"]}, {"required": ["callbacks"]}]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Configuration of idp-bridge",
        **_model(ConfigFile),
        "oneOf": one_callback,
        "definitions": {
            **{name: _model(model) for name, model in _DEFINED.items()},
            "reference": _reference(),
            "optional_reference": _reference(optional=described({"type": "boolean"}, "Whether it may be missing.")),
            **definitions(),
        },
    }


def schema_text() -> str:
    """The schema as it is printed and shipped: ``config/bridge.schema.json``."""
    return json.dumps(file_schema(), indent=1, ensure_ascii=False) + "\n"


def explained(model: type[BaseModel]) -> Mapping[str, str]:
    """What each field of a settings model is: by its docstring's ``Attributes`` or its bases', or what a section is."""
    texts: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, Settings) and base.__doc__:
            texts.update(_attributes(inspect.cleandoc(base.__doc__)))
    sections = {name: plain_type(field.annotation)[0] for name, field in model.model_fields.items()}
    for name, section in sections.items():
        if inspect.isclass(section) and issubclass(section, Settings):
            texts.setdefault(name, (section.__doc__ or "").partition("\n")[0])
    return texts


def _attributes(docstring: str) -> Iterator[tuple[str, str]]:
    _, _, section = docstring.partition("\nAttributes:\n")
    for name, text in re.findall(r"^    (\w+): ((?:.|\n {8})+)", section, re.MULTILINE):
        words = " ".join(text.split()).replace("``", "`")
        # The code counts in base units; an operator writes 30s and 64KiB.
        yield name, re.sub(r"^(?:Seconds|Bytes)\b", lambda match: {"S": "Time", "B": "Size"}[match[0][0]], words)


def _model(model: type[BaseModel]) -> Schema:
    texts, slot = explained(model), slot_of(model)
    properties = {}
    for name, field in model.model_fields.items():
        schema = _named(name) or _typed(slot.members[name], field.annotation, tuple(field.metadata))
        default = written_default(model, name)
        shown = {} if default is None else {"default": default}
        text = texts[name] + (" Write the file's path." if slot.members[name].kind == "contents" else "")
        properties[name] = described({**shown, **schema}, text, *EXAMPLES.get((model, name), ()))
    return closed(properties, *_REQUIRED.get(model, ()))


def _named(name: str) -> Schema | None:
    """The schema of a field whose type does not say all."""
    match name:
        case "refused_when":
            return ref("condition")
        case "rules":
            return {"anyOf": [ref("condition"), {"type": "array", "items": ref("condition")}]}
        case "token_in":
            return {"anyOf": [{"const": BEARER}, _model(TokenPlace)]}
        case "version":
            return _or_reference({"const": 1})
        case "mapping":
            return ref("mapping")
        case "require":
            return ref("rules")
        case "preset":
            return _or_reference({"enum": list(preset_names())})
        case "messages":
            fixed = {error.code for error in FIXED_TEXTS}
            texts = {code: text for code, text in MESSAGES.items() if code not in fixed}
            text = _or_reference({"type": "string", "pattern": "\\S"})
            return closed({code: described(text, f"In place of “{text_}”") for code, text_ in texts.items()})
    return None


def _typed(slot: Slot, annotation: Any, metadata: tuple[Any, ...]) -> Schema:
    annotation, metadata = plain_type(annotation, metadata)
    match slot.kind:
        case "model":
            name = next((name for name, model in _DEFINED.items() if model is annotation), None)
            return ref(name) if name else _model(annotation)
        case "map" if slot.inner is not None and slot.inner.kind == "plain":
            return {"type": "object", "additionalProperties": _typed(slot.inner, get_args(annotation)[1], ())}
        case "map" if slot.inner is not None:
            inner = _typed(slot.inner, get_args(annotation)[1], ())
            return {"type": "object", "additionalProperties": False, "patternProperties": {f"^{NAME}$": inner}}
        case "list" if slot.inner is not None:
            item = get_args(annotation)[0]
            one = _typed(slot.inner, item, ())
            return {"anyOf": [one, {"type": "array", "items": _typed_item(slot.inner, item)}]}
        case "secret":
            return ref("reference")
        case "contents":
            return _or_reference({"type": "string"})
    return _or_reference(_scalar(annotation, metadata))


def _typed_item(slot: Slot, annotation: Any) -> Schema:
    if slot.kind == "secret":
        return ref("optional_reference")
    return {"anyOf": [_scalar(*plain_type(annotation)), ref("optional_reference")]}


def _scalar(annotation: Any, metadata: tuple[Any, ...]) -> Schema:
    unit = unit_of(metadata)
    bounds = {word: getattr(each, name) for each in metadata for name, word in _BOUNDS.items() if hasattr(each, name)}
    if unit is not None:
        pattern = unit.positive_pattern if "exclusiveMinimum" in bounds else unit.pattern
        return {"type": "string", "pattern": f"^{pattern}$"}
    if get_origin(annotation) is Literal:
        return {"enum": list(get_args(annotation))}
    return {"type": {str: "string", int: "integer", bool: "boolean"}[annotation], **bounds}


def _or_reference(schema: Schema) -> Schema:
    return {"anyOf": [schema, ref("reference")]}


def _reference(**more: Schema) -> Schema:
    env = described({"type": "string", "pattern": f"^{ENVIRONMENT_NAME}$"}, "The name of an environment variable.")
    file = described({"type": "string", "minLength": 1}, "The path of a file, relative to this one.")
    return {
        "description": "A value from outside: of an environment variable, or of a file.",
        "anyOf": [closed({"env": env, **more}, "env"), closed({"file": file, **more}, "file")],
    }
