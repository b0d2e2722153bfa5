"""What the mapping costs: CONFIG.md's full example on a Keycloak-sized claims set, beside json.loads of the claims.

    uv run python benchmarks/mapping.py [--rounds 9] [--calls 3000]

Both are timed in turns in one process, in CPU time, and the median round is shown: a machine's speed changes more
between rounds than within one. Every answer is checked.
"""

import argparse
import json
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from bridge.chat_user import ChatUser, Phone
from bridge.claims import Claims
from bridge.mapping.parse import parse_mapping
from bridge.mapping.written import Written

KEYCLOAK: dict[str, Any] = {
    "name": {"first_of": ["name", {"join": ["given_name", "family_name"]}, "preferred_username"]},
    "email": {"claim": "email", "verified_by": "email_verified", "transform": ["lower"]},
    "phone": {"claim": "phone_number", "verified_by": "phone_number_verified"},
    "avatar": "picture",
}
"""The preset, in short."""

FULL_EXAMPLE: dict[str, Any] = {
    "label": {
        "first_of": [
            {"value": "VIP", "when": {"claim": ["realm_access", "roles"], "contains": "vip"}},
            "tier",
            {"lookup": "https://shop.example/plan", "table": {"gold": "Gold member", "silver": "Silver member"}},
            {"value": "Customer"},
        ]
    },
    "name": {"first_of": [{"join": ["family_name", "given_name"]}, "name", "preferred_username"]},
}
"""CONFIG.md's ``mapping:``; ``tier`` is a source's there."""


def claims(visitor: int) -> dict[str, Any]:
    """What a Keycloak access token of a realm with a usual number of roles says: about 1,500 characters."""
    return {
        "exp": 1_900_000_000, "iat": 1_800_000_000, "auth_time": 1_799_999_000, "jti": f"onrtac:{visitor:08d}-1b7f",
        "iss": "https://login.shop.example/realms/shop", "aud": ["account", "chat", "shop-api"],
        "sub": f"f81d4fae-7dec-11d0-a765-{visitor:012d}", "typ": "Bearer", "azp": "web-shop",
        "sid": f"0c6e2d9e-{visitor:08d}", "acr": "1",
        "allowed-origins": ["https://shop.example", "https://www.shop.example"],
        "realm_access": {"roles": ["default-roles-shop", "offline_access", "uma_authorization", "customer", "news"]},
        "resource_access": {
            "web-shop": {"roles": ["orders:read", "orders:write", "returns:write", "wishlist", "reviews:write"]},
            "account": {"roles": ["manage-account", "manage-account-links", "view-profile"]},
            "shop-api": {"roles": ["read", "write", "export", "support"]},
        },
        "scope": "openid profile email phone", "email_verified": True, "phone_number_verified": True,
        "https://shop.example/plan": "gold", "https://shop.example/tenant": "vn",
        "groups": [f"/customers/region-{number}" for number in range(12)],
        "name": "Văn A Nguyễn", "preferred_username": f"user{visitor}", "given_name": "Văn A", "family_name": "Nguyễn",
        "locale": "vi", "phone_number": f"+8490{visitor % 10**7:07d}", "email": f"User{visitor}@shop.example",
        "picture": f"https://img.shop.example/u/{visitor}.png",
    }  # fmt: skip


def answer(visitor: int) -> ChatUser:
    """What is owed for them."""
    number = f"90{visitor % 10**7:07d}"
    return ChatUser(
        id=f"f81d4fae-7dec-11d0-a765-{visitor:012d}",
        name="Nguyễn Văn A",
        email=f"user{visitor}@shop.example",
        phone=Phone("+84", "0" + number, number),
        avatar=f"https://img.shop.example/u/{visitor}.png",
        label="Gold member",
    )


def microseconds(call: Callable[[int], object], calls: int) -> float:
    """CPU microseconds of one call, over so many."""
    began = time.process_time()
    for visitor in range(calls):
        call(visitor)
    return (time.process_time() - began) / calls * 1e6


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--calls", type=int, default=3000)
    arguments = parser.parse_args()

    layers = [(KEYCLOAK, "preset"), (FULL_EXAMPLE, "common")]
    written = {
        target: Written(value, ("mapping", target), layer)  # type: ignore[arg-type]  # both are layers
        for mapping, layer in layers
        for target, value in mapping.items()
    }
    parsed = parse_mapping(written, identity_method="id")
    assert parsed.errors == ()
    texts = [json.dumps(claims(visitor)).encode() for visitor in range(arguments.calls)]
    visitors = [Claims("keycloak", said["sub"], {"token": said}, 0.0) for said in map(json.loads, texts)]
    for visitor, said in enumerate(visitors):
        assert parsed.mapping.apply(said) == answer(visitor)

    timed: dict[str, list[float]] = {"json.loads": [], "mapping": []}
    for _ in range(arguments.rounds):
        timed["json.loads"].append(microseconds(lambda visitor: json.loads(texts[visitor]), arguments.calls))
        timed["mapping"].append(microseconds(lambda visitor: parsed.mapping.apply(visitors[visitor]), arguments.calls))
    print(f"{len(texts[0])} bytes of claims, {arguments.rounds} rounds of {arguments.calls} visitors, CPU us each:")
    for name, rounds in timed.items():
        print(f"  {name:12}{median(rounds):7.1f}   ({min(rounds):.1f} to {max(rounds):.1f})")


if __name__ == "__main__":
    main()
