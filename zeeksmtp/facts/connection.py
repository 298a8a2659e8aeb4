"""Which logged connection is which session: the same connection seen by two sensors counts once."""

import polars as pl

from zeeksmtp.facts._common import ENDS, PARTIES, parties_named
from zeeksmtp.facts._direction import direction, locality
from zeeksmtp.model import Column, Fact, Site, Tables

_STARTS = ("conn", "smtp_session")  # their `ts` is the connection's start
_LINES = ("smtp", "smtp_cmd", "smtp_auth", "ssl")  # theirs is the line's own


def _rows(tables: Tables, log: str, rank: int) -> pl.LazyFrame:
    flags = ("local_orig", "local_resp")
    local = [pl.col(f) if log == "conn" else pl.lit(None, pl.Boolean).alias(f) for f in flags]
    rows = parties_named(tables[log])
    if log == "conn":
        rows = rows.filter(pl.col("proto").fill_null("tcp") == "tcp")
    return rows.select("ts", "uid", *ENDS, *local, pl.lit(rank).alias("rank"))


def plan(tables: Tables, site: Site) -> pl.LazyFrame:
    """Give one row per logged connection id, with the session's uid and direction."""
    every = [_rows(tables, log, 0) for log in _STARTS] + [_rows(tables, log, 1) for log in _LINES]
    # A line's own time stands for the start only where neither log with starts has the connection.
    logged = (
        pl.concat(every)
        .group_by("uid", *ENDS)
        .agg(
            pl.col("ts").sort_by("rank", "ts").first(),
            pl.col("local_orig").drop_nulls().min(),
            pl.col("local_resp").drop_nulls().min(),
        )
    )
    client, server = locality("client", "local_orig", site), locality("server", "local_resp", site)
    return logged.with_columns(direction(client, server).alias("direction")).select(
        "ts", pl.col("uid").min().over(*ENDS, "ts"), *ENDS, "direction", pl.col("uid").alias("logged_uid")
    )


FACT = Fact(
    name="connection",
    doc="One row per logged connection id, and the session it belongs to.",
    columns=(*PARTIES, Column("logged_uid", "string", "the uid as logged by this sensor")),
    needs=(*_STARTS, *_LINES),
    plan=plan,
)
