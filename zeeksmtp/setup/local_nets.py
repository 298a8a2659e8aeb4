"""The site's networks as Zeek has them: those of hosts that conn.log marks as local."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, collapse_addresses, ip_address
from pathlib import Path
from typing import TypeVar

import polars as pl

from zeeksmtp.engine.local import ENGINE
from zeeksmtp.errors import NoInputError
from zeeksmtp.ingest import every_record
from zeeksmtp.private_folders import private_folder
from zeeksmtp.reading.discover import find

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_Net = TypeVar("_Net", IPv4Network, IPv6Network)

MAX_FILES = 24
MAX_LINES = 1_000_000
"""Of each file: some seconds, also where an hour of conn.log has gigabytes."""
_MAX_NETWORKS = 8
"""Of one protocol; of more, wider ones are proposed."""
_V4_PREFIXES = (24, 22, 20, 18, 16)
_V6_PREFIXES = (64, 60, 56, 52, 48)
"""Narrowest first: a subnet; widest last: more than this would be a guess."""
_SIDES = (("id.orig_h", "local_orig"), ("id.resp_h", "local_resp"))


@dataclass(frozen=True, slots=True)
class LocalNets:
    """Networks of `hosts` local hosts; `usable`: Zeek's flags differ between hosts, so that they carry something."""

    networks: tuple[str, ...]
    hosts: int
    usable: bool


def seen_in(paths: Sequence[Path]) -> LocalNets:
    """Return the networks of local hosts that speak SMTP in conn logs; of each file the first `MAX_LINES` are read."""
    try:
        sources = find(paths).sources if paths else ()
    except NoInputError:
        return LocalNets((), 0, usable=False)
    with private_folder() as folder:
        records = every_record(ENGINE.ingest([replace(source, end=MAX_LINES) for source in sources], folder))
        parts = [record.part for record in records if record.part is not None and record.source.log == "conn"]
        if not parts:
            return LocalNets((), 0, usable=False)
        sides = [_side(pl.scan_parquet(parts), *names) for names in _SIDES]
        flags = ENGINE.collect(pl.concat(sides).unique())
    local = set(flags.filter("local")["host"])
    usable = bool(local) and not flags["local"].all()
    return LocalNets(tuple(map(str, networks(local))), len(local), usable)


def _side(conn: pl.LazyFrame, host: str, flag: str) -> pl.LazyFrame:
    return conn.select(host=pl.col(host), local=pl.col(flag)).drop_nulls()


def networks(hosts: Iterable[str]) -> list[Network]:
    """Return few networks that hold all `hosts`: subnets, adjacent ones joined, or wider ones where these are many."""
    routed = [address for address in map(ip_address, hosts) if _is_routed(address)]
    v4 = [str(address) for address in routed if address.version == 4]
    v6 = [str(address) for address in routed if address.version == 6]
    return [*_covering(v4, IPv4Network, _V4_PREFIXES), *_covering(v6, IPv6Network, _V6_PREFIXES)]


def _is_routed(address: Address) -> bool:
    return not (address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified)


def _covering(addresses: Sequence[str], network: Callable[..., _Net], prefixes: Sequence[int]) -> list[_Net]:
    found: list[_Net] = []
    for prefix in prefixes:
        around = {network(f"{address}/{prefix}", strict=False) for address in addresses}
        found = list(collapse_addresses(around))
        if len(found) <= _MAX_NETWORKS:
            break
    return found
