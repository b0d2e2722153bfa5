"""bridge/doctor/published.py, against an issuer with one fault at a time."""

import json
from email.utils import formatdate
from time import time
from typing import Any

import pytest
from multidict import CIMultiDict

from bridge.doctor.examination import examine
from bridge.doctor.published import Published, examine_clock, examine_key_set
from bridge.oidc.http import Response
from bridge.oidc.key_set import MAX_KEYS
from tests.doctor.checks import gathered, model, wrong
from tests.issuer.keys import jwks
from tests.issuer.process import Issuer


async def examined(issuer: Issuer, url: str | None = None, **provider: Any) -> dict[str, Any]:
    """All that is found of one provider."""
    return await gathered(examine(model(url or issuer.url, **provider)))


async def test_a_good_provider(issuer: Issuer) -> None:
    """Nothing is wrong, and every check says what it saw."""
    issuer.set(headers={"Date": formatdate(time(), usegmt=True)})
    found = await examined(issuer)
    assert wrong(found) == {}
    assert {"dns", "unreachable", "discovery", "no_keys", "clock", "latency"} == set(found)


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ({"fault": ["discovery_404", "metadata_404"]}, {"discovery": "finding"}),
        ({"fault": "discovery_html"}, {"discovery": "finding"}),
        ({"fault": "discovery_hang"}, {"discovery": "finding"}),
        ({"discovery": {"jwks_uri": "ftp://a/"}}, {"discovery": "finding"}),
        ({"fault": "jwks_500"}, {"key_set": "finding"}),
        ({"fault": "jwks_404"}, {"key_set": "finding"}),
        ({"fault": "jwks_html"}, {"key_set": "finding"}),
        ({"fault": "jwks_not_object"}, {"key_set": "finding"}),
        ({"fault": "jwks_empty"}, {"no_keys": "finding"}),
        ({"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}}, {"no_keys": "finding", "unused_key": "warning"}),
    ],
)
async def test_one_fault(issuer: Issuer, published: dict[str, Any], expected: dict[str, str]) -> None:
    """Each is named, and nothing that only follows from it."""
    issuer.set(**published)
    assert wrong(await examined(issuer, http={"timeout": "1s"})) == expected


@pytest.mark.parametrize(
    ("written", "cure"),
    [
        ("{url}/", "{url}"),
        ("{url}/.well-known/openid-configuration", "{url}"),
        ("{url}?tenant=1", "{url}"),
    ],
)
async def test_the_spelling_of_the_issuer(issuer: Issuer, written: str, cure: str) -> None:
    """What the provider calls itself is what has to be written, letter by letter."""
    found = await examined(issuer, written.format(url=issuer.url))
    assert wrong(found) == {"issuer": "finding"}
    assert found["issuer"].cure == f"Write issuer: {cure.format(url=issuer.url)}"


async def test_an_issuer_that_ends_in_a_slash(issuer: Issuer) -> None:
    """Auth0's does, and is often written without."""
    issuer.set(discovery={"issuer": f"{issuer.url}/"})
    found = await examined(issuer)
    assert found["issuer"].cure == f"Write issuer: {issuer.url}/"


async def test_keys_that_the_allow_list_does_not_take(issuer: Issuer) -> None:
    """The line of YAML that would take them."""
    issuer.set(jwks=jwks("ec256"))
    found = await examined(issuer, algorithms=["RS256"])
    assert wrong(found) == {"algorithms": "finding"}
    assert found["algorithms"].cure == "Write algorithms: [ES256]."


def test_a_private_key_in_the_set(issuer: Issuer) -> None:
    """Replaced at once, and refused meanwhile."""
    (public,) = jwks("ec256")["keys"]
    body = str({"keys": [{**public, "d": "AAAA"}]}).replace("'", '"').encode()
    found = list(examine_key_set("provider shop", model(issuer.url).providers["shop"], body, Published()))
    assert [(each.check, each.grade) for each in found] == [("private_key", "finding"), ("no_keys", "ok")]


def test_a_set_that_the_bridge_would_not_read(issuer: Issuer) -> None:
    """The bounds are the service's: what it refuses is not called well."""
    (public,) = jwks("ec256")["keys"]
    body = json.dumps({"keys": [public] * (MAX_KEYS + 1)}).encode()
    found = list(examine_key_set("provider shop", model(issuer.url).providers["shop"], body, Published()))
    assert [(each.check, each.grade) for each in found] == [("key_set", "finding")]
    assert f"at most {MAX_KEYS}" in found[0].found


@pytest.mark.parametrize(
    ("ahead", "grade"),
    [(0.0, "ok"), (-4.0, "ok"), (20.0, "warning"), (-20.0, "warning"), (40.0, "finding"), (-40.0, "finding")],
)
def test_clocks(issuer: Issuer, ahead: float, grade: str) -> None:
    """Within a few seconds is well; beyond leeway good tokens are refused."""
    settings = model(issuer.url).providers["shop"]
    headers = CIMultiDict(Date=formatdate(time() + ahead, usegmt=True))
    (found,) = examine_clock("provider shop", settings, Response(200, b"", headers))
    assert (found.check, found.grade) == ("clock", grade)
    assert ("behind" in found.found) == (ahead < -5)
    assert not list(examine_clock("provider shop", settings, Response(200, b"")))


async def test_a_slow_provider(issuer: Issuer) -> None:
    """Told before it is too slow."""
    issuer.set(latency=0.7)
    assert wrong(await examined(issuer, http={"timeout": "1300ms"})) == {"latency": "warning"}
