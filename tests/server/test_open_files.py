"""Callers cannot take the last file that the process may open."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from bridge.config.model import LimitSettings, LogSettings
from bridge.server.event_log import EventLog
from bridge.server.open_files import within_open_files
from tests.bridge_process import RunningBridge, configuration
from tests.eventually import eventually
from tests.issuer.mint import good_token
from tests.issuer.process import Issuer
from tests.warm_python import start_cold

FILES = 100
_FEW = ("sh", "-c", f'ulimit -n {FILES} && exec "$@"', "sh")


@pytest.fixture
def bridge(tmp_path: Path, issuer: Issuer) -> Iterator[RunningBridge]:
    """A bridge that the system lets open a hundred files."""
    with RunningBridge(configuration(issuer.url), tmp_path, {}, start=partial(start_cold, under=_FEW)) as running:
        yield running


def test_callers_who_stay_leave_room_for_everything_else(bridge: RunningBridge, issuer: Issuer) -> None:
    """They are more than there are files; probe, key set and reload find theirs, and with their going all is well."""
    assert bridge.next_event("few_open_files")["connections"] == (FILES - FILES // 4) // 2
    host, port = bridge.url.removeprefix("http://").split(":")
    with ExitStack() as callers:
        for _ in range(2 * FILES):
            callers.enter_context(socket.create_connection((host, int(port)), timeout=5))
        bridge.wait_until_ready()
        assert issuer.fetches() > 0
        bridge.file.write_text(bridge.file.read_text().replace("debug", "info"))
        assert bridge.next_event("reloaded", "reload_failed")["event"] == "reloaded"
    eventually(lambda: bridge.post(good_token(issuer.url)).status == 200)


@pytest.mark.parametrize(
    ("files", "connections", "room"), [(1024, 4096, 448), (1024, 448, 448), (65536, 4096, 4096), (12, 9, 4)]
)
def test_half_of_the_files_are_for_callers(
    monkeypatch: pytest.MonkeyPatch, files: int, connections: int, room: int
) -> None:
    """Where that is fewer than what is set, it is said; where not, nothing is."""
    said: list[bytes] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    limits = within_open_files(
        LimitSettings(connections=connections), EventLog(LogSettings(format="json"), write=said.append)
    )
    assert limits == LimitSettings(connections=room)
    assert len(said) == (room < connections)
