"""Attacks on the callback from outside: who calls, and what else they bring."""

import json
from typing import Any

import pytest

from tests.attacks.attack import Attacked
from tests.bridge_process import ACCEPTED, SECRET, StartBridge, callback, configuration
from tests.issuer.mint import good_token
from tests.issuer.process import Issuer

REFUSED_HEADERS = {
    "H01 missing": None,
    "H01 empty": "",
    "H01 blank": " ",
    "H01 scheme alone": "Bearer",
    "H02 a prefix": f"{SECRET[:-1]} Bearer",
    "H02 a suffix": f"{SECRET}x Bearer",
    "H02 one byte off": f"{SECRET[:-1]}{chr(ord(SECRET[-1]) ^ 1)} Bearer",
    "H02 another case": f"{SECRET.upper()} Bearer",
    "H02 10 kB": f"{'x' * 10_000} Bearer",
    "H02 Bearer Bearer": "Bearer Bearer",
    "H02 Bearer twice": f"Bearer {SECRET} Bearer",
    "H02 the secret twice": f"{SECRET} {SECRET}",
    "H02 a comma list": f"Bearer {SECRET}, Bearer x",
    "H02 a comma list, the other way": f"Bearer x, Bearer {SECRET}",
    "H02 a comma behind": f"{SECRET} Bearer,",
    "H02 another scheme": f"Basic {SECRET}",
    "H02 another scheme behind": f"{SECRET} Basic",
    "H02 no blank": f"{SECRET}Bearer",
    "H02 quoted": f'"{SECRET}" Bearer',
    "H02 a parameter": f"Bearer token={SECRET}",
    "H02 Latin-1": f"{SECRET}\u00e9 Bearer",
}
TAKEN_HEADERS = {
    "H03 the secret first": f"{SECRET} Bearer",
    "H03 the scheme first": f"Bearer {SECRET}",
    "H03 the secret alone": SECRET,
    "H03 small letters": f"{SECRET} bearer",
    "H03 capitals": f"BEARER {SECRET}",
    "H03 blanks around and between": f"  {SECRET}   Bearer ",
    "H03 a tab between": f"Bearer\t{SECRET}",
}


@pytest.mark.parametrize("name", REFUSED_HEADERS)
def test_without_the_header_token_nobody_is_looked_at(name: str, attacked: Attacked) -> None:
    """H01, H02: the same answer for every wrong header, whatever the body; no provider is asked."""
    bridge, url = attacked.bridge, f"{attacked.issuer.url}/plain"
    token = good_token(url)
    asked = attacked.issuer.asked()
    answer = bridge.post(token, authorization=REFUSED_HEADERS[name])
    assert (answer.status, answer.code) == (401, "caller_unauthorized")
    assert set(answer.json) == {"status", "message", "code", "request_id"}
    assert attacked.issuer.asked() == asked


@pytest.mark.parametrize("name", TAKEN_HEADERS)
def test_each_form_of_the_header_is_taken(name: str, attacked: Attacked) -> None:
    """H03: both orders, any case of the scheme, and the secret alone."""
    bridge, url = attacked.bridge, f"{attacked.issuer.url}/plain"
    assert bridge.post(good_token(url), authorization=TAKEN_HEADERS[name]).code is ACCEPTED


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        pytest.param([f"{SECRET} Bearer"], ACCEPTED, id="one"),
        pytest.param([f"{SECRET} Bearer", "x Bearer"], "caller_unauthorized", id="good and bad"),
        pytest.param(["x Bearer", f"{SECRET} Bearer"], "caller_unauthorized", id="bad and good"),
        pytest.param([f"{SECRET} Bearer"] * 2, "caller_unauthorized", id="good twice"),
        pytest.param([f"{SECRET} Bearer", ""], "caller_unauthorized", id="good and empty"),
    ],
)
def test_one_authorization_header(headers: list[str], code: str | None, attacked: Attacked) -> None:
    """H06: more than one ``Authorization`` header is refused, in any order."""
    bridge, url = attacked.bridge, f"{attacked.issuer.url}/plain"
    body = json.dumps({"access_token": good_token(url)})
    lines = [f"Authorization: {value}" for value in headers]
    head = ["POST / HTTP/1.1", "Host: x", *lines, "Content-Type: application/json", f"Content-Length: {len(body)}"]
    answer = bridge.raw("\r\n".join([*head, "Connection: close", "", body]).encode())
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1]).get("code") == code


@pytest.mark.parametrize(
    ("written", "environment"),
    [
        pytest.param({"env": "GIVEN"}, {"GIVEN": ""}, id="H07 an empty variable"),
        pytest.param({"env": "NOBODY_HAS_SET_IT"}, {}, id="H07 an unset variable"),
        pytest.param("", {}, id="H07 nothing"),
        pytest.param([], {}, id="H07 an empty list"),
        pytest.param({"env": "GIVEN"}, {"GIVEN": " "}, id="H07 a blank"),
        pytest.param({"env": "GIVEN"}, {"GIVEN": "Bearer"}, id="H07 the scheme alone"),
        pytest.param(
            [{"env": "HEADER_TOKEN"}, {"env": "GIVEN"}], {"GIVEN": ""}, id="H07 an empty one beside a good one"
        ),
    ],
)
def test_without_a_header_token_nothing_starts(
    written: Any, environment: dict[str, Any], issuer: Issuer, start_bridge: StartBridge
) -> None:
    """H07: else ``" Bearer"`` would pass; the twin is every other bridge here."""
    settings = configuration(issuer.url, callback=callback(header_token=written))
    with pytest.raises(RuntimeError, match=r"callback\.header_token"):
        start_bridge(settings, **environment)


VICTIM = {
    "user_id": "victim",
    "id": "victim",
    "sub": "victim",
    "email": "victim@shop.example",
    "name": "Victim",
    "phone": "+84900000000",
    "phone_number": "+84900000000",
    "data": {"id": "victim"},
    "provider": "p1",
}


def test_the_body_names_nobody(attacked: Attacked) -> None:
    """H28: what the visitor's browser says beside the token is ignored."""
    bridge, url = attacked.bridge, f"{attacked.issuer.url}/plain"
    body = json.dumps({**VICTIM, "access_token": good_token(url)}).encode()
    assert bridge.post(body=body).json["data"] == {"id": "0:visitor-1"}


def test_the_query_brings_no_secret_and_no_token(attacked: Attacked) -> None:
    """H30: neither the header token nor the visitor's is read from the query."""
    bridge, url = attacked.bridge, f"{attacked.issuer.url}/plain"
    token = good_token(url)
    for name in ("header_token", "access_token", "authorization"):
        path = f"/?{name}={SECRET}"
        assert bridge.post(token, path=path, authorization=None).code == "caller_unauthorized"
    assert bridge.post(path=f"/?access_token={token}").code == "token_missing"
    assert bridge.post(token, path="/?access_token=x").code is ACCEPTED


def test_forwarding_headers_decide_nothing(attacked: Attacked) -> None:
    """H30: a caller that claims to be somebody, somewhere or on another path is treated like any other."""
    bridge, url = attacked.bridge, f"{attacked.issuer.url}/plain"
    claims = {
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Host": "localhost",
        "X-Forwarded-User": "admin",
        "X-Original-URL": "/admin",
        "X-HTTP-Method-Override": "GET",
        "Forwarded": "for=127.0.0.1",
        "Host": "localhost",
    }
    assert bridge.post(good_token(url), headers=claims).code is ACCEPTED
    assert bridge.post(good_token(url), headers=claims, authorization=None).code == "caller_unauthorized"
