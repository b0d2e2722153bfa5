"""bridge/assemble.py: a configuration becomes running things, and leaves none behind."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.access_token import AccessToken
from bridge.assemble import assemble
from bridge.config.cache_settings import SharedCacheSettings
from bridge.config.load import load_text
from bridge.config.model import Model
from bridge.errors import TokenInactive
from bridge.oidc.key_store import KeyStoreUnusable
from bridge.oidc.settings import ProviderSettings
from tests.eventually import eventually
from tests.issuer import keys, mint
from tests.issuer.process import Issuer
from tests.valkey_server import valkey_server

CONFIGURATION = """
version: 1
callbacks:
  shop: {{header_token: {{env: SHOP}}}}
  staff: {{path: /staff, header_token: {{env: STAFF}}, mapping: {{label: {{value: Staff}}}}, providers: one}}
providers:
  one: {{issuer: {one}, audience: chat, id_prefix: ""}}
  two: {{issuer: {two}, audience: chat, id_prefix: "two:"}}
"""


def model(one: str, two: str) -> Model:
    """Two callbacks and two providers."""
    environment = {"SHOP": "a1b2c3d4e5f6a7b8", "STAFF": "b1b2c3d4e5f6a7b8"}
    return load_text(CONFIGURATION.format(one=one, two=two), file="bridge.yaml", environment=environment).model


async def test_makes_each_callbacks_flow(issuer: Issuer) -> None:
    """Providers are shared between callbacks, their answers are not; prefixes and mappings are each their own."""
    other = issuer.realm("other")
    told: list[str] = []
    async with assemble(model(issuer.url, other.url), on_exchange=lambda provider, *_: told.append(provider)) as bridge:
        await bridge.first_fetches()
        assert {name: state.keys > 0 for name, state in bridge.provider_states().items()} == {"one": True, "two": True}
        shop, staff = bridge.authentications["shop"], bridge.authentications["staff"]
        token = AccessToken(mint.good_token(issuer.url))
        one, two = (await shop.authenticate(token)).user, (await staff.authenticate(token)).user
        assert (one.id, one.label, two.id, two.label) == ("visitor-1", None, "visitor-1", "Staff")
        assert (await shop.authenticate(AccessToken(mint.good_token(other.url)))).user.id == "two:visitor-1"
    assert sorted(told) == ["one"] * 2 + ["two"] * 2


async def test_starts_without_its_providers_and_leaves_nothing(issuer: Issuer) -> None:
    """O07: a first fetch that fails has ended too; on leaving, no task of ours is left."""
    before = asyncio.all_tasks()
    issuer.set(fault="discovery_500")
    async with assemble(model(issuer.url, "http://127.0.0.1:9")) as bridge:
        await bridge.first_fetches()
        states = bridge.provider_states()
        assert set(states) == {"one", "two"}
        assert all(state.first_fetch_ended and state.failure and state.age is None for state in states.values())
        assert asyncio.all_tasks() > before
    assert asyncio.all_tasks() == before


async def test_takes_over_the_keys_of_the_bridge_before(issuer: Issuer) -> None:
    """O02: a new bridge fetches nothing that is fresh, and loses nothing when the providers are just gone."""
    other = issuer.realm("other")
    token, foreign = (AccessToken(mint.good_token(url)) for url in (issuer.url, other.url))
    async with assemble(model(issuer.url, other.url)) as old:
        await old.first_fetches()
        asked = issuer.asked()
        issuer.set(fault=["discovery_500", "jwks_500"])
        other.set(fault=["discovery_500", "jwks_500"])
        async with assemble(model(issuer.url, other.url), before=old) as new:
            await asyncio.wait_for(new.first_fetches(), 1)
            assert (await new.authentications["shop"].authenticate(token)).user.id == "visitor-1"
            assert (await new.authentications["shop"].authenticate(foreign)).user.id == "two:visitor-1"
            assert new.providers["two"].revision == old.providers["two"].revision
        assert issuer.asked() == asked


async def test_takes_over_no_keys_for_other_settings(issuer: Issuer) -> None:
    """Keys of another issuer under the same name are nobody's; the provider that stays as it is keeps its own."""
    other = issuer.realm("other")
    other.set(jwks=keys.jwks("rsa2"))
    async with assemble(model(issuer.url, other.url)) as old:
        await old.first_fetches()
        swapped = model(other.url, other.url + "/more")
        async with assemble(swapped, before=old) as new:
            assert (new.providers["one"].revision, new.providers["two"].revision) == ("", "")
            await new.first_fetches()
            assert new.providers["one"].revision == old.providers["two"].revision


