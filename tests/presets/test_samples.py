"""Each preset against tokens of its provider's own shape: trust, ``require`` and mapping, as the service does them."""

from typing import Any

import pytest

from bridge.config.presets import preset_names
from bridge.errors import BridgeError
from tests.issuer.process import Issuer
from tests.issuer.token_endpoints import ENDPOINTS
from tests.presets.samples import NAMES, answered, asked_model, entry_of, model, over, sample, token

CASES = [pytest.param(name, case, id=f"{name}: {case['rule']}") for name in NAMES for case in sample(name)["cases"]]
ASKED = [
    pytest.param(name, case, id=f"{name}: {case['rule']}") for name in NAMES for case in sample(name).get("asked", ())
]
HINTS = [
    pytest.param(name, hint, id=f"{name}: {hint['says']}") for name in NAMES for hint in sample(name).get("hints", ())
]


def test_every_preset_has_a_sample() -> None:
    """A preset without a token of its provider's would be a guess."""
    assert preset_names() == NAMES


@pytest.mark.parametrize(("name", "case"), CASES)
async def test_a_token_becomes_what_cx_genie_is_given(name: str, case: dict[str, Any]) -> None:
    """The whole ``data``, or the refusal's code; proven and unproven, fallbacks and subjects that are nobody."""
    header, claims = case.get("header", sample(name)["header"]), over(sample(name)["claims"], case["claims"])
    made = model(name, case.get("settings", {}), case.get("mapping", {}), header["alg"])
    try:
        outcome: Any = await answered(made, token(header, claims), claims["iat"] + 5)
    except BridgeError as refusal:
        outcome = refusal.code
    assert outcome == case.get("refused", case.get("user"))


@pytest.mark.parametrize(("name", "case"), ASKED)
async def test_a_token_that_the_provider_is_asked_about(name: str, case: dict[str, Any], issuer: Issuer) -> None:
    """Opaque, or a JWT without the profile: the whole ``data`` or the refusal's code, and which endpoints were asked.

    The answers have the provider's own shape; whatever else is asked of an endpoint is refused.
    """
    claims = over(sample(name)["claims"], case.get("claims", {}))
    text = case.get("token") or token(over(sample(name)["header"], {"alg": "RS256", **case.get("header", {})}), claims)
    answers = {endpoint: case[endpoint] for endpoint in ENDPOINTS if case.get(endpoint)}
    issuer.set(tokens={text: answers})
    said = ""
    try:
        outcome: Any = await answered(asked_model(name, case, issuer.url), text, 1793600005)
    except BridgeError as refusal:
        outcome, said = refusal.code, refusal.hint
    assert outcome == case.get("refused", case.get("user"))
    assert case.get("says", "") in said
    assert issuer.requests() == {f"/{endpoint}": 1 for endpoint in case.get("asks", answers)}


@pytest.mark.parametrize("name", [name for name in NAMES if "asked" in sample(name)])
def test_every_way_of_the_guide_is_gone(name: str) -> None:
    """A way by which opaque tokens are taken has one that is taken, and one of another application that is not."""
    ways = sorted({case.get("way", 0) for case in sample(name)["asked"]})
    assert ways
    for way in ways:
        cases = [case for case in sample(name)["asked"] if case.get("way", 0) == way]
        assert any("user" in case for case in cases)
        foreign = any("another application" in case["rule"] and "refused" in case for case in cases)
        assert foreign or entry_of(name, way).get("unbound_tokens") == "accept"


@pytest.mark.parametrize("name", NAMES)
def test_every_proof_has_its_twin(name: str) -> None:
    """A preset that gives an address is shown to withhold the same one unproven."""
    cases = [*sample(name)["cases"], *sample(name).get("asked", ())]
    users = [case["user"] for case in cases if "user" in case]
    for field in ("email", "phone_number"):
        given = [field in user for user in users]
        assert not any(given) or not all(given) or (name, field) == ("firebase", "phone_number")


@pytest.mark.parametrize(("name", "hint"), HINTS)
async def test_a_refused_token_is_recognised(name: str, hint: dict[str, Any]) -> None:
    """IDPS.md section 3: the operator's hint names the product and what to do; it quotes nothing of the token."""
    header = over(sample(name)["header"], hint.get("header", {}))
    claims = over(sample(name)["claims"], hint.get("claims", {}))
    made = model(name, hint.get("settings", {}), {}, sample(name)["header"]["alg"])
    text = hint.get("token") or token(header, claims, forged=hint.get("forged", False))
    with pytest.raises(BridgeError) as refusal:
        await answered(made, text, sample(name)["claims"]["iat"] + 5)
    assert hint["says"] in refusal.value.hint
    assert claims["sub"] not in refusal.value.hint
