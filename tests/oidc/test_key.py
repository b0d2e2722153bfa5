"""bridge/oidc/key.py: one key, and what it is good for."""

import json
from typing import Any

import pytest

from bridge.oidc.key import KeyUnusable, VerificationKey, from_jwk, from_pem, from_secret, unfit_public_key
from tests.issuer import keys
from tests.issuer.mint import signature

RSA_ALGORITHMS = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}

SOUND: dict[str, set[str]] = {
    "rsa": RSA_ALGORITHMS,
    "rsa_e3": RSA_ALGORITHMS,
    "ec256": {"ES256"},
    "ec384": {"ES384"},
    "ec521": {"ES512"},
    "ed25519": {"Ed25519"},
    "ed448": {"Ed448"},
}


@pytest.mark.parametrize(("name", "algorithms"), SOUND.items())
def test_takes_sound_keys(name: str, algorithms: set[str]) -> None:
    """Each kind of key verifies its own algorithms, published or as PEM, and nothing else."""
    published, given = from_jwk(keys.public_jwk(name)), from_pem(keys.public_pem(name))
    assert (set(published.algorithms), published.kid) == (algorithms, name)
    assert (set(given.algorithms), given.kid) == (algorithms, None)
    for key in (published, given):
        for algorithm in algorithms:
            assert key.verifies(frozenset({algorithm}), b"data", signature(algorithm, name, b"data"))
            assert not key.verifies(frozenset({algorithm}), b"other", signature(algorithm, name, b"data"))
            assert not key.verifies(frozenset({algorithm}), b"data", b"")
        assert not key.verifies(frozenset({"HS256"}), b"data", signature("HS256", b"data", b"data"))
        assert not key.verifies(frozenset({"none"}), b"data", b"")


def jwk(name: str, **members: Any) -> dict[str, Any]:
    """A published key."""
    return keys.public_jwk(name, **members)


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        pytest.param(jwk("rsa1024"), "1024 bits", id="J41 RSA of 1024 bits"),
        pytest.param(jwk("rsa_e1"), "malformed|broken", id="J41 e = 1"),
        pytest.param(jwk("rsa_even"), "malformed|broken", id="J41 even modulus"),
        pytest.param(jwk("rsa_roca"), "ROCA", id="J41 ROCA"),
        pytest.param(jwk("rsa", n="AQAB" * 30_000), "larger", id="K07 n of 700,000 bits"),
        pytest.param(jwk("rsa", n=...), "missing", id="K07 n missing"),
        pytest.param(jwk("rsa", n=["AQAB"]), "missing", id="K07 n a list"),
        pytest.param(jwk("rsa", n="!!!"), "malformed", id="K07 n not base64url"),
        pytest.param(jwk("rsa", kty=...), "kty", id="kty missing"),
        pytest.param(jwk("rsa", kty=["RSA"]), "kty", id="kty a list"),
        pytest.param(jwk("rsa", kty="AKP"), "kty", id="K07 unknown kty"),
        pytest.param(jwk("oct"), "symmetric", id="J07 a published secret"),
        pytest.param(jwk("rsa", use="enc"), "use", id="K06 for encryption"),
        pytest.param(jwk("rsa", use="tls"), "use", id="unknown use"),
        pytest.param(jwk("rsa", use=["sig"]), "use", id="use a list"),
        pytest.param(jwk("rsa", key_ops=["encrypt"]), "key_ops", id="K06 operations without verify"),
        pytest.param(jwk("rsa", key_ops=["sign"]), "key_ops", id="K06 operations of the private half"),
        pytest.param(jwk("rsa", key_ops="verify"), "key_ops", id="operations no list"),
        pytest.param(jwk("rsa", kid=5), "kid", id="kid a number"),
        pytest.param(jwk("rsa", alg=["RS256"]), "alg", id="alg a list"),
        pytest.param(jwk("rsa", alg="ES256"), "alg", id="alg of another kind of key"),
        pytest.param(jwk("rsa", alg="none"), "alg", id="alg none"),
        pytest.param(jwk("rsa", alg="RSA-OAEP"), "alg", id="alg of encryption"),
        pytest.param(jwk("ec256", alg="EdDSA"), "alg", id="EdDSA on an elliptic curve of another family"),
        pytest.param(jwk("ec256", crv="P-384"), "malformed", id="J40 a point of another curve"),
        pytest.param(jwk("ec256", x="AAAA", y="AAAA"), "malformed", id="J40 a point off the curve"),
        pytest.param(
            jwk("ec256", x=keys.base64url(bytes(32)), y=keys.base64url(bytes(32))), "malformed", id="J40 (0, 0)"
        ),
        pytest.param(jwk("secp256k1"), "malformed|curve", id="K07 secp256k1"),
        pytest.param(jwk("ed25519", crv="X25519"), "curve", id="K07 a curve for key agreement"),
        pytest.param(jwk("ed25519", x="AAAA"), "malformed", id="K07 an Edwards key too short"),
        *(
            pytest.param(
                jwk("ed25519", x=keys.base64url(bytes.fromhex(x))), "small order|malformed", id=f"J40 x {x[:8]}"
            )
            for x in (
                "01" + "00" * 31,
                "00" * 32,
                "00" * 31 + "80",
                "ec" + "ff" * 30 + "7f",
                "ed" + "ff" * 30 + "7f",
                "ee" + "ff" * 31,
                "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
            )
        ),
        pytest.param("rsa", "object", id="no object"),
        pytest.param(None, "object", id="null"),
    ],
)
def test_sets_unfit_keys_aside(member: Any, reason: str) -> None:
    """A key that is weak, broken or meant for something else never verifies anything; the reason is for the log."""
    with pytest.raises(KeyUnusable, match=reason):
        from_jwk(member)


