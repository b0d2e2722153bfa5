"""bridge/oidc/signed_answer.py: U11; one fault at a time in an answer of which everything else is good."""

from typing import Any

import pytest

from bridge.errors import ProviderUnavailable
from bridge.oidc.signed_answer import INTROSPECTION
from tests.issuer import keys, mint
from tests.issuer.mint import At
from tests.oidc.answers import signed_answers

ISSUER = "https://login.shop.example"
ACTIVE = {"active": True, "sub": "visitor-1"}

Changes = dict[str, Any]


def header(**members: Any) -> dict[str, Any]:
    """A signed introspection answer's header."""
    return mint.good_header(**{"typ": INTROSPECTION, **members})


def claims(**members: Any) -> dict[str, Any]:
    """A signed introspection answer's payload: RFC 9701 section 5's members and no others."""
    given = {"sub": ..., "exp": ..., "jti": ..., "token_introspection": ACTIVE}
    return mint.good_claims(ISSUER, **{**given, **members})


def userinfo_claims(**members: Any) -> dict[str, Any]:
    """A signed userinfo answer's payload."""
    return mint.good_claims(ISSUER, **{"name": "An", "exp": ..., "jti": ..., **members})


async def refused(asking: Any) -> str:
    """Why an answer is not believed."""
    with pytest.raises(ProviderUnavailable) as refusal:
        await asking
    assert "visitor-1" not in refusal.value.detail
    return refusal.value.detail


ALGORITHMS = {"RS256": "rsa", "PS512": "rsa", "ES256": "ec256", "Ed25519": "ed25519", "EdDSA": "ed448"}


@pytest.mark.parametrize(("algorithm", "key"), ALGORITHMS.items())
async def test_good_answers(algorithm: str, key: str) -> None:
    """U11: what is signed as tokens are is believed, in both forms."""
    given = userinfo_claims()
    jwt = mint.sign(mint.good_header(algorithm, key), given, key)
    assert await signed_answers(ISSUER).userinfo(jwt.encode()) == given
    jwt = mint.sign(header(alg=algorithm, kid=key), claims(), key)
    assert await signed_answers(ISSUER).introspection(jwt.encode()) == ACTIVE


@pytest.mark.parametrize(
    ("head", "changes"),
    [
        ({"typ": ...}, {}),
        ({"typ": "jwt"}, {}),
        ({"typ": "application/JWT"}, {}),
        ({}, {"iss": ..., "aud": ..., "iat": ...}),
        ({}, {"aud": ["another", "bridge"]}),
        ({}, {"exp": At(60), "nbf": At(-60)}),
        ({}, {"exp": At(-20), "iat": At(20)}),
        ({}, {"iat": At(-86400)}),
        ({}, {"updated_at": 5, "azp": "bridge", "auth_time": 5, "nonce": None}),
    ],
)
async def test_good_userinfo(head: Changes, changes: Changes) -> None:
    """Core section 5.3.2: iss and aud may be missing, and nothing says when it was made."""
    given = userinfo_claims(**changes)
    jwt = mint.sign(mint.good_header(**head), given, "rsa")
    assert await signed_answers(ISSUER).userinfo(f"{jwt}\n".encode()) == given


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://evil.example"}, "iss"),
        ({"iss": None}, "iss"),
        ({"iss": f"{ISSUER}/"}, "iss"),
        ({"aud": "another"}, "aud"),
        ({"aud": []}, "aud"),
        ({"aud": None}, "aud"),
        ({"aud": {"bridge": 1}}, "aud"),
        ({"exp": At(-31)}, "exp"),
        ({"exp": "soon"}, "NumericDate"),
        ({"exp": True}, "NumericDate"),
        ({"nbf": At(60)}, "future"),
        ({"iat": At(60)}, "future"),
        ({"iat": None}, "NumericDate"),
    ],
)
async def test_both_check_who_for_whom_and_when(changes: Changes, reason: str) -> None:
    """U11: an issuer, an audience or a time that is wrong, in either form."""
    jwt = mint.sign(mint.good_header(), userinfo_claims(**changes), "rsa")
    assert reason in await refused(signed_answers(ISSUER).userinfo(jwt.encode()))
    jwt = mint.sign(header(), claims(**changes), "rsa")
    assert reason in await refused(signed_answers(ISSUER).introspection(jwt.encode()))


@pytest.mark.parametrize(
    ("head", "changes", "reason"),
    [
        ({"typ": "at+jwt"}, {}, "typ"),
        ({"typ": INTROSPECTION}, {}, "typ"),
        ({"typ": "logout+jwt"}, {}, "typ"),
        ({"typ": None}, {}, "typ"),
        ({"typ": 5}, {}, "typ"),
        ({}, {"nonce": "n"}, "nonce"),
        ({}, {"at_hash": "h"}, "at_hash"),
        ({}, {"c_hash": "h"}, "c_hash"),
        ({}, {"s_hash": "h"}, "s_hash"),
        ({}, {"typ": "ID"}, "typ"),
        ({}, {"typ": "Bearer"}, "typ"),
        ({}, {"token_use": "id"}, "token_use"),
        ({}, {"tokenType": "access-token"}, "tokenType"),
        ({}, {"scope": "openid"}, "scope"),
        ({}, {"scp": ["openid"]}, "scp"),
        ({}, {"cnf": {"jkt": "k"}}, "cnf"),
        ({}, {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}, "events"),
        ({}, {"token_introspection": ACTIVE}, "token_introspection"),
    ],
)
async def test_another_kind_is_no_userinfo(head: Changes, changes: Changes, reason: str) -> None:
    """U11, RFC 8725 section 3.11: the same issuer's ID, access and logout tokens are not what was asked for."""
    jwt = mint.sign(mint.good_header(**head), userinfo_claims(**changes), "rsa")
    detail = await refused(signed_answers(ISSUER).userinfo(jwt.encode()))
    assert reason in detail


