"""pf of OpenBSD and FreeBSD: a table, and one rule before the others (pf.conf(5))."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address

from zeeksmtp.hardening import SMTP_PORTS, Firewall


def _rules(ipv4: Sequence[IPv4Address], ipv6: Sequence[IPv6Address]) -> Iterable[str]:
    yield "table <zeeksmtp_block> const { \\"
    yield from (f"  {address} \\" for address in (*ipv4, *ipv6))
    yield "}"
    yield f"block drop in quick proto tcp from <zeeksmtp_block> to any port {{ {SMTP_PORTS.replace(',', '')} }}"


FIREWALL = Firewall("pf", "/etc/pf.conf, before the first `pass`", "pfctl -nf /etc/pf.conf", _rules)
