"""The log's form: one event, one line, whatever is in it."""

import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.config.model import LogSettings
from bridge.server.event_log import LONGEST_TEXT, EventHandler, EventLog, trace_of
from bridge.server.request_id import REQUEST_ID


def lines_of(settings: LogSettings, *events: tuple[int, str, dict[str, Any]], terminal: bool = False) -> list[bytes]:
    """What these events become."""
    written: list[bytes] = []
    log = EventLog(settings, write=written.append, terminal=terminal, now=lambda: 1_795_000_000.5)
    for level, event, fields in events:
        log.write(level, event, **fields)
    return written


JSON, TEXT = LogSettings(format="json", level="debug"), LogSettings(format="text", level="debug")


def test_json_is_one_object() -> None:
    """Time in UTC, level and event first."""
    assert lines_of(JSON, (logging.INFO, "callback", {"code": "ok", "status": 200})) == [
        b'{"time":"2026-11-18T11:06:40.500Z","level":"info","event":"callback","code":"ok","status":200}\n'
    ]


def test_text_is_for_people() -> None:
    """The same, to be read on a terminal."""
    assert lines_of(TEXT, (logging.WARNING, "callback", {"code": "ok", "status": 200})) == [
        b'11:06:40 warning callback code="ok" status=200\n'
    ]


@pytest.mark.parametrize(
    ("form", "terminal", "first"),
    [("auto", True, b"1"), ("auto", False, b"{"), ("json", True, b"{"), ("text", False, b"1")],
)
def test_auto_asks_whether_a_person_reads(form: Any, terminal: bool, first: bytes) -> None:
    """JSON unless a terminal (CONFIG.md)."""
    [line] = lines_of(LogSettings(format=form), (logging.INFO, "a", {}), terminal=terminal)
    assert line[:1] == first


@pytest.mark.parametrize(("level", "expected"), [("debug", "dwie"), ("info", "wie"), ("warning", "we"), ("error", "e")])
def test_levels_hide_what_is_below(level: Any, expected: str) -> None:
    """log.level is the lowest that is written."""
    events: list[tuple[int, str, dict[str, Any]]] = [(10, "d", {}), (30, "w", {}), (20, "i", {}), (40, "e", {})]
    written = lines_of(LogSettings(format="json", level=level), *events)
    assert "".join(json.loads(line)["event"] for line in written) == expected


@given(st.text(), st.text(alphabet=st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
@pytest.mark.parametrize("settings", [JSON, TEXT])
def test_nothing_breaks_out_of_its_line(settings: LogSettings, some: str, control: str) -> None:
    """No text makes a second line, an escape sequence or a byte that is not printable ASCII (THREATS.md O09)."""
    [line] = lines_of(settings, (logging.INFO, "refused", {"detail": some + control, "list": [control]}))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert all(0x20 <= byte <= 0x7F for byte in line[:-1])


def test_long_texts_are_cut() -> None:
    """A line has a bounded length."""
    [line] = lines_of(JSON, (logging.INFO, "refused", {"detail": "a" * 1_000_000}))
    assert json.loads(line)["detail"] == "a" * LONGEST_TEXT + "..."


def test_lines_after_the_reader_has_gone_are_lost_in_silence() -> None:
    """A closed pipe is no reason to fail a callback."""

    def closed(_: bytes) -> None:
        raise BrokenPipeError

    log = EventLog(JSON, write=closed)
    log.write(logging.INFO, "callback")
    assert log.lost == 1


async def test_the_lines_of_one_turn_go_out_together() -> None:
    """One system call for many callbacks, and none is lost at the end."""
    written: list[bytes] = []
    log = EventLog(JSON, write=written.append)
    with log.gathered():
        for event in ("a", "b", "c"):
            log.write(logging.INFO, event)
        assert not written
    assert [written[0].count(b"\n"), len(written)] == [3, 1]


PLANTED = "a-visitors-token"


def _fails(text: str) -> None:
    try:
        dict[str, str]()[text]
    except KeyError as cause:
        raise ValueError(text) from cause


def test_what_libraries_log_has_the_same_form() -> None:
    """Message, logger, request id, and the trace without the exception's text."""
    written: list[bytes] = []
    logger = logging.Logger("somebody")  # noqa: LOG001 - one that only this test has
    logger.addHandler(EventHandler(EventLog(JSON, write=written.append)))
    token = REQUEST_ID.set("r1")
    try:
        _fails(PLANTED)
    except ValueError:
        logger.exception("cannot %s", "go\non")
    finally:
        REQUEST_ID.reset(token)
    line = json.loads(written[0])
    assert (line["event"], line["level"], line["logger"], line["request_id"]) == ("log", "error", "somebody", "r1")
    assert line["message"] == "cannot go\non"
    assert line["trace"][0] == "builtins.ValueError"
    assert "builtins.KeyError" in line["trace"]
    assert PLANTED.encode() not in written[0]


def test_our_own_layers_name_their_events() -> None:
    """What they give as ``extra`` becomes fields; a library's ``extra`` does not, whatever it is called."""
    written: list[bytes] = []
    for name in ("bridge.oidc.jwks", "somebody"):
        logger = logging.Logger(name)  # noqa: LOG001 - one that only this test has
        logger.addHandler(EventHandler(EventLog(JSON, write=written.append)))
        logger.warning("provider %s is gone", "p0", extra={"event": "provider_failed", "provider": "p0"})
    ours, theirs = map(json.loads, written)
    del ours["time"], theirs["time"]
    assert ours == {
        "level": "warning",
        "event": "provider_failed",
        "provider": "p0",
        "message": "provider p0 is gone",
    }
    assert theirs == {"level": "warning", "event": "log", "logger": "somebody", "message": "provider p0 is gone"}


def test_a_broken_log_call_is_written_all_the_same() -> None:
    """A defect in somebody's log call must not become a failed callback."""
    written: list[bytes] = []
    logger = logging.Logger("somebody")  # noqa: LOG001 - one that only this test has
    logger.addHandler(EventHandler(EventLog(JSON, write=written.append)))
    logger.warning("%d", "x")
    assert json.loads(written[0])["message"] == "%d"


def test_a_circle_of_causes_ends() -> None:
    """Exceptions that name each other as their cause are written once each."""
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    assert trace_of(one) == ["builtins.ValueError", "builtins.KeyError"]