@pytest.mark.parametrize(
    ("head", "changes"),
    [
        ({"typ": f"application/{INTROSPECTION}"}, {}),
        ({"typ": INTROSPECTION.upper()}, {}),
        ({}, {"iat": At(-300)}),
        ({}, {"exp": At(60), "sub": "visitor-1"}),
        ({}, {"aud": [mint.AUDIENCE, "another"]}),
    ],
)
async def test_good_introspection(head: Changes, changes: Changes) -> None:
    """RFC 9701 section 5, in its freedoms."""
    jwt = mint.sign(header(**head), claims(**changes), "rsa")
    assert await signed_answers(ISSUER).introspection(jwt.encode()) == ACTIVE


@pytest.mark.parametrize(
    ("head", "changes", "reason"),
    [
        ({"typ": ...}, {}, "typ"),
        ({"typ": "JWT"}, {}, "typ"),
        ({"typ": "at+jwt"}, {}, "typ"),
        ({}, {"iss": ...}, "iss"),
        ({}, {"aud": ...}, "aud"),
        ({}, {"iat": ...}, "iat"),
        ({}, {"iat": At(-331)}, "ago"),
        ({}, {"token_introspection": ..., "active": True}, "token_introspection"),
        ({}, {"token_introspection": [ACTIVE]}, "token_introspection"),
        ({}, {"token_introspection": None}, "token_introspection"),
        ({}, {"token_introspection": "true"}, "token_introspection"),
    ],
)
async def test_wrong_introspection(head: Changes, changes: Changes, reason: str) -> None:
    """U11: here all is required, and an answer to an older question is none."""
    jwt = mint.sign(header(**head), claims(**changes), "rsa")
    assert reason in await refused(signed_answers(ISSUER).introspection(jwt.encode()))


def forgeries(typ: str, given: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Answers that nobody of the issuer's signed, by what is wrong, and a word of the reason; all else is good."""

    def head(**members: Any) -> dict[str, Any]:
        return mint.good_header(**{"typ": typ, **members})

    good = mint.sign(head(), given, "rsa")
    signing_input, _, _ = good.rpartition(".")
    another = mint.sign(head(), {**given, "aud": "x"}, "rsa").rpartition(".")[2]
    twice = f'{{"alg":"none","typ":"{typ}","alg":"RS256"}}'
    return {
        "unsigned": (mint.sign(head(alg="none"), given, None), "alg"),
        "signature cut": (f"{signing_input}.", "signature"),
        "signature of another": (f"{signing_input}.{another}", "signature"),
        "another key": (mint.sign(head(), given, "rsa2"), "signature"),
        "another key's kid": (mint.sign(head(kid="rsa2"), given, "rsa2"), "no key"),
        "HS256 with the public key": (mint.sign(head(alg="HS256"), given, keys.public_pem("rsa").encode()), "alg"),
        "embedded key": (mint.sign(head(jwk=keys.public_jwk("rsa2"), kid=...), given, "rsa2"), "jwk"),
        "jku": (mint.sign(head(jku="https://evil.example/jwks"), given, "rsa"), "jku"),
        "crit": (mint.sign(head(crit=["exp"]), given, "rsa"), "crit"),
        "alg twice": (mint.sign(twice, given, "rsa", algorithm="RS256"), "twice"),
        "payload no object": (mint.sign(head(), [given], "rsa"), "no JSON object"),
        "member twice": (mint.sign(head(), f'{{"iss":"{ISSUER}","iss":"{ISSUER}"}}', "rsa"), "twice"),
        "encrypted": (f"{good}.x.y", "encrypted"),
        "two parts": (signing_input, "three parts"),
        "JSON": ('{"active":true}', "no JWT"),
        "nothing": ("", "no JWT"),
        "not ASCII": ("tøken.a.b", "no JWT"),
        "two lines": (f"{good}\n{good}", "no JWT"),
    }


@pytest.mark.parametrize("name", forgeries("JWT", {}))
async def test_forgeries(name: str) -> None:
    """U11: never decoded unverified, in either form."""
    forged, reason = forgeries(INTROSPECTION, claims())[name]
    assert reason in await refused(signed_answers(ISSUER).introspection(forged.encode()))
    forged, reason = forgeries("JWT", userinfo_claims())[name]
    assert reason in await refused(signed_answers(ISSUER).userinfo(forged.encode()))


async def test_only_allowed_algorithms() -> None:
    """The allow-list is that of the provider's tokens; its twin allows it."""
    jwt = mint.sign(header(), claims(), "rsa").encode()
    assert "alg" in await refused(signed_answers(ISSUER, algorithms=("ES256",)).introspection(jwt))
    assert await signed_answers(ISSUER, algorithms=("RS256",)).introspection(jwt) == ACTIVE


async def test_no_keys_at_all() -> None:
    """A provider without keys verifies nothing."""
    jwt = mint.sign(header(), claims(), "rsa").encode()
    assert "no key" in await refused(signed_answers(ISSUER, keys={"keys": []}).introspection(jwt))
