"""bridge/oidc/provider.py and its entrance: a whole token through a whole provider, over sockets where it fetches."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bridge.access_token import AccessToken
from bridge.claims import Claims
from bridge.errors import BridgeError, ProviderUnavailable, TokenExpired, TokenInvalid, TokenUntrusted
from bridge.oidc.http import HttpClient, open_session
from bridge.oidc.provider import Provider
from bridge.oidc.providers import Providers
from bridge.oidc.settings import ProviderSettings
from bridge.trace import SILENT
from tests.issuer import keys, mint
from tests.issuer.process import Issuer

SECRET = "a-secret-of-at-least-32-bytes-for-HS256"


@asynccontextmanager
async def provider(**settings: Any) -> AsyncIterator[tuple[Provider, Providers]]:
    """A provider and an entrance that knows only it."""
    made = ProviderSettings.model_validate({"audience": mint.AUDIENCE, **settings})
    assert list(made.problems()) == []
    async with open_session() as session:
        one = Provider("shop", made, HttpClient(session, provider="shop", timeout=5.0))
        yield one, Providers([one])


async def verify(token: str, **settings: Any) -> Claims:
    """The claims of one token at a provider made for it."""
    async with provider(**settings) as (_, providers):
        return await providers.verify(AccessToken(token), SILENT)


ALGORITHMS = {
    **{f"{family}{size}": "rsa" for family in ("RS", "PS") for size in (256, 384, 512)},
    "ES256": "ec256",
    "ES384": "ec384",
    "ES512": "ec521",
    "Ed25519": "ed25519",
    "Ed448": "ed448",
}


@pytest.mark.parametrize(("algorithm", "key"), ALGORITHMS.items())
async def test_every_allowed_algorithm(issuer: Issuer, algorithm: str, key: str) -> None:
    """J00: discovery, key set and signature for each; the claims are the token's own."""
    members = mint.good_claims(issuer.url)
    claims = await verify(mint.sign({"alg": algorithm, "kid": key}, members, key), issuer=issuer.url)
    assert (claims.provider, claims.subject, claims.sources) == ("shop", "visitor-1", {"token": members})
    assert claims.expires_at == members["exp"]


@pytest.mark.parametrize(("kid", "curve"), [("ed25519", "Ed25519"), ("ed448", "Ed448")])
async def test_eddsa_is_its_curves_name(issuer: Issuer, kid: str, curve: str) -> None:
    """J45: the old name is taken where the curve is allowed, and only there; with an explicit key alg too."""
    issuer.set(jwks={"keys": [keys.public_jwk(kid, alg="EdDSA")]})
    token = mint.sign({"alg": "EdDSA", "kid": kid}, mint.good_claims(issuer.url), kid)
    for algorithms in ([curve], ["EdDSA"], ["Ed25519", "Ed448"]):
        assert (await verify(token, issuer=issuer.url, algorithms=algorithms)).subject
    with pytest.raises(TokenInvalid):
        await verify(token, issuer=issuer.url, algorithms=["Ed448" if curve == "Ed25519" else "Ed25519"])


async def test_an_algorithm_outside_the_list_costs_nothing(issuer: Issuer) -> None:
    """J08: refused before any look for a key."""
    token = mint.sign({"alg": "PS512", "kid": "rsa"}, mint.good_claims(issuer.url), "rsa")
    with pytest.raises(TokenInvalid, match="alg"):
        await verify(token, issuer=issuer.url, algorithms="RS256")
    assert issuer.asked() == 0


async def test_a_stranger_causes_no_request(issuer: Issuer) -> None:
    """C05: an unknown issuer, an opaque text, a broken token: nobody is asked."""
    for token in (mint.good_token("http://127.0.0.1:9/"), "opaque", mint.good_token(issuer.url)[:-200]):
        with pytest.raises(BridgeError):
            await verify(token, issuer="https://other.example")
    assert issuer.asked() == 0


