"""A visitor logs in at a certified OpenID provider; a running bridge gets the tokens as CX Genie would bring them."""

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import ANY

import pytest

from tests.bridge_process import Answer, RunningBridge, StartBridge, configuration
from tests.interop.oidc_provider.process import Client, OidcProvider, Tokens
from tests.interop.oidc_provider.visitor import DATA as HUONGS_DATA
from tests.interop.oidc_provider.visitor import HUONG, PROFILE

pytestmark = [pytest.mark.interop, pytest.mark.timeout(360)]  # the first run installs the provider

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
SHOP = tuple(f"shop-{algorithm}" for algorithm in ALGORITHMS)
BRIEF, FOREIGN = "shop-brief", "another-application"
LIFETIME = 4  # seconds for which the brief client's tokens are good
CHAT = "https://chat.shop.example"
UNPROVEN = "77ab-unproven"
VISITORS: dict[str, dict[str, Any]] = {
    HUONG: {**PROFILE, "tier": "gold"},
    UNPROVEN: {
        "name": "Someone Else",
        "email": "victim@shop.example",
        "email_verified": False,
        "phone_number": "+84907654321",
    },
}
DATA = {
    HUONG: {**HUONGS_DATA, "label": "Gold member"},
    UNPROVEN: {"id": UNPROVEN, "name": "Someone Else", "label": "Customer"},
}


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcProvider]:
    """The provider, with a client for each algorithm, one whose tokens end soon, and one of somebody else's."""
    clients = [
        *(Client(client, algorithm) for client, algorithm in zip(SHOP, ALGORITHMS, strict=True)),
        Client(BRIEF, "RS256", lifetime=LIFETIME),
        Client(FOREIGN, "RS256"),
    ]
    log = tmp_path_factory.mktemp("oidc-provider") / "log"
    with OidcProvider(clients=clients, visitors=VISITORS, log=log) as running:
        yield running


@pytest.fixture
def bridge(provider: OidcProvider, start_bridge: StartBridge) -> RunningBridge:
    """A bridge that trusts the shop's clients at that provider, for access tokens and ID tokens."""
    trust = {
        "issuer": provider.issuer,
        "audience": CHAT,
        "accept": ["access_token", "id_token"],
        "id_token_audience": [*SHOP, BRIEF],
        "authorized_parties": [*SHOP, BRIEF],
        "algorithms": ["RS256", "PS256", "ES256", "EdDSA"],
        "leeway": "0s",
        "jwks": {"cooldown": "1s"},
    }
    mapping = {
        "label": {
            "first_of": [{"value": "Gold member", "when": {"claim": "tier", "equals": "gold"}}, {"value": "Customer"}]
        }
    }
    running = start_bridge(configuration(providers={"op": trust}, mapping=mapping), shared=True)
    running.wait_until_ready()
    return running


def owed(subject: str) -> Answer:
    """The whole answer for this visitor, but for its headers."""
    return Answer(200, ANY, {"status": True, "message": "Successfully!", "data": DATA[subject]})


def claims(token: str) -> dict[str, Any]:
    """What a JWT says."""
    payload = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "==")))


@pytest.mark.parametrize("kind", ["access_token", "id_token"])
@pytest.mark.parametrize("client", SHOP)
async def test_a_login_becomes_a_chat_user(
    provider: OidcProvider, bridge: RunningBridge, client: str, kind: str
) -> None:
    """Each algorithm, each kind of token: the same chat user, whole."""
    tokens = await provider.log_in(HUONG, client, resource=CHAT)
    assert bridge.post(getattr(tokens, kind)) == owed(HUONG)


async def test_what_the_provider_does_not_vouch_for_is_left_out(provider: OidcProvider, bridge: RunningBridge) -> None:
    """An unverified address and number never reach the chat user; the rest does."""
    tokens = await provider.log_in(UNPROVEN, SHOP[0], resource=CHAT)
    assert bridge.post(tokens.access_token) == owed(UNPROVEN)


@pytest.mark.parametrize("kind", ["access_token", "id_token"])
async def test_a_token_of_another_client_is_refused(provider: OidcProvider, bridge: RunningBridge, kind: str) -> None:
    """Same provider, same keys, same API, another application: not ours."""
    tokens = await provider.log_in(HUONG, FOREIGN, resource=CHAT)
    assert bridge.post(getattr(tokens, kind)).code == "token_untrusted"


async def test_a_token_for_another_api_is_refused(provider: OidcProvider, bridge: RunningBridge) -> None:
    """Our own client's token, made for another API."""
    tokens = await provider.log_in(HUONG, SHOP[0], resource="https://orders.shop.example")
    assert bridge.post(tokens.access_token).code == "token_untrusted"


async def test_an_opaque_token_is_refused_where_nothing_reads_it(provider: OidcProvider, bridge: RunningBridge) -> None:
    """Without a resource the provider gives an opaque access token; no provider of this callback takes one."""
    tokens = await provider.log_in(HUONG, SHOP[0])
    assert "." not in tokens.access_token
    assert bridge.post(tokens.access_token).code == "token_untrusted"


@pytest.mark.parametrize("kind", ["access_token", "id_token"])
async def test_a_tampered_token_is_refused(provider: OidcProvider, bridge: RunningBridge, kind: str) -> None:
    """Another visitor's claims under a signature that was made for one's own."""
    own, other = [
        getattr(await provider.log_in(subject, SHOP[0], resource=CHAT), kind).split(".")
        for subject in (UNPROVEN, HUONG)
    ]
    assert bridge.post(".".join([own[0], other[1], own[2]])).code == "token_invalid"
    assert bridge.post(".".join(own)) == owed(UNPROVEN)


@pytest.mark.parametrize("kind", ["access_token", "id_token"])
async def test_an_answer_ends_with_its_token(provider: OidcProvider, bridge: RunningBridge, kind: str) -> None:
    """Good until ``exp``, refused from then on, though the answer was cached; a token never seen before as well."""
    seen, unseen = [getattr(await provider.log_in(HUONG, BRIEF, resource=CHAT), kind) for _ in range(2)]
    assert bridge.post(seen) == owed(HUONG)
    await asyncio.sleep(claims(unseen)["exp"] - time.time() + 0.1)
    assert [bridge.post(token).code for token in (seen, unseen)] == ["token_expired"] * 2


async def test_rotated_keys_are_followed(provider: OidcProvider, bridge: RunningBridge) -> None:
    """New keys serve at once, without a restart of the bridge; then the old ones are no longer trusted."""
    old = await provider.log_in(HUONG, SHOP[0], resource=CHAT)
    assert bridge.post(old.id_token) == owed(HUONG)
    provider.stop()
    provider.start()
    new = await provider.log_in(HUONG, SHOP[0], resource=CHAT)
    assert await told(bridge, new) == owed(HUONG)
    assert (await told(bridge, old)).code == "token_invalid"


async def told(bridge: RunningBridge, tokens: Tokens) -> Answer:
    """The answer for an access token, asked again while the bridge says that it may not look for keys yet."""
    while (answer := bridge.post(tokens.access_token)).code == "provider_unavailable":
        assert "retry-after" in answer.headers
        await asyncio.sleep(0.2)
    return answer
