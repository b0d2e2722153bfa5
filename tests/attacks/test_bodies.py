"""Attacks on the callback's body, against a running bridge: what is no plain JSON object with one token in it.

Whatever comes is refused as a request, or taken for a guest's; nothing of it reaches a provider.
"""

import contextlib
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from tests.attacks.attack import Attacked
from tests.bridge_process import ACCEPTED, SECRET
from tests.issuer.mint import good_token

JSON = "application/json"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PIECE = b"10000\r\n" + b"a" * 65_536 + b"\r\n"


@dataclass(frozen=True, slots=True)
class Row:
    """One body.

    Attributes:
        threat: The id of the threat's class.
        name: What is odd about it, in a few words.
        body: Makes it of a good token.
        status: The HTTP status that it must get.
        code: The failure's code.
        headers: Its Content-Type, unless JSON's.
    """

    threat: str
    name: str
    body: Callable[[str], bytes]
    status: int
    code: str | None
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.threat} {self.name}"


def good(token: str) -> bytes:
    """What CX Genie sends."""
    return json.dumps({"access_token": token}).encode()


def form(token: str) -> bytes:
    """The same as a form."""
    return f"access_token={token}".encode()


def typed(name: str, content_type: str, body: Callable[[str], bytes] = good) -> Row:
    """A good body under a name that is not its own."""
    return Row("H09", name, body, 415, "media_type_unsupported", {"Content-Type": content_type})


def text(name: str, body: bytes, threat: str = "H10") -> Row:
    """A body without any good token."""
    return Row(threat, name, lambda _: body, 400, "body_invalid")


def token(value: object, code: str = "body_invalid") -> Row:
    """A body whose token is something else."""
    status = 401 if code == "token_missing" else 400
    body = json.dumps({"access_token": value}).encode()
    return Row("H10", f"access_token {json.dumps(value)}", lambda _: body, status, code)


def beside(value: str) -> Callable[[str], bytes]:
    """A good body with one more member, whose value is this JSON."""
    return lambda token: good(token)[:-1] + f', "more": {value}}}'.encode()


def encoded(encoding: str) -> Callable[[str], bytes]:
    """A good body in another encoding of Unicode."""
    return lambda token: good(token).decode().encode(encoding)


NOTHING = (None, "", " ", "undefined", "null", "Bearer", "%USER_TOKEN%")
NO_TEXTS: tuple[object, ...] = (5, True, 0, ["x"], {}, [], "x\0", "\ud800")

ROWS = (
    typed("no type", ""),
    typed("text/plain", "text/plain"),
    typed("multipart", "multipart/form-data; boundary=x"),
    typed("UTF-16 by its charset", "application/json; charset=utf-16", encoded("utf-16")),
    typed("problem+json", "application/problem+json"),
    typed("two types", "application/json, text/plain"),
    Row("H09", "JSON under a form's name", good, 400, "body_invalid", FORM),
    Row("H09", "a form under JSON's name", form, 400, "body_invalid"),
    Row("H09", "the vendor's form", form, 200, ACCEPTED, FORM),
    Row("H10", "a form of two tokens", lambda token: form(token) + b"&access_token=x", 400, "body_invalid", FORM),
    Row("H10", "a form that is no UTF-8", lambda token: form(token) + b"&name=%ff", 400, "body_invalid", FORM),
    Row("H09", "JSON with charset", good, 200, ACCEPTED, {"Content-Type": "application/json; charset=utf-8"}),
    *(text(name, name.encode()) for name in ("[]", "null", "5", '"x"', "not JSON", "{", "{}x")),
    text("empty", b""),
    Row("H10", "no access_token", lambda _: b"{}", 401, "token_missing"),
    *(token(value, "token_missing") for value in NOTHING),
    *(token(value) for value in NO_TEXTS),
    Row("H10", "UTF-16", encoded("utf-16"), 400, "body_invalid"),
    Row("H10", "UTF-32", encoded("utf-32"), 400, "body_invalid"),
    Row("H10", "byte order mark", encoded("utf-8-sig"), 400, "body_invalid"),
    Row("H10", "not UTF-8", lambda token: good(token)[:-1] + b', "more": "\xff"}', 400, "body_invalid"),
    Row("H10", "lone surrogate beside", beside('"\\udfff"'), 400, "body_invalid"),
    Row("H10", "two tokens", lambda token: good(token)[:-1] + b', "access_token": "x"}', 400, "body_invalid"),
    Row("H10", "something beside", beside('[{"a": null}]'), 200, ACCEPTED),
    Row("H14", "30,000 lists deep", beside("[" * 30_000), 400, "body_invalid"),
    Row("H14", "10,000 objects deep", beside('{"a":' * 10_000 + "1" + "}" * 10_000), 400, "body_invalid"),
    Row("H14", "an integer of 50,000 digits", beside("9" * 50_000), 400, "body_invalid"),
    Row("H14", "infinite", beside("1e999"), 400, "body_invalid"),
    Row("H16", "more than limits.body", beside(f'"{"a" * 70_000}"'), 413, "body_too_large"),
    Row("H16", "10 MB", lambda _: b"[" * 10_000_000, 413, "body_too_large"),
    Row("H16", "a long field within it", beside(f'"{"a" * 50_000}"'), 200, ACCEPTED),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_bodies(row: Row, attacked: Attacked) -> None:
    """Status, code, and the headers that every answer has; the good body is taken before and after."""
    bridge, url = attacked.bridge, f"{attacked.issuer.url}/plain"
    good_one = good_token(url)
    assert bridge.post(good_one).code is ACCEPTED
    asked = attacked.issuer.asked()
    answer = bridge.post(body=row.body(good_token(url)), headers={"Content-Type": JSON, **row.headers})
    assert (answer.status, answer.code) == (row.status, row.code)
    assert attacked.issuer.asked() == asked
    assert bridge.post(good_one).code is ACCEPTED


def test_bodies_without_end_take_no_memory(attacked: Attacked) -> None:
    """H16: memory stays flat while ten callers send sixteen megabytes each, in pieces of no announced number."""
    bridge, address = attacked.bridge, urlsplit(attacked.bridge.url)
    head = f"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: {SECRET}\r\nContent-Type: {JSON}\r\n".encode()
    resident = "process_resident_memory_bytes", ()
    before = bridge.metrics()[resident]
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            caller = stack.enter_context(socket.create_connection((address.hostname, address.port), timeout=5))
            with contextlib.suppress(OSError):  # cut off, which is what is wanted
                caller.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n" + PIECE * 256)
        assert bridge.metrics()[resident] < before + 32_000_000
    assert bridge.post(good_token(f"{attacked.issuer.url}/plain")).code is ACCEPTED


@pytest.mark.parametrize("code", [ACCEPTED, "token_missing", "caller_unauthorized", "not_found"])
def test_an_answers_own_headers(code: str | None, attacked: Attacked) -> None:
    """H25: JSON that nobody keeps; no word of what serves it, and no permission for a page of another origin."""
    bridge, url = attacked.bridge, f"{attacked.issuer.url}/plain"
    answer = bridge.post(
        ... if code == "token_missing" else good_token(url),
        path="/nowhere" if code == "not_found" else "/",
        authorization="wrong" if code == "caller_unauthorized" else f"Bearer {SECRET}",
        headers={"Origin": "https://evil.example"},
    )
    assert answer.code == code
    assert answer.headers["content-type"] == JSON
    assert answer.headers["cache-control"] == "no-store"
    told = {
        name for name in answer.headers if name in {"server", "via"} or name.startswith(("access-control", "x-pow"))
    }
    assert told == set()
