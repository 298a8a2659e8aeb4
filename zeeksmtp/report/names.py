"""Names of the hosts that findings are about, as the logs have them: from greetings and from HELO."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from zeeksmtp.model import Collect, Finding, HostName, Tables

_MAX_NAMES = 3
"""HELO names of one client that are shown: a client with more has no name."""


def names_of(findings: Iterable[Finding], tables: Tables, collect: Collect) -> dict[str, tuple[HostName, ...]]:
    """Return the names of every host that a finding names, by address; hosts without a name are left out."""
    named = {host for finding in findings for host in (*finding.clients, *finding.servers)}
    return names_of_hosts(named, tables, collect)


def names_of_hosts(addresses: Iterable[str], tables: Tables, collect: Collect) -> dict[str, tuple[HostName, ...]]:
    """Return the names of some hosts by address; hosts without a name are left out."""
    hosts = pl.Series(sorted(addresses), dtype=pl.String).implode()
    servers = tables["server"].filter(pl.col("server").is_in(hosts), pl.col("host_name").is_not_null())
    banners = servers.group_by("server").agg(pl.col("host_name").sort_by("port").first())
    spoken = tables["session"].filter(pl.col("client").is_in(hosts), pl.col("helo").str.contains(r"[^\d.:\[\]]"))
    helo = spoken.group_by("client").agg(pl.col("helo").unique().sort().head(_MAX_NAMES + 1))
    names: dict[str, list[HostName]] = {}
    for host, name in collect(banners).iter_rows():
        names.setdefault(host, []).append(HostName(name=name, source="banner"))
    for host, said in collect(helo.filter(pl.col("helo").list.len() <= _MAX_NAMES)).iter_rows():
        names.setdefault(host, []).extend(HostName(name=name, source="helo") for name in said)
    return {host: tuple(names[host]) for host in sorted(names)}
