"""Attacks through the JOSE header: which algorithm, which key, which extension."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.attacks.attack import Attack, Attacked, Mint, header, raw_header, signed
from tests.bridge_process import ACCEPTED
from tests.issuer import keys, mint
from tests.issuer.mint import good_claims, good_header, sign


def hmac(algorithm: str, secret: bytes, kid: str) -> Mint:
    """A token signed with published key material as if it were a shared secret."""
    return lambda issuer: sign(good_header(algorithm, kid), good_claims(issuer), secret)


def unsigned(algorithm: str, **members: Any) -> Mint:
    """A token with an empty third part."""
    return lambda issuer: sign({"alg": algorithm, **members}, good_claims(issuer), None)


def forged(**members: Any) -> Mint:
    """A token of an attacker's key with these header members; ``ATTACKER`` in a text stands for his server."""

    def token(issuer: str) -> str:
        server = issuer.replace("plain", "attacker")
        shown = {
            name: text.replace("ATTACKER", server) if isinstance(text, str) else text for name, text in members.items()
        }
        return sign(good_header(**shown), good_claims(issuer), "rsa2")

    return token


def published(form: str, name: str) -> Mint:
    """The confusion of RS, ES or EdDSA with HS: signed over a public key in one of its spellings."""

    def token(issuer: str) -> str:
        member = keys.public_jwk(name)
        secret = {
            "pem": keys.public_pem(name).encode(),
            "pem without its last newline": keys.public_pem(name).strip().encode(),
            "der": keys.public_der(name),
            "jwk": mint.to_json(member),
            "bare number": (member.get("n") or member["x"]).encode(),
        }[form]
        return sign(good_header("HS256", name), good_claims(issuer), secret)

    return token


def unencoded(issuer: str) -> str:
    """RFC 7797: the payload stands in the token as it is."""
    head = keys.base64url(mint.to_json(good_header(b64=False, crit=["b64"])))
    body = mint.to_json(good_claims(issuer)).decode()
    return f"{head}.{body}.{keys.base64url(mint.signature('RS256', 'rsa', f'{head}.{body}'.encode()))}"


WRONG_KIDS: tuple[Any, ...] = (5, 1.5, None, ["rsa"], {"rsa": 1}, True, [[]])
EMBEDDED_UNDER: Mapping[str, Mapping[str, Any]] = {
    "the issuer's kid": {},
    "no kid": {"kid": ...},
    "its own kid": {"kid": "rsa2"},
}
CRITICAL: Mapping[str, Mapping[str, Any]] = {
    "of an unknown extension": {"crit": ["x"], "x": 1},
    "empty": {"crit": []},
    "text": {"crit": "exp"},
    "null": {"crit": None},
    "number": {"crit": 1},
    "object": {"crit": {"x": 1}},
    "list of numbers": {"crit": [5]},
    "list of lists": {"crit": [[]]},
    "of a name not in the header": {"crit": ["exp"]},
    "of a registered name": {"crit": ["alg"]},
    "of a name twice": {"crit": ["x", "x"], "x": 1},
    "of a thousand names": {"crit": [f"x{n}" for n in range(1000)]},
    "of b64, true": {"crit": ["b64"], "b64": True},
}

