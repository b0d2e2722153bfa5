"""``idp-bridge first-call``: the service with an eye on it, called as CX Genie might call it."""

import asyncio
import http.client
import json
import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.cli.command import SECRET, start
from tests.issuer.mint import good_claims, good_header, sign
from tests.issuer.process import Issuer

CONFIG = """\
version: 1
callback: {{header_token: {{env: CXGENIE_HEADER_TOKEN}}, path: /chat}}
providers: {{keycloak: {{preset: keycloak, issuer: "{issuer}", audience: {audience}}}}}
server: {{host: 127.0.0.1, port: 0}}
"""
NAME, MAIL = "Nguyễn Văn A", "first-call@shop.example"


@dataclass(frozen=True, slots=True)
class Request:
    """One request to make, good but for what is said."""

    token: str = ""
    method: str = "POST"
    path: str = "/chat"
    authorization: str = f"{SECRET} Bearer"

    def send(self, url: str) -> int:
        """Its answer's status."""
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
        headers = {"Content-Type": "application/json", "User-Agent": "axios/1.6.0", "Authorization": self.authorization}
        connection.request(self.method, self.path, json.dumps({"access_token": self.token, "bot": 7}), headers)
        status = connection.getresponse().status
        connection.close()
        return status


def token(issuer: Issuer, **claims: Any) -> str:
    """A good one, with what a visitor has."""
    visitor = {"typ": "Bearer", "name": NAME, "email": MAIL, "email_verified": True}
    return sign(good_header(), good_claims(issuer.url, **visitor, **claims), "rsa")


async def first_call(folder: Path, issuer: Issuer, *requests: Request, audience: str = "chat") -> tuple[int, list[Any]]:
    """The command's exit status and what it says of each request, as JSON and then as text."""
    (folder / "bridge.yaml").write_text(CONFIG.format(issuer=issuer.url, audience=audience))
    status, documents = await _run(folder, requests, "--json")
    said = [json.loads(line) for line in documents.splitlines()]
    assert [each["answer"]["milliseconds"] >= 0 for each in said] == [True] * len(requests)
    again, text = await _run(folder, requests)
    assert again == status
    return status, [*said, text]


async def _run(folder: Path, requests: tuple[Request, ...], *options: str) -> tuple[int, str]:
    arguments = ("first-call", "--config", "bridge.yaml", "--count", str(len(requests)), *options)
    process = await start(*arguments, cwd=folder)
    assert process.stderr is not None
    async with asyncio.timeout(20):
        event: Mapping[str, Any] = {}
        while event.get("event") != "listening":
            event = json.loads(await process.stderr.readline())
        for each in requests:
            await asyncio.to_thread(each.send, event["url"])
        out, err = await process.communicate()
    for hidden in (SECRET, NAME, MAIL, *(each.token for each in requests if len(each.token) > 20)):
        assert hidden not in out.decode() + err.decode()
    return process.returncode or 0, out.decode()


async def test_a_good_call(tmp_path: Path, issuer: Issuer) -> None:
    """What CX Genie really sends, and what it was given, without a value of the visitor's."""
    status, (said, text) = await first_call(tmp_path, issuer, Request(token(issuer)))
    assert status == 0
    assert (said["ok"], said["answer"]["status"], said["answer"]["code"]) == (True, 200, "ok")
    assert said["slips"] == []
    assert said["request"]["header_token"] == "SECRET Bearer"
    assert said["request"]["caller"]["user_agent"] == ["axios/1.6.0"]
    assert said["request"]["body"]["unknown_keys"] == ["bot"]
    assert said["request"]["token"]["form"] == "jwt"
    assert said["explanation"]["provider"] == "keycloak"
    for words in ("POST /chat HTTP/1.1 from 127.0.0.1 (axios/1.6.0)", "SECRET Bearer", "not in the documentation: bot",
                  "HTTP 200 ok after ", "email: f•••••e (23 characters)"):  # fmt: skip
        assert words in text


