"""``idp-bridge call``, against a stand-in for a bridge."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.command import SECRET, Ran, invoke, run
from tests.stream_server import stream_server

TOKEN = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"


@dataclass
class Endpoint:
    """One socket that answers every request with the same bytes."""

    answer: bytes
    url: str = ""
    requests: list[bytes] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator["Endpoint"]:
        """Itself, with an address."""
        async with stream_server(self._take) as port:
            self.url = f"http://127.0.0.1:{port}/chat"
            yield self

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1]) for line in head.splitlines() if line.lower().startswith(b"content-length")
        )
        self.requests.append(head + await reader.readexactly(length))
        writer.write(self.answer)
        with contextlib.suppress(ConnectionError):
            await writer.drain()


def http(status: str, body: str) -> bytes:
    """An HTTP answer."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body.encode())}\r\n\r\n{body}".encode()


IDENTIFIED = http("200 OK", '{"status": true, "message": "Successfully!", "data": {"name": "Nguyễn Văn An"}}')
REFUSED = http(
    "401 Unauthorized", '{"status": false, "message": "Expired.", "code": "token_expired", "request_id": "1"}'
)


GUEST = http("401 Unauthorized", '{"status": false, "message": "Not signed in.", "code": "token_missing"}')
UNAUTHORIZED = http("401 Unauthorized", '{"status": false, "message": "No.", "code": "caller_unauthorized"}')


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a header token and a visitor's token, each in its file, as an editor writes them."""
    (tmp_path / "header").write_text(SECRET + "\n")
    (tmp_path / "token").write_text(TOKEN + "\n")
    return tmp_path


def arguments(url: str, /, **changed: str) -> list[str]:
    """The command's arguments."""
    options = {"url": url, "header-token-file": "header", "token-file": "token", **changed}
    return ["call", *(word for name, value in options.items() for word in (f"--{name}", value))]


async def invoke_aside(*words: str, cwd: Path, stdin: bytes = b"") -> Ran:
    """In a thread, because the command has an event loop of its own and the stand-in needs this one."""
    return await asyncio.to_thread(invoke, *words, cwd=cwd, stdin=stdin)


async def test_it_posts_as_cx_genie_does(files: Path) -> None:
    """CONTRACT.md, "The request": the secret before Bearer, the token in a JSON object."""
    async with Endpoint(IDENTIFIED).listening() as endpoint:
        ran = await run(*arguments(endpoint.url), cwd=files)
    (request,) = endpoint.requests
    head, body = request.decode().split("\r\n\r\n")
    assert head.startswith("POST /chat HTTP/1.1\r\n")
    assert f"\r\nAuthorization: {SECRET} Bearer\r\n" in head
    assert "\r\nContent-Type: application/json\r\n" in head
    assert body == json.dumps({"access_token": TOKEN})
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines()[0] == "200 OK"
    assert '"name": "Nguyễn Văn An"' in ran.out


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (IDENTIFIED, 0),
        (REFUSED, 1),
        (http("200 OK", '{"status": false, "code": "token_expired"}'), 1),
        (http("503 Service Unavailable", '{"status": false, "code": "overloaded"}'), 1),
        (http("200 OK", '{"status": "true"}'), 2),
        (http("200 OK", "[]"), 2),
        (http("200 OK", '{"status": true, "status": false}'), 2),
        (http("502 Bad Gateway", "<html>"), 2),
        (http("302 Found", ""), 2),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", 2),
        (b"SSH-2.0-OpenSSH\r\n", 2),
        (b"", 2),
    ],
)
async def test_the_envelope_decides(files: Path, answer: bytes, status: int) -> None:
    """0 identified, 1 refused, 2 no answer of a bridge's; ``--json`` says the same."""
    async with Endpoint(answer).listening() as endpoint:
        ran = await invoke_aside(*arguments(endpoint.url), cwd=files)
        as_json = await invoke_aside(*arguments(endpoint.url), "--json", cwd=files)
    assert (ran.status, as_json.status) == (status, status)
    assert json.loads(as_json.out)["ok"] is (status == 0)
    assert SECRET not in ran.out + ran.err + as_json.out
    assert (status == 2) == bool(ran.err)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (GUEST, 0),
        (UNAUTHORIZED, 1),
        (REFUSED, 1),
        (IDENTIFIED, 1),  # an undefined visitor must be nobody
        (http("502 Bad Gateway", "<html>"), 2),
    ],
)
async def test_a_guest_is_expected_to_be_one(files: Path, answer: bytes, status: int) -> None:
    """``--guest`` sends what the widget does without ``data-token``; only token_missing is the answer to it."""
    async with Endpoint(answer).listening() as endpoint:
        words = ("call", "--url", endpoint.url, "--header-token-file", "header", "--guest")
        ran = await invoke_aside(*words, cwd=files)
        as_json = await invoke_aside(*words, "--json", cwd=files)
    assert (ran.status, as_json.status) == (status, status)
    assert json.loads(as_json.out)["ok"] is (status == 0)
    assert endpoint.requests[0].endswith(json.dumps({"access_token": "undefined"}).encode())


