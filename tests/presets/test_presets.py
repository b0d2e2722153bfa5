"""What is true of every preset, and the pages that describe them."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from bridge.config.load import InvalidConfiguration, load_text
from bridge.config.presets import hints, laid_over, preset, preset_names, preset_text
from bridge.mapping.parse import parse_mapping
from bridge.mapping.written import Written
from bridge.oidc.hints import UntrustedFacts
from tests.issuer import keys
from tests.issuer.token_endpoints import ENDPOINTS
from tests.presets.samples import ROOT, SECRET, entry_of, examples, guide, loaded, sample

NOBODY = {"anonymous", "machine", "impersonated", "pending"}
PUBLIC_HOSTS = (
    "accounts.google.com", "api.line.me", "appleid.apple.com", "access.line.me", "api.workos.com", "graph.zalo.me",
    "oauth2.googleapis.com", "www.googleapis.com",
)  # fmt: skip

OPERATORS_OWN = ("*:*", "extension_*")
"""Names that operators choose: URLs, ``custom:tier``, ``urn:zitadel:iam:org:project:ID:roles``."""


@pytest.mark.parametrize("name", preset_names())
def test_it_says_where_its_facts_come_from(name: str) -> None:
    """The comment at the top says what to set and names the sources."""
    comment = re.match(r"(?:#.*\n)+", preset_text(name))
    assert comment is not None
    assert re.search(r"Sources?:|Claims:", comment[0])


@pytest.mark.parametrize("name", preset_names())
def test_an_operator_could_have_written_it(name: str) -> None:
    """What it sets, written out under a provider that has none, is taken and means the same."""
    # What opaque tokens look like means something only where they are taken.
    way = len(examples(name)[:2]) - 1 if "token_pattern" in preset(name) else 0
    by_name, label = loaded(name, {}, way=way)
    data = {key: value for key, value in preset(name).items() if key not in ("claims", "hints")}
    rules = [{key: value for key, value in rule.items() if key != "name"} for rule in data.pop("require", ())]
    written = {**data, **entry_of(name, way), "preset": None, "require": rules, "mapping": data["mapping"]}
    written_out, _ = loaded(name, {key: laid_over(data.get(key), value) for key, value in written.items()}, way=way)
    layers = {"preset", "require", "mapping"}
    settings = written_out.providers[label].model_dump(exclude=layers)
    assert settings == by_name.providers[label].model_dump(exclude=layers)


@pytest.mark.parametrize("name", preset_names())
def test_it_knows_the_claims_of_its_provider(name: str) -> None:
    """``claims`` has every claim that the sample carries and that the mapping reads, each once: a typo stands out."""
    known = preset(name)["claims"]
    assert len(known) == len(set(known))
    carried = {claim for claim in sample(name)["claims"] if not any(fnmatchcase(claim, each) for each in OPERATORS_OWN)}
    written = {target: Written(value, (target,), "preset") for target, value in preset(name)["mapping"].items()}
    parsed = parse_mapping(written, identity_method="id")
    assert parsed.errors == ()
    assert carried | (parsed.mapping.claims_wanted() - {preset(name).get("subject", "sub")}) <= set(known)


@pytest.mark.parametrize("name", preset_names())
def test_it_names_no_host_but_a_public_one(name: str) -> None:
    """A preset asks nobody but the provider of the operator's own issuer, or one that is the same for all."""
    data = preset(name)
    addresses = [*data.get("issuer", []), *data.get("jwks", {}).values()]
    if isinstance(data.get("issuer"), str):
        addresses = [data["issuer"], *data.get("jwks", {}).values()]
    urls = [data.get(endpoint, {}).get("url", "{issuer}") for endpoint in ENDPOINTS]
    addresses += [url for url in urls if not url.startswith("{issuer}")]
    assert all(address.removeprefix("https://").split("/")[0] in PUBLIC_HOSTS for address in addresses)
    assert "insecure" not in preset_text(name)


@pytest.mark.parametrize("name", preset_names())
def test_its_addresses_are_in_lower_case_and_proven(name: str) -> None:
    """CONFIG.md: presets lower-case e-mail; no address without a proof, and none that visitors write themselves."""
    mapping = preset(name)["mapping"]
    nodes = {target: list(_claims(mapping[target])) for target in ("email", "phone") if target in mapping}
    assert all(nodes.values())
    assert all("lower" in node["transform"] for node in nodes.get("email", ()))
    assert all(node["verified_by"] for of_target in nodes.values() for node in of_target)
    assert "user_metadata" not in repr([mapping.get(target) for target in ("id", "email", "phone")])


def _claims(target: Any) -> Iterator[Any]:
    """Each thing that may fill a target, a bare claim's name too: it has no proof."""
    if isinstance(target, Mapping) and "first_of" in target:
        for member in target["first_of"]:
            yield from _claims(member)
    else:
        yield target


