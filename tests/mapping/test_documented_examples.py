"""docs/reference/mapping.md: each example gives what the page says, and everything in the language has one."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.authentication import chat_user
from bridge.config.yaml_document import read_yaml
from bridge.contract.response import Responses
from bridge.contract.settings import CallbackSettings
from bridge.errors import BridgeError
from bridge.mapping.condition import OPERATORS
from bridge.mapping.condition_grammar import KINDS
from bridge.mapping.mapping import TARGETS
from bridge.mapping.parse import parse_mapping
from bridge.mapping.require_grammar import parse_require
from bridge.mapping.transform import FORMS as TRANSFORMS
from bridge.mapping.transform import NAMED
from bridge.mapping.value_grammar import BESIDE, FORMS
from bridge.mapping.written import Written
from tests.mapping.language import claims

PAGE = Path(__file__).parents[2] / "docs/reference/mapping.md"
BLOCKS: list[dict[str, Any]] = [
    read_yaml(block).data
    for block in re.findall(r"^```yaml example\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
]

BESIDE_CLAIMS = ("userinfo", "sources")
"""What else an example may say that was said of the visitor."""


def examples() -> Iterator[Any]:
    """Each example with what it stands under."""
    for number, block in enumerate(BLOCKS):
        assert not block.keys() - {"mapping", "require", "sources", "examples"}
        for position, example in enumerate(block["examples"]):
            yield pytest.param(block, example, id=f"{number}.{position}-{'-'.join(block['mapping'])}")


@pytest.mark.parametrize(("block", "example"), list(examples()))
def test_an_example(block: dict[str, Any], example: dict[str, Any]) -> None:
    """The mapping draws no error or warning, and gives just what the page says; ``id`` only where it is named."""
    assert not example.keys() - {"claims", *BESIDE_CLAIMS, "gives", "refused", "message"}
    written = {name: Written(value, ("mapping", name), "provider") for name, value in block["mapping"].items()}
    parsed = parse_mapping(written, identity_method="id", sources=block.get("sources", ()))
    rules = parse_require([Written(block.get("require", []), ("require",), "provider")])
    assert (parsed.errors, parsed.warnings, rules.errors, rules.warnings) == ((), (), (), ())
    beside = {"userinfo": example["userinfo"]} if "userinfo" in example else {}
    beside |= example.get("sources", {})
    given: Any = {}
    try:
        user = chat_user(claims(example["claims"], **beside), parsed.mapping, rules.require)
    except BridgeError as refusal:
        given = {"refused": refusal.code, **({"message": refusal.message} if refusal.message else {})}
    else:
        data = json.loads(Responses(CallbackSettings()).success(user).body)["data"]
        given = {"gives": {field: value for field, value in data.items() if field != "id" or "id" in block["mapping"]}}
    assert given == {key: value for key, value in example.items() if key not in ("claims", *BESIDE_CLAIMS)}


def words(value: Any) -> Iterator[str]:
    """Every key and every text in a mapping."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from words(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from words(inner)
    elif isinstance(value, str):
        yield value


def test_everything_has_an_example() -> None:
    """Each target, form, key beside it, transform, operator and kind of condition."""
    shown = {word for block in BLOCKS for word in words([block["mapping"], block.get("require", [])])}
    beside = [*(key for form in FORMS.values() for key in form.keys), "give", "at_most"]
    keys = {*TARGETS, *FORMS, *BESIDE, *NAMED, *TRANSFORMS, *OPERATORS, *KINDS, *beside} - {"with"}
    keys |= {
        "verified_by",
        "trusted",
        "if_absent",
        "region",
        "international",
        "national",
        "country_code",
        "schemes",
        "upgrade",
        "omit",
        "from",
        "field",
        "message",
    }
    assert sorted(keys - shown) == []
