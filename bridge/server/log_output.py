"""Standard output that never holds anybody up: a log that nobody reads must not stop a callback."""

import os
import select
import time
from collections import deque
from select import PIPE_BUF

ROOM = 1 << 20
"""Bytes that wait for a reader; what comes beyond is lost."""

LAST_WAIT = 1.0
"""Seconds that the last lines wait for a reader."""


class LogOutput:
    """Writes what can be written at once, and keeps the rest for later, up to a bound.

    The descriptor is asked before each write and never made non-blocking: that would change it for everybody who has
    it, such as the shell that started us. A thread of its own would do as well, and cost each turn of the event loop a
    change of threads instead of one system call.

    Args:
        descriptor: Where to.
        room: Bytes that are kept.

    Attributes:
        lost: Lines that there was no room for.
    """

    def __init__(self, descriptor: int = 1, *, room: int = ROOM) -> None:
        self.lost = 0
        self._descriptor = descriptor
        self._room = room
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)

    @property
    def is_behind(self) -> bool:
        """Whether lines wait for a reader."""
        return bool(self._waiting)

    def write(self, lines: bytes) -> None:
        """Takes whole lines, newlines included: all of them, or none, where there is no room.

        Raises:
            OSError: Nobody will ever read them.
        """
        if self._size + len(lines) > self._room:
            self.flush()
        if self._size + len(lines) > self._room:
            self.lost += lines.count(b"\n")
            return
        self._waiting.append(lines)
        self._size += len(lines)
        self.flush()

    def flush(self) -> None:
        """Writes what waits, as far as somebody reads.

        Raises:
            OSError: Nobody will ever read it.
        """
        try:
            while self._waiting and self._poll.poll(0):
                self._write_piece(self._waiting[0])
        except BlockingIOError:
            return  # somebody who shares the output was faster
        except OSError:
            self._waiting.clear()
            self._size = 0
            raise

    def finish(self) -> None:
        """Waits for a reader for a moment, so that the last lines are not lost.

        Raises:
            OSError: Nobody will ever read them.
        """
        until = time.monotonic() + LAST_WAIT
        while self._waiting and self._poll.poll(max(0.0, until - time.monotonic()) * 1000):
            self.flush()

    def _write_piece(self, lines: bytes) -> None:
        """Writes as much as never waits where poll(2) says that there is room, in whole lines if that can be."""
        if len(lines) > PIPE_BUF:
            written = os.write(self._descriptor, lines[: lines.rfind(b"\n", 0, PIPE_BUF) + 1 or PIPE_BUF])
        else:
            written = os.write(self._descriptor, lines)
        self._size -= written
        if written < len(lines):
            self._waiting[0] = lines[written:]
        else:
            self._waiting.popleft()