async def test_keys_by_address_file_pem_and_secret(issuer: Issuer) -> None:
    """Each way of giving keys verifies its own tokens and, but for the address, asks nobody."""
    token = mint.good_token("shop")
    by_address = {"url": f"{issuer.url}/jwks"}
    assert (await verify(token, issuer="shop", jwks=by_address)).subject == "visitor-1"
    assert issuer.requests() == {"/jwks": 1}
    assert (await verify(token, issuer="shop", jwks={"file": json.dumps(keys.jwks())})).subject == "visitor-1"
    assert (await verify(token, issuer="shop", public_key=[keys.public_pem("rsa2"), keys.public_pem("rsa")])).subject
    hs256 = mint.sign({"alg": "HS256"}, mint.good_claims("shop"), SECRET.encode())
    assert (await verify(hs256, issuer="shop", secret=["another-secret-of-at-least-32-bytes", SECRET])).subject
    assert issuer.asked() == 1


@pytest.mark.parametrize("secret", [keys.public_pem("rsa"), json.dumps(keys.public_jwk("rsa")), "rsa"])
async def test_a_published_key_is_no_secret(secret: str) -> None:
    """J05: HS256 over what everybody can read is refused, however the keys were given."""
    token = mint.sign({"alg": "HS256", "kid": "rsa"}, mint.good_claims("shop"), secret.encode())
    for settings in ({"public_key": keys.public_pem("rsa")}, {"jwks": {"file": json.dumps(keys.jwks())}}):
        with pytest.raises(TokenInvalid, match="alg"):
            await verify(token, issuer="shop", **settings)


async def test_a_secret_takes_no_asymmetric_token() -> None:
    """The other way round: a provider with a secret has no key of another kind."""
    with pytest.raises(TokenInvalid, match="alg"):
        await verify(mint.good_token("shop"), issuer="shop", secret=SECRET)


async def test_checks_the_claims_after_the_signature(issuer: Issuer) -> None:
    """A forged token learns nothing of what its claims lack."""
    expired = mint.good_claims(issuer.url, exp=1)
    with pytest.raises(TokenExpired):
        await verify(mint.sign(mint.good_header(), expired, "rsa"), issuer=issuer.url)
    with pytest.raises(TokenInvalid):
        await verify(mint.sign(mint.good_header(), expired, "rsa2"), issuer=issuer.url)


async def test_the_subject_may_be_another_claim(issuer: Issuer) -> None:
    """Entra's oid; without it there is nobody to name."""
    assert (await verify(mint.good_token(issuer.url, oid="o-1"), issuer=issuer.url, subject="oid")).subject == "o-1"
    assert (await verify(mint.good_token(issuer.url), issuer=issuer.url, subject="oid")).subject == ""


@pytest.mark.parametrize(
    "fault",
    [
        "discovery_500",
        "discovery_html",
        "jwks_500",
        "jwks_404",
        "jwks_html",
        "jwks_not_object",
        "jwks_keys_null",
        "jwks_utf16",
        "jwks_many_keys",
    ],
)
async def test_an_unreadable_answer_is_unavailable_and_heals(issuer: Issuer, fault: str) -> None:
    """K10, K13: never the token's fault; with the provider well again its keys are fetched."""
    issuer.set(fault=fault)
    token = AccessToken(mint.good_token(issuer.url))
    async with provider(issuer=issuer.url, jwks={"cooldown": "1s"}) as (one, providers):
        with pytest.raises(ProviderUnavailable):
            await providers.verify(token, SILENT)
        assert one.state.first_fetch_ended
        assert one.state.failure
        issuer.set(fault=[])
        one._remote._failed_at = one._metadata._failed_at = float("-inf")  # type: ignore[union-attr] # it is over
        assert (await providers.verify(token, SILENT)).subject == "visitor-1"
        assert (one.state.keys, one.state.failure) == (len(keys.GOOD), "")


async def test_a_key_set_that_moved_is_found(issuer: Issuer) -> None:
    """After a failed fetch discovery is asked again."""
    moved = issuer.realm("new")
    async with provider(issuer=issuer.url, jwks={"cooldown": "1s"}) as (one, providers):
        await providers.verify(AccessToken(mint.good_token(issuer.url)), SILENT)
        moved.set(jwks=keys.jwks("rsa2"))
        issuer.set(fault="jwks_404", discovery={"jwks_uri": f"{moved.url}/jwks"})
        token = AccessToken(mint.sign(mint.good_header(kid="rsa2"), mint.good_claims(issuer.url), "rsa2"))
        with pytest.raises(ProviderUnavailable):
            await providers.verify(token, SILENT)
        one._remote._failed_at = one._remote._looked_at = float("-inf")  # type: ignore[union-attr] # as above
        assert (await providers.verify(token, SILENT)).subject == "visitor-1"


