"""``idp-bridge demo``: the README's first command, as a process."""

import asyncio
import contextlib
import json
import os
import re
import shlex
import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from bridge.demo.visitors import VISITORS
from tests.cli.command import run, start

pytestmark = pytest.mark.usefixtures("usual_ports")


def json_of(text: str) -> object:
    """The JSON object inside a command's output."""
    return json.loads(text[text.index("\n{") : text.index("\n}") + 2])


async def test_once_is_one_round_trip(tmp_path: Path) -> None:
    """In an empty folder: the request as CX Genie sends it, the answer as CX Genie expects it, status 0."""
    ran = await run("demo", "--once", "--port", "0", cwd=tmp_path)
    assert ran.status == 0, ran
    assert re.search(r"^  -H 'Authorization: [0-9a-f]{48} Bearer' \\$", ran.out, re.MULTILINE)
    assert "HTTP 200 OK\n" in ran.out
    assert json_of(ran.out) == {
        "status": True,
        "message": "Successfully!",
        "data": dict(VISITORS["an"].chat_user),
    }
    assert os.listdir(tmp_path) == []  # noqa: PTH208 -- at once


async def test_a_chosen_port_that_is_taken_is_a_sentence(tmp_path: Path) -> None:
    """Somebody chose it, so no other will do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = await run("demo", "--once", "--port", str(taken.getsockname()[1]), cwd=tmp_path)
    assert (ran.status, ran.out) == (2, "")
    assert "cannot listen on 127.0.0.1" in ran.err


async def _until_introduced(stream: asyncio.StreamReader) -> str:
    text = ""
    while "Ctrl-C stops" not in text:
        line = await asyncio.wait_for(stream.readline(), 20)
        assert line, text
        text += line.decode()
    return text


async def _paste(curl: str) -> object:
    """What the printed command fetches."""
    words = shlex.split(curl.replace("\\\n", " "))
    assert words[:2] == ["curl", "-sS"]
    headers = dict(words[position + 1].split(": ", 1) for position, word in enumerate(words) if word == "-H")
    async with (
        aiohttp.ClientSession() as client,
        client.post(words[2], headers=headers, data=words[words.index("-d") + 1]) as answer,
    ):
        return await answer.json()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_printed_command_works_and_a_signal_stops_everything(tmp_path: Path, number: signal.Signals) -> None:
    """The curl that is printed is answered with the mapped user; then status 0, no stack trace, every port free."""
    process = await start("demo", "--port", "0", cwd=tmp_path)
    assert process.stdout is not None
    introduction = await _until_introduced(process.stdout)
    curl = introduction[introduction.index("curl -sS") : introduction.index("\n\nCtrl-C")]
    assert await _paste(curl) == {"status": True, "message": "Successfully!", "data": dict(VISITORS["an"].chat_user)}

    addresses = re.findall(r"http://127\.0\.0\.1:\d+", introduction)
    assert len(set(addresses)) == 4
    process.send_signal(number)
    out, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0
    assert out.decode().endswith("Stopped.\n")
    assert b"Traceback" not in err
    # A usual port may be another demo's by now, which runs beside this test.
    for port in {urlsplit(address).port or 0 for address in addresses} - set(USUAL_PORTS):
        with socket.create_server(("127.0.0.1", port)):
            pass


USUAL_PORTS = {18081: "identity provider", 18082: "shop", 8080: "bridge", 9090: "bridge's private port"}


async def _take(port: int, taken: contextlib.ExitStack) -> None:
    """Holds a port. A demo that runs beside this test has it for seconds; whoever has it for longer does as well."""
    for _ in range(100):
        try:
            taken.enter_context(socket.create_server(("127.0.0.1", port)))
        except OSError:
            await asyncio.sleep(0.1)
        else:
            return


async def test_it_gives_way_to_what_is_there(tmp_path: Path) -> None:
    """With all its usual ports taken it finds others, says so, and works all the same."""
    with contextlib.ExitStack() as taken:
        for port in USUAL_PORTS:
            await _take(port, taken)
        ran = await run("demo", "--once", cwd=tmp_path)
    assert ran.status == 0
    for port, what in USUAL_PORTS.items():
        assert f"Port {port} is taken; the {what} is at http://127.0.0.1:" in ran.out
