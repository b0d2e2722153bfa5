"""Attacks on the log of a running bridge: texts of an attacker's that try to become lines, or to steer a terminal."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.attacks.attack import Attacked, claims, header
from tests.bridge_process import ACCEPTED, Answer, RunningBridge
from tests.eventually import eventually
from tests.issuer.mint import good_token

FORGED = '\r\n{"level": "error", "event": "forged"}\r\n\x1b[2J\x1b]0;owned\x07" \u2028\u202e'

Post = Callable[[RunningBridge, str], Answer]


def of_token(token: Callable[[str], str]) -> Post:
    """Posts a token that is made of the issuer's URL."""
    return lambda bridge, url: bridge.post(token(url))


def by_header(bridge: RunningBridge, url: str) -> Answer:
    """As much of it as one line of a head can hold."""
    return bridge.post(good_token(url), authorization='Bearer "}{"event":"forged"}\\u001b[2J\xe9')


def by_path(bridge: RunningBridge, url: str) -> Answer:
    """Escaped as a path must be."""
    return bridge.post(good_token(url), path='/%0d%0a%1b[2J"{"event":"forged"}')


def by_body(bridge: RunningBridge, url: str) -> Answer:
    """In names and values."""
    members = {"access_token": good_token(url, sub=...), "user_id": FORGED, "email": FORGED, FORGED: FORGED}
    return bridge.post(body=json.dumps(members).encode())


PLACES: dict[str, tuple[Post, str]] = {
    "O09 kid": (of_token(header(kid=FORGED)), "token_invalid"),
    "O09 alg": (of_token(header(alg=FORGED)), "token_invalid"),
    "O09 typ": (of_token(header(typ=FORGED)), "token_untrusted"),
    "O09 crit": (of_token(header(crit=[FORGED])), "token_invalid"),
    "O09 iss": (of_token(lambda _: good_token(FORGED)), "token_untrusted"),
    "O09 aud": (of_token(claims(aud=FORGED)), "token_untrusted"),
    "O09 azp": (of_token(lambda url: good_token(url.replace("plain", "parties"), azp=FORGED)), "token_untrusted"),
    "O09 sub": (of_token(claims(sub=FORGED)), "identity_unusable"),
    "O09 the token": (of_token(lambda _: FORGED), "token_malformed"),
    "O09 a header": (by_header, "caller_unauthorized"),
    "O09 the path": (by_path, "not_found"),
    "O09 the body": (by_body, "token_malformed"),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_text_stays_within_its_line(place: str, attacked: Attacked) -> None:
    """O09: the refusal has its line, and no line is any but the bridge's own: each is JSON, and none is forged."""
    bridge, url = attacked.bridge, f"{attacked.issuer.url}/plain"
    post, code = PLACES[place]
    before = len(bridge.lines)
    assert post(bridge, url).code == code
    eventually(lambda: any(line.get("code") == code for line in events(bridge, before)))
    assert "forged" not in {line["event"] for line in events(bridge, before)}
    assert bridge.post(good_token(url)).code is ACCEPTED


def events(bridge: RunningBridge, since: int) -> list[dict[str, Any]]:
    """What was logged behind so many lines; a line that is no JSON object is an error."""
    lines = bridge.lines[since:]
    assert [line for line in lines if not isinstance(line, dict)] == []
    return lines
