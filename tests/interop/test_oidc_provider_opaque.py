"""Opaque tokens of a certified OpenID provider: a running bridge asks its introspection and its userinfo."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import ANY

import pytest

from bridge.errors import ProviderUnavailable
from bridge.oidc.algorithms import ASYMMETRIC
from bridge.oidc.issuer import Issuers
from bridge.oidc.jwks import StaticKeys
from bridge.oidc.key_set import read_key_set
from bridge.oidc.signature import allowed
from bridge.oidc.signed_answer import INTROSPECTION, SignedAnswers
from tests.bridge_process import Answer, RunningBridge, StartBridge, configuration
from tests.interop.oidc_provider.process import Client, OidcProvider
from tests.interop.oidc_provider.visitor import DATA, HUONG, PROFILE
from tests.issuer import keys

pytestmark = [pytest.mark.interop, pytest.mark.timeout(360)]  # the first run installs the provider

SHOP, SIGNING, BRIEF, FOREIGN = "shop", "shop-signed", "shop-brief", "another-application"
LIFETIME = 4  # seconds for which the brief client's tokens are good
CHAT = "https://chat.shop.example/opaque"
METHODS = ("client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt")
WANTS_SIGNED = "bridge-signed"
SECRET = "a secret+with/what%needs:encoding=and length"
OWED = Answer(200, ANY, {"status": True, "message": "Successfully!", "data": DATA})


def of_bridge(method: str, **metadata: Any) -> Client:
    """The bridge's own client, which logs nobody in."""
    silent: dict[str, Any] = {"redirect_uris": [], "response_types": [], "grant_types": []}
    published = {"jwks": {"keys": [keys.public_jwk("ec256")]}} if method == "private_key_jwt" else {}
    registered = {**silent, **published, "token_endpoint_auth_method": method, **metadata}
    return Client(f"bridge-{method}", "RS256", secret=SECRET, metadata=registered)


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcProvider]:
    """The provider: the shop's clients, somebody else's, and one of the bridge's for each way to prove who it is."""
    signed = {"token_endpoint_auth_method": "client_secret_basic", "introspection_signed_response_alg": "ES256"}
    clients = [
        Client(SHOP, "RS256"),
        Client(SIGNING, "RS256", metadata={"userinfo_signed_response_alg": "ES256"}),
        Client(BRIEF, "RS256", lifetime=LIFETIME),
        Client(FOREIGN, "RS256"),
        *map(of_bridge, METHODS),
        Client(WANTS_SIGNED, "RS256", metadata=signed),
    ]
    log = tmp_path_factory.mktemp("oidc-provider") / "log"
    with OidcProvider(clients=clients, visitors={HUONG: PROFILE}, log=log) as running:
        yield running


def start(
    provider: OidcProvider, start_bridge: StartBridge, method: str = "client_secret_basic", **settings: Any
) -> RunningBridge:
    """A bridge that introspects, and asks userinfo where something is missing."""
    credential = (
        {"private_key": {"env": "KEY"}} if method == "private_key_jwt" else {"client_secret": {"env": "SECRET"}}
    )
    trust = {
        "issuer": provider.issuer,
        "audience": "none",
        "authorized_parties": [SHOP, SIGNING, BRIEF],
        "introspection": {"client_id": f"bridge-{method}", "auth_method": method, **credential},
        "userinfo": {"when": "missing"},
        "leeway": "0s",
        **settings,
    }
    return start_bridge(
        configuration(providers={"op": trust}), shared=True, SECRET=SECRET, KEY=keys.private_pem("ec256")
    )


async def opaque(provider: OidcProvider, client: str = SHOP, resource: str | None = None) -> str:
    """An opaque access token of a visitor who has just logged in."""
    token = (await provider.log_in(HUONG, client, resource=resource)).access_token
    assert "." not in token
    return token


@pytest.mark.parametrize("method", METHODS)
async def test_a_login_becomes_a_chat_user(provider: OidcProvider, start_bridge: StartBridge, method: str) -> None:
    """By introspection, whoever we prove to be, and the profile by userinfo: the whole chat user."""
    assert start(provider, start_bridge, method).post(await opaque(provider)) == OWED


async def test_the_profile_is_userinfos(provider: OidcProvider, start_bridge: StartBridge) -> None:
    """Without it the visitor is known, and nameless."""
    bridge = start(provider, start_bridge, userinfo={"when": "never"})
    assert bridge.post(await opaque(provider)).json["data"] == {"id": HUONG}


async def test_a_signed_profile(provider: OidcProvider, start_bridge: StartBridge) -> None:
    """A client whose userinfo answers are JWTs (OpenID Connect Core section 5.3.2): verified, the same chat user."""
    token = await opaque(provider, SIGNING)
    assert await provider.userinfo_type(token) == "application/jwt"
    assert start(provider, start_bridge).post(token) == OWED


