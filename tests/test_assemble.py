"""bridge/assemble.py: a configuration becomes running things, and leaves none behind."""

import asyncio
from dataclasses import replace

from bridge.access_token import AccessToken
from bridge.assemble import assemble
from bridge.config.load import load_text
from bridge.config.model import Model
from tests.issuer import mint
from tests.issuer.process import Issuer

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
        states = bridge.provider_states().values()
        assert all(state.first_fetch_ended and state.failure and state.age is None for state in states)
        assert asyncio.all_tasks() > before
    assert asyncio.all_tasks() == before


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
