"""Which way a connection points: is each side in the site's own networks?"""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import polars as pl

from zeeksmtp.model import Site

Network = IPv4Network | IPv6Network

# RFC 1918, RFC 6598, loopback, link-local, IPv6 unique local. Not `is_private`: that counts documentation and benchmark
# networks too.
PRIVATE_NETS: tuple[Network, ...] = tuple(
    ip_network(net)
    for net in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "::1/128",
        "fe80::/10",
        "fc00::/7",
    )
)


_V4 = r"^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$"


def _v4_number(addresses: pl.Series) -> pl.Series:
    """Return IPv4 addresses as numbers, null for the rest: most of a log is IPv4, and this takes no Python loop."""
    octets = addresses.str.extract_groups(_V4).struct.unnest().cast(pl.Int64)
    sound = octets.select(pl.all_horizontal((pl.all() <= 255).fill_null(value=False))).to_series()
    first, second, third, fourth = octets.get_columns()
    number = ((first * 256 + second) * 256 + third) * 256 + fourth
    return pl.select(pl.when(sound).then(number)).to_series()


def _within(address: str | None, nets: Sequence[Network]) -> bool | None:
    try:
        ip = ip_address(address or "")
    except ValueError:
        return None
    mapped = getattr(ip, "ipv4_mapped", None) or ip
    return any(mapped in net for net in nets)


def in_nets(address: pl.Expr, nets: Sequence[Network]) -> pl.Expr:
    """Return a Boolean expression: `address` lies in one of `nets`; null where it is no address."""
    ranges = [(int(net[0]), int(net[-1])) for net in nets if net.version == 4]

    def lookup(addresses: pl.Series) -> pl.Series:
        each = addresses.unique()  # a log names few hosts many times
        number = _v4_number(each)
        inside = pl.any_horizontal([number.is_between(low, high) for low, high in ranges] or [pl.lit(value=False)])
        others = each.filter(number.is_null()).drop_nulls()
        known = {address: _within(address, nets) for address in others}
        rest = each.replace_strict(list(known), list(known.values()), default=None, return_dtype=pl.Boolean)
        local = pl.select(pl.when(number.is_not_null()).then(inside).otherwise(rest)).to_series()
        return addresses.replace_strict(each, local, default=None, return_dtype=pl.Boolean) if len(each) else local

    return address.map_batches(lookup, return_dtype=pl.Boolean)


FLAGS = ("local_orig", "local_resp")
"""Zeek's own opinion of the client and of the server."""


def locality(side: str, flag: str, site: Site) -> pl.Expr:
    """Return a Boolean expression: the address in column `side` is local.

    Config's networks decide if there are any; else Zeek's own flag (column `flag`), unless every row says local (Zeek
    counts documentation and other special networks as local since 6.0, and then the flags carry nothing; column
    `flags_tell`); else `PRIVATE_NETS`.
    """
    if site.local_nets:
        return in_nets(pl.col(side), site.local_nets)
    flagged = pl.col("flags_tell") & pl.col(flag).is_not_null()
    # Zeek nearly always tells: to look up all addresses takes as long as the rest of the plan.
    unflagged = pl.when(flagged).then(None).otherwise(pl.col(side))
    return pl.when(flagged).then(pl.col(flag)).otherwise(in_nets(unflagged, PRIVATE_NETS))


def direction(client: pl.Expr, server: pl.Expr) -> pl.Expr:
    """Return `inbound`, `outbound`, `internal`, `external` or `unknown` of two locality expressions."""
    return (
        pl.when(client.is_null() | server.is_null())
        .then(pl.lit("unknown"))
        .when(client & server)
        .then(pl.lit("internal"))
        .when(client)
        .then(pl.lit("outbound"))
        .when(server)
        .then(pl.lit("inbound"))
        .otherwise(pl.lit("external"))
    )
