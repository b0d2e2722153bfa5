"""bridge/doctor/asked.py: the endpoints that are asked about tokens, asked about one that nobody made."""

from typing import Any

import pytest

from bridge.doctor.asked import Asked
from bridge.doctor.examination import examine
from bridge.doctor.published import Published
from bridge.oidc.discovery import Metadata
from bridge.oidc.endpoints import AnswerTests
from bridge.oidc.http import HttpClient, open_session
from tests.doctor.checks import gathered, model, wrong
from tests.issuer.process import Issuer

CLIENT = {"client_id": "bridge", "client_secret": {"env": "CLIENT_SECRET"}}
KNOWN = {"client_id": "bridge", "client_secret": "s3cret-of-the-client"}
INTROSPECTION = {"introspection": CLIENT}


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ({"introspection": {"active": False}}, {}),
        ({"introspection": {"active": True, "sub": "u1"}}, {"introspection_open": "finding"}),
        ({"statuses": {"introspection": 401}}, {"introspection_client": "finding"}),
        ({"statuses": {"introspection": 403}}, {"introspection_client": "finding"}),
        ({"statuses": {"introspection": 404}}, {"introspection": "finding"}),
        ({"fault": "introspection_500"}, {"introspection": "finding"}),
        ({"fault": "introspection_html"}, {"introspection": "finding"}),
        ({"discovery": {"introspection_endpoint": None}}, {"introspection": "finding"}),
    ],
)
async def test_introspection(issuer: Issuer, published: dict[str, Any], expected: dict[str, str]) -> None:
    """``active: false`` for a made-up token shows that our client may ask."""
    issuer.set(**{"introspection": {"active": False}, **published})
    assert wrong(await gathered(examine(model(issuer.url, **INTROSPECTION)))) == expected


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ({"statuses": {"userinfo": 401}}, {}),
        ({"userinfo": {"sub": "u1"}}, {"endpoint_open": "warning"}),
        ({"statuses": {"userinfo": 404}}, {"userinfo": "finding"}),
        ({"fault": "userinfo_html"}, {"userinfo": "finding"}),
        ({"discovery": {"userinfo_endpoint": None}}, {"userinfo": "finding"}),
    ],
)
async def test_userinfo(issuer: Issuer, published: dict[str, Any], expected: dict[str, str]) -> None:
    """A refusal of a made-up token shows that it is there and looks."""
    issuer.set(**published)
    assert wrong(await gathered(examine(model(issuer.url, userinfo={"when": "missing"})))) == expected


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ({"statuses": {"token_check": 400}}, {}),
        ({"token_check": {"aud": "chat"}}, {"endpoint_open": "warning"}),
        ({"fault": "token_check_500"}, {"token_check": "finding"}),
    ],
)
async def test_the_token_check(issuer: Issuer, published: dict[str, Any], expected: dict[str, str]) -> None:
    """The same for the endpoint that says for whom a token was made."""
    issuer.set(**{"statuses": {"userinfo": 401}, **published})
    if "statuses" in published:
        issuer.set(statuses={"userinfo": 401, **published["statuses"]})
    provider = {"token_check": {"url": f"{issuer.url}/token_check"}, "userinfo": {"url": f"{issuer.url}/userinfo"}}
    assert wrong(await gathered(examine(model(issuer.url, **provider)))) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [({"error": "-216"}, {}), ({"sub": "u1", "aud": "chat"}, {"endpoint_open": "warning"})],
)
@pytest.mark.parametrize("endpoint", ["userinfo", "token_check"])
async def test_the_operators_own_sign_of_a_no_counts(
    issuer: Issuer, endpoint: str, answer: dict[str, Any], expected: dict[str, str]
) -> None:
    """``refused_when`` and ``rules`` tell a no of status 200 apart, as in the service; without that no it is open."""
    error = {"claim": "error", "present": True}
    described: dict[str, dict[str, Any]] = {
        "userinfo": {"userinfo": {"when": "missing", "refused_when": error}},
        "token_check": {
            "token_check": {"url": f"{issuer.url}/token_check", "rules": [{"not": error}]},
            "userinfo": {"url": f"{issuer.url}/userinfo"},
        },
    }
    issuer.set(**{"statuses": {} if endpoint == "userinfo" else {"userinfo": 401}, endpoint: answer})
    assert wrong(await gathered(examine(model(issuer.url, **described[endpoint])))) == expected


@pytest.mark.parametrize(
    ("issuer", "known"), [("https://login.shop.example", False), ("http://127.0.0.1:9/realm", True)]
)
async def test_an_endpoint_that_the_bridge_would_not_ask(issuer: str, known: bool) -> None:
    """Plain http on this machine is fit to be written, and not to be named by an issuer that has https."""
    address = "http://127.0.0.1:9/introspection"
    learnt = Published(Metadata(f"{issuer}/jwks", None, address))
    async with open_session() as session:
        http = HttpClient(session, provider="shop", timeout=1.0)
        for written, expected in (({}, known), ({"url": address}, True)):
            settings = model(issuer, introspection={**CLIENT, **written}).providers["shop"]
            asked = Asked("provider shop", settings, http, learnt, AnswerTests())
            assert (asked.introspection is not None) is expected
