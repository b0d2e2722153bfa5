"""bridge/oidc/client_authentication.py: what a provider sees of us, over real sockets, in each method."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from bridge.oidc.client_authentication import ASSERTION_LIFE, ClientAuthentication
from bridge.oidc.endpoint_settings import IntrospectionSettings
from bridge.oidc.http import HttpClient
from tests.issuer import keys, mint
from tests.issuer.process import Issuer
from tests.issuer.recorded import Recorded
from tests.issuer.token_endpoints import decoded, payload
from tests.oidc.answers import client

SECRET = "s3cret-of-the-bridge-of-32-bytes-and-more"
ODD = "p:ä+ %26&=/s"
"""A secret that form-encoding changes, and that is not Latin-1's business alone."""


class Asker:
    """One client of an issuer's introspection endpoint, for several questions."""

    def __init__(self, http: HttpClient, issuer: Issuer, prover: ClientAuthentication) -> None:
        self._http = http
        self._issuer = issuer
        self._prover = prover

    async def status(self) -> int:
        """The status of one answer."""
        url, fields = f"{self._issuer.url}/introspection", [("token", "a+b/c=="), ("token_type_hint", "access_token")]
        answer = await self._prover.post(self._http, url, "introspection", fields, accept="application/json")
        return answer.status


@asynccontextmanager
async def asker(issuer: Issuer, *, audience: str = "", **settings: Any) -> AsyncIterator[Asker]:
    """A client with these settings; ``audience`` is the provider's issuer."""
    made = IntrospectionSettings.model_validate({"client_id": "bridge", **settings})
    assert list(made.problems(insecure=False)) == []
    async with client() as http:
        yield Asker(http, issuer, ClientAuthentication(made, issuer=audience))


async def sent(issuer: Issuer, **settings: Any) -> Recorded:
    """One question to an issuer that answers everybody, as it came in there."""
    issuer.set(introspection={"active": True})
    async with asker(issuer, **settings) as one:
        assert await one.status() == 200
    [recorded] = issuer.recorded("introspection")
    assert recorded.form["token"] == ["a+b/c=="]
    assert recorded.form["token_type_hint"] == ["access_token"]
    return recorded


async def test_basic_is_form_encoded(issuer: Issuer) -> None:
    """RFC 6749 section 2.3.1; nothing of it stands in the body."""
    recorded = await sent(issuer, client_id="br:idge", client_secret=ODD)
    assert recorded.basic == ("br%3Aidge", "p%3A%C3%A4%2B+%2526%26%3D%2Fs")
    assert recorded.form_encoded_basic == ("br:idge", ODD)
    assert set(recorded.form) == {"token", "token_type_hint"}


async def test_post(issuer: Issuer) -> None:
    """client_secret_post: in the form, and nothing in the header."""
    recorded = await sent(issuer, client_secret=ODD, auth_method="client_secret_post")
    assert (recorded.form["client_id"], recorded.form["client_secret"]) == (["bridge"], [ODD])
    assert recorded.basic is None


@pytest.mark.parametrize(("client_id", "fields"), [("bridge", {"client_id": ["bridge"]}), (None, {})])
async def test_none(issuer: Issuer, client_id: str | None, fields: dict[str, list[str]]) -> None:
    """auth_method none: at most our name."""
    recorded = await sent(issuer, client_id=client_id, auth_method="none")
    assert recorded.form == {"token": ["a+b/c=="], "token_type_hint": ["access_token"], **fields}
    assert "authorization" not in recorded.headers


def header(assertion: str) -> Any:
    """The assertion's header."""
    return json.loads(decoded(assertion.partition(".")[0]))


def is_signed_by(assertion: str, key: str) -> bool:
    """Whether the assertion's signature is that of a named key's, checked without the bridge's libraries."""
    signing_input, _, signature = assertion.rpartition(".")
    data, raw, private = signing_input.encode(), decoded(signature), keys.key(key)
    match private:
        case rsa.RSAPrivateKey():
            private.public_key().verify(raw, data, padding.PKCS1v15(), hashes.SHA256())
        case ec.EllipticCurvePrivateKey():
            half = len(raw) // 2
            der = encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
            digest = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}[private.curve.key_size]
            private.public_key().verify(der, data, ec.ECDSA(digest))
        case ed25519.Ed25519PrivateKey() | ed448.Ed448PrivateKey():
            private.public_key().verify(raw, data)
        case _:
            raise TypeError(key)
    return True


PRIVATE_KEYS = {"rsa": "RS256", "ec256": "ES256", "ec384": "ES384", "ec521": "ES512", "ed25519": "EdDSA"}