@pytest.mark.parametrize(
    ("members", "algorithms"),
    [
        ({"alg": "RS512"}, {"RS512"}),
        ({"alg": "PS256"}, {"PS256"}),
        ({"key_ops": ["verify"]}, RSA_ALGORITHMS),
        ({"use": ...}, RSA_ALGORITHMS),
        ({"kid": None}, RSA_ALGORITHMS),
        ({"x5c": ["MII"], "unknown": 1}, RSA_ALGORITHMS),
    ],
)
def test_a_key_names_what_it_is_for(members: dict[str, Any], algorithms: set[str]) -> None:
    """A key with an alg is used with exactly that one (RFC 8725 section 3.1); other members do not matter."""
    assert from_jwk(keys.public_jwk("rsa", **members)).algorithms == algorithms


@pytest.mark.parametrize("alg", ["Ed25519", "EdDSA"])
def test_eddsa_in_a_key_means_its_curve(alg: str) -> None:
    """RFC 9864 renames what RFC 8037 called EdDSA; a provider in the middle of the change keeps working."""
    assert from_jwk(keys.public_jwk("ed25519", alg=alg)).algorithms == {"Ed25519"}


def test_a_published_private_key_is_read_as_a_public_one() -> None:
    """RFC 7517 section 9: we take no more of it than of others."""
    assert from_jwk(keys.private_jwk("rsa")).fingerprint == from_jwk(keys.public_jwk("rsa")).fingerprint


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not the PEM"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "not the PEM"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "private key"),
        (keys.public_pem("rsa1024"), "1024 bits"),
        (keys.public_pem("secp256k1"), "curve"),
    ],
)
def test_refuses_unfit_pem(text: str, reason: str) -> None:
    """What an operator gives by mistake is named."""
    assert reason in unfit_public_key(text)
    assert unfit_public_key(keys.public_pem("rsa")) == ""


@pytest.mark.parametrize(
    ("size", "algorithms"), [(32, {"HS256"}), (48, {"HS256", "HS384"}), (64, {"HS256", "HS384", "HS512"})]
)
def test_a_secret_is_good_for_what_it_is_long_enough_for(size: int, algorithms: set[str]) -> None:
    """RFC 7518 section 3.2: at least as long as the hash."""
    assert from_secret("s" * size).algorithms == algorithms


def test_the_fingerprint_is_of_what_a_key_verifies() -> None:
    """So that a refresh which brings nothing new empties no cache, and anything else does."""
    key: VerificationKey = from_jwk(keys.public_jwk("rsa"))
    assert key.fingerprint == from_jwk(keys.public_jwk("rsa", x5t="other")).fingerprint
    others = [
        from_jwk(keys.public_jwk("rsa2", kid="rsa")),
        from_jwk(keys.public_jwk("rsa", kid="other")),
        from_jwk(keys.public_jwk("rsa", kid=None)),
        from_jwk(keys.public_jwk("rsa", alg="RS256")),
        from_jwk(keys.public_jwk("rsa", issuer="https://login.example")),
        from_secret("s" * 32),
        from_secret("t" * 32),
    ]
    assert len({each.fingerprint for each in (key, *others)}) == len(others) + 1
    assert keys.public_jwk("rsa")["n"] not in repr(key)


@pytest.mark.parametrize(
    "members",
    [
        *(keys.public_jwk(name) for name in keys.GOOD),
        keys.public_jwk("rsa", kid=None),
        keys.public_jwk("rsa", alg="PS256", issuer="https://login.example/{tenantid}"),
        keys.public_jwk("rsa", issuer=5),
        keys.public_jwk("ed25519", alg="EdDSA"),
        keys.private_jwk("rsa") | {"x5c": ["AAAA"]},
    ],
    ids=lambda members: f"{members['kty']} {members.get('alg')}",
)
def test_public_members_make_the_same_key(members: dict[str, Any]) -> None:
    """What is kept of a key is what it verifies with, and no more."""
    public = from_jwk(members).as_jwk()
    assert from_jwk(json.loads(json.dumps(public))).fingerprint == from_jwk(members).fingerprint
    assert set(public) <= {"kty", "kid", "alg", "issuer", "n", "e", "crv", "x", "y"}


def test_a_secret_has_no_public_members() -> None:
    """Nothing of it is ever written anywhere."""
    with pytest.raises(TypeError):
        from_secret("s" * 32).as_jwk()
