"""The JSON Schema says what the loader says, as far as a schema can."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from pydantic import BaseModel

from bridge.config.config_file import ConfigFile
from bridge.config.entries import CallbackEntry, ProviderEntry
from bridge.config.presets import OWN_LAYERS, laid_over, preset, preset_names
from bridge.config.schema import EXAMPLES, explained, file_schema, schema_text
from bridge.config.yaml_document import read_yaml
from bridge.oidc.endpoint_settings import TokenCheckSettings, UserinfoSettings
from bridge.oidc.source_settings import SourceSettings
from tests.config.files import GOOD, faulty, problems, read

ROOT = Path(__file__).parents[2]
SCHEMA = file_schema()
VALIDATOR = Draft7Validator(SCHEMA)
SMALLEST: dict[str, Any] = {
    "version": 1,
    "callback": {"header_token": {"env": "HEADER_TOKEN"}},
    "providers": {"p": {"issuer": "https://a.example", "audience": "chat"}},
}

SECTIONS: dict[type[BaseModel], str] = {UserinfoSettings: "userinfo", TokenCheckSettings: "token_check"}
"""Sections of a provider, by what they are."""

ASKS_ABOUT_TOKENS = {"providers": {"p": {"userinfo": {}, "token_check": {"url": "https://a.example/tokeninfo"}}}}
"""What some keys need beside them."""


def refusals(data: Any) -> list[str]:
    """What the schema has against a file, each with its place."""
    return [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in VALIDATOR.iter_errors(data)
    ]


def test_the_shipped_schema_is_fresh() -> None:
    """``config/bridge.schema.json`` is what ``idp-bridge schema`` prints."""
    fresh = (ROOT / "config" / "bridge.schema.json").read_text("utf-8") == schema_text()
    assert fresh, "run: idp-bridge schema > config/bridge.schema.json"
    Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "file",
    [
        *(file for file in sorted((ROOT / "config").rglob("*.yaml")) if not file.name.endswith(".tests.yaml")),
        *sorted((ROOT / "docs").rglob("bridge.yaml")),
    ],
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_every_example_is_valid_and_names_the_schema(file: Path) -> None:
    """An editor that opens it finds the schema in its first line, and nothing to complain of."""
    text = file.read_text("utf-8")
    modeline = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert modeline is not None
    assert (file.parent / modeline[1]).resolve() == ROOT / "config" / "bridge.schema.json"
    assert refusals(read_yaml(text).data) == []


def documented() -> Iterator[Any]:
    """Every YAML block of the documentation that is, or belongs into, a configuration file."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for block in re.findall(r"^ *```yaml\n(.*?)^ *```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
            data = read_yaml(block).data
            if isinstance(data, dict):
                yield pytest.param(data, id=page.name)


@pytest.mark.parametrize("data", list(documented()))
def test_everything_documented_is_valid(data: Any) -> None:
    """What a reader copies draws no complaint."""
    assert refusals(data if "version" in data else laid_over(SMALLEST, data)) == []


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_valid(name: str) -> None:
    """What a preset says, an operator may say; a rule's ``name`` and two lists for ourselves are its own."""
    written = {key: value for key, value in preset(name).items() if key not in OWN_LAYERS - {"require", "mapping"}}
    rules = [{key: value for key, value in rule.items() if key != "name"} for rule in written.pop("require", ())]
    entry = {"preset": name, "issuer": "https://a.example", "audience": "chat", **written, "require": rules}
    assert refusals({**SMALLEST, "providers": {"p": entry}}) == []


