"""What kube-proxy does: a Service's address forwards each new connection to one of its ready endpoints."""

import asyncio
import contextlib
import itertools
import threading
from collections.abc import Callable, Sequence

Endpoint = tuple[str, int]


class ServiceProxies:
    """All forwarded addresses, on an event loop of their own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="services", daemon=True)
        self._thread.start()
        self._servers: dict[Endpoint, asyncio.Server] = {}

    def forward(self, address: Endpoint, endpoints: Callable[[], Sequence[Endpoint]]) -> None:
        """Begins to forward an address, once."""
        if address in self._servers:
            return
        turns = itertools.count()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            ready = endpoints()
            if not ready:
                writer.transport.abort()
                return
            try:
                there = await asyncio.open_connection(*ready[next(turns) % len(ready)])
            except OSError:
                writer.transport.abort()
                return
            try:
                # Cancelled when the cluster ends; asyncio would log that as a defect.
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))
            finally:
                there[1].transport.abort()
                writer.transport.abort()

        starting = asyncio.run_coroutine_threadsafe(asyncio.start_server(accept, *address), self._loop)
        self._servers[address] = starting.result(10)

    def close(self) -> None:
        """Stops forwarding: no address is listened on, no connection is left."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _close(self) -> None:
        for server in self._servers.values():
            server.close()
        forwarding = asyncio.all_tasks() - {asyncio.current_task()}
        for task in forwarding:
            task.cancel()
        await asyncio.gather(*forwarding, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):  # either side hung up; the other is told so by the end of its connection
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
