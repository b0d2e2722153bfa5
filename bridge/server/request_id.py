"""The name of one request, which joins an answer with its log lines."""

import itertools
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""The request that is being answered: log lines of lower layers carry it."""

HEADER = b"x-request-id"

# What passes through every proxy, log and shell unharmed; whatever else a caller sends is replaced.
_WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class RequestIds:
    """Takes a well-formed incoming id, or makes one.

    Args:
        process: What tells this process's ids from those of its replicas; default: 48 random bits.
    """

    def __init__(self, process: Callable[[], str] = lambda: secrets.token_hex(6)) -> None:
        self._prefix = process()
        self._numbers = itertools.count(1)

    def new(self) -> str:
        """An id that no other request has; a process's ids are in the order of its requests."""
        return f"{self._prefix}-{next(self._numbers):08x}"

    def accept(self, untrusted: bytes) -> str:
        """One incoming ``X-Request-ID``, if it is well-formed (CONTRACT.md, "Failures"), else a new id."""
        return untrusted.decode("ascii") if _WELL_FORMED.fullmatch(untrusted) else self.new()

    def of(self, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """The id of a request by its headers; of several ids, none is taken."""
        return self.of_values([value for name, value in headers if name == HEADER])

    def of_values(self, untrusted: Sequence[bytes]) -> str:
        """The same by all values of the header, for who has gathered them."""
        return self.accept(untrusted[0]) if len(untrusted) == 1 else self.new()
