"""``idp-bridge serve``, as far as the command line is concerned."""

import asyncio
import contextlib
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.cli.command import SECRET, environment, run, start
from tests.cli.test_check import GOOD
from tests.eventually import eventually

QUIET = GOOD + "admin: {port: 0}\n"


async def test_a_bad_file_starts_nothing(tmp_path: Path) -> None:
    """Every problem with its place, status 1, and no log line of a service."""
    (tmp_path / "bridge.yaml").write_text(GOOD.replace("audience", "audiance") + "logs: {}\n")
    ran = await run("serve", "--config", "bridge.yaml", cwd=tmp_path)
    assert (ran.status, ran.out) == (1, "")
    assert "bridge.yaml:3:53: providers.p.audiance: " in ran.err
    assert "bridge.yaml:4:1: logs: " in ran.err
    assert ran.err.endswith("idp-bridge: not started, because of bridge.yaml.\n")


async def test_a_taken_port_is_a_sentence(tmp_path: Path) -> None:
    """Status 2, which port, and what to do."""
    (tmp_path / "bridge.yaml").write_text(QUIET)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = await run("serve", "--config", "bridge.yaml", "--host", "127.0.0.1", "--port", port, cwd=tmp_path)
    assert ran.status == 2
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in ran.err


async def test_the_command_line_places_it_and_a_signal_stops_it(tmp_path: Path) -> None:
    """Both ports where the options say, whatever the file says; a signal ends it with status 0."""
    (tmp_path / "bridge.yaml").write_text(
        GOOD + "server: {host: 192.0.2.1, port: 1}\nadmin: {host: 192.0.2.1, port: 2}\n"
    )
    options = ("--host", "127.0.0.1", "--port", "0", "--admin-host", "127.0.0.1", "--admin-port", "0")
    process = await start("serve", "--config", "bridge.yaml", *options, cwd=tmp_path)
    assert process.stdout is not None
    async with asyncio.timeout(20):
        while (event := json.loads(await process.stdout.readline()))["event"] != "listening":
            pass
    assert event["url"].startswith("http://127.0.0.1:")
    assert event["admin_url"].startswith("http://127.0.0.1:")
    process.send_signal(signal.SIGTERM)
    out, err = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, err) == (0, b"")
    assert SECRET.encode() not in out


