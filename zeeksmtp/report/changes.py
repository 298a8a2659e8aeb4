"""What changed from week to week: hosts of the site that began or ceased to speak SMTP, or do it far more."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from zeeksmtp.model import Change, ChangeTable, Collect, Tables

MAX_CHANGES = 40
MIN_SESSIONS = 10
"""Sessions of the larger week, at least: less comes and goes by chance."""
MIN_GROWTH = 2
_DAYS_OF_WEEK = 7
_INSIDE = ("outbound", "internal"), ("inbound", "internal")
"""Directions in which a client, and a server, is the site's own."""


def changes_of(tables: Tables, collect: Collect) -> ChangeTable:
    """Return what the last seven days with sessions have otherwise than the seven days before them."""
    days = collect(tables["pair_day"].select(pl.col("day").min().alias("first"), pl.col("day").max().alias("last")))
    first, last = days.row(0)
    if last is None or last - first < timedelta(days=2 * _DAYS_OF_WEEK - 1):
        return ChangeTable()
    since = last - timedelta(days=_DAYS_OF_WEEK - 1)
    clients = _sides(tables["pair_day"], since, "client", pl.lit(None, pl.UInt16), _INSIDE[0])
    servers = _sides(tables["pair_day"], since, "server", pl.col("port"), _INSIDE[1])
    changed = pl.concat([clients, servers]).sort("size", "host", "side", "port", descending=[True, False, False, False])
    rows = collect(changed.select("kind", "side", "host", "port", "before", "now"))
    shown = tuple(Change(**row) for row in rows.head(MAX_CHANGES).to_dicts())
    return ChangeTable(since=since, total=len(rows), rows=shown)


def _sides(pairs: pl.LazyFrame, since: datetime, side: str, port: pl.Expr, directions: tuple[str, ...]) -> pl.LazyFrame:
    """Return the hosts on one side whose sessions changed."""
    day, sessions = pl.col("day"), pl.col("sessions")
    now, before = pl.col("now"), pl.col("before")
    counted = (
        pairs.filter(pl.col("direction").is_in(directions), day >= since - timedelta(days=_DAYS_OF_WEEK))
        .group_by(pl.col(side).alias("host"), port.cast(pl.UInt16).alias("port"))
        .agg(sessions.filter(day >= since).sum().alias("now"), sessions.filter(day < since).sum().alias("before"))
    )
    kind = (
        pl.when(before == 0)
        .then(pl.lit("new"))
        .when(now == 0)
        .then(pl.lit("gone"))
        .when(now >= MIN_GROWTH * before)
        .then(pl.lit("grown"))
    )
    size = (now.cast(pl.Int64) - before.cast(pl.Int64)).abs()
    changed = counted.with_columns(kind.alias("kind"), size.alias("size"), pl.lit(side).alias("side"))
    return changed.filter(kind.is_not_null(), pl.max_horizontal(now, before) >= MIN_SESSIONS)
