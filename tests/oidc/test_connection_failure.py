"""bridge/oidc/connection_failure.py: what a failed connection is called; real ones are in attacks/test_tls.py."""

import socket
import ssl
from typing import Any
from unittest.mock import sentinel

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from bridge.oidc.connection_failure import connection_failure

KEY = ConnectionKey("login.example", 443, True, True, None, None, None)


def refused(code: int) -> aiohttp.ClientConnectorCertificateError:
    """A certificate that OpenSSL refuses with this code."""
    error = ssl.SSLCertVerificationError(1, "certificate verify failed: secret")
    error.verify_code, error.verify_message = code, "some reason"
    return aiohttp.ClientConnectorCertificateError(KEY, error)


def without_tls(reason: str) -> aiohttp.ClientConnectorSSLError:
    """A handshake that OpenSSL gives up with this reason."""
    error = ssl.SSLError(1, "secret")
    error.reason = reason
    return aiohttp.ClientConnectorSSLError(KEY, error)


def unknown_name() -> aiohttp.ClientConnectorDNSError:
    """What the system's resolver says of a name that it does not know."""
    return aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(-2, "Name or service not known"))


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (refused(9), "is not valid yet"),
        (refused(10), "has expired"),
        (refused(18), "ca_file"),
        (refused(19), "ca_file"),
        (refused(20), "ca_file"),
        (refused(21), "ca_file"),
        (refused(62), "another host's"),
        (refused(64), "another host's"),
        (refused(23), "is not trusted (some reason)"),
        (aiohttp.ClientConnectorCertificateError(KEY, ssl.CertificateError("secret")), "ca_file"),
        (without_tls("WRONG_VERSION_NUMBER"), "does not speak TLS"),
        (without_tls("TLSV1_ALERT_PROTOCOL_VERSION"), "1.2 was expected"),
        (without_tls("SSLV3_ALERT_HANDSHAKE_FAILURE"), "agreed upon (SSLV3_ALERT_HANDSHAKE_FAILURE)"),
        (ssl.SSLError("secret"), "agreed upon (SSLError)"),
        (unknown_name(), "cannot be resolved (Name or service not known)"),
        (aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(111, "Connection refused")), "(Connection refused)"),
        (aiohttp.ClientConnectorError(KEY, ConnectionResetError("secret")), "no connection (ConnectionResetError)"),
        (aiohttp.ClientResponseError(sentinel.request, (), message="secret"), "is no HTTP"),
        (aiohttp.ClientPayloadError("secret"), "broke off (ClientPayloadError)"),
        (ValueError("secret"), "broke off (ValueError)"),
    ],
)
def test_says_the_cause_and_nothing_of_the_exchange(error: Any, says: str) -> None:
    """In words, with the cure where there is one, which never is to switch TLS off; its own text is not quoted."""
    text = connection_failure(error)
    assert says in text
    assert "secret" not in text
    assert "insecure" not in text