@pytest.mark.parametrize("name", preset_names())
def test_what_it_refuses_has_a_message_and_a_known_name(name: str) -> None:
    """A rule is told to the visitor in words of ours, and lifted by one of four names or by none."""
    for rule in preset(name).get("require", ()):
        assert rule["message"].endswith(".")
        assert rule.get("name") in NOBODY or (name, rule.get("name")) == ("descope", None)


@pytest.mark.parametrize("name", preset_names())
def test_every_hint_is_shown_at_work(name: str) -> None:
    """Each of its hints has a token in the sample that it recognises."""
    cases = [*sample(name).get("hints", ()), *sample(name).get("asked", ())]
    shown = [each["says"] for each in cases if "says" in each]
    assert all(any(words in hint.say for words in shown) for hint in hints(name))
    assert len(shown) >= len(hints(name))


@pytest.mark.parametrize("name", preset_names())
def test_a_good_token_draws_no_hint(name: str) -> None:
    """Whatever a good token is refused for, such as its age, it is taken for no other product's."""
    told = {"header": sample(name)["header"], "claims": sample(name)["claims"]}
    facts = UntrustedFacts("jwt", "eyJ", told["header"], told["claims"])
    assert [hint.say for hint in hints(name) if hint.fits(facts, "token_not_yet_valid")] == []


@pytest.mark.parametrize(
    ("name", "way"), [(name, way) for name in preset_names() for way in range(len(examples(name)))]
)
def test_eight_lines_are_enough(name: str, way: int) -> None:
    """The guide's provider has at most eight lines under ``providers:``, each way, and loads without a warning."""
    example = examples(name)[way]
    inside = example.split("providers:\n")[1]
    lines = [line for line in inside.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    provider = [
        line for number, line in enumerate(lines) if all(before.startswith(" ") for before in lines[: number + 1])
    ]
    assert 2 <= len(provider) <= 8
    text = example.replace("{file: shop.pem}", repr(keys.public_pem("ed25519")).replace("'", '"'))
    environment = dict.fromkeys(re.findall(r"env: (\w+)", text), SECRET)
    assert load_text(text, file=name, environment=environment).warnings == ()


@pytest.mark.parametrize("name", preset_names())
def test_what_it_proves_may_be_an_identity(name: str) -> None:
    """Its addresses are good enough for ``identity_method``; what it cannot prove is refused at load."""
    for target, method in (("email", "email"), ("phone", "phone_number")):
        if target in preset(name)["mapping"] and (name, target) != ("casdoor", "phone"):
            loaded(name, {}, identity_method=method)
        else:
            with pytest.raises(InvalidConfiguration):
                loaded(name, {}, identity_method=method)


@pytest.mark.parametrize("name", preset_names())
def test_the_guide_is_about_the_preset(name: str) -> None:
    """It shows the preset, and is found from the list of presets."""
    if name != "generic":
        assert all(f"preset: {name}\n" in example for example in examples(name))
    assert f"../guides/{guide(name).name}" in (ROOT / "docs/reference/presets.md").read_text("utf-8")


def rows() -> Iterator[str]:
    """The table of docs/reference/presets.md as the presets have it."""
    for name in preset_names():
        data = preset(name)
        mapping = data["mapping"]
        cells = (
            f"[`{name}`](../guides/{guide(name).name})",
            _taken(data),
            f"`{data.get('subject', 'sub')}`",
            _proofs(mapping.get("email")),
            _proofs(mapping.get("phone")),
            "yes" if "avatar" in mapping else "-",
            ", ".join(rule["name"] for rule in data.get("require", ()) if "name" in rule) or "-",
        )
        yield f"| {' | '.join(cells)} |"


def _taken(data: Mapping[str, Any]) -> str:
    kinds = ["access token" if data.get("accept", ["access_token"]) == ["access_token"] else "ID token"]
    if "token_check" in data:
        kinds.append("opaque access token")
    elif "issuer" not in data and "url" in data.get("userinfo", {}):
        kinds = ["opaque access token"]
    return ", ".join(kinds)


def _proofs(target: Any) -> str:
    return "-" if target is None else " or ".join(map(_proof, _claims(target)))


def _proof(node: Mapping[str, Any]) -> str:
    proof = node["verified_by"]
    if proof == "trusted":
        return f"`{node['claim']}` itself"
    return f"`{proof if isinstance(proof, str) else proof['claim']}`"


def test_the_table_of_presets_is_theirs() -> None:
    """docs/reference/presets.md has a row for each preset, as its file says."""
    page = (ROOT / "docs/reference/presets.md").read_text("utf-8")
    assert [line for line in page.splitlines() if line.startswith("| [`")] == list(rows())
