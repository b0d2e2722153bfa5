"""A mapping as plain data: targets, their own keys, layers, and that nothing makes reading fail."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import IdentityUnusable
from bridge.mapping.mapping import TARGETS
from bridge.mapping.parse import parse_mapping
from bridge.mapping.written import Written
from tests.mapping.json_values import json_objects, plain_data
from tests.mapping.language import claims, errors, parse

CODE = "a calling code, a claim's name was expected"
ITSELF = "a claim that proves itself"


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("emial", "Did you mean email?"),
        ("phone_number", "Did you mean phone?"),
        ("picture", "Did you mean avatar?"),
        ("zzz", "Known here: id, name, email, phone, avatar, label."),
    ],
)
def test_unknown_targets(name: str, cure: str) -> None:
    """A name that no field has is refused with the one that was meant."""
    (problem,) = parse({name: "x"}).errors
    assert (problem.path, problem.cure) == (("mapping", name), cure)


@pytest.mark.parametrize(
    ("target", "value", "found"),
    [
        ("avatar", {"claim": "picture", "schemes": ["https", "http"], "upgrade": "https"}, []),
        ("avatar", {"claim": "picture", "schemes": ["https", "data"]}, [("avatar.schemes.1", "unknown scheme")]),
        ("avatar", {"claim": "picture", "schemes": "http"}, [("avatar.schemes", "text, a list was expected")]),
        ("avatar", {"claim": "picture", "schemes": []}, [("avatar.schemes", "an empty list")]),
        ("avatar", {"claim": "picture", "schemes": [{}]}, [("avatar.schemes.0", "unknown scheme")]),
        ("avatar", {"claim": "picture", "upgrade": True}, [("avatar.upgrade", "unknown value")]),
        ("avatar", {"claim": "picture", "region": "VN"}, [("avatar.region", "unknown key 'region'")]),
        ("avatar", {"value": "http://x/a"}, [("avatar.value", "a text that avatar can never be")]),
        ("avatar", {"claim": "a", "default": "http://x/a", "schemes": ["http"]}, []),
        ("email", {"claim": "email", "default": "nobody"}, [("email.default", "a text that email can never be")]),
        ("phone", {"claim": "p", "region": "VN"}, []),
        ("phone", {"claim": "p", "region": "vn"}, [("phone.region", "unknown region 'vn'")]),
        ("phone", {"claim": "p", "region": "Vietnam"}, [("phone.region", "unknown region 'Vietnam'")]),
        ("phone", {"claim": "p", "region": 84}, [("phone.region", "a number, text was expected")]),
        ("phone", {"claim": "p", "region": False}, [("phone.region", "true or false, text was expected")]),
        ("phone", {"claim": "p", "region": ["VN"]}, [("phone.region", "a list of 1, text was expected")]),
        ("phone", {"claim": "p", "region": {"clam": "c"}}, [("phone.region.clam", "unknown key 'clam'")]),
        (
            "phone",
            {"claim": "p", "international": "yes"},
            [("phone.international", "text, true or false was expected")],
        ),
        ("phone", {"claim": "p", "international": False}, []),
        (
            "phone",
            {"claim": "p", "international": True, "region": "VN"},
            [("phone.international", "international beside region")],
        ),
        ("phone", {"value": "0901234567"}, [("phone.value", "a text that phone can never be")]),
        ("phone", {"value": "0901234567", "region": "VN"}, []),
        ("phone", {"value": 84901234567}, [("phone.value", "a number, text was expected")]),
        ("phone", {"national": "n"}, [("phone.country_code", "missing")]),
        ("phone", {"country_code": "c"}, [("phone.national", "missing")]),
        ("phone", {"national": "n", "country_code": "c", "region": "VN"}, [("phone.region", "unknown key 'region'")]),
        (
            "phone",
            {"national": "n", "country_code": 84},
            [("phone.country_code", CODE)],
        ),
        (
            "phone",
            {"national": "n", "country_code": "+84"},
            [("phone.country_code", CODE)],
        ),
        ("phone", {"national": "n", "country_code": {"value": "+84"}}, []),
        (
            "phone",
            {"national": "n", "country_code": {"value": "XX"}},
            [("phone.country_code.value", "no country has 'XX'")],
        ),
        (
            "phone",
            {"national": {"first_of": ["n", "m"]}, "country_code": "c", "verified_by": "ok"},
            [("phone.verified_by", "a condition beside first_of")],
        ),
        (
            "phone",
            {"national": "n", "country_code": "c", "verified_by": "n"},
            [("phone.verified_by", ITSELF)],
        ),
    ],
)
def test_own_keys(target: str, value: Any, found: list[tuple[str, str]]) -> None:
    """A target's own keys stand beside its VALUE and nowhere else; a constant must be what its target can be."""
    assert errors({target: value}) == found