async def test_a_key_set_that_moved_quietly_is_found_with_the_refresh(issuer: Issuer) -> None:
    """K01, K03: the old address may go on answering with keys that are no longer the provider's."""
    moved = issuer.realm("new")
    async with provider(issuer=issuer.url, jwks={"refresh": "1s", "cooldown": "1s"}) as (one, providers):
        await providers.verify(AccessToken(mint.good_token(issuer.url)), SILENT)
        moved.set(jwks=keys.jwks("rsa2"))
        issuer.set(discovery={"jwks_uri": f"{moved.url}/jwks"})
        one._metadata.forget()  # type: ignore[union-attr]  # a refresh later
        token = AccessToken(mint.sign(mint.good_header(kid="rsa2"), mint.good_claims(issuer.url), "rsa2"))
        assert (await providers.verify(token, SILENT)).subject == "visitor-1"
        one._remote._looked_at = float("-inf")  # type: ignore[union-attr] # the cool-down is over
        with pytest.raises(TokenInvalid):
            await providers.verify(AccessToken(mint.good_token(issuer.url)), SILENT)


async def test_endpoints_that_are_discovered_are_kept_fresh_with_the_keys(issuer: Issuer) -> None:
    """Behind the answers; where the keys have an address of their own nothing else looks at the document again."""
    issuer.set(introspection=mint.good_claims(issuer.url, active=True))
    asked = {"client_id": "bridge", "auth_method": "none"}
    jwks = {"url": f"{issuer.url}/jwks", "refresh": "1s"}

    def documents() -> int:
        return issuer.requests().get("/.well-known/openid-configuration", 0)

    async with provider(issuer=issuer.url, introspection=asked, jwks=jwks) as (one, providers):
        fresh = asyncio.create_task(one.keep_fresh())
        async with asyncio.timeout(15):
            while await asyncio.to_thread(documents) < 2:
                assert (await providers.verify(AccessToken("opaque"), SILENT)).subject == "visitor-1"
                await asyncio.sleep(0.05)
        fresh.cancel()
        await asyncio.wait({fresh})
        assert fresh.cancelled()


async def test_nothing_to_fetch_is_ready_at_once() -> None:
    """A provider whose keys were given has no first fetch to wait for."""
    async with provider(issuer="shop", secret=SECRET) as (one, _):
        await one.first_fetch()
        await one.keep_fresh()
        assert one.state.first_fetch_ended
        assert one.revision


TENANT = "6f1b2c3d-0000-4000-8000-1234567890ab"


@pytest.mark.parametrize(
    ("key_issuer", "tid", "issuer_in_document", "error"),
    [
        (..., TENANT, "TEMPLATE", None),
        ("TEMPLATE", TENANT, "TEMPLATE", None),
        ("HOME", TENANT, "TEMPLATE", None),
        ("https://other.example/v2.0", TENANT, "TEMPLATE", TokenInvalid),
        (5, TENANT, "TEMPLATE", TokenInvalid),
        (..., TENANT.replace("6", "7"), "TEMPLATE", TokenUntrusted),
        (..., TENANT, "HOME", ProviderUnavailable),
    ],
)
async def test_entra_for_many_tenants(
    issuer: Issuer, key_issuer: Any, tid: str, issuer_in_document: str, error: type[BridgeError] | None
) -> None:
    """Discovery at the address for all tenants gives the template; iss, tid and the key's own issuer must agree."""
    common = issuer.realm("common/v2.0")
    places = {"TEMPLATE": f"{issuer.url}/{{tenantid}}/v2.0", "HOME": f"{issuer.url}/{TENANT}/v2.0"}
    member = keys.public_jwk("rsa", issuer=places.get(key_issuer, key_issuer) if key_issuer is not ... else ...)
    common.set(jwks={"keys": [member]}, discovery={"issuer": places[issuer_in_document]})
    token = mint.good_token(places["HOME"], tid=tid)
    settings = {"issuer": places["TEMPLATE"], "tenants": TENANT}
    if error is None:
        assert (await verify(token, **settings)).subject == "visitor-1"
    else:
        with pytest.raises(error):
            await verify(token, **settings)
