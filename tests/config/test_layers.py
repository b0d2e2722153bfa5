"""The mapping's layers: preset, common, callback, provider; later wins, each target whole."""

from typing import Any

import pytest

from bridge.claims import Claims
from bridge.config.cases import data_of, verified
from bridge.config.load import Loaded
from bridge.errors import VisitorRefused
from tests.config.files import SECRET, lines, read

CLAIMS = {"sub": "u1", "email": "an@shop.example", "email_verified": True, "tier": "Gold", "plan": "Silver"}


def file(common: str = "", callback: str = "", provider: str = "", *, several: bool = False) -> str:
    """A file with one target map per layer, each empty unless given."""
    text = f"version: 1\ncallback:\n  header_token: {{env: TOKEN}}\n  mapping: {{{callback}}}\nproviders:\n"
    text += f"  p: {{issuer: 'https://a.example', audience: chat, id_prefix: 'p:', mapping: {{{provider}}}}}\n"
    text += "  q: {issuer: 'https://b.example', audience: chat, id_prefix: ''}\n" if several else ""
    return text + f"mapping: {{{common}}}\n"


def chat_user(loaded: Loaded, provider: str = "p", **claims: Any) -> Any:
    """What the default callback makes of the claims of one provider's visitor."""
    mapping = loaded.model.callbacks[0].mappings[provider]
    return mapping.apply(Claims(provider, "u1", {"token": {**CLAIMS, **claims}}, 0.0))


@pytest.mark.parametrize(
    ("common", "callback", "provider", "label"),
    [
        ("", "", "", None),
        ("label: tier", "", "", "Gold"),
        ("label: tier", "label: plan", "", "Silver"),
        ("label: tier", "label: plan", "label: {value: Own}", "Own"),
        ("label: tier", "", "label: omit", None),
        ("label: {claim: nothing, default: Common}", "label: {claim: nothing}", "", None),
    ],
)
def test_the_later_layer_has_the_target(common: str, callback: str, provider: str, label: str | None) -> None:
    """A target is replaced whole: nothing of the earlier one is left."""
    loaded = read(file(common, callback, provider), environment={"TOKEN": SECRET})
    assert chat_user(loaded).label == label


def test_a_target_of_the_preset_is_kept_or_removed() -> None:
    """What no layer names is the preset's; ``omit`` removes it."""
    assert chat_user(read(file(), environment={"TOKEN": SECRET})).email == "an@shop.example"
    assert chat_user(read(file("email: omit"), environment={"TOKEN": SECRET})).email is None


def test_ids_are_prefixed_and_sent_where_the_operator_names_them() -> None:
    """CONTRACT.md: ``data.id`` when the operator's own mapping, not a preset's, names it."""
    user = chat_user(read(file(), environment={"TOKEN": SECRET}))
    assert (user.id, user.sends_id) == ("p:u1", False)
    assert chat_user(read(file("id: sub"), environment={"TOKEN": SECRET})).sends_id is True


def test_an_unprefixed_id_never_looks_like_another_providers() -> None:
    """The mapping is told the other prefixes."""
    loaded = read(file(several=True), environment={"TOKEN": SECRET})
    assert chat_user(loaded, "q", sub="u1").id == "u1"
    mapping = loaded.model.callbacks[0].mappings["q"]
    with pytest.raises(Exception, match="id"):
        mapping.apply(Claims("q", "p:u1", {"token": {"sub": "p:u1"}}, 0.0))


TRUSTED = "email: {claim: email, verified_by: trusted}"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (file(common=TRUSTED), 0),
        (file(common=TRUSTED, several=True), 1),
        (file(callback=TRUSTED, several=True), 1),
        (file(provider=TRUSTED, several=True), 0),
        (file(callback=TRUSTED, several=True).replace("  mapping: {e", "  providers: [p]\n  mapping: {e"), 0),
    ],
)
def test_nobody_vouches_for_another_provider(text: str, count: int) -> None:
    """With several providers ``trusted`` stands under one of them, or in a callback that has only one."""
    assert len(lines(text, environment={"TOKEN": SECRET})) == count


