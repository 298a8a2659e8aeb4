"""How many mails from outside each recipient had on each day: what mail bombing shows in."""

import polars as pl

from zeeksmtp.expressions.connections import first_seen, seen_first
from zeeksmtp.facts._merging import where_several
from zeeksmtp.model import Column, Context, Fact, Tables

MIN_BURST_MAILS = 50
"""Mails of a recipient and day from which on their sessions are kept."""
_KEY = ("recipient", "day")


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per recipient and UTC day with mail whose content was sent, or may have been."""
    mails = (
        tables["message"]
        .filter(pl.col("direction") == "inbound", pl.col("content").fill_null(value=True))
        .select("ts", "uid", "client", "server", "sender_domain", pl.col("recipient_names").alias("recipient"))
        .with_columns(pl.col("ts").dt.truncate("1d").alias("day"))
        .explode("recipient")
        .filter(pl.col("recipient").fill_null("") != "")
    )
    counted = mails.group_by(_KEY).agg(pl.len().cast(pl.UInt64).alias("mails"))
    heavy = counted.filter(pl.col("mails") >= MIN_BURST_MAILS).select(_KEY)
    sources = pl.max_horizontal(pl.col("sender_domain").n_unique(), pl.col("client").n_unique())
    bursts = (
        mails.join(heavy, on=list(_KEY), how="semi")
        .group_by(_KEY)
        .agg(
            sources.cast(pl.UInt64).alias("sources"),
            pl.col("server").unique().sort().alias("mail_servers"),
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            first_seen(lines=True, name="samples"),
        )
    )
    return counted.join(bursts, on=list(_KEY), how="left").select(column.name for column in FACT.columns)


def _sums(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.group_by(_KEY).agg(
        pl.col("mails").sum(),
        pl.col("sources").max(),
        pl.col("mail_servers").explode().drop_nulls().unique().sort(),
        pl.col("first").min(),
        pl.col("last").max(),
        seen_first("samples"),
    )


def _merged(rows: pl.LazyFrame) -> pl.LazyFrame:
    return where_several(rows, _KEY, [column.name for column in FACT.columns], _sums)


FACT = Fact(
    name="recipient_day",
    doc="One row per recipient of mail from outside and UTC day: how many mails.",
    columns=(
        Column("recipient", "string", "envelope recipient, lower case"),
        Column("day", "time", "the UTC day"),
        Column("mails", "count", "mails from outside; those inside TLS are not visible"),
        Column(
            "sources", "count", "sender domains or clients, whichever are more; null below 50 mails, as what follows"
        ),
        Column("mail_servers", "vector[addr]", "the servers that had them"),
        Column("first", "time", "the first mail"),
        Column("last", "time", "the last mail"),
        Column("samples", "vector[seen]", "the first 20 by (ts, uid)"),
    ),
    needs=("message",),
    plan=plan,
    daily=True,
    merge=_merged,
)