ATTACKS = (
    *(
        Attack("J00", f"baseline {algorithm}", signed(algorithm, key), ACCEPTED)
        for algorithm, key in (
            *((name, "rsa") for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
            ("ES256", "ec256"),
            ("ES384", "ec384"),
            ("ES512", "ec521"),
            ("Ed25519", "ed25519"),
            ("Ed448", "ed448"),
            ("EdDSA", "ed25519"),
            ("EdDSA", "ed448"),
        )
    ),
    Attack("J00", "baseline without typ", header(typ=...), ACCEPTED),
    Attack("J01", "alg none", unsigned("none", kid="rsa"), "token_invalid"),
    Attack("J01", "alg none, signed", header(alg="none"), "token_invalid"),
    Attack("J01", "alg none without kid", unsigned("none"), "token_invalid"),
    *(
        Attack("J01", f"none spelled {alg!r}", unsigned(alg), "token_invalid")
        for alg in ("None", "NONE", "nOnE", "none ", " none", "none\0", "")
    ),
    *(Attack("J01", f"{alg!r}, signed", header(alg=alg), "token_invalid") for alg in ("None", "nOnE", "none ")),
    *(
        Attack("J01", f"RS256 spelled {alg!r}", header(alg=alg), "token_invalid")
        for alg in ("rs256", "RS256 ", "RS-256")
    ),
    Attack("J04", "alg missing", header(alg=...), "token_invalid"),
    *(
        Attack("J04", f"alg {alg!r}", header(alg=alg), "token_invalid")
        for alg in (None, 5, True, ["RS256"], {"RS256": 1}, [])
    ),
    *(
        Attack("J05", f"HS256 over the {name} key's {form}", published(form, name), "token_invalid")
        for name in ("rsa", "ec256", "ed25519")
        for form in ("pem", "pem without its last newline", "der", "jwk", "bare number")
    ),
    *(
        Attack("J05", f"{alg} over an empty secret", hmac(alg, b"", "rsa"), "token_invalid")
        for alg in ("HS256", "HS512")
    ),
    *(
        Attack("J08", f"{alg} where RS256 is allowed", signed(alg, key), "token_invalid", realm="/rs256")
        for alg, key in (("PS512", "rsa"), ("RS512", "rsa"), ("ES256", "ec256"), ("Ed25519", "ed25519"))
    ),
    Attack("J08", "RS1", signed("RS1", "rsa"), "token_invalid"),
    Attack("J08", "ES256K", signed("ES256K", "secp256k1"), "token_invalid"),
    Attack("J08", "an unknown kid too", header(alg="HS256", kid="unknown"), "token_invalid"),
    Attack("J08", "a family that nobody has", header(alg="RS257"), "token_invalid"),
    *(
        Attack("J10", f"{alg} under the {kid} key", signed(alg, key, kid=kid), "token_invalid")
        for alg, kid, key in (
            ("ES256", "rsa", "ec256"),
            ("RS256", "ec256", "rsa"),
            ("ES256", "ec384", "ec384"),
            ("ES512", "ec256", "ec256"),
            ("Ed25519", "rsa", "ed25519"),
            ("PS256", "ed25519", "rsa"),
        )
    ),
    *(
        Attack(
            "J12",
            f"kid of the wrong type: {kid!r}",
            header(kid=mint.Raw("null") if kid is None else kid),
            "token_invalid",
        )
        for kid in WRONG_KIDS
    ),
    *(
        Attack("J16", f"embedded jwk under {name}", forged(jwk=keys.public_jwk("rsa2"), **members), "token_invalid")
        for name, members in EMBEDDED_UNDER.items()
    ),
    Attack("J16", "embedded jwk of the issuer's own key", header(jwk=keys.public_jwk("rsa")), "token_invalid"),
    Attack("J16", "jwk null", header(jwk=None), "token_invalid"),
    Attack("J17", "jku of the attacker's set", forged(jku="ATTACKER/jwks"), "token_invalid"),
    Attack("J17", "jku beside a good signature", header(jku="http://127.0.0.1/jwks"), "token_invalid"),
    Attack(
        "J17", "jku in the link-local range", header(jku="http://169.254.169.254/latest/meta-data"), "token_invalid"
    ),
    Attack("J17", "x5u of the attacker's chain", forged(x5u="ATTACKER/chain.pem"), "token_invalid"),
    Attack("J17", "x5u in the link-local range", header(x5u="http://169.254.169.254/chain.pem"), "token_invalid"),
    Attack("J17", "x5c of the attacker's key", forged(x5c=[keys.certificate("rsa2")]), "token_invalid"),
    Attack("J17", "x5t of another key is not looked at", header(x5t="AAAAAAAAAAAAAAAAAAAAAAAAAAA"), ACCEPTED),
    *(Attack("J19", f"crit {name}", header(**members), "token_invalid") for name, members in CRITICAL.items()),
    Attack("J19", "crit of 10^5 names", header(crit=["x"] * 100_000), "body_too_large"),
    Attack("J21", "b64 false with crit, raw payload", unencoded, "token_malformed"),
    Attack("J21", "b64 false with crit", header(b64=False, crit=["b64"]), "token_invalid"),
    Attack("J21", "b64 false without crit", header(b64=False), "token_invalid"),
    Attack("J21", "b64 true without crit", header(b64=True), "token_invalid"),
    Attack("J23", "zip DEF", header(zip="DEF"), "token_invalid"),
    Attack("J23", "zip null", header(zip=None), "token_invalid"),
    Attack(
        "J28", "duplicate alg, none first", raw_header('{"alg":"none","alg":"RS256","kid":"rsa"}'), "token_malformed"
    ),
    Attack(
        "J28", "duplicate alg, none last", raw_header('{"alg":"RS256","kid":"rsa","alg":"none"}'), "token_malformed"
    ),
    Attack("J28", "duplicate kid", raw_header('{"alg":"RS256","kid":"x","kid":"rsa"}'), "token_malformed"),
    Attack(
        "J28", "duplicate by escape", raw_header('{"alg":"RS256","kid":"rsa","\\u0061lg":"none"}'), "token_malformed"
    ),
    Attack(
        "J28", "duplicate deeper down", raw_header('{"alg":"RS256","kid":"rsa","x":{"a":1,"a":2}}'), "token_malformed"
    ),
    Attack("K23", "alg none, which the discovery document lists", unsigned("none", kid="rsa"), "token_invalid"),
    Attack("K23", "HS256, which the discovery document lists", hmac("HS256", b"x" * 32, "rsa"), "token_invalid"),
    Attack("J45", "Ed448 under the Ed25519 key", signed("Ed448", "ed25519"), "token_invalid"),
    Attack("J45", "Ed25519 under the Ed448 key", signed("Ed25519", "ed448"), "token_invalid"),
    Attack("J45", "ed25519 in small letters", signed("ed25519", "ed25519"), "token_invalid"),
    Attack("J45", "the curve of another kind of key", header(alg="X25519"), "token_invalid"),
    *(
        Attack("J49", f"header {text}", raw_header(text), "token_malformed")
        for text in ("[]", '"x"', "1", "null", "true", '["alg"]', '"alg"', "{", '{"alg":"RS256"} x', "{'alg':'RS256'}")
    ),
    Attack("J52", "nonce of Entra's Graph tokens, as an unknown member", header(nonce="n"), ACCEPTED),
    Attack("J52", "ver", header(ver="2.0"), ACCEPTED),
    Attack("J52", "a chain of 1.5 kB", header(x5c=["A" * 1500]), ACCEPTED),
    Attack("J52", "members of every type", header(a=None, b=[1], c={"d": 1.5}, e=True, __proto__="x"), ACCEPTED),
    Attack("J52", "cty JWT over a plain payload", header(cty="json"), ACCEPTED),
)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_header_attacks(attack: Attack, attacked: Attacked) -> None:
    """The header chooses among what the operator allows; it never brings a key, an algorithm or an extension."""
    attacked.by(attack)
