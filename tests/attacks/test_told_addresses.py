"""K16, where a discovery document sends visitors' tokens: nowhere but to an address that we would ask."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.bridge_process import ACCEPTED, RunningBridge, configuration, provider
from tests.issuer.mint import good_claims, good_token
from tests.issuer.process import Issuer, IssuerProcess

# HERE stands for host and port of the issuer, so that whoever is asked all the same is seen.
UNFIT: dict[str, Any] = {
    "in the link-local range": "http://169.254.169.254/latest/meta-data",
    "plain http to another machine": "http://shop.example/ENDPOINT",
    "a file": "file:///etc/passwd",
    "another scheme": "ftp://HERE/ENDPOINT",
    "with credentials": "http://user:password@HERE/ENDPOINT",
    "with a fragment": "http://HERE/ENDPOINT#x",
    "with a blank": "http://HERE/ENDPOINT ",
    "with a line break": "http://HERE/ENDPOINT\r\nX: y",
    "with a backslash": "http://HERE\\@shop.example/ENDPOINT",
    "without a scheme": "//HERE/ENDPOINT",
    "a path": "/ENDPOINT",
    "a number": 5,
    "a list": ["http://HERE/ENDPOINT"],
    "missing": None,
}
ENDPOINTS = ("userinfo", "introspection")
ROWS = [(endpoint, name) for endpoint in ENDPOINTS for name in UNFIT]

Running = tuple[RunningBridge, IssuerProcess, dict[tuple[str, str], Issuer]]


def told(value: Any, endpoint: str, here: str) -> Any:
    """The address as the document has it."""
    if isinstance(value, list):
        return [told(member, endpoint, here) for member in value]
    return value.replace("HERE", here).replace("ENDPOINT", f"evil/{endpoint}") if isinstance(value, str) else value


def trust(realm: Issuer, number: int, endpoint: str) -> dict[str, Any]:
    """A provider that asks this endpoint about each of its JWTs."""
    asks: dict[str, Any] = {"when": "always"}
    if endpoint == "introspection":
        asks |= {"auth_method": "none"}
    # Whoever is asked for introspection takes opaque tokens too; these rows have none.
    pattern = {"token_pattern": f"opaque-{number}-.*"} if endpoint == "introspection" else {}
    return provider(realm.url, id_prefix=f"{number}:", **pattern, **{endpoint: asks})


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A bridge with a provider for each row, and an honest one for each endpoint."""
    with IssuerProcess() as process:
        here = process.url.removeprefix("http://")
        process.realm("evil").set(introspection={"active": True}, userinfo={"sub": "visitor-1"})
        realms: dict[tuple[str, str], Issuer] = {}
        for endpoint, name in [*ROWS, *((endpoint, "honest") for endpoint in ENDPOINTS)]:
            realm = realms[endpoint, name] = process.realm(f"r{len(realms)}")
            realm.set(introspection=good_claims(realm.url, active=True), userinfo={"sub": "visitor-1", "name": "An"})
            if name in UNFIT:
                realm.set(discovery={f"{endpoint}_endpoint": told(UNFIT[name], endpoint, here)})
        providers = {
            f"p{number}": trust(realm, number, endpoint) for number, ((endpoint, _), realm) in enumerate(realms.items())
        }
        with RunningBridge(configuration(providers=providers), tmp_path_factory.mktemp("told"), {}) as bridge:
            bridge.wait_until_ready()
            yield bridge, process, realms


@pytest.mark.parametrize(("endpoint", "name"), ROWS)
def test_no_token_goes_to_an_unfit_address(endpoint: str, name: str, running: Running) -> None:
    """K16 an endpoint's address by discovery: nobody is asked; what needs its word is unavailable, never refused.

    The twin's address is as it should be, and it is asked once.
    """
    bridge, process, realms = running
    honest, realm = realms[endpoint, "honest"], realms[endpoint, name]
    asked = process.asked()
    assert bridge.post(good_token(honest.url)).code is ACCEPTED
    assert process.asked() == asked + 1
    answer = bridge.post(good_token(realm.url))
    if endpoint == "userinfo":
        assert (answer.code, answer.json["data"]["id"].endswith(":visitor-1")) == (ACCEPTED, True)
        assert "name" not in answer.json["data"]
    else:
        assert (answer.code, answer.status) == ("provider_unavailable", 503)
    assert process.asked() == asked + 1
