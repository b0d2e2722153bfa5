"""The log: one event, one line, in JSON for programs or in text for people.

Nothing in a line can break out of it: JSON escapes every control character, what is not ASCII is escaped too, and long
texts are cut (THREATS.md O09). Exceptions are written without their message, which may quote a visitor's data (O10).
"""

import asyncio
import contextlib
import json
import logging
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

from bridge.config.model import LogSettings
from bridge.server.log_output import LogOutput
from bridge.server.request_id import REQUEST_ID

LONGEST_TEXT = 1000
"""Characters of one text in a line; the rest is cut."""

CATCH_UP = 0.1
"""Seconds until lines that nobody reads are tried again."""

DEEPEST_TRACE = 40
"""Frames of one exception that are written, the innermost."""

_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What a record of ``logging`` has anyway: the rest is what its caller gave as ``extra``."""

_NAMES = {logging.DEBUG: "debug", logging.INFO: "info", logging.WARNING: "warning", logging.ERROR: "error"}
_LEVELS = {name: level for level, name in _NAMES.items()}


class EventLog:
    """Where events go.

    Args:
        settings: ``log:`` of the configuration.
        write: Takes one or more lines, newlines included; default: standard output.
        terminal: Whether a person is looking, for ``format: auto``; default: whether standard output is a terminal.
        now: Seconds since the epoch.

    Attributes:
        lost: Lines that could not be written.
    """

    def __init__(
        self,
        settings: LogSettings,
        *,
        write: Callable[[bytes], object] | None = None,
        terminal: bool | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        if terminal is None:
            terminal = write is None and sys.stdout.isatty()
        self.lost = 0
        self.level = level_of(settings)
        self._output: LogOutput | None = None
        # Not through sys.stdout: its buffer keeps what a closed pipe refused, and fails once more at exit.
        if write is None:
            self._output = LogOutput()
            write = self._output.write
        self._write = write
        self._line = _text_line if settings.format == "text" or (settings.format == "auto" and terminal) else _json_line
        self._now = now
        self._second = -1
        self._clock = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[bytes] = []
        self._catching_up: asyncio.TimerHandle | None = None

    @contextlib.contextmanager
    def gathered(self) -> Iterator[None]:
        """While in it, the lines of one turn of the running event loop go out in one write."""
        self._loop = asyncio.get_running_loop()
        try:
            yield
        finally:
            self._loop = None
            self._flush()
            if self._output is not None:
                with contextlib.suppress(OSError):  # whoever read the log is gone
                    self._output.finish()
            self._catch_up()

    def write(self, level: int, event: str, **fields: Any) -> None:
        """Writes one event, unless the level is below ``log.level``.

        Args:
            level: One of ``logging``'s.
            event: What happened, a word.
            fields: Texts, numbers, true/false, lists of those; never a token, a secret or a visitor's data.
        """
        if level < self.level:
            return
        line = self._line({"time": self._time(), "level": _NAMES.get(level, "error"), "event": event, **fields})
        if self._loop is not None and not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(line)
        if self._loop is None:
            self._flush()

    def _flush(self) -> None:
        lines, self._waiting = self._waiting, []
        try:
            self._write(b"".join(lines))
        except OSError:  # whoever read the log is gone; callbacks are answered all the same
            self.lost += len(lines)
        self._catch_up_later()

    def _catch_up_later(self) -> None:
        if self._loop is not None and self._output is not None and self._output.is_behind and self._catching_up is None:
            self._catching_up = self._loop.call_later(CATCH_UP, self._catch_up)

    def _catch_up(self) -> None:
        """Writes what could not be written, and says how many lines there are not as soon as there is a reader."""
        self._catching_up = None
        if self._output is not None:
            with contextlib.suppress(OSError):  # likewise; the lines that are lost are counted
                self._output.flush()
            if self._output.lost and not self._output.is_behind:
                lines, self._output.lost = self._output.lost, 0
                self.lost += lines
                self.write(logging.WARNING, "log_lines_lost", lines=lines)
        self._catch_up_later()

    def _time(self) -> str:
        now = self._now()
        second = int(now)
        if second != self._second:
            self._second = second
            self._clock = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._clock}.{int((now - second) * 1000):03d}Z"


class EventHandler(logging.Handler):
    """Takes what lower layers and libraries say by ``logging`` into the event log, in the same form.

    Our own layers name what an operator may set an alarm on, and say of whom it is:
    ``extra={"event": "provider_failed", "provider": name}``. All else is the event ``log``.
    """

    def __init__(self, log: EventLog) -> None:
        super().__init__()
        self._log = log  # its level can change; it is asked there

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one record; a record that cannot be formatted is written as its bare template."""
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - a defect in somebody's log call must not become a failed callback
            message = str(record.msg)
        event = "log"
        fields: dict[str, Any] = {"logger": record.name, "message": message}
        if record.name.startswith("bridge."):
            extra = {key: vars(record)[key] for key in vars(record).keys() - _OF_EVERY_RECORD}
            if "event" in extra:
                event, fields = extra.pop("event"), {**extra, "message": message}
        if request_id := REQUEST_ID.get():
            fields["request_id"] = request_id
        if record.exc_info and record.exc_info[1] is not None:
            fields["trace"] = trace_of(record.exc_info[1])
        level = next((known for known in (40, 30, 20) if record.levelno >= known), logging.DEBUG)
        self._log.write(level, event, **fields)


def trace_of(error: BaseException) -> list[str]:
    """An exception and what it came from: types and places, outermost frame first, without messages and values."""
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        lines.append(f"{type(current).__module__}.{type(current).__qualname__}")
        frames = traceback.extract_tb(current.__traceback__)[-DEEPEST_TRACE:]
        lines += [f"  {frame.filename}:{frame.lineno} {frame.name}: {frame.line}" for frame in frames]
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return lines


def level_of(settings: LogSettings) -> int:
    """``log.level`` as one of ``logging``'s."""
    return _LEVELS[settings.level]


def _json_line(fields: dict[str, Any]) -> bytes:
    try:
        line = orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # a lone surrogate
        line = b""
    if len(line) <= LONGEST_TEXT and line and line.isascii():
        return line
    return (json.dumps({name: _cut(value) for name, value in fields.items()}, default=str) + "\n").encode("ascii")


def _text_line(fields: dict[str, Any]) -> bytes:
    head = f"{fields['time'][11:19]} {fields['level']:7} {fields['event']}"
    rest = [
        f"{name}={value if isinstance(value, (int, float)) else json.dumps(_cut(value), default=str)}"
        for name, value in fields.items()
        if name not in {"time", "level", "event", "trace"}
    ]
    trace = "".join("\n    " + json.dumps(line)[1:-1] for line in fields.get("trace", ()))
    return (" ".join([head, *rest]) + trace + "\n").encode("ascii")


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return value[:LONGEST_TEXT] + "..."
    return value