def test_a_terminal_gets_lines_for_people(tmp_path: Path) -> None:
    """``log.format: auto``, on a real terminal; a file or a pipe gets JSON, as the test above shows."""
    (tmp_path / "bridge.yaml").write_text(QUIET)
    screen, terminal = pty.openpty()
    command = [sys.executable, "-m", "bridge", "serve", "--config", "bridge.yaml", "--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=terminal, stdout=terminal, env=environment()) as process:
        os.close(terminal)
        with os.fdopen(screen, "rb", buffering=0) as reading:
            line = reading.read(4096)
            process.terminate()
    assert re.match(rb"\d\d:\d\d:\d\d info +listening url=", line), line


def test_a_closed_output_is_no_reason_to_fail(tmp_path: Path) -> None:
    """A supervisor that closes the streams: nothing is printed, into no file or connection either; it serves."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "bridge.yaml").write_text(GOOD + f"admin: {{port: {port}}}\nserver: {{host: 127.0.0.1, port: 0}}\n")
    command = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-m", "bridge", "serve"]
    with subprocess.Popen([*command, "--config", "bridge.yaml"], cwd=tmp_path, env=environment()) as process:
        try:
            eventually(lambda: process.poll() is not None or _is_alive(port))
            streams = Path(f"/proc/{process.pid}/fd")
            assert {(streams / number).readlink() for number in "012"} == {Path(os.devnull)}
        finally:
            process.terminate()
        assert process.wait(20) == 0


def _is_alive(port: int) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
        return bool(answer.status == 200)
    return False


async def test_a_reload_that_is_asked_for_at_once_does_not_end_it(tmp_path: Path) -> None:
    """SIGHUP while the file is still being read: ``systemctl reload`` right behind ``systemctl start``."""
    file, text = tmp_path / "bridge.yaml", QUIET + "server: {host: 127.0.0.1, port: 0}\n"
    os.mkfifo(file)  # whoever opens it waits for us
    process = await start("serve", "--config", "bridge.yaml", cwd=tmp_path)
    try:
        async with asyncio.timeout(20):
            pipe = await asyncio.to_thread(os.open, file, os.O_WRONLY)
        process.send_signal(signal.SIGHUP)
        file.unlink()
        file.write_text(text)
        os.write(pipe, text.encode())
        os.close(pipe)
        await _event(process, "listening")
    finally:
        await _stopped(process)


async def test_a_state_dir_that_cannot_be_written_to_is_a_sentence(tmp_path: Path) -> None:
    """Status 2, which folder, and what to do."""
    (tmp_path / "file").touch()
    (tmp_path / "bridge.yaml").write_text(QUIET + f"server: {{host: 127.0.0.1, port: 0}}\nstate_dir: {tmp_path}/file\n")
    ran = await run("serve", "--config", "bridge.yaml", cwd=tmp_path)
    assert ran.status == 2
    assert f"state_dir {tmp_path}/file cannot be written to: " in ran.err
    assert "Give it to the bridge's user" in ran.err


async def test_it_starts_with_the_last_good_configuration_while_the_file_is_bad(tmp_path: Path) -> None:
    """What was taken is kept; a bad file at the next start is told, and the mended one takes over by itself."""
    file, kept = tmp_path / "bridge.yaml", tmp_path / "last-good.yaml"
    good = QUIET + "server: {host: 127.0.0.1, port: 0}\n"
    bad = good.replace("audience", "audiance")
    options = ("serve", "--config", "bridge.yaml", "--last-good", "last-good.yaml")
    file.write_text(good)
    first = await start(*options, cwd=tmp_path)
    await _event(first, "listening")
    async with asyncio.timeout(20):
        while not kept.exists():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)
    assert kept.read_text() == good
    assert kept.stat().st_mode & 0o777 == 0o600
    await _stopped(first)

    file.write_text(bad)
    second = await start(*options, cwd=tmp_path)
    listening = await _event(second, "listening")
    told = await _event(second, "started_with_last_good")
    assert "providers.p.audiance" in told["problems"][0]
    shown = await _asked(listening["admin_url"], "/readyz?verbose")
    assert (shown["configuration"]["last"]["ok"], shown["configuration"]["failed"]) == (False, 1)
    assert "providers.p.audiance" in shown["configuration"]["last"]["problems"][0]
    assert kept.read_text() == good
    mended = good + "# mended\n"
    file.write_text(mended)
    await _event(second, "reloaded")
    async with asyncio.timeout(20):
        # It is kept behind the event: a process that is stopped in between has not got to it.
        while kept.read_text() != mended:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)
    err = await _stopped(second)
    assert "Started with the last good configuration, last-good.yaml." in err


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        (None, "none was kept in last-good.yaml yet"),
        (QUIET.replace("audience", "audiance"), "The last good one is not good any more: last-good.yaml:3:53: "),
    ],
)
async def test_without_a_last_good_configuration_a_bad_file_starts_nothing(
    tmp_path: Path, kept: str | None, why: str
) -> None:
    """Status 1, as without the option, and why it did not help."""
    (tmp_path / "bridge.yaml").write_text(GOOD.replace("audience", "audiance"))
    if kept is not None:
        (tmp_path / "last-good.yaml").write_text(kept)
    ran = await run("serve", "--config", "bridge.yaml", "--last-good", "last-good.yaml", cwd=tmp_path)
    assert (ran.status, ran.out) == (1, "")
    assert "idp-bridge: not started, because of bridge.yaml." in ran.err
    assert why in ran.err


async def test_a_folder_that_fails_is_no_reason_to_stop_serving(tmp_path: Path) -> None:
    """That nothing could be kept is said."""
    (tmp_path / "bridge.yaml").write_text(QUIET + "server: {host: 127.0.0.1, port: 0}\n")
    process = await start("serve", "--config", "bridge.yaml", "--last-good", "none/last-good.yaml", cwd=tmp_path)
    event = await _event(process, "last_good_not_kept")
    assert "No such file or directory" in event["reason"]
    await _stopped(process)


async def _event(process: asyncio.subprocess.Process, name: str) -> dict[str, Any]:
    assert process.stdout is not None
    async with asyncio.timeout(20):
        while True:
            event: dict[str, Any] = json.loads(await process.stdout.readline())
            if event["event"] == name:
                return event


async def _stopped(process: asyncio.subprocess.Process) -> str:
    process.send_signal(signal.SIGTERM)
    _, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0
    return err.decode()


async def _asked(url: str, path: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(url + path) as answer:
        shown: dict[str, Any] = await answer.json()
        return shown
