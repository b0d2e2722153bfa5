"""From where a callback may be called: the header token comes first, and this only ever takes away.

The address that counts is the other end's of the connection. Behind proxies it is read from ``X-Forwarded-For``, from
the right: each entry was written by who stands to its right, so only entries of trusted proxies are believed. The
``Forwarded`` header (RFC 7239) is not read: where a proxy wrote one of the two, the other came from its caller.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence

from bridge.errors import CallerUnauthorized, KeyPath, Problem

HEADER = b"x-forwarded-for"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MOST_HOPS = 32
"""Entries that are read, from the right: no chain of proxies is as long."""

# Some proxies add the port; without the brackets an IPv6 address could not be told from one with a port.
_WITH_PORT = re.compile(r"(?:(\d{1,3}(?:\.\d{1,3}){3})|\[([0-9A-Fa-f:.]+)\])(?::\d{1,5})?", re.ASCII)


class Callers:
    """The callers of one callback, by address.

    Args:
        allowed: ``allow_from``, one or more networks.
        trusted_proxies: ``server.trusted_proxies``.
    """

    __slots__ = ("_allowed", "_trusted")

    def __init__(self, allowed: Sequence[str], trusted_proxies: Sequence[str]) -> None:
        self._allowed = tuple(map(ipaddress.ip_network, allowed))
        self._trusted = tuple(map(ipaddress.ip_network, trusted_proxies))

    def check(self, peer: str | None, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Lets the caller pass, or not.

        Args:
            peer: The other end of the connection; ``None`` where it has no address.
            headers: Those of the request.

        Raises:
            CallerUnauthorized: The address is not allowed; to the caller the same as a wrong header token.
        """
        forwarded = [value for name, value in headers if name == HEADER]
        address = self.address(peer, forwarded)
        if address is not None and _among(address, self._allowed):
            return
        if forwarded and address == _address(peer or ""):
            hint = (
                f"X-Forwarded-For was not believed: if {address} is a proxy of yours, add it to server.trusted_proxies."
            )
        else:
            hint = f"If that is CX Genie, add {address or 'its network'} to this callback's allow_from."
        raise CallerUnauthorized(f"the caller's address {address} is not in allow_from", hint=hint)

    def address(self, peer: str | None, forwarded: Sequence[bytes]) -> Address | None:
        """Whose call it is: the last address that was not written by a stranger.

        Args:
            peer: The other end of the connection.
            forwarded: The values of all ``X-Forwarded-For`` headers, in their order: together they are one list (RFC
                9110 section 5.3). Where it cannot be read, it says nothing, and the peer is the caller.
        """
        own = nearest = _address(peer or "")
        hops = b",".join(forwarded).decode("latin-1").rsplit(",", MOST_HOPS)[-MOST_HOPS:] if forwarded else []
        while hops and nearest is not None and _among(nearest, self._trusted):
            nearest = _address(hops.pop().strip(" \t"))
        return own if nearest is None else nearest


def network_problems(texts: Sequence[str], keys: KeyPath, everybody: str) -> Iterator[Problem]:
    """What is wrong with a list of networks.

    Args:
        texts: As they are written.
        keys: Where.
        everybody: What a network of all addresses would mean.
    """
    for position, text in enumerate(texts):
        path = (*keys, position)
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            cure = "Write 203.0.113.0/24, 2001:db8::/32 or one address; names are not looked up."
            yield Problem(path, "not a network", "It is compared with the address of a connection.", cure)
            continue
        address = text.partition("/")[0]
        if network.prefixlen == 0:
            yield Problem(path, "every address there is", everybody, "Name the networks that are meant.")
        elif network.network_address != ipaddress.ip_address(address):
            cure = f"Write {network} for the network, or {address} for the one address."
            yield Problem(path, "an address inside a network", "Only one of the two can be meant.", cure)
        elif isinstance(network, ipaddress.IPv6Network) and network.network_address.ipv4_mapped:
            cure = "Write it as IPv4: connections that come so are compared as IPv4."
            yield Problem(path, "an IPv4 address inside IPv6", "", cure)


def _among(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _address(text: str) -> Address | None:
    """An address, with or without its port; IPv4 inside IPv6 (RFC 4291 section 2.5.5.2) is IPv4."""
    match = _WITH_PORT.fullmatch(text)
    try:
        address = ipaddress.ip_address((match[1] or match[2]) if match else text)
    except ValueError:
        return None
    return (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped) or address
