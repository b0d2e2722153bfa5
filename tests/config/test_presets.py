"""Presets are data in the operator's own language, laid under what the operator writes."""

from pathlib import Path
from typing import Any

import pytest

from bridge.config.presets import DEFAULT, laid_over, preset, preset_names, preset_text
from bridge.config.yaml_document import read_yaml
from tests.config.files import SECRET, problems

FOLDER = Path(__file__).parents[2] / "bridge" / "config" / "presets"
KEY = "secret: {env: HS256_SECRET}"
ENVIRONMENT = {"HEADER_TOKEN": SECRET, "HS256_SECRET": "0123456789abcdefghijklmnopqrstuvwxyz"}


def text(name: str | None, more: str = "") -> str:
    """The smallest file of a preset."""
    chosen = "" if name is None else f"preset: {name}, "
    key = f", {KEY}" if name == "signed-jwt" else ""
    return (
        "version: 1\ncallback: {header_token: {env: HEADER_TOKEN}}\n"
        f"providers:\n  p: {{{chosen}issuer: 'https://a.example', audience: chat{key}}}\n{more}"
    )


def test_a_preset_is_a_file() -> None:
    """Nothing registers it; what a provider without one has is among them."""
    assert preset_names() == tuple(sorted(file.stem for file in FOLDER.glob("*.yaml")))
    assert DEFAULT in preset_names()


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_is_a_good_document(name: str) -> None:
    """It is read as an operator's file is."""
    assert read_yaml(preset_text(name)).findings == ()


def test_signed_jwt_needs_a_key() -> None:
    """It has neither discovery nor a key set to fall back to."""
    (problem,) = problems(text("signed-jwt").replace(f", {KEY}", ""), environment=ENVIRONMENT)
    assert problem.problem.path == ("providers", "p", "public_key")


@pytest.mark.parametrize(
    ("below", "above", "result"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}, {"a": {"b": 1, "c": 3}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"b": 1}}, {"a": None}, {"a": None}),
        ({"a": 1}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {}, {"a": {"b": 1}}),
    ],
)
def test_maps_merge_and_all_else_is_replaced(below: Any, above: Any, result: Any) -> None:
    """CONFIG.md, "What laying over means"."""
    assert laid_over(below, above) == result


def test_laying_over_changes_no_preset() -> None:
    """They are read once for the whole process."""
    before = repr(preset("keycloak"))
    bad = text("keycloak").replace(
        "audience: chat", "audience: chat, jwks: {refresh: 5, cooldown: x}, token_types: [5]"
    )
    assert len(problems(bad, environment=ENVIRONMENT)) == 3
    assert repr(preset("keycloak")) == before
