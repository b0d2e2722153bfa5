"""bridge/doctor/sample.py: what a sample token meets, and introspection's word beside it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from bridge.access_token import AccessToken
from bridge.assemble import assemble
from bridge.config.cache_settings import SharedCacheSettings
from bridge.doctor.examination import examine
from tests.doctor.checks import gathered, model, wrong
from tests.issuer.mint import good_token
from tests.issuer.process import Issuer
from tests.valkey_server import valkey_server

ALWAYS = {"introspection": {"client_id": "bridge", "client_secret": {"env": "CLIENT_SECRET"}, "when": "always"}}


async def examined(issuer: Issuer, token: str, **provider: Any) -> dict[str, Any]:
    """What is found with a token."""
    found = await gathered(examine(model(issuer.url, **provider), token=token))
    assert token not in str(found)
    return found


async def test_a_good_token(issuer: Issuer) -> None:
    """Taken, and by whom."""
    found = await examined(issuer, good_token(issuer.url))
    assert wrong(found) == {}
    assert "provider shop" in found["token"].found


async def test_it_keeps_nothing(issuer: Issuer, tmp_path: Path) -> None:
    """``state_dir`` is the service's: whoever examines may not even write to it."""
    (tmp_path / "file").touch()
    examined_model = replace(model(issuer.url), state_dir=f"{tmp_path}/file")
    assert wrong(await gathered(examine(examined_model, token=good_token(issuer.url)))) == {}


async def test_a_refused_token(issuer: Issuer) -> None:
    """Its code, what was found and what to do."""
    found = await examined(issuer, good_token(issuer.url), audience="other")
    assert wrong(found) == {"token": "finding"}
    assert "token_untrusted" in found["token"].found
    assert wrong(await examined(issuer, "undefined")) == {"token": "finding"}


async def test_keycloak_s_rule_is_named(issuer: Issuer) -> None:
    """A token that is good by its signature and claims, and inactive by introspection: our client is not in its aud."""
    issuer.set(introspection={"active": False})
    for when in ("always", "opaque"):
        provider = {"introspection": {**ALWAYS["introspection"], "when": when}}
        found = await examined(issuer, good_token(issuer.url), **provider)
        expected = {"introspection_audience": "finding"} | ({"token": "finding"} if when == "always" else {})
        assert wrong(found) == expected
        assert "not in the token's aud" in found["introspection_audience"].why
        assert "introspection: {when: opaque}" in found["introspection_audience"].cure


async def test_a_bad_token_is_not_laid_to_introspection(issuer: Issuer) -> None:
    """Where the token itself is refused nothing is said of audiences there."""
    issuer.set(introspection={"active": False})
    found = await examined(issuer, good_token(issuer.url), **ALWAYS, audience="other")
    assert wrong(found) == {"token": "finding"}


async def test_it_sees_for_itself(issuer: Issuer) -> None:
    """What replicas remember of the token is not what the provider says of it now, and nothing is left for them."""
    token = good_token(issuer.url)
    async with valkey_server() as server:
        written = {"url": f"valkey://127.0.0.1:{server.port}/", "timeout": "5s"}
        alone = model(issuer.url, **ALWAYS)
        cache = alone.cache.model_copy(update={"shared": SharedCacheSettings.model_validate(written)})
        sharing = replace(alone, cache=cache)
        issuer.set(introspection={"active": True, "sub": "visitor-1"})
        assert wrong(await gathered(examine(sharing, token=token))) == {"introspection_open": "finding"}
        assert server.data == {}
        async with assemble(sharing) as bridge:
            await bridge.authentications["default"].authenticate(AccessToken(token))
        assert len(server.data) == 1
        issuer.set(introspection={"active": False})
        assert (await gathered(examine(sharing, token=token)))["token"].grade == "finding"
