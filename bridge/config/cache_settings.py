"""``cache:`` as it is written: what is remembered of tokens, and where replicas share it."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from bridge.errors import Problem, under
from bridge.oidc.address import is_loopback
from bridge.oidc.http_settings import unfit_authority
from bridge.units import Duration, FileContents, Settings, Size

SCHEMES: Final = {"valkey": False, "redis": False, "valkeys": True, "rediss": True, "unix": False}
"""How a server is reached, and whether by TLS."""


class SharedCacheSettings(Settings):
    """Valkey or Redis, where the replicas leave their answers for each other.

    Attributes:
        url: Where it is, its password included; without it nothing is shared.
        timeout: Seconds for one command, connecting included.
        ca_file: PEM text of a private certificate authority.
    """

    url: SecretStr | None = None
    timeout: Annotated[Duration, Field(gt=0)] = 0.1
    ca_file: Annotated[str | None, FileContents()] = None

    def problems(self) -> Iterator[Problem]:
        """What is wrong. The address is never shown: it may hold a password."""
        if self.url is not None:
            reason = _unfit(self.url.get_secret_value())
            if reason:
                cure = "Write valkey://HOST:6379/0, valkeys:// for TLS, or unix:///PATH; redis:// and rediss:// do too."
                yield Problem(("url",), reason, "The shared cache is there.", cure)
            elif find_spec("valkey") is None:
                why = "The client of Valkey and Redis is an extra that a single replica does without."
                cure = "Install it: pip install 'cxgenie-idp-bridge[valkey]'"
                yield Problem(("url",), "an address, and the extra [valkey] is not installed", why, cure)
        if self.ca_file is not None and (reason := unfit_authority(self.ca_file)):
            why, cure = "The server's certificate is verified with it.", "Give it: -----BEGIN CERTIFICATE----- …"
            yield Problem(("ca_file",), reason, why, cure)

    def warnings(self) -> Iterator[Problem]:
        """What is allowed and yet doubtful."""
        if self.url is None or _unfit(self.url.get_secret_value()):
            return
        url = urlsplit(self.url.get_secret_value())
        if url.password and url.hostname and not SCHEMES[url.scheme] and not is_loopback(url.hostname):
            found = "a password that travels in the clear"
            why = "What is stored is sealed all the same; but whoever is on the way could empty or fill the server."
            yield Problem(("url",), found, why, "Write valkeys:// if the server takes TLS.")


class CacheSettings(Settings):
    """What is remembered of tokens.

    Attributes:
        max_entries: How many answers; 0 remembers none.
        max_bytes: Bytes that all that is remembered may take in memory.
        max_age: Seconds for which an answer is good; never past its token's own expiry.
        refused_age: Seconds for which a refusal is remembered that it took a request to find.
        reuse_alarm: How many uses of one token raise ``token_reuse``; 0 never does.
        shared: One cache for all replicas.
    """

    max_entries: Annotated[int, Field(ge=0)] = 50_000
    max_bytes: Size = 64 * 1024 * 1024
    max_age: Duration = 300.0
    refused_age: Duration = 10.0
    reuse_alarm: Annotated[int, Field(ge=0)] = 100
    shared: SharedCacheSettings = SharedCacheSettings()

    def problems(self) -> Iterator[Problem]:
        """What no single field shows. Key paths are relative to ``cache``."""
        yield from under(("shared",), self.shared.problems())

    def warnings(self) -> Iterator[Problem]:
        """What is allowed and yet doubtful."""
        yield from under(("shared",), self.shared.warnings())


def _unfit(url: str) -> str:
    """Why this is not the address of a Valkey or Redis, or an empty text."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "not an address"
    if parts.scheme not in SCHEMES:
        return "not an address of a Valkey or Redis"
    if parts.query or parts.fragment:
        # The client takes options there, such as not to verify a certificate.
        return "an address with a query or a fragment"
    if parts.scheme == "unix":
        return "" if parts.path and host is None else "an address without a path"
    database = parts.path.removeprefix("/")
    if not host or port == 0 or not (database == "" or (database.isascii() and database.isdigit())):
        return "not an address of a Valkey or Redis"
    return ""
