"""Which networks the site probably is, where no host can be recognised as its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network

import polars as pl

from zeeksmtp.model import Collect, Context, Tables

_MIN_EXTERNAL_SHARE = 0.9
"""Share of sessions between two hosts of which neither is the site's, from which on the site is taken for unknown."""
_MIN_NETWORK_SHARE = 0.1
"""Share of these sessions that a proposed network has to explain, at least."""
_MAX_NETWORKS = 3
_MAX_PAIRS = 10_000  # the busiest are enough to tell
_V4_PREFIX, _V6_PREFIX = 24, 64

Pairs = Mapping[tuple[str, str], int]
"""Sessions between the networks of client and server."""


def unknown_site(tables: Tables, context: Context, collect: Collect) -> str | None:
    """Return what to say if hardly any session has an end that is known to be the site's own, else None."""
    if context.site.local_nets:
        return None
    ends = tables["pair"].group_by("client", "server", "direction").agg(pl.col("sessions").sum())
    shares = collect(ends.group_by("direction").agg(pl.col("sessions").sum()))
    by_direction = dict(shares.iter_rows())
    outside = by_direction.get("external", 0)
    if not outside or outside < _MIN_EXTERNAL_SHARE * sum(by_direction.values()):
        return None
    busiest = ends.filter(pl.col("direction") == "external").sort("sessions", "client", "server", descending=True)
    rows = collect(busiest.head(_MAX_PAIRS).select("client", "server", "sessions")).iter_rows()
    return _sentence(_proposed(_between(rows)))


def _between(rows: Iterable[tuple[str, str, int]]) -> Pairs:
    pairs: Counter[tuple[str, str]] = Counter()
    for client, server, sessions in rows:
        if (ends := (_network(client), _network(server)))[0] and ends[1]:
            pairs[ends] += sessions
    return pairs


def _network(address: str) -> str:
    """Return the /24 or /64 of an address; empty for what is none."""
    try:
        version = ip_address(address).version
    except ValueError:
        return ""
    return str(ip_network(f"{address}/{_V4_PREFIX if version == 4 else _V6_PREFIX}", strict=False))


def _proposed(pairs: Pairs) -> list[str]:
    """Return few networks of which nearly all sessions have an end: each time the one that explains most of the rest.

    Of two that explain as many, the one with more partners: a site talks with many others.
    """
    total, rest, networks = sum(pairs.values()), dict(pairs), list[str]()
    while rest and len(networks) < _MAX_NETWORKS:
        sessions: Counter[str] = Counter()
        partners: Counter[str] = Counter()
        for ends, count in rest.items():
            for end in set(ends):
                sessions[end] += count
                partners[end] += 1
        best = max(sessions, key=lambda network: (sessions[network], partners[network], network))
        if sessions[best] < _MIN_NETWORK_SHARE * total:
            break
        networks.append(best)
        rest = {ends: count for ends, count in rest.items() if best not in ends}
    return networks


def _sentence(networks: list[str]) -> str:
    sentence = "No host could be recognised as the site's own, so most detectors had nothing to judge."
    if not networks:
        return f"{sentence} Set local_nets in the configuration, or --local-net."
    options = " ".join(f"--local-net {network}" for network in networks)
    return (
        f"{sentence} Most sessions have an end in {', '.join(networks)}: if that is the site, run again with {options}."
    )
