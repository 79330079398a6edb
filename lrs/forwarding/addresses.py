"""Which addresses the server may call: public ones, and those that the administrator named.

A target's address comes from whoever sets it up, and the server stands where its network lets it
reach more than they do. So a name is resolved first, every address it has is held to the list
below, and the connection is made to the address that was held to it: a name that answers otherwise
the second time changes nothing.

Python's own notion is not enough: ``is_global`` is True for NAT64, 6to4, IPv4-compatible and
multicast addresses, and ``is_private`` is False for 100.64.0.0/10.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from lrs.errors import BadInput

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# https://www.iana.org/assignments/iana-ipv4-special-registry
_NOT_PUBLIC_4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# https://www.iana.org/assignments/ipv6-address-space: only this part is given out as unicast …
_GIVEN_OUT_6 = ipaddress.IPv6Network("2000::/3")
# … less what https://www.iana.org/assignments/iana-ipv6-special-registry takes out of it. Teredo is
# in 2001::/23; what 6to4 leads to is an IPv4 address inside, so none is taken.
_NOT_PUBLIC_6 = tuple(
    ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
# Machines in a cloud are given their secrets here; a name that leads there is never meant.
_LINK_LOCAL = (ipaddress.IPv4Network("169.254.0.0/16"), ipaddress.IPv6Network("fe80::/10"))


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be called although it is not public: names, and networks."""

    names: frozenset[str] = frozenset()
    networks: tuple[_Network, ...] = ()

    def host(self, name: str) -> bool:
        """Return whether the host is named, as a name or as an address."""
        address = _literal(name)
        return _plain(name) in self.names or (address is not None and self.address(address))

    def address(self, address: IPAddress) -> bool:
        """Return whether the address is in a network that is named."""
        return any(address in network for network in self.networks)


def parse_allowed(text: str) -> Allowed:
    """Return what a setting names: hosts, addresses and networks, parted by commas or spaces."""
    names: set[str] = set()
    networks: list[_Network] = []
    for item in text.replace(",", " ").split():
        try:
            networks.append(ipaddress.ip_network(item))
        except ValueError as exc:
            if "/" in item or ":" in item or "*" in item:
                raise BadInput(
                    f"{item!r} is neither a host, an address nor a network",
                    where="outgoing_hosts",
                    hint="write lrs.internal, 10.1.2.3 or 10.1.0.0/16, parted by commas",
                ) from exc
            names.add(_plain(item))
    return Allowed(frozenset(names), tuple(networks))


def is_public(address: IPAddress) -> bool:
    """Return whether everybody reaches the same host at the address."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    return address in _GIVEN_OUT_6 and not any(address in network for network in _NOT_PUBLIC_6)


def checked_addresses(host: str, port: int, allowed: Allowed) -> list[str]:
    """Return the addresses of a host, in the order to try them.

    Raises `BadInput` when one of them may not be called, and `OSError` when the name is unknown.
    """
    found = list(dict.fromkeys(_resolved(host, port)))
    for address in found:
        if not _may_call(host, address, allowed):
            raise BadInput(
                "this host is not on the public internet, and it is not named as one to call",
                where=host,
                hint="if it is meant, add it to the setting outgoing_hosts",
            )
    return [str(address) for address in found]


def _may_call(host: str, address: IPAddress, allowed: Allowed) -> bool:
    own = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    met = own or address
    if is_public(met) or allowed.address(met):
        return True
    if any(met in network for network in _LINK_LOCAL):
        return False
    return _plain(host) in allowed.names


def _resolved(host: str, port: int) -> Iterator[IPAddress]:
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as exc:
        raise OSError(f"{host!r} is no name of a host") from exc
    for row in rows:
        yield ipaddress.ip_address(row[4][0])


def _literal(host: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _plain(host: str) -> str:
    return host.lower().rstrip(".")
