"""Clients of the site that deliver to outside servers on port 25, day by day."""

import polars as pl

from zeeksmtp.expressions.connections import first_seen
from zeeksmtp.model import Column, Context, Fact, Tables

_RELAY_PORT = 25
_KEY = ("client", "day")


def _deliveries(sessions: pl.LazyFrame, inside: pl.Expr) -> pl.LazyFrame:
    """Sum up the sessions in which the client spoke."""
    refused = (pl.col("replies_5xx").fill_null(0) > 0) | (pl.col("last_reply_code").fill_null(0) >= 500)
    spoke = pl.col("helo").is_not_null() | (pl.col("orig_bytes").fill_null(0) > 0) | refused
    return (
        sessions.filter(spoke)
        .group_by("client", pl.col("ts").dt.truncate("1d").alias("day"))
        .agg(
            pl.col("ts").min().alias("since"),
            pl.col("ts").filter(inside).min().alias("first"),
            pl.col("ts").filter(inside).max().alias("last"),
            inside.sum().cast(pl.UInt64).alias("judged_sessions"),
            pl.len().cast(pl.UInt64).alias("sessions"),
            refused.sum().cast(pl.UInt64).alias("refused"),
            pl.col("server").unique().sort().alias("server_hosts"),
            pl.col("helo").drop_nulls().unique().sort().alias("names"),
            first_seen(name="sightings"),
        )
    )


def plan(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return one row per client and day; mails are summed up as far as they were visible."""
    outward = (pl.col("direction") == "outbound") & (pl.col("port") == _RELAY_PORT)
    mails = (
        tables["message"]
        .filter(outward)
        .group_by("client", pl.coalesce("started", "ts").dt.truncate("1d").alias("day"))
        .agg(
            pl.col("sender_domain").drop_nulls().unique().sort().alias("sender_domains"),
            pl.col("recipients").sum(),
            pl.len().cast(pl.UInt64).alias("mails"),
            (pl.col("reply_code") >= 500).sum().cast(pl.UInt64).alias("refused_mails"),
        )
    )
    deliveries = _deliveries(tables["session"].filter(outward), context.window.covers())
    return deliveries.join(mails, on=_KEY, how="full", coalesce=True).select(c.name for c in FACT.columns)


FACT = Fact(
    name="direct_delivery",
    doc="One row per client and day with sessions with outside servers on port 25.",
    columns=(
        Column("client", "addr", "the client"),
        Column("day", "time", "the UTC day on which the sessions began"),
        Column("since", "time", "start of its first session"),
        Column("first", "time", "start of its first session in the window of the report"),
        Column("last", "time", "start of its last session in the window of the report"),
        Column("judged_sessions", "count", "sessions in the window of the report"),
        Column("sessions", "count", "sessions"),
        Column("refused", "count", "sessions with a 5xx reply"),
        Column("server_hosts", "vector[addr]", "the servers"),
        Column("names", "vector[string]", "what the client called itself"),
        Column("sightings", "vector[seen]", "first 20 sessions by (ts, uid)"),
        Column("sender_domains", "vector[string]", "domains of envelope senders"),
        Column("recipients", "count", "envelope recipients"),
        Column("mails", "count", "mail transactions"),
        Column("refused_mails", "count", "mails answered with 5xx"),
    ),
    needs=("session", "message"),
    plan=plan,
    daily=True,
)
