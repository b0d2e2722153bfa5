"""Presets are data in the operator's own language, laid under what the operator writes."""

from typing import Any

import pytest

from bridge.chat_user import Phone
from bridge.claims import Claims
from bridge.config.presets import laid_over, preset, preset_names, preset_text
from bridge.config.yaml_document import read_yaml
from tests.config.files import SECRET, problems, read

PROFILE = {"name": "Nguyễn Văn An", "email": "an@shop.example", "picture": "https://shop.example/an.png"}
NUMBER = {"phone_number": "+84901234567"}
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


def chat_user(name: str | None, claims: dict[str, Any], more: str = "") -> Any:
    """What a preset's mapping makes of claims."""
    (callback,) = read(text(name, more), environment=ENVIRONMENT).model.callbacks
    return callback.mappings["p"].apply(Claims("p", "u1", {"token": {"sub": "u1", **claims}}, 0.0))


def test_the_presets_are_these() -> None:
    """A preset is a file; nothing registers it."""
    assert preset_names() == ("auth0", "generic", "keycloak", "okta", "signed-jwt")


@pytest.mark.parametrize("name", preset_names())
def test_an_operator_could_have_written_it(name: str) -> None:
    """What a preset sets, written out under a provider that has none, is taken and means the same."""
    document = read_yaml(preset_text(name))
    assert document.findings == ()
    loaded = read(text(name), environment=ENVIRONMENT)
    assert loaded.warnings == ()
    indented = "".join(f"    {line}\n" for line in preset_text(name).splitlines())
    flow = (
        f"    issuer: https://a.example\n    audience: chat\n{'    ' + KEY + chr(10) if name == 'signed-jwt' else ''}"
    )
    written = text(None).split("  p:")[0] + "  p:\n" + flow + indented
    settings = read(written, environment=ENVIRONMENT).model.providers["p"]
    same = {"preset", "mapping"}
    assert settings.model_dump(exclude=same) == loaded.model.providers["p"].model_dump(exclude=same)


@pytest.mark.parametrize("name", [None, *preset_names()])
def test_a_profile_becomes_a_chat_user(name: str | None) -> None:
    """Each preset reads its provider's own shape; without one the standard's names are read."""
    proof = "phone_verified" if name == "auth0" else "phone_number_verified"
    user = chat_user(name, {**PROFILE, **NUMBER, "email_verified": True, proof: True})
    assert (user.id, user.name, user.email) == ("u1", PROFILE["name"], PROFILE["email"])
    assert (user.avatar, user.label, user.sends_id) == (PROFILE["picture"], None, False)
    assert user.phone == Phone("+84", "0901234567", "901234567")


@pytest.mark.parametrize("name", preset_names())
@pytest.mark.parametrize("flag", [False, None, "false", 1])
def test_an_address_needs_its_proof(name: str, flag: Any) -> None:
    """What the provider does not vouch for is nobody's address."""
    proofs = {"email_verified": flag, "phone_number_verified": flag, "phone_verified": flag}
    user = chat_user(name, {**PROFILE, **NUMBER, **proofs})
    assert (user.email, user.phone, user.id) == (None, None, "u1")


def test_auth0_proves_a_number_by_its_own_name() -> None:
    """IDPS.md: ``phone_verified``, and the standard's name is no proof there."""
    assert chat_user("auth0", {**NUMBER, "phone_number_verified": True}).phone is None


@pytest.mark.parametrize("name", preset_names())
def test_a_missing_name_is_the_next_best(name: str) -> None:
    """IDPS.md section 4: a chain in every preset."""
    assert chat_user(name, {"given_name": "An", "family_name": "Nguyễn", "nickname": "x"}).name == "An Nguyễn"
    other = "nickname" if name == "auth0" else "preferred_username"
    assert chat_user(name, {"name": " ", other: "an.nguyen"}).name == "an.nguyen"


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
