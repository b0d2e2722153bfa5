"""Attacks on the signature itself: other keys, other payloads, broken and forged values."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.attacks.attack import Attack, Attacked, Mint, signed
from tests.bridge_process import ACCEPTED
from tests.issuer.keys import base64url, key
from tests.issuer.mint import (
    ecdsa_der,
    good_claims,
    good_header,
    good_token,
    pkcs1_block,
    pss,
    r_and_s,
    raw_rsa,
    sign,
    signature,
)

# SEC 2 section 2.4.2: the order of P-256 and the prime of its field.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PRIME = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF


def with_signature(make: Callable[[bytes], bytes], algorithm: str = "RS256", kid: str = "rsa") -> Mint:
    """A token whose third part is made from what is signed."""

    def token(issuer: str) -> str:
        signing_input = sign(good_header(algorithm, kid), good_claims(issuer), None).removesuffix(".")
        return f"{signing_input}.{base64url(make(signing_input.encode()))}"

    return token


def changed(change: Callable[[bytes], bytes], algorithm: str = "RS256", kid: str = "rsa") -> Mint:
    """A token whose good signature was changed."""
    return with_signature(lambda data: change(signature(algorithm, kid, data)), algorithm, kid)


def es256(r: Callable[[int], int], s: Callable[[int], int]) -> Mint:
    """An ES256 token whose two numbers were changed."""

    def change(good: bytes) -> bytes:
        return r_and_s(r(int.from_bytes(good[:32], "big")), s(int.from_bytes(good[32:], "big")), 256)

    return changed(change, "ES256", "ec256")


def der(data: bytes) -> bytes:
    """The DER form of a good ES256 signature."""
    private = key("ec256")
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    return ecdsa_der(private, data, hashes.SHA256())


def same(number: int) -> int:
    """No change."""
    return number


def swapped(issuer: str) -> str:
    """Header and signature of one token, payload of another."""
    first, second = good_token(issuer), good_token(issuer, sub="victim")
    return ".".join([first.split(".")[0], second.split(".")[1], first.split(".")[2]])


def edited_header(issuer: str) -> str:
    """A good payload and signature under an edited header."""
    token = good_token(issuer)
    other = sign(good_header(typ=...), good_claims(issuer), None)
    return ".".join([other.split(".")[0], *token.split(".")[1:]])


def forged_block(**changes: object) -> Mint:
    """An RS256 token over a PKCS #1 block that a strict verifier refuses."""
    return with_signature(lambda data: raw_rsa("rsa", pkcs1_block(data, 256, **changes)))  # type: ignore[arg-type]  # forwarded by name


SHA1_INFO = bytes.fromhex("3021300906052b0e03021a05000414")
NO_NULL = bytes.fromhex("302f300b0609608648016503040201") + bytes.fromhex("0420")

