"""What is known of the hosts that findings name: their role, and whether they are the site's own."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zeeksmtp.model.units import Geo

SHARED_ROLES = frozenset({"relay", "gateway"})
"""Roles of hosts that speak for many: their address is no actor."""

_IPV4_PREFIX, _IPV6_PREFIX = 24, 64


class Hosts:
    """Looks hosts up by address; an address that never spoke SMTP is unknown."""

    def __init__(self, rows: Iterable[tuple[str, str, bool]] = (), geo: Geo | None = None) -> None:
        """Take rows of (host, role, local), as the fact `role` has them, and what knows networks."""
        self._geo = geo
        known = [(host, role, local) for host, role, local in rows]
        self._local = {host: local for host, _, local in known}
        self._shared = {host for host, role, _ in known if role in SHARED_ROLES}

    def is_local(self, host: str) -> bool | None:
        """Return whether a host is one of the site's own; `None` if that is unknown."""
        return self._local.get(host)

    def is_shared(self, host: str) -> bool:
        """Return whether a host speaks for many others (relay, gateway)."""
        return host in self._shared

    def network_of(self, address: str) -> str:
        """Return the network that stands for a source: its autonomous system where that is known, else `network_of`."""
        return (self._geo.asn_of(address) if self._geo else None) or network_of(address)


def network_of(address: str) -> str:
    """Return the network of an address: the /24 of an IPv4 address, the /64 of an IPv6 address.

    Text that is no address stands for itself.
    """
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    prefix = _IPV4_PREFIX if ip.version == 4 else _IPV6_PREFIX
    return str(ip_network(f"{ip}/{prefix}", strict=False))