@pytest.mark.parametrize("text", [GOOD, GOOD.replace("path: /\n", "path: {env: X}\n")])
def test_what_the_loader_takes_is_valid(text: str) -> None:
    """One of everything, and a plain setting from outside."""
    assert refusals(read_yaml(text).data) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1", "version: 2"),
        ("version: 1\n", ""),
        ("callbacks:", "callbaks:"),
        ("  staff:\n    path", "  Staff:\n    path"),
        ("path: /\n", "path: /\n    pth: /x\n"),
        ("path: /\n", "path:\n"),
        ("header_token: {env: HEADER_TOKEN}", "header_token: 'k3J9xQ-nobody-could-guess'"),
        ("header_token: {env: HEADER_TOKEN}", "header_token: {env: A, file: b}"),
        ("header_token: {env: HEADER_TOKEN}", "header_token: {env: HEADER_TOKEN, optional: true}"),
        ("header_token: {env: HEADER_TOKEN}", "header_token: {env: 'not a name'}"),
        ("    header_token: {env: HEADER_TOKEN}\n", ""),
        ("identity_method: id", "identity_method: phone"),
        ("port: 8080", 'port: "8080"'),
        ("port: 8080", "port: 65536"),
        ("port: 8080", "port: true"),
        ("body: 64KiB", "body: 64KB"),
        ("deadline: 4s", "deadline: 0s"),
        ("deadline: 4s", "deadline: 4"),
        ("preset: keycloak", "preset: keyclok"),
        ("audience: chat\n", "audience: 007\n"),
        ("[chat, staff]", "[chat, [staff]]"),
        ("[RS256, ES256]", "[RS265]"),
        ("{refresh: 10m}", "{refersh: 10m}"),
        ("{refresh: 10m}", "10m"),
        ("    jwks: {refresh: 10m}", "    subjects: everybody"),
        ("    jwks: {refresh: 10m}", "    allow: [robots]"),
        ("    jwks: {refresh: 10m}", "    require: [{claim: tier, equals: a, matches: b}]"),
        ("    jwks: {refresh: 10m}", "    require: [{claim: tier, equals: a, mesage: b}]"),
        ("    jwks: {refresh: 10m}", "    require: [{claim: tier, message: 5}]"),
        ("    jwks: {refresh: 10m}", "    require: [{field: shoe_size, present: true}]"),
        ("    jwks: {refresh: 10m}", "    require: [{field: email, at_least: 5}]"),
        ("    jwks: {refresh: 10m}", "    require: [{claim: [a, b], if_absent: accept}]"),
        ("    jwks: {refresh: 10m}", "    require: [[a, b]]"),
        ("{value: Customer}", "{valu: Customer}"),
        ("{value: Customer}", "{value: 5}"),
        ("{value: Customer}", "{value: Customer, claim: tier}"),
        ("{value: Customer}", "[tier, plan]"),
        ("{value: Customer}", "{first_of: tier}"),
        ("{value: Customer}", "{claim: []}"),
        ("{value: Customer}", "{claim: tier, from: No where}"),
        ("{value: Customer}", "{claim: tier, when: {claim: vip, equals: 5}}"),
        ("{value: Customer}", "{claim: tier, when: {any: []}}"),
        ("{value: Customer}", "{claim: tier, when: [a, b]}"),
        ("{value: Customer}", "{claim: tier, verified_by: {not: x}}"),
        ("{value: Customer}", "{claim: tier, verified_by: {claim: x, from: token}}"),
        ("{value: Customer}", "{claim: tier, verified_by: x, default: y}"),
        ("{value: Customer}", "{template: '{a}', verified_by: x}"),
        ("{value: Customer}", "{claim: tier, transform: [shout]}"),
        ("{value: Customer}", "{claim: tier, transform: {split: ',', give: x}}"),
        ("{value: Customer}", "{lookup: tier, table: {gold: 5}}"),
        ("{value: Customer}", "{claim: tier, region: VN}"),
        ("  label: {value: Customer}", "  lable: tier"),
        ("  label: {value: Customer}", "  phone: {claim: phone, region: vn}"),
        ("  label: {value: Customer}", "  phone: {national: phone}"),
        ("  label: {value: Customer}", "  avatar: {claim: picture, upgrade: http}"),
        ("mapping:\n  label: {value: Customer}", "mapping: x"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_by_both(old: str, new: str) -> None:
    """The editor underlines what ``check`` refuses."""
    text = faulty(old, new)
    assert problems(text)
    assert refusals(read_yaml(text).data)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("header_token: {env: HEADER_TOKEN}", "header_token: [{env: HEADER_TOKEN}, {file: /none, optional: true}]"),
        ("port: 8080", "port: {env: PORT}"),
        ("deadline: 4s", "deadline: 500ms"),
        ("audience: chat\n", "audience: [{env: STAFF_TOKEN}]\n"),
        ("    jwks: {refresh: 10m}", "    subjects: shared\n    email_domains: shop.example"),
        ("    jwks: {refresh: 10m}", "    allow: machine"),
        ("    jwks: {refresh: 10m}", "    require: {claim: tier, in: [a, true], message: No.}"),
        ("    jwks: {refresh: 10m}", "    require: [{claim: [a, 0, '*', b], from: token, present: false}]"),
        ("    jwks: {refresh: 10m}", "    require: [tier, {all: [a, {not: b}], message: No.}]"),
        ("    jwks: {refresh: 10m}", "    require: [{field: email, ends_with: '@shop.example', message: No.}]"),
        ("{value: Customer}", "{claim: tier, transform: [trim, {pick: 'a(.)', give: \"\\\\1\"}], default: none}"),
        ("{value: Customer}", "{claim: roles, transform: [{only: [a]}, {join: ', ', at_most: 5}]}"),
        ("{value: Customer}", "{template: '{a} {b}', where: {a: [x, y], b: {value: z}}}"),
        ("{value: Customer}", "{join: [a, {claim: b}], with: ', ', when: {any: [a, {cel: claims.b == 'c'}]}}"),
        ("{value: Customer}", "{lookup: {claim: tier, transform: lower}, table: {gold: Gold}}"),
        ("{value: Customer}", "{first_of: [{claim: tier, verified_by: checked}, plan]}"),
        ("  label: {value: Customer}", "  phone: {claim: phone, region: VN, verified_by: {claim: ok}}"),
        ("  label: {value: Customer}", "  phone: {claim: phone, region: {claim: country}}"),
        ("  label: {value: Customer}", "  phone: {national: phone, country_code: {value: '+84'}}"),
        ("  label: {value: Customer}", "  avatar: {claim: [picture, url], schemes: [https, http], upgrade: https}"),
        ("  label: {value: Customer}", "  avatar: omit"),
    ],
)  # fmt: skip
def test_what_is_right_is_taken_by_both(old: str, new: str) -> None:
    """The twins of the refusals; the editor never underlines what works."""
    text = faulty(old, new)
    assert problems(text) == ()
    assert refusals(read_yaml(text).data) == []