@pytest.mark.parametrize(
    ("changed", "code", "found", "change"),
    [
        ({"authorization": f"{SECRET}x Bearer"}, "caller_unauthorized", "the secret is 1 character longer", "Copy the"),
        ({"authorization": f'"{SECRET}"'}, "caller_unauthorized", "the secret, in quotes or brackets", "without them"),
        ({"path": "/chat/"}, "not_found", "the callback's path with a slash behind it", "Remove the slash"),
        ({"method": "PUT"}, "method_not_allowed", "PUT in place of POST", "CX Genie posts"),
        (
            {"token": "a b"},
            "token_malformed",
            "a blank or a percent sign inside the token",
            "encodeURIComponent(token)",
        ),
    ],
)
async def test_a_call_that_is_wrong(
    tmp_path: Path, issuer: Issuer, changed: dict[str, str], code: str, found: str, change: str
) -> None:
    """What was wrong, and what mends it; exit status 1."""
    (tmp_path / "bridge.yaml").write_text(CONFIG.format(issuer=issuer.url, audience="chat"))
    status, text = await _run(tmp_path, (Request(**{"token": token(issuer), **changed}),))
    assert status == 1
    assert f" {code} after " in text
    assert f"wrong:  {found}" in text
    assert change in text


async def test_a_token_that_is_refused(tmp_path: Path, issuer: Issuer) -> None:
    """By the flow of the service, with the rule, what it found and the line of YAML to change."""
    status, (said, text) = await first_call(tmp_path, issuer, Request(token(issuer)), audience="other")
    assert (status, said["answer"]["code"]) == (1, "token_untrusted")
    assert said["explanation"]["rule"] == {"stage": "claims", "name": "audience"}
    assert 'aud is "chat"' in text
    assert "audience" in text.split("change:")[1]


async def test_a_guest_is_no_failure(tmp_path: Path, issuer: Issuer) -> None:
    """Nine in ten visitors are guests: the header token is right, and that is what was to be learnt."""
    wrong = Request("undefined", authorization="Bearer HEADER_TOKEN")
    status, (first, second, text) = await first_call(tmp_path, issuer, wrong, Request("undefined"))
    assert (status, first["answer"]["code"], second["answer"]["code"]) == (0, "caller_unauthorized", "token_missing")
    assert first["slips"][0]["found"] == "a placeholder in place of the secret"
    assert "request 2, " in text
    assert "note:   the page has no token for this visitor" in text


async def test_a_signal_ends_it(tmp_path: Path, issuer: Issuer) -> None:
    """Ctrl-C; where no request came nothing was found out."""
    (tmp_path / "bridge.yaml").write_text(CONFIG.format(issuer=issuer.url, audience="chat"))
    process = await start("first-call", "--config", "bridge.yaml", cwd=tmp_path)
    assert process.stdout is not None
    async with asyncio.timeout(20):
        assert (await process.stdout.readline()).startswith(b"Listening on http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert process.returncode == 2
    assert b"No request came." in err


async def test_a_taken_port_is_a_sentence(tmp_path: Path, issuer: Issuer) -> None:
    """Status 2: perhaps the bridge itself is running."""
    (tmp_path / "bridge.yaml").write_text(CONFIG.format(issuer=issuer.url, audience="chat"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = await start("first-call", "--config", "bridge.yaml", "--port", port, cwd=tmp_path)
        _, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in err.decode()
    assert "Traceback" not in err.decode()


@pytest.mark.parametrize(
    "unfit", ["state_dir: {folder}/file", "audit: {{mode: pseudonymous, key: {key}, file: {folder}/file/audit}}"]
)
async def test_a_folder_that_cannot_be_written_to_is_a_sentence(tmp_path: Path, issuer: Issuer, unfit: str) -> None:
    """Status 2, as of the service itself."""
    (tmp_path / "file").touch()
    (tmp_path / "key").write_text("an audit key of these tests, long enough")
    line = unfit.format(folder=tmp_path, key="{file: key}")
    (tmp_path / "bridge.yaml").write_text(CONFIG.format(issuer=issuer.url, audience="chat") + line + "\n")
    process = await start("first-call", "--config", "bridge.yaml", cwd=tmp_path)
    _, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 2
    assert f"{tmp_path}/file" in err.decode()
    assert "cannot be written" in err.decode()
    assert "Traceback" not in err.decode()
