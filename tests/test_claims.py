"""bridge/claims.py: what the audit trail keeps of verified claims."""

from collections.abc import Mapping
from typing import Any

import pytest

from bridge.claims import Claims, Source
from bridge.provenance import Provenance


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ({"token": {"iss": "i", "azp": "a", "client_id": "c", "iat": 5}}, Provenance("i", "s", "a", 5)),
        ({"token": {"iss": "i", "client_id": "c", "iat": 5.5}}, Provenance("i", "s", "c", 5.5)),
        ({"introspection": {"client_id": "c"}}, Provenance("shop", "s", "c", None)),
        ({"token": {"iss": "i"}, "userinfo": {"iss": "other", "iat": 7}}, Provenance("i", "s", "", 7)),
        ({"token": {"iss": ["i"], "azp": 1, "client_id": {}, "iat": "5"}}, Provenance("shop", "s", "", None)),
        ({"userinfo": {"iat": 10**400}}, Provenance("shop", "s", "", None)),
    ],
    ids=["azp before client_id", "client_id", "no issuer", "the first that says it", "of other types", "no time"],
)
def test_provenance(sources: Mapping[Source, Mapping[str, Any]], expected: Provenance) -> None:
    """The provider's name stands for an issuer that no source names."""
    assert Claims("shop", "s", sources, 0.0).provenance == expected
