"""What an honest issuer's endpoints say of a token: userinfo, introspection, and a token check such as Google's."""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.issuer.recorded import Recorded

ENDPOINTS = ("userinfo", "introspection", "token_check")
"""Each at the path of its own name, below its issuer's."""

_UNKNOWN: Mapping[str, tuple[int, Any]] = {
    "userinfo": (401, {"error": "invalid_token"}),
    "introspection": (200, {"active": False}),
    "token_check": (400, {"error": "invalid_token"}),
}


def answer(
    endpoint: str,
    anyone: Any,
    tokens: Mapping[str, Mapping[str, Any]],
    client: Mapping[str, Any] | None,
    asked: Recorded,
) -> tuple[int, Any]:
    """Status and body of the honest answer.

    Args:
        endpoint: Which one is asked.
        anyone: The answer about any token, where none are known one by one.
        tokens: Answers by token and endpoint; about other tokens the endpoint says what it says of strangers'.
        client: Whose questions introspection answers: ``id`` and ``secret``, which may come form-encoded unless ``raw``
            is true, or the ``audience`` of an assertion; ``None`` answers everybody. That assertions are signed is for
            tests to see.
        asked: The request.
    """
    if endpoint == "introspection" and client is not None and not _is_from(client, asked):
        return 401, {"error": "invalid_client"}
    if not tokens:
        return 200, anyone
    known = next((tokens[value] for value in _values(asked) if value in tokens), {})
    return (200, known[endpoint]) if endpoint in known else _UNKNOWN[endpoint]


def _values(asked: Recorded) -> Iterator[str]:
    """Everything in a request that may be a token."""
    yield asked.headers.get("authorization", "").removeprefix("Bearer ")
    yield from asked.headers.values()
    for values in (*asked.query.values(), *asked.form.values()):
        yield from values


def _is_from(client: Mapping[str, Any], asked: Recorded) -> bool:
    if "audience" in client:
        [assertion] = asked.form.get("client_assertion", [""])
        return bool(assertion) and payload(assertion)["aud"] == client["audience"]
    given = asked.basic if client.get("raw") else asked.form_encoded_basic
    if given is None:
        given = (asked.form.get("client_id", [""])[0], asked.form.get("client_secret", [""])[0])
    return given == (client["id"], client["secret"])


def payload(jwt: str) -> Any:
    """What a JWT says, whoever signed it."""
    return json.loads(decoded(jwt.split(".")[1]))


def decoded(text: str) -> bytes:
    """RFC 7515 section 2's base64url."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
