"""The RFCs' own examples: what they sign verifies, what is no signed token of claims is refused by name.

More of RFC 7515's are in ``oidc/test_jws.py``. Each signature is verified a second time by ``cryptography`` alone, so
that neither a slip in copying nor a defect of ours can pass for the other.
"""

import hmac
import json
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA512
from joserfc.jwk import OctKey

from bridge.access_token import AccessToken
from bridge.claims import Claims
from bridge.errors import BridgeError, TokenExpired, TokenUntrusted
from bridge.oidc.http import HttpClient, open_session
from bridge.oidc.key import VerificationKey, from_jwk
from bridge.oidc.provider import Provider
from bridge.oidc.providers import Providers
from bridge.oidc.settings import ProviderSettings
from bridge.trace import SILENT
from tests.issuer.keys import public_jwk, public_pem
from tests.issuer.mint import sign

EXAMPLES = json.loads((Path(__file__).parents[1] / "vectors" / "published_examples.json").read_text())


def decoded(text: str) -> bytes:
    """RFC 7515 section 2."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verify_independently(jwk: dict[str, str], signing_input: bytes, signature: bytes) -> None:
    """Raises unless the signature is the key's; nothing of ours, nor of joserfc, is in it."""
    number = {name: int.from_bytes(decoded(jwk.get(name, "")), "big") for name in ("x", "y")}
    match jwk["kty"]:
        case "EC":
            r, s = (int.from_bytes(half, "big") for half in (signature[:66], signature[66:]))
            public = ec.EllipticCurvePublicNumbers(number["x"], number["y"], ec.SECP521R1()).public_key()
            public.verify(encode_dss_signature(r, s), signing_input, ec.ECDSA(SHA512()))
        case "OKP":
            ed25519.Ed25519PublicKey.from_public_bytes(decoded(jwk["x"])).verify(signature, signing_input)
        case _:
            assert hmac.digest(decoded(jwk["k"]), signing_input, "sha256") == signature


@pytest.mark.parametrize("example", EXAMPLES["signed"], ids=lambda example: example["source"])
def test_what_they_sign_verifies(example: dict[str, Any]) -> None:
    """J00: under the published key and algorithm, and no longer when anything of it differs."""
    signed, _, last = example["token"].rpartition(".")
    signing_input, signature, jwk = signed.encode(), decoded(last), example["jwk"]
    verify_independently(jwk, signing_input, signature)
    if jwk["kty"] == "oct":  # never taken from a set, so not by from_jwk
        key = VerificationKey(OctKey.import_key(decoded(jwk["k"])), None, frozenset({"HS256", "HS384", "HS512"}))
    else:
        key = from_jwk(jwk)
    assert key.verifies(frozenset({example["algorithm"]}), signing_input, signature)
    assert not key.verifies(frozenset({example["algorithm"]}), signing_input + b"A", signature)
    assert not key.verifies(frozenset({example["algorithm"]}), signing_input, signature[:-1] + b"\0")
    assert not key.verifies(frozenset({"RS256"}), signing_input, signature)


async def verify(token: str, now: float, **settings: Any) -> Claims:
    """The claims of a token at a provider made for it, at a time."""
    made = ProviderSettings.model_validate(settings)
    async with open_session() as session:
        http = HttpClient(session, provider="p", timeout=5.0)
        return await Providers([Provider("p", made, http, now=lambda: now)]).verify(AccessToken(token), SILENT)


@pytest.mark.parametrize("example", EXAMPLES["refused"], ids=lambda example: example["source"])
async def test_what_is_no_signed_token_of_claims_is_refused(example: dict[str, Any]) -> None:
    """J01, J05, J24, J49: at a provider whose issuer it names, before its time is over."""
    with pytest.raises(BridgeError) as refusal:
        await verify(example["token"], 1300819379, issuer="joe", audience="none", public_key=public_pem("rsa"))
    assert refusal.value.code == example["code"]


RS = {
    "issuer": "https://authorization-server.example.com/",
    "audience": "https://rs.example.com/",
    "authorized_parties": "s6BhdRkqt3",
    "required_scopes": ["openid", "profile"],
    "jwks": {"file": json.dumps({"keys": [public_jwk("rsa", kid="RjEwOwOA")]})},
}


async def test_the_access_token_of_rfc_9068() -> None:
    """C12, C13: its header and claims as published, which the RFC shows unsigned, are one of a visitor of ours."""
    example = EXAMPLES["access_token"]
    token, issued = sign(example["header"], example["claims"], "rsa"), example["claims"]["iat"]
    claims = await verify(token, issued + 60, **RS)
    assert (claims.subject, claims.expires_at) == ("5ba552d67", issued + 86400)  # max_token_age comes before its exp
    assert claims.sources["token"] == example["claims"]
    with pytest.raises(TokenUntrusted, match="aud"):
        await verify(token, issued + 60, **RS | {"audience": "https://other.example.com/"})
    with pytest.raises(TokenExpired):
        await verify(token, example["claims"]["exp"] + 31, **RS | {"max_token_age": "400d"})