@pytest.mark.parametrize("method", ["email", "phone_number"])
@pytest.mark.parametrize("mapping", [{}, {"email": "omit", "phone": "omit"}])
def test_never_an_identity(method: Any, mapping: dict[str, Any]) -> None:
    """A provider that can never give the identity field is refused: at the omit, or at the provider."""
    (problem,) = parse(mapping, identity_method=method, provider_path=("providers", "kc")).errors
    target = "email" if method == "email" else "phone"
    assert problem.path == (("mapping", target) if mapping else ("providers", "kc"))
    assert parse({"id": "omit"}, layer="preset", provider_path=("providers", "kc")).errors[0].path == (
        "providers",
        "kc",
    )


def test_omit() -> None:
    """Omit switches a target off; a claim of that name is {claim: omit}."""
    visitor = claims({"omit": "text"})
    assert parse({"name": "omit"}).mapping.apply(visitor).name is None
    assert parse({"name": {"claim": "omit"}}).mapping.apply(visitor).name == "text"


def test_all_at_once() -> None:
    """Every fault of every target is found in one reading."""
    found = errors(
        {
            "emial": "x",
            "name": ["a", "b"],
            "email": "email",
            "phone": {"claim": "p", "region": "XX"},
            "avatar": {"claim": "a", "upgrade": "http"},
            "label": {"value": 5},
        },
        identity_method="email",
    )
    assert [where for where, _ in found] == ["name", "email", "phone.region", "avatar.upgrade", "label.value", "emial"]


def test_absolute_paths() -> None:
    """A problem stands at the path of what was written, whatever its layer."""
    at = ("providers", "auth0", "mapping", "label")
    parsed = parse_mapping({"label": Written({"value": 5}, at, "provider")}, identity_method="id")
    assert [problem.path for problem in parsed.errors] == [(*at, "value")]


def test_email_domains() -> None:
    """A provider may be limited to addresses of its domains; a subdomain is another domain."""
    mapping = {"email": {"claim": "email", "verified_by": "trusted", "transform": "lower"}}
    parsed = parse(mapping, email_domains=["shop.example", "shop.vn"])
    given = {
        email: parsed.mapping.apply(claims({"email": email})).email
        for email in ("An@Shop.Example", "an@shop.vn", "an@x.shop.vn", "an@myshop.vn", "an@shop.vn.evil.example")
    }
    assert list(given.values()) == ["an@shop.example", "an@shop.vn", None, None, None]


def test_misspelt_claims() -> None:
    """An operator's slip is doubted, wherever it stands; a preset's names and a provider's own claims are not."""
    mapping = {"label": {"first_of": ["emial", {"value": "x", "when": {"claim": "realm_acess", "present": True}}]}}
    assert [(problem.path[-1], problem.cure) for problem in parse(mapping).warnings] == [
        (0, "Did you mean email?"),
        ("claim", "Did you mean realm_access?"),
    ]
    assert parse(mapping, layer="preset").warnings == ()
    assert parse(mapping, known_claims=["emial", "realm_acess"]).warnings == ()
    (warning,) = parse({"label": "cognito:gruops"}, known_claims=["cognito:groups"]).warnings
    assert warning.cure == "Did you mean cognito:groups?"


mappings = st.dictionaries(st.one_of(st.sampled_from(TARGETS), st.text(max_size=4)), plain_data, max_size=3)


@given(
    mapping=mappings,
    token=json_objects,
    method=st.sampled_from(["id", "email", "phone_number"]),
    layer=st.sampled_from(["preset", "common", "callback", "provider"]),
    several=st.booleans(),
)
def test_any_plain_data(mapping: dict[str, Any], token: dict[str, Any], method: Any, layer: Any, several: bool) -> None:
    """Any data is a mapping or a list of problems below what was written, never an exception; and it can be applied."""
    parsed = parse(mapping, identity_method=method, layer=layer, several_providers=several, provider_path=("mapping",))
    for problem in (*parsed.errors, *parsed.warnings):
        assert problem.path[0] == "mapping"
        assert problem.found.isprintable()
        assert all(isinstance(key, str | int) for key in problem.path)
    try:
        parsed.mapping.apply(claims(token))
    except IdentityUnusable:
        assert method != "id" or mapping
    assert isinstance(parsed.mapping.claims_wanted(), frozenset)


def test_large_data() -> None:
    """A mapping as large as a file may be is read in a moment: no fault costs more than its own place."""
    keys = {f"clam{number}": number for number in range(20_000)}
    assert len(errors({"label": {"claim": "a", **keys}})) == 20_000
    assert len(errors({"label": {"first_of": [["a"]] * 5000}})) == 5000
    assert len(errors({"label": {"claim": "a", "x" * 500_000: 1}})) == 1
    assert len(errors({"label": {"template": "{ " * 20_000}})) == 20_000
    assert len(errors({"label": {"lookup": "a", "table": {str(number): number for number in range(20_000)}}})) == 20_000
    assert len(errors({"label": {"claim": "a", "transform": ["trimm"] * 20_000}})) == 1
    assert len(errors({"label": {"claim": "a", "transform": [{"pick": "(" * 500_000}]}})) == 1
    assert len(errors({"label": {"cel": "(" * 500_000}})) == 1
    where = {f"x{number}": "a" for number in range(20_000)}
    assert len(errors({"label": {"template": "{a}", "where": where}})) == 20_000
