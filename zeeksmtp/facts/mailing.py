"""How each client mails, day by day: how much, and whether all from one domain to one domain."""

import polars as pl

from zeeksmtp.facts._day import day_of
from zeeksmtp.model import Column, Fact, Site, Tables


def plan(tables: Tables, site: Site) -> pl.LazyFrame:
    """Give one row per client and day with at least one mail transaction."""
    sender = pl.col("sender_domain").fill_null("")
    recipients = pl.col("recipient_domains").list  # sorted
    rows = (
        tables["message"]
        .group_by("client", day_of("ts", site).alias("day"))
        .agg(
            pl.len().cast(pl.UInt64).alias("mails"),
            sender.min().alias("from_first"),
            sender.max().alias("from_last"),
            recipients.first().min().alias("to_first"),
            recipients.last().max().alias("to_last"),
        )
    )
    return rows.select(column.name for column in FACT.columns)


def _merged(rows: pl.LazyFrame) -> pl.LazyFrame:
    first, last = pl.col("from_first", "to_first").min(), pl.col("from_last", "to_last").max()
    merged = rows.group_by("client", "day").agg(pl.col("mails").sum(), first, last)
    return merged.select(column.name for column in FACT.columns)


FACT = Fact(
    name="mailing",
    doc="One row per client and day: its mails, and the first and last of their domains in the order of the alphabet.",
    columns=(
        Column("client", "addr", "the client"),
        Column("day", "time", "the day at the site, as midnight UTC"),
        Column("mails", "count", "mail transactions seen"),
        Column("from_first", "string", "first domain of envelope senders; empty for a bounce"),
        Column("from_last", "string", "last of them"),
        Column("to_first", "string", "first domain of recipients; null without one"),
        Column("to_last", "string", "last of them"),
    ),
    needs=("message",),
    plan=plan,
    daily=True,
    merge=_merged,
    by_day=True,
)
