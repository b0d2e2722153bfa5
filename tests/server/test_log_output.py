"""The log's way out: it waits for nobody, loses nothing that there is room for, and counts what it loses."""

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from select import PIPE_BUF

import pytest

from bridge.config.model import LogSettings
from bridge.server.event_log import EventLog
from bridge.server.log_output import LogOutput

LINE = b"x" * 99 + b"\n"


@dataclass
class Pipe:
    """A pipe whose reader reads when told to."""

    reader: int
    writer: int

    def read(self) -> bytes:
        """All that is in it."""
        os.set_blocking(self.reader, False)
        parts = []
        try:
            while part := os.read(self.reader, 1 << 20):
                parts.append(part)
        except BlockingIOError:
            pass  # there is no more
        return b"".join(parts)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """A pipe that nobody reads yet."""
    made = Pipe(*os.pipe())
    yield made
    os.close(made.writer)
    os.close(made.reader)


def test_lines_go_out_at_once(pipe: Pipe) -> None:
    """As long as somebody reads."""
    output = LogOutput(pipe.writer)
    output.write(LINE)
    assert pipe.read() == LINE
    assert not output.is_behind


def test_an_output_that_nobody_reads_holds_nobody_up(pipe: Pipe) -> None:
    """What there is room for is kept in order, whole lines; what there is not is counted (F9)."""
    room = 100_000
    output = LogOutput(pipe.writer, room=room)
    lines = [b"%08d" % number + LINE[8:] for number in range(5000)]
    for line in lines:
        output.write(line)
    assert output.is_behind
    came = b""
    while part := pipe.read():
        came += part
        output.flush()
    assert output.lost == 5000 - came.count(b"\n") > 0
    assert came == b"".join(lines[: came.count(b"\n")])
    assert len(came) >= room
    output.write(LINE)
    assert pipe.read() == LINE


@pytest.mark.parametrize("size", [PIPE_BUF - 1, PIPE_BUF, PIPE_BUF + 1, 10 * PIPE_BUF])
def test_a_line_of_any_length_goes_out(pipe: Pipe, size: int) -> None:
    """Also one that is longer than one write, and many lines that are so together."""
    output = LogOutput(pipe.writer)
    for lines in (b"y" * size + b"\n", LINE * (size // len(LINE) + 1)):
        output.write(lines)
        assert pipe.read() == lines


def test_a_last_wait_for_a_slow_reader(pipe: Pipe) -> None:
    """At the end there is a little time for the lines that still wait."""
    output = LogOutput(pipe.writer)
    output.write(LINE * 2000)
    assert output.is_behind
    came: list[bytes] = []

    def read() -> None:
        while sum(map(len, came)) < 2000 * len(LINE):
            came.append(os.read(pipe.reader, 65536))

    reader = threading.Thread(target=read)
    reader.start()
    output.finish()
    reader.join(10)
    assert b"".join(came) == LINE * 2000
    assert not output.is_behind


def test_a_reader_that_is_gone_is_said() -> None:
    """Nothing is kept for it."""
    reader, writer = os.pipe()
    output = LogOutput(writer)
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        output.write(LINE)
    assert not output.is_behind
    os.close(writer)


async def test_the_log_says_how_many_lines_there_are_not(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as there is a reader again, without being asked."""
    monkeypatch.setattr("bridge.server.event_log.LogOutput", lambda: LogOutput(pipe.writer, room=10_000))
    log = EventLog(LogSettings(format="json"), terminal=False)
    with log.gathered():
        for number in range(3000):
            log.write(20, "callback", number=number)
            if number % 100 == 0:
                await asyncio.sleep(0)
        came = b""
        async with asyncio.timeout(10):
            while b"log_lines_lost" not in came:
                came += pipe.read()
                await asyncio.sleep(0.01)
    lines = [json.loads(line) for line in (came + pipe.read()).splitlines()]
    [lost] = [line["lines"] for line in lines if line["event"] == "log_lines_lost"]
    assert len(lines) - 1 + lost == 3000
    assert [line["number"] for line in lines[:-1]] == sorted(line["number"] for line in lines[:-1])