ATTACKS = (
    *(
        Attack("J03", name, changed(change), "token_invalid")
        for name, change in {
            "empty signature": lambda _: b"",
            "one byte less": lambda s: s[:-1],
            "one byte less in front": lambda s: s[1:],
            "one byte more": lambda s: s + b"\0",
            "one byte more in front": lambda s: b"\0" + s,
            "twice": lambda s: s + s,
            "all zeroes": lambda _: bytes(256),
            "all ones": lambda _: b"\xff" * 256,
            "one bit": lambda s: bytes([s[0] ^ 1]) + s[1:],
            "another's altogether": lambda _: signature("RS256", "rsa", b"another text"),
        }.items()
    ),
    *(
        Attack("J03", f"{algorithm}: {name}", changed(change, algorithm, kid), "token_invalid")
        for algorithm, kid in (("ES256", "ec256"), ("Ed25519", "ed25519"), ("Ed448", "ed448"), ("PS256", "rsa"))
        for name, change in {
            "empty": lambda _: b"",
            "one byte less": lambda s: s[:-1],
            "one byte more": lambda s: s + b"\0",
            "all zeroes": lambda s: bytes(len(s)),
            "one bit": lambda s: s[:-1] + bytes([s[-1] ^ 1]),
        }.items()
    ),
    *(
        Attack("J37", f"ECDSA {name}", es256(r, s), "token_invalid")
        for name, r, s in (
            ("r = 0, s = 0", lambda _: 0, lambda _: 0),
            ("r = 0", lambda _: 0, same),
            ("s = 0", same, lambda _: 0),
            ("r = n", lambda _: ORDER, same),
            ("s = n", same, lambda _: ORDER),
            ("r = n, s = n", lambda _: ORDER, lambda _: ORDER),
            ("r = n + 1", lambda _: ORDER + 1, same),
            ("s = n + 1", same, lambda _: ORDER + 1),
            ("r = p", lambda _: PRIME, same),
            ("r = 1, s = 1", lambda _: 1, lambda _: 1),
            ("r = n - r", lambda r: ORDER - r, same),
        )
    ),
    Attack("J37", "ECDSA in DER", with_signature(der, "ES256", "ec256"), "token_invalid"),
    Attack("J37", "ECDSA padded", changed(lambda s: s[:32] + b"\0" + s[32:], "ES256", "ec256"), "token_invalid"),
    Attack(
        "J37",
        "ECDSA as long as for P-384",
        changed(lambda s: bytes(16) + s[:32] + bytes(16) + s[32:], "ES256", "ec256"),
        "token_invalid",
    ),
    Attack("J37", "ECDSA malleability gives the same visitor", es256(same, lambda s: ORDER - s), ACCEPTED),
    Attack("J42", "garbage behind the digest", forged_block(garbage=b"x" * 8), "token_invalid"),
    Attack("J42", "garbage behind short padding", forged_block(garbage=b"x", shortest=True), "token_invalid"),
    Attack("J42", "DigestInfo of SHA-1", forged_block(info=SHA1_INFO), "token_invalid"),
    Attack("J42", "DigestInfo without NULL", forged_block(info=NO_NULL), "token_invalid"),
    Attack("J42", "no DigestInfo", forged_block(info=b""), "token_invalid"),
    Attack("J42", "the block itself is sound", forged_block(), ACCEPTED),
    Attack("J42", "PSS under RS256", with_signature(lambda d: signature("PS256", "rsa", d)), "token_invalid"),
    Attack(
        "J42", "PKCS #1 under PS256", with_signature(lambda d: signature("RS256", "rsa", d), "PS256"), "token_invalid"
    ),
    Attack("J42", "RS512 under RS256", with_signature(lambda d: signature("RS512", "rsa", d)), "token_invalid"),
    Attack("J42", "SHA-1 under RS256", with_signature(lambda d: signature("RS1", "rsa", d)), "token_invalid"),
    Attack("J42", "PSS without salt", with_signature(lambda d: pss("rsa", d, salt=0), "PS256"), "token_invalid"),
    Attack("J42", "PSS of a longer salt", with_signature(lambda d: pss("rsa", d, salt=64), "PS256"), "token_invalid"),
    Attack(
        "J42",
        "PSS, MGF1 over another hash",
        with_signature(lambda d: pss("rsa", d, salt=32, mgf=hashes.SHA1), "PS256"),
        "token_invalid",
    ),
    Attack("J42", "PSS as PS256 has it", with_signature(lambda d: pss("rsa", d, salt=32), "PS256"), ACCEPTED),
    Attack("J47", "payload swapped", swapped, "token_invalid"),
    Attack("J47", "header swapped", edited_header, "token_invalid"),
    Attack("J48", "another RSA key under the kid", signed("RS256", "rsa2", kid="rsa"), "token_invalid"),
    Attack("J48", "another EC key under the kid", signed("ES256", "ec256b", kid="ec256"), "token_invalid"),
)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_signature_attacks(attack: Attack, attacked: Attacked) -> None:
    """A signature is the published key's, over exactly these bytes, in exactly this form; a bad one asks nobody."""
    attacked.by(attack)


def test_a_storm_of_forgeries_starves_nobody(attacked: Attacked) -> None:
    """O18: forged signatures of the dearest kind, many at a time: each is looked at, and good tokens meanwhile too."""
    bridge, url = attacked.bridge, f"{attacked.issuer.url}/plain"
    assert bridge.post(signed("ES512", "ec521")(url)).code is ACCEPTED
    forge = with_signature(lambda _: signature("ES512", "ec521", b"something else"), "ES512", "ec521")
    for _ in range(3):
        answers = bridge.post_together([forge(url) for _ in range(40)] + [good_token(url) for _ in range(8)])
        assert [answer.code for answer in answers] == ["token_invalid"] * 40 + [ACCEPTED] * 8
        assert (bridge.admin("/healthz"), bridge.admin("/readyz")) == (200, 200)


def test_forged_tokens_of_a_known_kid_never_cause_a_fetch(attacked: Attacked) -> None:
    """J48: no refetch storm, however many forgeries there are."""
    url = f"{attacked.issuer.url}/plain"
    assert attacked.bridge.post(good_token(url)).code is ACCEPTED
    asked = attacked.issuer.asked()
    for _ in range(20):
        assert attacked.bridge.post(signed("RS256", "rsa2", kid="rsa")(url)).code == "token_invalid"
    assert attacked.issuer.asked() == asked
