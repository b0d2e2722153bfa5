"""A TLS port in front of the issuer: it presents what certificate it is told to, and hands on what it decrypts."""

import asyncio
import contextlib
import ssl
import tempfile
import threading
import warnings
from typing import Self
from urllib.parse import urlsplit

from tests.issuer.certificates import Certificate


class TlsFront:
    """A port on 127.0.0.1, served by a thread of its own, from when it is made until it is closed.

    Args:
        server: The address of the issuer's process, which counts what arrives there.
        certificate: What it presents; ``None`` speaks no TLS: it says ``greeting`` and nothing more.
        greeting: Bytes, or none.
        newest: The newest version of TLS that it speaks.

    Attributes:
        url: Its address, https.
    """

    def __init__(
        self,
        server: str,
        certificate: Certificate | None,
        *,
        greeting: bytes = b"",
        newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
    ) -> None:
        self._behind = urlsplit(server)
        self._greeting = greeting
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            with warnings.catch_warnings(action="ignore"):  # of old versions: they are what is tested
                if newest is not ssl.TLSVersion.MAXIMUM_SUPPORTED:
                    self._context.set_ciphers("DEFAULT:@SECLEVEL=0")  # or OpenSSL would not even offer them
                    self._context.minimum_version = newest
                self._context.maximum_version = newest
            self._load(self._context, certificate)
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._connection, "127.0.0.1", 0, ssl=self._context)
        )
        self.url = f"https://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def present(self, certificate: Certificate) -> None:
        """Presents another certificate from now on: connections that have seen the last one are closed."""
        assert self._context is not None
        self._load(self._context, certificate)
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result(10)

    @staticmethod
    def _load(context: ssl.SSLContext, certificate: Certificate) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(certificate.with_key)
            file.flush()
            context.load_cert_chain(file.name)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind_writer = await asyncio.open_connection(self._behind.hostname, self._behind.port)
        with contextlib.suppress(asyncio.CancelledError):  # hung up: asyncio's streams would report it as a defect
            if self._context is None:
                writer.write(self._greeting)
                await asyncio.sleep(3600)
            await asyncio.gather(_hand_on(reader, behind_writer), _hand_on(behind_reader, writer))
        for each in (writer, behind_writer):
            each.transport.abort()

    def close(self) -> None:
        """Closes the port and every connection."""
        self._loop.call_soon_threadsafe(self._server.close)
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @staticmethod
    async def _hang_up() -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # what was aborted is closed in the loop's next turn

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):  # either side hung up; the other is told so by the end of its connection
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()