@pytest.mark.parametrize("words", [(), ("--guest", "--token-file", "token")])
async def test_a_callback_is_somebodys(files: Path, words: tuple[str, ...]) -> None:
    """A visitor's token or a guest: neither and both are mistakes."""
    ran = await invoke_aside("call", "--url", "http://127.0.0.1:1/", "--header-token-file", "header", *words, cwd=files)
    assert (ran.status, ran.out) == (2, "")
    assert "--token-file with a visitor's token, or --guest" in ran.err


@pytest.mark.parametrize("changed", ["header-token-file", "token-file"])
async def test_either_secret_can_come_from_standard_input(files: Path, changed: str) -> None:
    """A dash; no secret ever stands in an argument."""
    (files / "header").write_text(SECRET)
    given = {"header-token-file": SECRET, "token-file": TOKEN}[changed]
    async with Endpoint(REFUSED).listening() as endpoint:
        ran = await invoke_aside(*arguments(endpoint.url, **{changed: "-"}), cwd=files, stdin=f"{given}\n".encode())
    assert ran.status == 1
    assert f"Authorization: {SECRET} Bearer".encode() in endpoint.requests[0]
    assert json.dumps({"access_token": TOKEN}).encode() in endpoint.requests[0]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"url": "http://127.0.0.1:1/"}, "cannot be reached"),
        ({"url": "ftp://127.0.0.1/"}, "is not an http or https address"),
        ({"url": "shop.example"}, "is not an http or https address"),
        ({"url": "http://[/"}, "is not an http or https address"),
        ({"url": "http://bridge.invalid/"}, "cannot be reached"),
        ({"header-token-file": "none"}, "cannot be read from none: No such file or directory."),
        ({"token-file": "."}, "cannot be read from .: Is a directory."),
        ({"header-token-file": "-", "token-file": "-"}, "only one of the two"),
        ({"header-token-file": "empty"}, "visible ASCII without blanks"),
        ({"header-token-file": "whole"}, "visible ASCII without blanks"),
        ({"header-token-file": "two"}, "visible ASCII without blanks"),
        ({"token-file": "binary"}, "is not text"),
    ],
)
async def test_what_stands_in_the_way_is_a_sentence(files: Path, changed: dict[str, str], sentence: str) -> None:
    """Status 2; the operator's mistake is named, without the secret and without a stack trace."""
    (files / "empty").write_text("")
    (files / "whole").write_text(f"{SECRET} Bearer")
    (files / "two").write_text(f"{SECRET}\n{SECRET}\n")
    (files / "binary").write_bytes(b"\xff\x00")
    ran = await invoke_aside(*arguments("http://127.0.0.1:1/", **changed), cwd=files)
    assert (ran.status, ran.out) == (2, "")
    assert sentence in ran.err
    assert SECRET not in ran.err


async def test_an_answer_cannot_steer_the_terminal(files: Path) -> None:
    """Escape sequences in it are shown, not obeyed."""
    async with Endpoint(http("200 OK", "\x1b[2J")).listening() as endpoint:
        ran = await invoke_aside(*arguments(endpoint.url), cwd=files)
    assert "\\u001b[2J" in ran.out
    assert "\x1b" not in ran.out
