"""Which addresses of a provider we ask, whoever names them: the operator or a discovery document."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

SPELL_OUT: Final = "Write an https address; plain http is for this machine only, or spell out http: {insecure: true}."
"""What an operator should do about an ``unfit_url`` beside ``http:`` settings."""


def unfit_url(url: str, *, insecure: bool) -> str:
    """Why an address is not one that we ask for keys or about tokens, or an empty text.

    https, or plain http on this machine's loopback addresses, or anywhere with ``insecure`` (OpenID Connect Discovery
    section 3, RFC 8414 section 6). Credentials and fragments are refused.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "not an address"
    if any(character <= " " or character == "\\" for character in url) or not host:
        return "not an address"
    if parts.username is not None or parts.fragment:
        return "an address with credentials or a fragment"
    if parts.scheme == "https" or (parts.scheme == "http" and (insecure or is_loopback(host))):
        return ""
    return "plain http to another machine" if parts.scheme == "http" else "not an http address"


def is_loopback(host: str) -> bool:
    """Whether a host name or address stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
