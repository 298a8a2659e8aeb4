"""The tables of the report: posture of servers, roles, volumes; plans over facts, and their rows as shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

import polars as pl

from zeeksmtp.model import Day, Fact, HostRole, Posture, ServerPosture, Tables, Volume, Window

Collect = Callable[[pl.LazyFrame], pl.DataFrame]

_OUTSIDE_SERVERS = 100
_VOLUME_ROWS = 500
_ROLES = 500
_DAYS = 35
_OWN_TABLES = ("tls_versions", "days")
_BY_VERSION = ("server", "port", "tls_version")
_PLAIN_ROLES = ("workstation", "other")


def _rows(collect: Collect, plan: pl.LazyFrame) -> list[dict[str, Any]]:
    return collect(plan).to_dicts()


def _by_version(tables: Tables) -> pl.LazyFrame:
    told = tables["session"].filter(pl.col("tls"), pl.col("tls_version").is_not_null())
    return told.group_by(_BY_VERSION).agg(pl.len().cast(pl.UInt64).alias("count"))


SESSIONS_BY_VERSION = Fact(
    name="sessions_by_version",
    doc="what the posture needs to know of each day",
    columns=(),
    needs=("session",),
    plan=lambda tables, _site: _by_version(tables),
    daily=True,
    merge=lambda days: days.group_by(_BY_VERSION).agg(pl.col("count").sum()),
)


def _versions(tables: Tables, collect: Collect) -> dict[tuple[str, int], dict[str, int]]:
    """Sessions by TLS version, per server and port."""
    there = tables.get(SESSIONS_BY_VERSION.name)
    counted = (there if there is not None else _by_version(tables)).sort(_BY_VERSION)
    versions: dict[tuple[str, int], dict[str, int]] = {}
    for row in _rows(collect, counted):
        versions.setdefault((row["server"], row["port"]), {})[row["tls_version"]] = row["count"]
    return versions


def _days(tables: Tables, collect: Collect) -> dict[tuple[str, int], tuple[Day, ...]]:
    """Sessions by day, per server and port of the site: the last days that had any."""
    ours = tables["pair_day"].filter(pl.col("direction").is_in(["inbound", "internal"]))
    counted = (
        ours.group_by("server", "port", "day")
        .agg(pl.col("sessions", "tls_sessions").sum())
        .sort("server", "port", "day")
    )
    days: dict[tuple[str, int], tuple[Day, ...]] = {}
    for server, port, day, sessions, in_tls in collect(counted).iter_rows():
        known = days.get((server, port), ())
        days[server, port] = (*known, Day(day=day, sessions=sessions, tls_sessions=in_tls))[-_DAYS:]
    return days


def posture_of(tables: Tables, collect: Collect) -> tuple[Posture, Sequence[str]]:
    """Give the posture: all servers of the site, and the busiest outside ones; and a note if some were left out."""
    servers = tables["server"]
    columns = [field.name for field in fields(ServerPosture) if field.name not in _OWN_TABLES]
    ours = servers.filter(pl.col("local")).sort("server", "port").select(columns)
    theirs = servers.filter(~pl.col("local")).sort("sessions", "server", "port", descending=[True, False, False])
    sums = _rows(
        collect, servers.select(pl.col("sessions", "tls_sessions").sum(), (~pl.col("local")).sum().alias("out"))
    )[0]
    shown = _rows(collect, ours) + _rows(collect, theirs.head(_OUTSIDE_SERVERS).select(columns))
    versions, days = _versions(tables, collect), _days(tables, collect)
    for row in shown:
        row["tls_versions"] = versions.get((row["server"], row["port"]), {})
        row["days"] = days.get((row["server"], row["port"]), ())
    posture = Posture(
        servers=tuple(ServerPosture(**row) for row in shown),
        sessions=sums["sessions"],
        tls_sessions=sums["tls_sessions"],
    )
    left = sums["out"] - _OUTSIDE_SERVERS
    return posture, [
        f"posture lists the {_OUTSIDE_SERVERS} busiest outside servers; {left} more count only in the sums"
    ] * (left > 0)


def roles_of(tables: Tables, collect: Collect) -> tuple[tuple[HostRole, ...], Sequence[str]]:
    """Give the roles of the site's own hosts and of those that config names, servers first if not all have room."""
    plain = pl.col("role").is_in(_PLAIN_ROLES) & ~pl.col("vouched")
    told = tables["role"].filter(pl.col("local") | pl.col("vouched")).sort(plain, "host")
    shown = _rows(collect, told.head(_ROLES).select(list(HostRole.model_fields)))
    left = collect(told.select(pl.len())).item() - len(shown)
    note = f"roles lists {_ROLES} hosts, servers first; {left} more are in the export"
    return tuple(HostRole(**row) for row in sorted(shown, key=lambda row: row["host"])), [note] * (left > 0)


def volumes_of(tables: Tables, window: Window, collect: Collect) -> tuple[tuple[Volume, ...], Sequence[str]]:
    """Give what the site's clients sent per hour, the busiest hours; and a note if some were left out."""
    sent = tables["volume"].filter(pl.col("messages") > 0, window.covers("hour"))
    busiest = sent.sort("recipients", "messages", "client", "hour", descending=[True, True, False, False])
    rows = _rows(collect, busiest.head(_VOLUME_ROWS + 1).select(list(Volume.model_fields)))
    shown = sorted(rows[:_VOLUME_ROWS], key=lambda row: (row["hour"], row["client"]))
    note = f"volumes lists the {_VOLUME_ROWS} busiest client-hours only; export has all of them"
    return tuple(Volume(**row) for row in shown), [note] * (len(rows) > _VOLUME_ROWS)


def quality_of(tables: Tables, collect: Collect) -> Sequence[str]:
    """Give notes on sessions that could not be followed to their end."""
    session = tables["session"]
    counts = {
        "had capture gaps: their counts are lower bounds": pl.col("gap").fill_null(value=False),
        "could not be followed to their end by Zeek's SMTP analyzer": pl.col("analyzer_disabled").is_not_null(),
    }
    sums = _rows(collect, session.select(**{what: hit.sum() for what, hit in counts.items()}))[0]
    return [f"{number} session{'s' * (number > 1)} {what}" for what, number in sums.items() if number]