@pytest.mark.parametrize(("key", "algorithm"), PRIVATE_KEYS.items())
async def test_private_key_jwt(issuer: Issuer, key: str, algorithm: str) -> None:
    """RFC 7523 section 2.2: signed, for the issuer, short-lived; the key itself goes nowhere."""
    recorded = await sent(
        issuer,
        auth_method="private_key_jwt",
        private_key=keys.private_pem(key),
        key_id="k1",
        audience="https://login.shop.example",
    )
    [assertion] = recorded.form["client_assertion"]
    assert recorded.form["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
    assert is_signed_by(assertion, key)
    assert header(assertion) == {"typ": "JWT", "alg": algorithm, "kid": "k1"}
    check(payload(assertion), "https://login.shop.example")
    assert "authorization" not in recorded.headers


async def test_client_secret_jwt(issuer: Issuer) -> None:
    """The same with the shared secret, which goes nowhere itself."""
    recorded = await sent(issuer, auth_method="client_secret_jwt", client_secret=SECRET, audience="https://a.example")
    [assertion] = recorded.form["client_assertion"]
    signing_input, _, signature = assertion.rpartition(".")
    assert decoded(signature) == mint.signature("HS256", SECRET.encode(), signing_input.encode())
    assert header(assertion) == {"typ": "JWT", "alg": "HS256"}
    check(payload(assertion), "https://a.example")
    assert SECRET not in recorded.body


def check(claims: dict[str, Any], audience: str) -> None:
    """What every assertion says."""
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("bridge", "bridge", audience)
    assert claims["exp"] - claims["iat"] == ASSERTION_LIFE
    assert abs(claims["iat"] - time.time()) < 30
    assert len(claims["jti"]) >= 16


async def test_no_assertion_is_sent_twice(issuer: Issuer) -> None:
    """A jti that comes again is a replay (RFC 7523 section 3 rule 7)."""
    issuer.set(introspection={"active": True})
    async with asker(issuer, auth_method="private_key_jwt", private_key=keys.private_pem("ec256")) as one:
        assert [await one.status() for _ in range(3)] == [200, 200, 200]
    assertions = [payload(recorded.form["client_assertion"][0]) for recorded in issuer.recorded("introspection")]
    assert len({claims["jti"] for claims in assertions}) == 3
    assert {claims["aud"] for claims in assertions} == {f"{issuer.url}/introspection"}


BOTH_WAYS = [
    ({"client_secret": ODD}, {"id": "bridge", "secret": ODD}, {"id": "bridge", "secret": ODD, "raw": True}),
    (
        {"auth_method": "client_secret_jwt", "client_secret": SECRET, "audience": "https://a.example"},
        {"audience": "https://a.example"},
        {"audience": "ENDPOINT"},
    ),
]


@pytest.mark.parametrize(("settings", "standard", "other"), BOTH_WAYS, ids=["basic", "assertion"])
async def test_two_ways(issuer: Issuer, settings: Any, standard: Any, other: Any) -> None:
    """The standard's way costs one request each; the other is found by one more, once, and stays."""
    other = {name: f"{issuer.url}/introspection" if value == "ENDPOINT" else value for name, value in other.items()}
    for accepted, counts in ((standard, [1, 2, 3]), (other, [2, 3, 4])):
        issuer.reset()
        issuer.set(introspection={"active": True}, client=accepted)
        async with asker(issuer, **settings) as one:
            for count in counts:
                assert await one.status() == 200
                assert len(issuer.recorded("introspection")) == count


async def test_refused_both_ways(issuer: Issuer) -> None:
    """A wrong secret costs one request too many, once; when the provider is mended it works again in either way."""
    issuer.set(introspection={"active": True}, client={"id": "bridge", "secret": "another"})
    async with asker(issuer, client_secret=ODD) as one:
        counts = []
        for _ in range(4):
            assert await one.status() == 401
            counts.append(len(issuer.recorded("introspection")))
        assert counts == [2, 3, 4, 5]
        issuer.set(client={"id": "bridge", "secret": ODD, "raw": True})
        assert 200 in [await one.status(), await one.status()]
        assert [await one.status(), await one.status()] == [200, 200]


async def test_a_plain_secret_has_one_way(issuer: Issuer) -> None:
    """Where form-encoding changes nothing there is nothing else to try."""
    issuer.set(introspection={"active": True}, client={"id": "bridge", "secret": "another"})
    async with asker(issuer, client_secret=SECRET) as one:
        assert await one.status() == 401
    assert len(issuer.recorded("introspection")) == 1


async def test_a_way_that_worked_stays(issuer: Issuer) -> None:
    """A refusal later on is the provider's last word: nothing else is tried behind it."""
    issuer.set(introspection={"active": True}, client={"id": "bridge", "secret": ODD})
    async with asker(issuer, client_secret=ODD) as one:
        assert await one.status() == 200
        issuer.set(client={"id": "bridge", "secret": "rotated"})
        assert await one.status() == 401
        assert len(issuer.recorded("introspection")) == 2


async def test_only_401_is_a_reason_to_try_again(issuer: Issuer) -> None:
    """403 knows us; a second try would only cost."""
    issuer.set(introspection={}, statuses={"introspection": 403})
    async with asker(issuer, client_secret=ODD) as one:
        assert await one.status() == 403
    assert len(issuer.recorded("introspection")) == 1