def test_every_key_is_explained() -> None:
    """An editor shows what each key is for, quantities with their units and defaults as they are written."""
    for model in (ConfigFile, CallbackEntry, ProviderEntry):
        assert set(model.model_fields) <= set(explained(model))
    jwks = SCHEMA["definitions"]["provider"]["properties"]["jwks"]["properties"]
    assert jwks["refresh"]["description"] == "Time after which it is fetched anew, in the background."
    assert jwks["refresh"]["default"] == "10m"
    assert SCHEMA["properties"]["limits"]["properties"]["body"]["default"] == "64KiB"
    assert "``" not in schema_text()


@pytest.mark.parametrize(("model", "name"), EXAMPLES)
def test_every_example_of_the_schema_is_taken(model: type[BaseModel], name: str) -> None:
    """What an editor offers is good."""
    for example in EXAMPLES[model, name]:
        entry = "callback" if model is CallbackEntry else "providers"
        more: dict[str, Any] = {name: example}
        if model in SECTIONS:
            more = {SECTIONS[model]: more}
        if model is SourceSettings:
            more = {"sources": {"p": more}}
        elif model is not ConfigFile:
            more = {entry: {"p": more} if entry == "providers" else more}
        asks = name == "token_pattern" or model is TokenCheckSettings
        data = laid_over(laid_over(SMALLEST, ASKS_ABOUT_TOKENS if asks else {}), more)
        if name == "providers":
            data["providers"] = {example[0]: data["providers"]["p"]}
        assert refusals(data) == []
        if "env" not in str(example) and "file" not in str(example) and name != "accept":
            read(json.dumps(data))