async def test_keeps_key_sets_where_the_file_says(issuer: Issuer, tmp_path: Path) -> None:
    """K10: a process that starts in an outage serves what the one before it has kept; nothing is left behind."""
    kept = replace(model(issuer.url, issuer.realm("other").url), state_dir=str(tmp_path))
    before = asyncio.all_tasks()
    async with assemble(kept) as first:
        await first.first_fetches()
        await asyncio.to_thread(eventually, lambda: len(list(tmp_path.glob("keys/*.json"))) == 2)
    issuer.set(fault=["discovery_500", "jwks_500"])
    async with assemble(kept) as second:
        assert second.provider_states()["one"].keys == len(keys.GOOD)
        token = AccessToken(mint.good_token(issuer.url))
        assert (await second.authentications["shop"].authenticate(token)).user.id == "visitor-1"
    assert asyncio.all_tasks() == before
    (tmp_path / "file").touch()
    with pytest.raises(KeyStoreUnusable):
        async with assemble(replace(kept, state_dir=str(tmp_path / "file"))):
            pass


@pytest.mark.parametrize(
    "refuse",
    [
        {"subjects": ["visitor-1"]},
        {"token_ids": ["t1"]},
        {"key_ids": ["rsa"]},
        {"issued_before": "2100-01-01T00:00:00Z"},
    ],
    ids=lambda refuse: next(iter(refuse)),
)
async def test_an_incident_switch_holds_for_what_is_remembered(issuer: Issuer, refuse: dict[str, Any]) -> None:
    """C36, O02: a token whose answer was remembered is refused by the next bridge, and taken again without it."""
    good = model(issuer.url, issuer.realm("other").url)
    switched = ProviderSettings.model_validate({"issuer": issuer.url, "audience": "chat", "refuse": refuse})
    assert list(switched.problems()) == []
    provider = good.providers["one"].model_copy(update={"refuse": switched.refuse})
    callbacks = tuple(replace(callback, decides=b"refusing") for callback in good.callbacks)
    refusing = replace(good, callbacks=callbacks, providers={**good.providers, "one": provider})
    token = AccessToken(mint.good_token(issuer.url, jti="t1"))
    async with assemble(good) as first:
        assert not (await first.authentications["shop"].authenticate(token)).cached
        assert (await first.authentications["shop"].authenticate(token)).cached
        async with assemble(refusing, before=first) as second:
            with pytest.raises(TokenInactive, match=next(iter(refuse))):
                await second.authentications["shop"].authenticate(token)
            async with assemble(good, before=second) as third:
                assert (await third.authentications["shop"].authenticate(token)).user.id == "visitor-1"


async def test_what_is_remembered_outlives_a_reload(issuer: Issuer) -> None:
    """Of a callback that is as it was; another's answers are worked out anew, and with other bounds all are."""
    first = model(issuer.url, issuer.realm("other").url)
    changed = replace(first, callbacks=(first.callbacks[0], replace(first.callbacks[1], decides=b"changed")))
    bounded = replace(changed, cache=changed.cache.model_copy(update={"max_entries": 7}))
    token = AccessToken(mint.good_token(issuer.url))
    cached = []
    async with assemble(first) as before:
        for callback in ("shop", "staff"):
            await before.authentications[callback].authenticate(token)
        async with assemble(changed, before=before) as after, assemble(bounded, before=after) as last:
            for bridge in (after, last):
                await bridge.first_fetches()
                cached += [
                    (await bridge.authentications[callback].authenticate(token)).cached
                    for callback in ("shop", "staff")
                ]
    assert cached == [True, False, False, False]


async def test_the_shared_cache_outlives_a_reload() -> None:
    """With its count of failures, until its settings change; it is closed behind the last that uses it."""
    token = AccessToken("a-visitors-token")
    key = ("shop", token.digest, b"d" * 32)
    async with valkey_server() as server, AsyncExitStack() as first, AsyncExitStack() as second:
        written = {"url": f"valkey://127.0.0.1:{server.port}/", "timeout": "5s"}
        unshared = model("http://127.0.0.1:9", "http://127.0.0.1:9/2")
        shared = SharedCacheSettings.model_validate(written)
        sharing = replace(unshared, cache=unshared.cache.model_copy(update={"shared": shared}))
        old = await first.enter_async_context(assemble(sharing))
        assert old.shared is not None
        old.shared.failures = 7
        bounded = replace(sharing, cache=sharing.cache.model_copy(update={"max_entries": 7}))
        new = await second.enter_async_context(assemble(bounded, before=old))
        assert new.shared is old.shared
        await first.aclose()
        assert await new.shared.get(token, key) is None
        assert (new.shared.misses, new.shared.failures, server.open) == (1, 7, 1)
        patient = sharing.cache.model_copy(update={"shared": shared.model_copy(update={"timeout": 6.0})})
        async with assemble(replace(sharing, cache=patient), before=new) as other:
            assert other.shared is not new.shared
        await second.aclose()
        await asyncio.to_thread(eventually, lambda: server.open == 0)
