"""Whether a provider's hosts have addresses and certificates that can be trusted, and for how long."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from bridge.doctor.finding import Finding, Grade
from bridge.oidc.address import is_loopback

_DAY = 86400.0
FINDING_DAYS, WARNING_DAYS = 7, 21
"""Days that a certificate must still be good: whoever renews automatically does so a month ahead."""


async def examine_host(about: str, url: str, *, ca_pem: str | None, seconds: float) -> AsyncIterator[Finding]:
    """What is to be said of the host of an address.

    Args:
        about: Whom it is about.
        url: The address.
        ca_pem: PEM text of the authorities to trust instead of the system's.
        seconds: For each step.
    """
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    try:
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):
        why = "Nothing can be asked of the provider."
        cure = f"Look it up from this machine: getent hosts {host}. In a cluster, may the pod ask DNS?"
        yield Finding("dns", about, "finding", f"{host} has no address", why, cure)
        return
    yield Finding("dns", about, "ok", f"{host} has an address")
    if not secure and not is_loopback(host):
        why = "Whoever is on the way can put his own keys in place of the provider's, and be every visitor."
        yield Finding("plain_http", about, "warning", f"{host} is asked without TLS", why, "Use https.")
    context = ssl.create_default_context(cadata=ca_pem) if secure else None
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except ssl.SSLCertVerificationError as error:
        yield _untrusted(about, host, error, private=ca_pem is not None)
        return
    except (OSError, TimeoutError) as error:
        what = "no TLS is spoken there" if isinstance(error, ssl.SSLError) else _reason(error)
        cure = f"Is {host}:{port} right, and may this machine connect to it (firewall, NetworkPolicy, proxy)?"
        yield Finding("unreachable", about, "finding", f"{host}:{port}: {what}", "No key can be fetched.", cure)
        return
    certificate = writer.get_extra_info("peercert") if secure else None
    writer.transport.abort()
    yield Finding("unreachable", about, "ok", f"{host}:{port} answers")
    if certificate:
        yield _expiry(about, host, ssl.cert_time_to_seconds(certificate["notAfter"]))


def _untrusted(about: str, host: str, error: ssl.SSLCertVerificationError, *, private: bool) -> Finding:
    found = f"the certificate of {host} is not trusted: {error.verify_message}"
    if "expired" in error.verify_message:
        cure = "Have it renewed; if it is good, set this machine's clock."
    elif "ostname" in error.verify_message or "IP address" in error.verify_message:
        cure = f"Write the issuer with the name that the certificate has, or have one made for {host}."
    elif private:
        cure = "Is the authority in http: {ca_file: …} the one that signed it, with all between them?"
    else:
        cure = "Of a private authority, name it: http: {ca_file: …}. Else the server must send the whole chain."
    return Finding("tls", about, "finding", found, "No key can be fetched.", cure)


def _expiry(about: str, host: str, not_after: float) -> Finding:
    days = int((not_after - time.time()) / _DAY)
    if days >= WARNING_DAYS:
        return Finding("tls", about, "ok", f"the certificate of {host} is trusted, and good for {days} days")
    grade: Grade = "finding" if days < FINDING_DAYS else "warning"
    why = "When it is over no key can be fetched, and keep_stale runs."
    found = f"the certificate of {host} expires in {days} days"
    return Finding("tls_expiry", about, grade, found, why, "Renew it.")


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
