"""bridge/oidc/jws.py: structure, header policy, signature. Published examples, and what no example shows."""

import json
from pathlib import Path
from typing import Any

import pytest

from bridge.access_token import AccessToken
from bridge.errors import TokenInvalid, TokenMalformed
from bridge.oidc.jws import is_signed_by, read_untrusted
from bridge.oidc.key import from_jwk
from tests.issuer.keys import base64url, public_jwk
from tests.issuer.mint import sign

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "jws_examples.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["source"])
def test_published_examples(vector: dict[str, Any]) -> None:
    """The RFCs' own tokens verify under their own keys, and no longer when a bit of them differs."""
    jws = read_untrusted(AccessToken(vector["token"]))
    key = from_jwk(vector["jwk"])
    assert jws.algorithm == vector["algorithm"]
    algorithms = frozenset({vector["key_algorithm"]})
    assert is_signed_by(jws, [key], algorithms)
    assert jws.claims == vector["payload"]
    head, payload, signature = vector["token"].split(".")
    other = base64url(json.dumps(vector["payload"] | {"iss": "other"}).encode())
    for changed in (f"{head}.{other}.{signature}", f"{head}.{payload}.{signature[4:]}"):
        assert not is_signed_by(read_untrusted(AccessToken(changed)), [key], algorithms)


def test_takes_apart_without_judging() -> None:
    """Unknown members are ignored (RFC 7515 section 4), an unsigned token is still taken apart: nothing is believed."""
    jws = read_untrusted(AccessToken(sign({"alg": "none", "x5c": ["a" * 1500], "nonce": "n"}, {"sub": "u"}, None)))
    assert (jws.algorithm, jws.kid, jws.claims, jws.signature) == ("none", None, {"sub": "u"}, b"")
    assert "sub" not in repr(jws)


@pytest.mark.parametrize("member", ["crit", "b64", "zip", "jwk", "jku", "x5u"])
@pytest.mark.parametrize("value", [None, [], ["exp"], True, "x", {}])
def test_refuses_members_that_would_change_the_reading(member: str, value: Any) -> None:
    """Being there is enough, whatever the value: J16, J17, J19, J21, J23."""
    with pytest.raises(TokenInvalid, match=member):
        read_untrusted(AccessToken(sign({"alg": "RS256", member: value}, {}, "rsa")))


@pytest.mark.parametrize("value", [None, 5, ["RS256"], {}, True])
def test_alg_is_text(value: Any) -> None:
    """J04; a missing one as well."""
    for header in ({"alg": value}, {}):
        with pytest.raises(TokenInvalid, match="alg"):
            read_untrusted(AccessToken(sign(header, {}, "rsa", algorithm="RS256")))


@pytest.mark.parametrize("value", [None, 5, ["rsa"], {}, True])
def test_kid_is_text(value: Any) -> None:
    """J12: also where a list would not even be hashable."""
    with pytest.raises(TokenInvalid, match="kid"):
        read_untrusted(AccessToken(sign({"alg": "RS256", "kid": value}, {}, "rsa")))


@pytest.mark.parametrize(
    "text",
    [
        "eyJ.",
        "eyJ.e30",
        "e30..c2ln",
        ".e30.c2ln",
        "e30.e30.c2ln.x",
        "e30.e30.e30.e30.c2ln",
        "e30.e3+.c2ln",
        "e30.e3/.c2ln",
        "e30.e.c2ln",
        "e31.e30.c2ln",
        "eyJhbGciOiJSUzI1NiJ9.e31.c2ln",
        "eyJhbGciOiJSUzI1NiJ9.e30.c2lnx",
        "eyJhbGciOiJSUzI1NiJ9.e30.c2lnxx",
        "bnVsbA.e30.c2ln",
        "W10.e30.c2ln",
        "eyJhbGciOiJSUzI1NiJ9.W10.c2ln",
        "eyJhbGciOiJSUzI1NiJ9.MQ.c2ln",
        "eyJhbGciOiJSUzI1NiJ9.__4.c2ln",
    ],
)
def test_refuses_other_structures(text: str) -> None:
    """Three parts of canonical base64url, JSON objects in the first two: J24, J26, J30, J32, J49."""
    with pytest.raises(TokenMalformed):
        read_untrusted(AccessToken(text))


def test_one_token_has_one_text() -> None:
    """J32: bits that carry nothing must be zero, in each part, whatever its length modulo four."""
    for claims in ({"a": ""}, {"a": "1"}, {"a": "12"}):
        token = sign({"alg": "RS256"}, claims, "rsa")
        read_untrusted(AccessToken(token))
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        changed = 0
        for part in range(3):
            parts = token.split(".")
            if len(parts[part]) % 4:
                parts[part] = parts[part][:-1] + alphabet[alphabet.index(parts[part][-1]) + 1]
                changed += 1
                with pytest.raises(TokenMalformed, match="canonical"):
                    read_untrusted(AccessToken(".".join(parts)))
        assert changed


def test_any_of_the_candidates_may_have_signed() -> None:
    """J14: with several keys that fit, one is enough; with none that did, it is refused."""
    jws = read_untrusted(AccessToken(sign({"alg": "RS256"}, {}, "rsa")))
    right, wrong = from_jwk(public_jwk("rsa")), from_jwk(public_jwk("rsa2"))
    assert is_signed_by(jws, [wrong, right], frozenset({"RS256"}))
    assert not is_signed_by(jws, [right], frozenset({"RS512"}))
    for candidates in ([wrong], []):
        assert not is_signed_by(jws, candidates, frozenset({"RS256"}))
