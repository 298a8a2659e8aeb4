"""nftables: a table of its own, on the mail server or on the gateway before it (nft(8))."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address

from zeeksmtp.hardening import SMTP_PORTS, Firewall

_TABLE = "inet zeeksmtp_block"


def _rules(ipv4: Sequence[IPv4Address], ipv6: Sequence[IPv6Address]) -> Iterable[str]:
    sets = [(f"ipv{version}_addr", f"sources{version}", own) for version, own in ((4, ipv4), (6, ipv6)) if own]
    # A table that is declared, deleted and declared anew replaces the one of the last time.
    yield from (f"table {_TABLE}", f"delete table {_TABLE}", f"table {_TABLE} {{")
    for kind, name, addresses in sets:
        yield from (f"  set {name} {{", f"    type {kind}", "    elements = {")
        yield from (f"      {address}," for address in addresses)
        yield from ("    }", "  }")
    for hook in ("input", "forward"):
        yield from (f"  chain {hook} {{", f"    type filter hook {hook} priority -10; policy accept;")
        for kind, name, _ in sets:
            family = "ip" if kind == "ipv4_addr" else "ip6"
            yield f"    {family} saddr @{name} tcp dport {{ {SMTP_PORTS} }} drop"
        yield "  }"
    yield "}"


FIREWALL = Firewall(
    "nftables", "/etc/nftables.d/zeeksmtp_block.nft", "nft -c -f /etc/nftables.d/zeeksmtp_block.nft", _rules
)
