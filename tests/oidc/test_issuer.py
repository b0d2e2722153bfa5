"""bridge/oidc/issuer.py: who may speak for whom. test_jwt.py has the tenant's template as the claim check makes it."""

import pytest

from bridge.oidc.issuer import Issuers, is_guid

TENANT = "6f1b2c3d-0000-4000-8000-1234567890ab"
CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
V2 = "https://login.microsoftonline.com/{tenantid}/v2.0"
HOME = V2.replace("{tenantid}", TENANT)
CLAIMS = {"iss": HOME, "tid": TENANT}


@pytest.mark.parametrize(
    ("key_issuer", "spellings", "allowed"),
    [
        (None, [V2], True),
        (V2, [V2], True),
        (HOME, [V2], True),
        (V2.replace("{tenantid}", CONSUMERS), [V2], False),
        ("https://login.microsoftonline.us/{tenantid}/v2.0", [V2], False),
        ("", [V2], False),
        ("{tenantid}", [V2], False),
        ("https://other.example", [HOME], True),
        ("https://other.example", [HOME, V2], True),
    ],
)
def test_a_key_speaks_for_its_issuer(key_issuer: str | None, spellings: list[str], allowed: bool) -> None:
    """Where a template stands for many issuers, a key that its set reserves for one of them signs for no other."""
    assert Issuers(spellings, [TENANT]).allow_key(key_issuer, CLAIMS) is allowed


def test_a_templated_key_needs_a_tenant() -> None:
    """Without tid there is nothing to fill in, and so nothing that could match."""
    assert not Issuers([V2], ["any"]).allow_key(V2, {"iss": HOME})


@pytest.mark.parametrize(
    ("text", "guid"),
    [
        (TENANT, True),
        (TENANT.upper(), True),
        (TENANT + "\n", False),
        (TENANT[1:], False),
        ("٦" + TENANT[1:], False),
        ("", False),
    ],
)
def test_guid(text: str, guid: bool) -> None:
    """Hexadecimal digits of ASCII, in the one form that Entra writes."""
    assert is_guid(text) is guid


@pytest.mark.parametrize(
    ("claims", "tenants", "found", "cure"),
    [
        ({"iss": V2.replace("{tenantid}", CONSUMERS), "tid": CONSUMERS}, [TENANT], CONSUMERS, "Add it to tenants"),
        ({"iss": HOME, "tid": CONSUMERS}, [TENANT], CONSUMERS, "Add it to tenants"),
        ({"iss": HOME, "tid": CONSUMERS}, [TENANT, CONSUMERS], "iss names another tenant", "same tenant"),
        ({"iss": HOME, "tid": TENANT.upper()}, ["any"], "iss names another tenant", "same letters"),
        ({"iss": HOME}, [TENANT], "tid, which says the tenant, is missing", "same tenant"),
        ({"iss": HOME, "tid": "stranger\ntext"}, ["any"], "is missing or no GUID", "same tenant"),
    ],
)
def test_a_tenant_that_is_not_taken(claims: dict[str, str], tenants: list[str], found: str, cure: str) -> None:
    """An operator reads which tenant it was, and that it can be added, not that the template is no issuer."""
    unknown = Issuers([V2], tenants).unknown_tenant(claims)
    assert unknown is not None
    assert found in unknown[0]
    assert cure in unknown[1]
    assert "stranger" not in unknown[0]


@pytest.mark.parametrize(
    "issuer", ["https://login.microsoftonline.com/common/v2.0", V2, HOME + "/", "x" + HOME, None, 5]
)
def test_no_tenant_of_the_template(issuer: object) -> None:
    """Whose ``iss`` has another shape is told which issuers are taken."""
    assert Issuers([V2], [TENANT]).unknown_tenant({"iss": issuer, "tid": CONSUMERS}) is None
