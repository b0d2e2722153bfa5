"""The configuration without secrets, as written or as it takes effect, each line with its origin."""

from typing import Any

import pytest

from bridge.config.show import MASK, as_written, resolved
from bridge.config.yaml_document import read_yaml
from bridge.config.yaml_text import Shown, as_yaml
from tests.config.files import ENVIRONMENT, GOOD, OTHER_SECRET, SECRET, read

PATH = tuple[str, ...]


def shown(text: str, *, in_full: bool = True, **options: Any) -> dict[PATH, Shown]:
    """Each setting by its path."""
    settings = read(text, resolve_secrets=False, **options).settings
    document = read_yaml(text)
    found = resolved(document, "bridge.yaml", settings) if in_full else as_written(document, "bridge.yaml")
    return {each.path: each for each in found}


@pytest.mark.parametrize(
    ("path", "value", "origin"),
    [
        ("version", 1, "bridge.yaml:1"),
        ("callbacks.shop.path", "/", "bridge.yaml:4"),
        ("callbacks.shop.absent", "omit", "default"),
        ("callbacks.shop.anonymous.status", 401, "default"),
        ("callbacks.staff.providers", ["staff"], "bridge.yaml:10"),
        ("callbacks.staff.header_token", [{"env": "STAFF_TOKEN"}], "bridge.yaml:9"),
        ("providers.shop.accept", ["access_token"], "preset keycloak"),
        ("providers.shop.leeway", "30s", "default"),
        ("providers.staff.jwks.refresh", "10m", "bridge.yaml:23"),
        ("providers.staff.jwks.cooldown", "5s", "default"),
        ("providers.staff.mapping.avatar", "picture", "preset generic"),
        ("providers.staff.mapping.label", {"value": "Customer"}, "bridge.yaml:26"),
        ("limits.body", "64KiB", "bridge.yaml:12"),
        ("limits.failed_callers", "10/s", "default"),
    ],
)
def test_every_line_says_where_it_is_from(path: str, value: object, origin: str) -> None:
    """The file and its line, the preset, or the default; quantities as an operator writes them."""
    setting = shown(GOOD)[tuple(path.split("."))]
    assert (setting.value, setting.origin) == (value, origin)


def test_as_written_is_what_the_file_says_and_no_more() -> None:
    """Without presets and defaults; read again it is the same configuration."""
    text = as_yaml(shown(GOOD, in_full=False).values(), origins=False)
    assert "default" not in text
    again, first = read(text), read(GOOD)
    assert again.settings == first.settings


def test_the_later_layer_is_the_one_that_is_shown() -> None:
    """Where a callback lays its own over it, each callback's is shown."""
    text = GOOD.replace("providers: [staff]", "providers: [staff]\n    mapping: {label: {value: Staff}}")
    found = shown(text)
    here = ("providers", "staff")
    assert found[*here, "mapping in callback shop", "label"].value == {"value": "Customer"}
    assert found[*here, "mapping in callback staff", "label"].origin == "bridge.yaml:11"
    assert found["providers", "shop", "mapping", "label"].origin == "bridge.yaml:27"


def test_rules_are_shown_one_by_one() -> None:
    """Those of every layer in the order in which they are asked; what ``allow`` lifts is gone."""
    text = GOOD.replace("mapping:\n", "require:\n  - tier\nmapping:\n", 1).replace(
        "preset: keycloak", "preset: supabase"
    )
    rules = [each for path, each in shown(text).items() if path[:3] == ("providers", "shop", "require")]
    assert rules[0].origin == "preset supabase"
    assert (rules[-1].value, rules[-1].origin) == ("tier", "bridge.yaml:26")
    allowed = text.replace("preset: supabase", "preset: supabase\n    allow: [anonymous]")
    left = [each for path, each in shown(allowed).items() if path[:3] == ("providers", "shop", "require")]
    assert len(left) == len(rules) - 1


@pytest.mark.parametrize("in_full", [True, False])
def test_a_secret_is_never_shown(in_full: bool) -> None:
    """One that is written into the file is a mask; a reference is shown as it is, and leads nowhere here."""
    text = GOOD.replace("{env: HEADER_TOKEN}", SECRET).replace("{env: STAFF_TOKEN}", OTHER_SECRET)
    text = text.replace("    algorithms: [RS256, ES256]\n    jwks: {refresh: 10m}", f"    secret: {SECRET}{SECRET}")
    found = shown(text, in_full=in_full, allow_inline_secrets=True, environment={})
    written = as_yaml(found.values(), origins=True)
    assert SECRET not in written
    assert OTHER_SECRET not in written
    assert found["callbacks", "shop", "header_token"].value == MASK
    assert found["callbacks", "staff", "header_token"].value == [MASK]
    assert found["providers", "staff", "secret"].value == MASK
    assert ENVIRONMENT["HEADER_TOKEN"] not in as_yaml(shown(GOOD).values(), origins=True)
