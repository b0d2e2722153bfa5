"""Random tokens at the whole flow, in process: only named refusals, and nobody is let in by what was changed."""

import json
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bridge.access_token import AccessToken
from bridge.assemble import assemble
from bridge.authentication import Authenticated, Authentication
from bridge.config.load import load_text
from bridge.errors import TokenError, VisitorError
from tests.fuzz import changed_text, json_text
from tests.fuzz.campaign import Campaign, Record
from tests.issuer import keys
from tests.issuer.mint import AUDIENCE, Raw, good_header, sign, to_json

NOW = 1_800_000_000
ISSUER = "https://login.shop.example"
SIGNERS = {"RS256": "rsa", "PS256": "rsa", "ES256": "ec256", "Ed25519": "ed25519"}
"""Each algorithm's key, whose name is its kid."""

HEADER_NAMES = (
    "alg", "alg", "kid", "kid", "typ", "crit", "b64", "zip", "jwk", "jku", "x5u", "x5c", "x5t", "cty", "enc", "nonce",
    "\0",
)  # fmt: skip
PAYLOAD_NAMES = (
    "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "azp", "client_id", "cnf", "act", "typ", "token_use", "tokenType",
    "events", "nonce", "scope", "name", "email", "email_verified", "phone_number", "phone_number_verified", "picture",
    "roles", "__proto__", "status",
)  # fmt: skip

CONFIGURATION: Mapping[str, Any] = {
    "version": 1,
    "callback": {"header_token": {"env": "HEADER_TOKEN"}},
    "providers": {
        "p": {
            "issuer": ISSUER,
            "audience": AUDIENCE,
            "algorithms": list(SIGNERS),
            "jwks": {"file": "jwks.json"},
            "max_token_age": "1d",
        }
    },
    "mapping": {
        "name": "name",
        "email": {"claim": "email", "verified_by": "email_verified"},
        "phone": {"claim": "phone_number", "verified_by": "phone_number_verified", "region": "VN"},
        "avatar": "picture",
        "label": {"first_of": [{"value": "VIP", "when": {"claim": "roles", "contains": "vip"}}, {"value": "Customer"}]},
    },
}


@asynccontextmanager
async def flow(folder: Path) -> AsyncIterator[Authentication]:
    """One callback with one provider, whose keys are in a file, at a time that stands still."""
    (folder / "jwks.json").write_text(json.dumps(keys.jwks(*dict.fromkeys(SIGNERS.values()))))
    loaded = load_text(
        json.dumps(CONFIGURATION), file="fuzz", environment={"HEADER_TOKEN": "Zk3v9Qw7Lp2s8Xr4-Zk3v"}, base=folder
    )
    async with assemble(loaded.model, now=lambda: NOW) as bridge:
        yield bridge.authentications["default"]


def claims(visitor: str) -> dict[str, Any]:
    """What a provider says of a visitor."""
    return {
        "iss": ISSUER,
        "sub": visitor,
        "aud": ["account", AUDIENCE],
        "iat": NOW,
        "exp": NOW + 3600,
        "name": "Nguyễn Văn A",
        "email": "a@shop.example",
        "email_verified": True,
        "phone_number": "+84901234567",
        "phone_number_verified": True,
        "roles": ["vip"],
    }


async def asked(callback: Authentication, token: str) -> Authenticated | str:
    """Who it is, or the name of the refusal; anything but a refusal of the token or the visitor goes through."""
    try:
        access_token = AccessToken(token)
    except ValueError:  # what bridge/contract/request.py makes token_malformed of
        return "not a token's syntax"
    try:
        return await callback.authenticate(access_token)
    except (TokenError, VisitorError) as refusal:
        return refusal.code


async def unsigned_changes(cases: int, record: Record, folder: Path, *, fixed: bool) -> None:
    """Good tokens, changed without their key; only the second form of an ECDSA signature is as good as the first."""
    tokens = {
        sign(good_header(algorithm, kid), claims(f"{algorithm}-{number}"), kid): f"{algorithm}-{number}"
        for algorithm, kid in SIGNERS.items()
        for number in range(3)
    }
    good = tokens | {
        changed_text.second_form(token): visitor for token, visitor in tokens.items() if visitor[:5] == "ES256"
    }
    async with flow(folder) as callback:

        async def judge(token: str) -> str:
            outcome = await asked(callback, token)
            if isinstance(outcome, Authenticated):
                assert token in good, "a changed token was accepted"
                assert outcome.user.id == good[token], "another visitor"
                return "accepted: a good text"
            assert token not in good, f"a good token was refused: {outcome}"
            return outcome

        for token in good:
            await judge(token)
        campaign = Campaign(cases, record, fixed=fixed)
        await campaign.run(lambda rng: changed_text.changed(rng, list(tokens)), judge)
        assert campaign.outcomes["accepted: a good text"] < cases / 50
        assert len(campaign.outcomes) >= 4, "the changes no longer reach the later checks"


Signed = tuple[bytes, bytes, str, str]
"""Header, payload, the algorithm that truly signed them, the token."""


