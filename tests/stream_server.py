"""A server of a test's own on asyncio's streams, which leaves no connection behind when the test is over."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def stream_server(converse: Converse, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port on 127.0.0.1 at which each connection is conversed with, and closed behind that.

    asyncio's own server closes its socket only: a connection that outlives the test's loop is a warning in whichever
    test is running when it is collected.
    """
    conversations: set[asyncio.Task[Any] | None] = set()
    writers: list[asyncio.StreamWriter] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.add(task := asyncio.current_task())
        writers.append(writer)
        try:
            await converse(reader, writer)
        finally:
            writer.close()
            conversations.discard(task)

    async with await asyncio.start_server(take, "127.0.0.1", 0, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1]
    for task in list(conversations):
        if task is not None:
            task.cancel()
    for writer in writers:
        if not writer.is_closing():  # Python 3.11.2 cannot abort TLS that is closed
            writer.transport.abort()
    await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)
