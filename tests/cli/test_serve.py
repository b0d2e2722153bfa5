"""``idp-bridge serve``, as far as the command line is concerned."""

import asyncio
import json
import signal
import socket
from pathlib import Path

from tests.cli.command import SECRET, run, start
from tests.cli.test_check import GOOD

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


async def test_a_state_dir_that_cannot_be_written_to_is_a_sentence(tmp_path: Path) -> None:
    """Status 2, which folder, and what to do."""
    (tmp_path / "file").touch()
    (tmp_path / "bridge.yaml").write_text(QUIET + f"server: {{host: 127.0.0.1, port: 0}}\nstate_dir: {tmp_path}/file\n")
    ran = await run("serve", "--config", "bridge.yaml", cwd=tmp_path)
    assert ran.status == 2
    assert f"state_dir {tmp_path}/file cannot be written to: " in ran.err
    assert "Give it to the bridge's user" in ran.err
