"""Attacks across tenants: Entra has one template and one key set for all, and only one tenant is our customer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.bridge_process import ACCEPTED, STATUS, RunningBridge, configuration, provider
from tests.issuer.keys import public_jwk
from tests.issuer.mint import good_claims, good_header, sign
from tests.issuer.process import IssuerProcess

HOME = "6f1b2c3d-0000-4000-8000-1234567890ab"
OTHER = "11111111-2222-4333-8444-555555555555"
PERSONAL = "9188040d-6c67-4c5b-b112-36a304b66dad"  # Microsoft's tenant of personal accounts

Tenants = Callable[[str], str]
"""A tenant, or what is written in its place -> its issuer."""

KEYS: dict[str, tuple[str, Any]] = {
    "rsa": ("RS256", ...),
    "ec256": ("ES256", "{tenantid}"),
    "ec384": ("ES384", HOME),
    "ec521": ("ES512", OTHER),
    "ed25519": ("Ed25519", PERSONAL),
    "ed448": ("Ed448", 5),
}
"""What the set says of each key: whose tokens it signs. ``...`` says nothing, a number is nobody."""


@dataclass(frozen=True, slots=True)
class AcrossTenants:
    """One token.

    Attributes:
        threat: The id of the threat's class.
        name: The fault, in a few words.
        claims: Given the tenants, the claims that are not a good token's.
        code: What the bridge must answer.
        key: The key that signs it.
    """

    threat: str
    name: str
    claims: Callable[[Tenants], dict[str, Any]]
    code: str | None
    key: str = "rsa"

    def __str__(self) -> str:
        return f"{self.threat} {self.name}"


def of(tenant: str, tid: Any) -> Callable[[Tenants], dict[str, Any]]:
    """Claims with the issuer of one tenant and this ``tid``."""
    return lambda tenants: {"iss": tenants(tenant), "tid": tid}


NO_TENANT: tuple[Any, ...] = (None, 5, [HOME], {}, "", "any")

ROWS = (
    AcrossTenants("C01", "our tenant", of(HOME, HOME), ACCEPTED),
    AcrossTenants("C01", "another tenant, truly signed", of(OTHER, OTHER), "token_untrusted"),
    AcrossTenants("C01", "a personal account", of(PERSONAL, PERSONAL), "token_untrusted"),
    AcrossTenants("C01", "iss of another, tid ours", of(OTHER, HOME), "token_untrusted"),
    AcrossTenants("C01", "iss ours, tid of another", of(HOME, OTHER), "token_untrusted"),
    AcrossTenants("C01", "tid missing", of(HOME, ...), "token_untrusted"),
    *(AcrossTenants("C01", f"tid {tid!r}", of(HOME, tid), "token_untrusted") for tid in NO_TENANT),
    AcrossTenants("C02", "the template itself", of("{tenantid}", HOME), "token_untrusted"),
    AcrossTenants("C02", "the template in both", of("{tenantid}", "{tenantid}"), "token_untrusted"),
    AcrossTenants("C02", "a tid that is no GUID, in both", of("x", "x"), "token_untrusted"),
    AcrossTenants("C02", "a tid that leads elsewhere", of(f"x/../{HOME}", f"x/../{HOME}"), "token_untrusted"),
    AcrossTenants("C02", "a tid with a line break", of(HOME, HOME + "\n"), "token_untrusted"),
    AcrossTenants("C02", "tid in capitals, iss not", of(HOME, HOME.upper()), "token_untrusted"),
    AcrossTenants("C02", "iss in capitals, tid not", of(HOME.upper(), HOME), "token_untrusted"),
    AcrossTenants("C02", "a tenant's name for its GUID", of("common", HOME), "token_untrusted"),
    AcrossTenants("C01", "a key of all tenants", of(HOME, HOME), ACCEPTED, "ec256"),
    AcrossTenants("C01", "a key of ours", of(HOME, HOME), ACCEPTED, "ec384"),
    AcrossTenants("C01", "a key of another tenant", of(HOME, HOME), "token_invalid", "ec521"),
    AcrossTenants("C01", "a key of personal accounts", of(HOME, HOME), "token_invalid", "ed25519"),
    AcrossTenants("C01", "a key of nobody", of(HOME, HOME), "token_invalid", "ed448"),
)


@pytest.fixture(scope="module")
def tenants(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningBridge, IssuerProcess, Tenants]]:
    """A bridge that takes one tenant of a provider that has many."""
    with IssuerProcess() as process:

        def issuer_of(tenant: str) -> str:
            return f"{process.url}/{tenant}/v2.0"

        members = [
            public_jwk(name, issuer=issuer_of(tenant) if isinstance(tenant, str) else tenant)
            for name, (_, tenant) in KEYS.items()
        ]
        common = process.realm("common/v2.0")
        common.set(jwks={"keys": members}, discovery={"issuer": issuer_of("{tenantid}")})
        entry = provider(issuer_of("{tenantid}"), tenants=[HOME])
        directory = tmp_path_factory.mktemp("tenants")
        with RunningBridge(configuration(providers={"entra": entry}), directory, {}) as bridge:
            bridge.wait_until_ready()
            yield bridge, process, issuer_of


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_tenant_attacks(row: AcrossTenants, tenants: tuple[RunningBridge, IssuerProcess, Tenants]) -> None:
    """``iss``, ``tid`` and the key's own issuer must be one tenant's, and that one must be ours."""
    bridge, process, issuer_of = tenants
    twin = sign(good_header(), good_claims(issuer_of(HOME), tid=HOME), "rsa")
    assert bridge.post(twin).code is ACCEPTED, "the twin was refused"
    asked = process.asked()
    token = sign(good_header(KEYS[row.key][0], row.key), good_claims("", **row.claims(issuer_of)), row.key)
    answer = bridge.post(token)
    assert (answer.code, answer.status) == (row.code, STATUS[row.code])
    assert process.asked() == asked, "an identity provider was asked because of it"
