"""The rules for a request's head that the parser leaves to us: what two parsers could read differently is refused."""

import re
from collections.abc import Sequence

import httptools

from bridge.errors import RequestInvalid

# RFC 9110 section 7.2: uri-host [":" port]; empty is allowed, what could be two hosts is not.
_HOST = re.compile(rb"[A-Za-z0-9._~!$&'()*+;=:%\[\]-]*")

# RFC 9112 section 3.1: any token is a method; the parser knows only those that are registered.
_METHOD = re.compile(rb"(?:\r\n)*([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) (?=[/*h])")

Headers = Sequence[tuple[bytes, bytes]]


def head_size(method: bytes, target: bytes, headers: Headers) -> int:
    """The bytes of a head on the wire, the empty line included."""
    line = len(method) + len(target) + len(b"  HTTP/1.1\r\n\r\n")
    return line + sum(len(name) + len(value) + len(b": \r\n") for name, value in headers)


def check_head(method: bytes, version: str, headers: Headers) -> None:
    """Refuses a head that is HTTP to the parser, but not to RFC 9112.

    Raises:
        RequestInvalid: Another version than 1.0 and 1.1 (section 2.3); CONNECT; a ``Transfer-Encoding`` that is more
            than chunked, or with HTTP/1.0 (section 6.1); no valid ``Host``, or several (section 3.2).
    """
    if version not in {"1.1", "1.0"}:
        raise RequestInvalid(f"HTTP/{version}; 1.1 and 1.0 are spoken")
    if method == b"CONNECT":
        raise RequestInvalid("this is no proxy")
    hosts = []
    for name, value in headers:
        if name == b"host":
            hosts.append(value)
        elif name == b"transfer-encoding" and (value.lower() != b"chunked" or version == "1.0"):
            raise RequestInvalid("a Transfer-Encoding other than chunked, or with HTTP/1.0 (RFC 9112 section 6.1)")
    if len(hosts) > 1 or (not hosts and version == "1.1") or not all(map(_HOST.fullmatch, hosts)):
        raise RequestInvalid("not one valid Host header (RFC 9112 section 3.2)")


def origin_form(target: bytes) -> bytes:
    """A target as path and query: ``http://host?q`` is ``/?q`` (RFC 9110 section 4.2.3). Our paths are all there is.

    Raises:
        RequestInvalid: No path, no address, and not the asterisk.
    """
    if target.startswith(b"/") or target == b"*":
        return target
    try:
        url = httptools.parse_url(target)
    except httptools.HttpParserInvalidURLError:
        raise RequestInvalid("the request's target is no path and no address") from None
    return (url.path or b"/") + (b"?" + url.query if url.query else b"")


def without_upgrade(method: bytes, target: bytes, version: str, headers: Headers) -> bytes:
    """A head as if it had not asked for another protocol, which a server may ignore (RFC 9110 section 7.8)."""
    kept = b"".join(b"%b: %b\r\n" % header for header in headers if header[0] != b"upgrade")
    return b"%b %b HTTP/%b\r\n%b\r\n" % (method, target, version.encode("ascii"), kept)


def with_known_method(data: bytes) -> bytes | None:
    """A request whose method the parser does not know, with one that it knows and that no path takes; else ``None``.

    So it is the application that refuses it: it knows the path's own methods.
    """
    method = _METHOD.match(data)
    return None if method is None else b"TRACE" + data[method.end(1) :]