def signed(rng: random.Random) -> tuple[str, Signed]:
    """A token that its provider's key truly signed, or an HMAC over the public key, with odd members in it."""
    # RSA signs ten times slower than the curves, and the members do not depend on the key.
    algorithm = rng.choices(list(SIGNERS), (1, 1, 14, 14))[0]
    kid = SIGNERS[algorithm]
    header: Any = good_header(algorithm, kid)
    payload: Any = claims(str(rng.randrange(10**6)))
    name = rng.choice(("header", "payload", "payload", "both", "algorithm", "dates", "HMAC"))
    signer: Any = kid
    if name in {"header", "both"}:
        header = json_text.changed(rng, header, HEADER_NAMES)
    if name in {"payload", "both"}:
        payload = json_text.changed(rng, payload, PAYLOAD_NAMES)
    if name == "algorithm":
        others = (*SIGNERS, "RS512", "PS384", "ES384", "EdDSA", "Ed448", "HS256", "none", "NONE", "es256", "", "RS1")
        header = good_header(rng.choice(others), rng.choice((kid, None, *SIGNERS.values(), "other")))
    if name == "dates":
        for date in rng.sample(("exp", "nbf", "iat"), rng.randrange(1, 4)):
            payload[date] = Raw(
                repr(NOW + rng.choice((-1, 1)) * rng.choice((0, 29.9, 30, 31, 3600, 86400, 1e9, 1e300)))
            )
    if name == "HMAC":
        header = good_header(rng.choice(("HS256", "HS512", algorithm)), kid)
        secrets = (keys.public_pem(kid).encode(), keys.public_der(kid), json.dumps(keys.public_jwk(kid)).encode(), b"")
        signer, algorithm = rng.choice(secrets), "HS256"
    header_text, payload_text = (part if isinstance(part, bytes) else to_json(part) for part in (header, payload))
    token = sign(header_text, payload_text, signer, algorithm=algorithm)
    return name, (header_text, payload_text, algorithm, token)


def may_pass(header_text: bytes, payload_text: bytes, algorithm: str) -> bool:
    """Whether a second reader, who knows only the standards and the configuration, finds nothing against a token."""
    try:
        header, payload = json_text.unambiguous(header_text), json_text.unambiguous(payload_text)
    except (ValueError, RecursionError):
        return False
    if not (isinstance(header, dict) and isinstance(payload, dict)) or algorithm not in SIGNERS:
        return False
    named = "Ed25519" if header.get("alg") == "EdDSA" else header.get("alg")
    dates = [payload[name] for name in ("exp", "nbf", "iat") if name in payload]
    if any(isinstance(date, bool) or not isinstance(date, int | float) for date in dates):
        return False
    audience = payload.get("aud")
    return (
        named == algorithm
        and header.get("kid", SIGNERS[algorithm]) == SIGNERS[algorithm]
        and not {"crit", "b64", "zip", "jwk", "jku", "x5u"} & set(header)
        and str(header.get("typ", "jwt")).lower().removeprefix("application/") in {"jwt", "at+jwt"}
        and payload.get("iss") == ISSUER
        and isinstance(payload.get("sub"), str)
        and payload["sub"] != ""
        and (audience == AUDIENCE or (isinstance(audience, list) and AUDIENCE in audience))
        and "exp" in payload
        and payload["exp"] + 30 > NOW
        and all(payload.get(name, NOW) <= NOW + 30 for name in ("nbf", "iat"))
        and payload.get("iat", NOW) + 86400 + 30 > NOW
        and payload.get("cnf") is None
        and "events" not in payload
    )


async def signed_grammar(cases: int, record: Record, folder: Path, *, fixed: bool) -> None:
    """Odd tokens with a good signature: whoever is let in is whom a second reader would let in, by the same name."""
    async with flow(folder) as callback:

        async def judge(case: Signed) -> str:
            header, payload, algorithm, token = case
            outcome = await asked(callback, token)
            if not isinstance(outcome, Authenticated):
                return outcome
            assert may_pass(header, payload, algorithm), "accepted, and it must not be"
            read = json_text.unambiguous(payload)
            assert outcome.user.id == read["sub"], "another visitor"
            proven = read.get("email_verified") is True or read.get("email_verified") == "true"
            assert outcome.user.email in ((None, read.get("email")) if proven else (None,)), "an unproven address"
            return "accepted"

        campaign = Campaign(cases, record, fixed=fixed)
        await campaign.run(signed, judge)
        assert campaign.outcomes["accepted"] > cases / 20, "nearly nothing is accepted: it shows nothing"
        assert len(campaign.outcomes) >= 6


async def test_changed_tokens(record_property: Record, tmp_path: Path) -> None:
    """J: whatever is changed without the key is refused by name."""
    await unsigned_changes(14_000, record_property, tmp_path, fixed=True)


async def test_odd_tokens_with_good_signatures(record_property: Record, tmp_path: Path) -> None:
    """J, C, M: whatever stands in header and payload, a signature alone lets nobody in."""
    await signed_grammar(10_000, record_property, tmp_path, fixed=True)


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
async def test_very_many_changed_tokens(record_property: Record, tmp_path: Path) -> None:
    """The same with a new seed."""
    await unsigned_changes(600_000, record_property, tmp_path, fixed=False)


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
async def test_very_many_odd_tokens(record_property: Record, tmp_path: Path) -> None:
    """The same with a new seed."""
    await signed_grammar(400_000, record_property, tmp_path, fixed=False)
