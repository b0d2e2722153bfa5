"""What is said of a refusal, whichever check it comes from."""

import pytest

from bridge.cli.explanation import READ, cure_of
from bridge.oidc import introspected
from bridge.oidc.jwt import CHECKS

ASKED = ("introspection", "introspection's subject", "token_check", "userinfo", "userinfo's subject")
"""Steps of tokens that are asked about."""


@pytest.mark.parametrize(
    "check",
    [
        *("form", "signature", "refused subjects", *ASKED),
        *(name for name, _ in (*CHECKS, *introspected.CHECKS, *introspected.CONFIRMED)),
    ],
)
def test_every_check_has_a_cure(check: str) -> None:
    """A check that is added without one leaves its reader alone."""
    assert cure_of(check).endswith((".", "?", '"', '…".'))


def test_what_is_read_belongs_to_a_check() -> None:
    """And names no claim about a person, because these are shown unmasked."""
    assert set(READ) <= {name for name, _ in CHECKS}
    shown = {claim for claims in READ.values() for claim in claims}
    assert shown.isdisjoint({"sub", "name", "email", "phone_number", "preferred_username", "jti", "sid"})
