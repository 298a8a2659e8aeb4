"""Which logged connection is which session: the same connection seen by two sensors counts once."""

from datetime import timedelta

import polars as pl

from zeeksmtp.expressions.connections import ENDS, PARTIES, conn_key, with_conn_key
from zeeksmtp.expressions.direction import FLAGS, direction, locality
from zeeksmtp.model import Column, Context, Fact, Tables

STARTS = ("conn", "smtp_session")
"""Logs whose `ts` is the connection's start."""
MAX_TWIN_SECONDS = 1
"""Between the starts of one connection as its two ends saw it; clocks of sensors differ by less."""
LINES = ("smtp", "smtp_cmd", "smtp_auth", "ssl")
"""Logs whose `ts` is the line's own."""


def _rows(tables: Tables, log: str) -> pl.LazyFrame:
    flags = [pl.col(f) if log == "conn" else pl.lit(None, pl.Boolean).alias(f) for f in FLAGS]
    never = pl.lit(None, pl.Datetime("us", "UTC"))
    started, spoke = ("ts", never) if log in STARTS else (never, "ts")
    rows = with_conn_key(tables[log])
    if log == "conn":
        rows = rows.filter(pl.col("proto").fill_null("tcp") == "tcp")
    times = {"started": started, "spoke": spoke}
    return rows.select("conn_key", "uid", *ENDS, *flags, **times)


def _with_session(logged: pl.LazyFrame) -> pl.LazyFrame:
    """Add the session's uid and number: those of the smallest uid with the same ends and start. Few have company.

    Captures of both ends differ by the way of a packet: starts less than `MAX_TWIN_SECONDS` apart are one (`twin`), as
    a port is hardly ever used again so soon.
    """
    logged = logged.with_columns(pl.struct(*ENDS).hash().alias("ends"))
    logged = logged.with_columns(pl.col("ends").is_duplicated().alias("company"))
    alone = logged.filter(~pl.col("company")).with_columns(
        pl.lit(value=False).alias("twin"), pl.col("conn_key").alias("session")
    )
    later = pl.col("ts").diff().over("ends") >= timedelta(seconds=MAX_TWIN_SECONDS)
    several = (
        logged.filter("company")
        .sort("ends", "ts", "uid")
        .with_columns(later.fill_null(value=False).cast(pl.UInt32).cum_sum().over("ends").alias("run"))
        .with_columns(
            pl.col("uid").min().over("ends", "run"), (pl.col("ts").n_unique().over("ends", "run") > 1).alias("twin")
        )
        .with_columns(conn_key().alias("session"))
        .drop("run")
    )
    return pl.concat([alone, several])


def plan(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return one row per logged connection id, with the session's uid and direction."""
    rows = pl.concat([_rows(tables, log) for log in (*STARTS, *LINES)])
    # A line's own time stands for the start only where neither log with starts has the connection.
    merged = rows.group_by("conn_key").agg(pl.col("started", "spoke", *FLAGS).min())
    named = rows.filter(pl.col("conn_key").is_first_distinct()).select("conn_key", "uid", *ENDS)
    logged = named.join(merged, on="conn_key").with_columns(
        pl.coalesce("started", "spoke").alias("ts"), pl.col("uid").alias("logged_uid")
    )
    flags_tell = tables["coverage"].select(pl.col("flags_tell").any())
    client, server = locality("client", "local_orig", context.site), locality("server", "local_resp", context.site)
    placed = (
        _with_session(logged).join(flags_tell, how="cross").with_columns(direction(client, server).alias("direction"))
    )
    return placed.select(column.name for column in FACT.columns)


FACT = Fact(
    name="connection",
    doc="One row per logged connection id, and the session it belongs to.",
    columns=(
        *PARTIES,
        Column("logged_uid", "string", "the uid as logged by this sensor"),
        Column("conn_key", "count", "hash of the uid as logged and the ends: what lines of logs are joined by"),
        Column("session", "count", "key of the session: that of `uid` and the ends"),
        Column("twin", "bool", "sensors at both ends logged it, with different times"),
    ),
    needs=("coverage", *STARTS, *LINES),
    plan=plan,
    daily=True,
)