@pytest.mark.parametrize(
    "text",
    [
        file(common="label: {valu: x}"),
        file(callback="label: {valu: x}"),
        file(common="label: {valu: x}", several=True),
        file(common="label: {valu: x}").replace("  mapping: {}\n", "  mapping: {}\n  providers: []\n"),
        "version: 1\nmapping: {label: {valu: x}}\n",
        file(provider="label: {valu: x}", several=True).replace("  mapping: {}\n", "  mapping: {}\n  providers: [q]\n"),
    ],
)
def test_every_layer_is_judged_once(text: str) -> None:
    """Whether no provider uses it, one, or several."""
    assert len([line for line in lines(text, environment={"TOKEN": SECRET}) if "valu" in line]) == 1


RULES = {
    "top": "require: [{claim: a, message: top}]\n",
    "callback": "  require: [{claim: b, message: callback}]\n",
    "provider": "require: [{claim: c, message: provider}, {field: name, present: true, message: name}]",
}


def ruled() -> Loaded:
    """A file with rules in every layer, under a preset that has one of its own."""
    text = file().replace("mapping: {}}", f"preset: keycloak, mapping: {{}}, {RULES['provider']}}}")
    text = text.replace("providers:\n", RULES["callback"] + "providers:\n", 1)
    return read(text + RULES["top"], environment={"TOKEN": SECRET})


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"a": True, "b": True, "c": True, "name": "An"}, None),
        ({"b": True, "c": True, "name": "An"}, "top"),
        ({"a": True, "c": True, "name": "An"}, "callback"),
        ({"a": True, "b": True, "name": "An"}, "provider"),
        ({"a": True, "b": True, "c": True}, "name"),
        ({}, "top"),
    ],
)
def test_rules_of_every_layer_add_up(claims: dict[str, Any], message: str | None) -> None:
    """All must hold: preset, top, callback, provider, in this order, and those on fields last."""
    loaded = ruled()
    callback = loaded.model.callbacks[0]
    verified_claims = verified(loaded.model, "p", {"sub": "u1", **claims})
    if message is None:
        assert data_of(callback, verified_claims)["name"] == "An"
        return
    with pytest.raises(VisitorRefused) as refused:
        data_of(callback, verified_claims)
    assert refused.value.message == message


def test_a_presets_rule_is_lifted_by_its_name() -> None:
    """``allow`` under a provider; the other rules stay."""
    loaded = read(file().replace("mapping: {}}", "preset: supabase, mapping: {}}"), environment={"TOKEN": SECRET})
    allowed = file().replace("mapping: {}}", "preset: supabase, allow: anonymous, mapping: {}}")
    visitor = {"sub": "u1", "is_anonymous": True}
    with pytest.raises(VisitorRefused):
        data_of(loaded.model.callbacks[0], verified(loaded.model, "p", visitor))
    loaded = read(allowed, environment={"TOKEN": SECRET})
    assert data_of(loaded.model.callbacks[0], verified(loaded.model, "p", visitor))["id"] == "p:u1"


@pytest.mark.parametrize(
    ("domains", "email"), [("", "an@shop.example"), ("shop.example", "an@shop.example"), ("other.example", None)]
)
def test_a_provider_proves_addresses_of_its_own_domains_only(domains: str, email: str | None) -> None:
    """Any other address of it counts as absent."""
    text = file().replace("mapping: {}}", f"{domains and f'email_domains: {domains}, '}mapping: {{}}}}")
    assert chat_user(read(text, environment={"TOKEN": SECRET})).email == email


@pytest.mark.parametrize(
    ("preset", "mapping", "doubted"),
    [
        ("keycloak", "label: emial", True),
        ("keycloak", "label: tier", False),
        ("keycloak", "label: {value: x, when: {claim: realm_acces, present: true}}", True),
        ("keycloak", "label: realm_access", False),
    ],
)
def test_a_slip_in_a_claims_name_is_doubted(preset: str, mapping: str, doubted: bool) -> None:
    """M17: ``emial``: did you mean ``email``? A claim of the operator's own draws no warning."""
    text = file(common=mapping).replace("mapping: {}}", f"preset: {preset}, mapping: {{}}}}")
    warnings = read(text, environment={"TOKEN": SECRET}).warnings
    assert len(warnings) == doubted
    assert all(
        str(warning).startswith("bridge.yaml:7:") and "Did you mean" in warning.problem.cure for warning in warnings
    )
