"""Names of hosts: from the site's own list, from the logs (banner, DNS, TLS, HELO), from the operator's databases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import polars as pl

from zeeksmtp.assets import Inventory
from zeeksmtp.model import Collect, Geo, HostName, Tables

MAX_NAMES = 3
"""Names of one host and source that are shown."""
_NAME = r"[^\d.:\[\]]"
"""An address in the place of a name has no other character."""


@dataclass(frozen=True, slots=True)
class NameSources:
    """Where names come from."""

    tables: Tables
    collect: Collect
    inventory: Inventory
    geo: Geo | None


def names_of(addresses: Iterable[str], sources: NameSources) -> dict[str, tuple[HostName, ...]]:
    """Return the names of hosts by address, the surest first; hosts without a name are left out."""
    wanted = sorted(set(addresses))
    names: dict[str, list[HostName]] = {host: list(_listed(host, sources.inventory)) for host in wanted}
    hosts = pl.Series(wanted, dtype=pl.String).implode()
    for source, plan in _LOGGED.items():
        for host, name in sources.collect(plan(sources.tables, hosts)).iter_rows():
            names[host].append(HostName(name=name, source=source))
    for host in wanted:
        names[host] += _located(host, sources.geo)
    return {host: tuple(known) for host, known in names.items() if known}


def _listed(host: str, inventory: Inventory) -> Iterator[HostName]:
    if asset := inventory.of(host):
        yield HostName(name=asset.name, source="asset", owner=asset.owner, contact=asset.contact, role=asset.role)


def _located(host: str, geo: Geo | None) -> Iterator[HostName]:
    parts = [geo.asn_of(host), geo.country_of(host)] if geo else []
    if text := ", ".join(part for part in parts if part):
        yield HostName(name=text, source="mmdb")


def _banners(tables: Tables, hosts: pl.Series) -> pl.LazyFrame:
    servers = tables["server"].filter(pl.col("server").is_in(hosts), pl.col("host_name").is_not_null())
    return servers.group_by("server").agg(pl.col("host_name").sort_by("port").first()).sort("server")


def _answers(tables: Tables, hosts: pl.Series) -> pl.LazyFrame:
    given = tables["dns"].select(host="answers", name=pl.col("query").str.to_lowercase()).explode("host")
    return _commonest(given.filter(pl.col("host").is_in(hosts)))


def _server_names(tables: Tables, hosts: pl.Series) -> pl.LazyFrame:
    handshakes = tables["ssl"].select(host="id.resp_h", name=pl.col("server_name").str.to_lowercase())
    return _commonest(handshakes.filter(pl.col("host").is_in(hosts)))


def _helo(tables: Tables, hosts: pl.Series) -> pl.LazyFrame:
    spoken = tables["session"].filter(pl.col("client").is_in(hosts), pl.col("helo").str.contains(_NAME))
    said = spoken.group_by(pl.col("client").alias("host")).agg(pl.col("helo").unique().sort().head(MAX_NAMES + 1))
    # A client with more names has none.
    return said.filter(pl.col("helo").list.len() <= MAX_NAMES).explode("helo").sort("host", "helo")


def _commonest(named: pl.LazyFrame) -> pl.LazyFrame:
    """Return the commonest names (columns `host`, `name`) of each host."""
    counted = named.filter(pl.col("name").str.contains(_NAME)).group_by("host", "name").agg(pl.len().alias("count"))
    ordered = counted.sort("host", "count", "name", descending=[False, True, False])
    return ordered.group_by("host", maintain_order=True).head(MAX_NAMES).select("host", "name")


_LOGGED: dict[Literal["banner", "dns", "sni", "helo"], Callable[[Tables, pl.Series], pl.LazyFrame]] = {
    "banner": _banners,
    "dns": _answers,
    "sni": _server_names,
    "helo": _helo,
}
"""Plans of (host, name), by source."""
