"""bridge/contract/domains.py: the V2.0 domain list."""

import json

from bridge.contract.domains import domain_list
from bridge.contract.settings import DomainsSettings


def test_the_list_stands_in_the_vendors_envelope() -> None:
    """CONTRACT.md, "Domain list": status, message, and the host names in the operator's order."""
    answer = domain_list(DomainsSettings.model_validate({"allow": ["shop.example", "www.shop.example"]}))
    assert json.loads(answer.body) == {
        "status": True,
        "message": "Successfully!",
        "data": ["shop.example", "www.shop.example"],
    }
    assert answer.status == 200
    assert dict(answer.headers) == {
        b"content-type": b"application/json",
        b"content-length": str(len(answer.body)).encode(),
        b"cache-control": b"no-store",
        b"x-content-type-options": b"nosniff",
    }