async def test_a_token_of_another_client_is_refused(provider: OidcProvider, start_bridge: StartBridge) -> None:
    """It is active, and its userinfo answers; but it was not made for us."""
    assert start(provider, start_bridge).post(await opaque(provider, FOREIGN)).code == "token_untrusted"


async def test_a_revoked_token_is_refused(provider: OidcProvider, start_bridge: StartBridge) -> None:
    """Its twin is taken."""
    bridge = start(provider, start_bridge)
    revoked, twin = [await opaque(provider) for _ in range(2)]
    await provider.revoke(revoked, SHOP)
    assert bridge.post(revoked).code == "token_inactive"
    assert bridge.post(twin) == OWED


async def test_an_answer_ends_with_its_token(provider: OidcProvider, start_bridge: StartBridge) -> None:
    """Good until ``exp``, refused from then on, though the answer was cached; a token never seen before as well."""
    bridge = start(provider, start_bridge)
    seen, unseen = [await opaque(provider, BRIEF) for _ in range(2)]
    issued = time.time()
    assert bridge.post(seen) == OWED
    await asyncio.sleep(issued + LIFETIME + 1 - time.time())
    assert {bridge.post(token).code for token in (seen, unseen)} <= {"token_inactive", "token_expired"}


async def test_a_token_for_an_api(provider: OidcProvider, start_bridge: StartBridge) -> None:
    """Opaque, with an audience and the profile in introspection; userinfo refuses it, so it is not asked."""
    token = await opaque(provider, resource=CHAT)
    never = {"when": "never"}
    assert start(provider, start_bridge, audience=CHAT, userinfo=never).post(token) == OWED
    other = start(provider, start_bridge, audience="https://orders.shop.example", userinfo=never)
    assert other.post(token).code == "token_untrusted"


async def test_a_guess_is_not_active(provider: OidcProvider, start_bridge: StartBridge) -> None:
    """What the provider never gave."""
    assert start(provider, start_bridge).post("0" * 43).code == "token_inactive"


async def test_a_wrong_secret_is_no_fault_of_the_visitors(provider: OidcProvider, start_bridge: StartBridge) -> None:
    """The provider refuses the bridge, not the token."""
    wrong = {"client_id": "bridge-client_secret_basic", "client_secret": {"env": "KEY"}}
    trust = {"issuer": provider.issuer, "audience": "none", "authorized_parties": SHOP, "introspection": wrong}
    bridge = start_bridge(configuration(providers={"op": trust}), KEY="another-secret-entirely")
    assert bridge.post(await opaque(provider)).code == "provider_unavailable"


async def test_userinfo_alone_where_that_is_spelled_out(provider: OidcProvider, start_bridge: StartBridge) -> None:
    """Whose a token is, and not for whom: another application's is taken too, which is what the operator wrote."""
    trust = {"issuer": provider.issuer, "audience": "chat", "userinfo": {}, "unbound_tokens": "accept"}
    bridge = start_bridge(configuration(providers={"op": trust}))
    for client in (SHOP, FOREIGN):
        assert bridge.post(await opaque(provider, client)) == OWED
    assert bridge.post(await opaque(provider, resource=CHAT)).code == "token_inactive"


async def test_a_jwt_is_not_introspected_there(provider: OidcProvider, start_bridge: StartBridge) -> None:
    """The provider introspects opaque tokens only; with ``when: always`` its refusal is no word on the token."""
    token = (await provider.log_in(HUONG, SHOP, resource="https://chat.shop.example")).access_token
    trust: dict[str, Any] = {"audience": "https://chat.shop.example", "userinfo": {"when": "never"}}
    assert start(provider, start_bridge, **trust).post(token) == OWED
    client = {"client_id": "bridge-client_secret_basic", "client_secret": {"env": "SECRET"}, "when": "always"}
    always = start(provider, start_bridge, **{**trust, "introspection": client})
    assert always.post(token).code == "provider_unavailable"


async def test_a_signed_introspection(provider: OidcProvider) -> None:
    """RFC 9701: what the provider signs for a client that wants it so is verified, for our client alone.

    The bridge takes a plain answer where it may have one, and then this provider does not sign: it is asked directly.
    """
    token = await opaque(provider, resource=CHAT)
    content_type, body = await provider.introspect_signed(token, WANTS_SIGNED)
    assert content_type == f"application/{INTROSPECTION}"
    published = StaticKeys(read_key_set(await provider.jwks(), "op"))

    def verifier(audience: str) -> SignedAnswers:
        algorithms = allowed(ASYMMETRIC)
        return SignedAnswers(published, algorithms, Issuers([provider.issuer]), frozenset({audience}), leeway=30.0)

    answer = await verifier(WANTS_SIGNED).introspection(body)
    assert (answer["active"], answer["client_id"], answer["sub"]) == (True, SHOP, HUONG)
    with pytest.raises(ProviderUnavailable):
        await verifier("another-bridge").introspection(body)
