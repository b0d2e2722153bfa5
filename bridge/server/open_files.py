"""Files and connections that the system lets this process have open, and how many callers that leaves room for."""

import logging
import resource

from bridge.config.model import LimitSettings
from bridge.server.event_log import EventLog

OPEN_FILES = 65536
"""Connections and files that the process allows itself, where the system's hard limit does."""

KEPT = 128
"""Of these, what callers never take: for providers, the configuration's files, the private port and the process itself;
a quarter where there are few."""


def allow_most() -> None:
    """Raises the limit of this process as far as it is of use."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))


def within_open_files(limits: LimitSettings, log: EventLog) -> LimitSettings:
    """The limits, with no more connections than there can be; says so where they are fewer than what is set.

    Callers who leave their connections open would otherwise take the last file: no key set could be fetched, no
    configuration read, and the probe of the private port would find nobody. Twice as many may be connected as are
    served: the others are being told that there are too many.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return limits
    room = max(1, (soft - min(KEPT, soft // 4)) // 2)
    if limits.connections <= room:
        return limits
    hint = f"The system lets this process open {soft} files. Raise that (LimitNOFILE, ulimit -n), or lower the limit."
    log.write(logging.WARNING, "few_open_files", connections=room, wanted=limits.connections, hint=hint)
    return limits.model_copy(update={"connections": room})
