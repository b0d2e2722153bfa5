"""Visitors of a real Keycloak, by the preset: a running bridge gets the tokens as CX Genie would bring them."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import ANY

import pytest

from tests.bridge_process import Answer, RunningBridge, StartBridge, configuration
from tests.eventually import eventually
from tests.interop.keycloak.process import Keycloak

# The first run downloads the server; a start takes a minute on busy cores.
pytestmark = [pytest.mark.interop, pytest.mark.timeout(600)]

SECRET = "s3cret-of-the-bridge-at-keycloak"
INTROSPECTION = {"client_id": "bridge", "client_secret": {"env": "KEYCLOAK_SECRET"}, "when": "always"}
LABEL = {"first_of": [{"value": "VIP", "when": {"claim": ["realm_access", "roles"], "contains": "vip"}}]}
HUONG = {
    "id": ANY,
    "name": "Hương Nguyễn Thị",
    "email": "huong@shop.example",
    "phone_number": "0901234567",
    "country_code": "+84",
    "avatar": "https://img.shop.example/huong.png",
    "label": "VIP",
}


@pytest.fixture(scope="module")
def keycloak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    """The server, one for all tests of this file."""
    with Keycloak(log=tmp_path_factory.mktemp("keycloak") / "log") as running:
        yield running


def bridge(keycloak: Keycloak, start_bridge: StartBridge, **settings: Any) -> RunningBridge:
    """A bridge with the preset's smallest file, and what a test is about."""
    trust = {"preset": "keycloak", "issuer": keycloak.issuer, "audience": "chat", **settings}
    file = configuration(providers={"keycloak": trust}, mapping={"label": LABEL})
    return start_bridge(file, shared=True, KEYCLOAK_SECRET=SECRET)


def data(answer: Answer) -> Any:
    """The chat user, or the refusal's code."""
    return answer.code or answer.json["data"]


def test_the_access_token_is_the_whole_chat_user(keycloak: Keycloak, start_bridge: StartBridge) -> None:
    """Name, proven address and number, picture, role; an audience mapper binds it to the chat."""
    assert data(bridge(keycloak, start_bridge).post(keycloak.log_in("web-shop")["access_token"])) == HUONG


def test_a_group_makes_a_label(keycloak: Keycloak, start_bridge: StartBridge) -> None:
    """With full path, as Keycloak's group mapper has it."""
    label = {"lookup": {"claim": "groups"}, "table": {"/gold": "Gold member"}}
    running = bridge(keycloak, start_bridge, mapping={"label": label})
    assert data(running.post(keycloak.log_in("web-shop")["access_token"])) == {**HUONG, "label": "Gold member"}


def test_what_keycloak_does_not_vouch_for_is_left_out(keycloak: Keycloak, start_bridge: StartBridge) -> None:
    """An unverified address and number."""
    answer = bridge(keycloak, start_bridge).post(keycloak.log_in("web-shop", "unproven")["access_token"])
    assert data(answer) == {"id": ANY, "name": "Someone Else"}


@pytest.mark.parametrize("kind", ["access_token", "id_token", "refresh_token"])
def test_other_tokens_of_the_realm_are_refused(keycloak: Keycloak, start_bridge: StartBridge, kind: str) -> None:
    """An access token without the audience; an ID token where access tokens are taken; a refresh token."""
    client = "another-application" if kind == "access_token" else "web-shop"
    refused = bridge(keycloak, start_bridge).post(keycloak.log_in(client)[kind])
    # Keycloak signs refresh tokens with a secret of its own (HS512).
    assert refused.code == ("token_invalid" if kind == "refresh_token" else "token_untrusted")


def test_an_id_token_where_it_is_accepted(keycloak: Keycloak, start_bridge: StartBridge) -> None:
    """Its audience is the client; Keycloak keeps realm roles out of it."""
    running = bridge(keycloak, start_bridge, accept="id_token", id_token_audience="web-shop")
    expected = {name: value for name, value in HUONG.items() if name != "label"}
    assert data(running.post(keycloak.log_in("web-shop")["id_token"])) == expected
    assert running.post(keycloak.log_in("web-introspected")["id_token"]).code == "token_untrusted"


def test_userinfo_where_the_token_is_brief(keycloak: Keycloak, start_bridge: StartBridge) -> None:
    """``missing`` asks, about a token with the scope openid; one that has everything is not asked about."""
    running = bridge(keycloak, start_bridge, userinfo={"when": "missing"})
    brief = keycloak.log_in("web-brief")["access_token"]
    assert data(running.post(brief)) == {"id": ANY}
    assert data(running.post(keycloak.log_in("web-shop")["access_token"])) == HUONG
    ended = keycloak.log_in("web-brief")
    keycloak.log_out("web-brief", ended["refresh_token"])
    assert running.post(ended["access_token"]).code == "token_inactive"


@pytest.mark.parametrize("client", ["web-introspected", "web-lightweight"])
def test_introspection_of_an_access_token(keycloak: Keycloak, start_bridge: StartBridge, client: str) -> None:
    """Of an ordinary one, and of a lightweight one, of which introspection alone knows the visitor's name."""
    running = bridge(keycloak, start_bridge, introspection=INTROSPECTION)
    assert data(running.post(keycloak.log_in(client)["access_token"])) == HUONG
    ended = keycloak.log_in(client)
    keycloak.log_out(client, ended["refresh_token"])
    assert running.post(ended["access_token"]).code == "token_inactive"


def test_a_lightweight_token_without_introspection_says_only_whose_it_is(
    keycloak: Keycloak, start_bridge: StartBridge
) -> None:
    """The visitor is known, and nameless."""
    answer = bridge(keycloak, start_bridge).post(keycloak.log_in("web-lightweight")["access_token"])
    assert data(answer) == {"id": ANY}


def test_a_lightweight_token_without_mappers_is_nobodys(keycloak: Keycloak, start_bridge: StartBridge) -> None:
    """Neither subject nor audience: refused before anybody is asked, and the log says which switch is off."""
    running = bridge(keycloak, start_bridge, introspection=INTROSPECTION)
    assert running.post(keycloak.log_in("web-lightest")["access_token"]).code == "token_malformed"
    _logged(running, "Add to lightweight access token")


def test_a_missing_audience_mapper_is_named(keycloak: Keycloak, start_bridge: StartBridge) -> None:
    """Keycloak says ``active: false`` where the asking client is not in the token's audience; the log says why."""
    running = bridge(keycloak, start_bridge, introspection=INTROSPECTION)
    assert running.post(keycloak.log_in("web-shop")["access_token"]).code == "token_inactive"
    _logged(running, "Keycloak does where our client is not among a token's aud")


def test_a_wrong_secret_is_no_fault_of_the_visitors(keycloak: Keycloak, start_bridge: StartBridge) -> None:
    """The provider refuses the bridge, not the token."""
    trust = {"preset": "keycloak", "issuer": keycloak.issuer, "audience": "chat", "introspection": INTROSPECTION}
    running = start_bridge(configuration(providers={"keycloak": trust}), KEYCLOAK_SECRET="another-secret-entirely")
    token = keycloak.log_in("web-introspected")["access_token"]
    assert running.post(token).code == "provider_unavailable"
    _logged(running, "introspection refuses us, its client: HTTP 401")


def _logged(running: RunningBridge, words: str) -> None:
    """Returns when a line of the log has these words."""
    eventually(lambda: any(words in str(line) for line in list(running.lines)), 5)
