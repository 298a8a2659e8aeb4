"""The rows of a view: peers, logins, mails and sessions, as plans over facts and their rows as shapes."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from zeeksmtp.entity_view.shapes import Login, LoginTable, Peer, PeerTable, SessionLine, SessionTable
from zeeksmtp.model import Collect, Count

MAX_ROWS = 20
"""Rows of each table."""


def peers_of(sessions: pl.LazyFrame, peer: str, collect: Collect) -> PeerTable:
    """Return the peers (column `peer`: client or server) of `sessions`, by server port."""
    in_tls = pl.when(pl.col("tls").is_not_null().any()).then(pl.col("tls").sum())
    rows = collect(
        sessions.group_by(pl.col(peer).alias("host"), "port")
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.len().alias("sessions"),
            in_tls.alias("tls_sessions"),
        )
        .sort("sessions", "host", "port", descending=[True, False, False])
    )
    shown = rows.head(MAX_ROWS).to_dicts()
    return PeerTable(total=len(rows), sessions=rows["sessions"].sum(), rows=tuple(Peer(**row) for row in shown))


def logins_of(exchanges: pl.LazyFrame, collect: Collect) -> LoginTable:
    """Return the logins among rows of `auth`, summed up by account, client and server port."""
    key = ["account", "client", "server", "port"]
    outcome = pl.col("outcome")
    rows = collect(
        exchanges.with_columns(pl.col("account").fill_null(""))
        .group_by(key)
        .agg(
            pl.col("mechanism").drop_nulls().unique().sort().alias("mechanisms"),
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            (outcome == "success").sum().alias("accepted"),
            outcome.is_in(["failure", "rejected"]).sum().alias("refused"),
        )
        .sort("last", *key, descending=[True, False, False, False, False])
    )
    return LoginTable(total=len(rows), rows=tuple(Login(**row) for row in rows.head(MAX_ROWS).to_dicts()))


def counts_of(values: pl.LazyFrame, name: str, collect: Collect) -> tuple[Count, ...]:
    """Return the commonest values of column `name`, with how often they occur."""
    counted = values.filter(pl.col(name).is_not_null()).group_by(name).agg(pl.len().alias("count"))
    ordered = counted.sort("count", name, descending=[True, False]).head(MAX_ROWS)
    return tuple(Count(name=value, count=count) for value, count in collect(ordered).iter_rows())


def sessions_of(sessions: pl.LazyFrame, first: Sequence[str], collect: Collect) -> SessionTable:
    """Return sessions with a uid among `first` (in that order), then the newest others."""
    rank = {uid: number for number, uid in enumerate(dict.fromkeys(first))}
    place = pl.col("uid").replace_strict(rank, default=len(rank), return_dtype=pl.UInt32)
    ordered = sessions.with_columns(place.alias("place")).sort("place", "ts", "uid", descending=[False, True, False])
    columns = [name for name in SessionLine.model_fields if name != "start"]
    rows = collect(ordered.head(MAX_ROWS).select(pl.col("ts").alias("start"), *columns)).to_dicts()
    total = collect(sessions.select(pl.len())).item()
    return SessionTable(total=total, rows=tuple(SessionLine(**row) for row in rows))
