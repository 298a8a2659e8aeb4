"""How each client calls and mails: over how many days, under which names, and whether from one domain to one domain."""

from collections.abc import Sequence

import polars as pl

from zeeksmtp.facts._merging import where_several
from zeeksmtp.model import Column, Context, Fact, Tables

_OUTSIDE = pl.col("direction").is_in(["outbound", "external"])


def _union(name: str) -> pl.Expr:
    return pl.col(name).explode().drop_nulls().unique().sort()


def _sums() -> Sequence[pl.Expr]:
    return (
        pl.col("first").min(),
        pl.col("sessions", "refused", "mailed").sum(),
        _union("days"),
        _union("names"),
        pl.col("local").max(),
        pl.col("mails").sum(),
        _union("mail_days"),
        pl.col("from_first", "to_first").min(),
        pl.col("from_last", "to_last").max(),
    )


def _calls(tables: Tables) -> pl.LazyFrame:
    return (
        tables["pair_day"]
        .group_by("client")
        .agg(
            pl.col("first").min(),
            pl.col("sessions", "refused", "mailed").sum(),
            pl.col("day").filter(_OUTSIDE).unique().sort().alias("days"),
            pl.col("direction").is_in(["outbound", "internal"]).max().alias("local"),
        )
    )


def _mails(tables: Tables) -> pl.LazyFrame:
    sender = pl.col("sender_domain").fill_null("")
    recipients = pl.col("recipient_domains").list  # sorted
    return (
        tables["message"]
        .group_by("client")
        .agg(
            pl.len().cast(pl.UInt64).alias("mails"),
            pl.col("ts").dt.truncate("1d").unique().sort().alias("mail_days"),
            sender.min().alias("from_first"),
            sender.max().alias("from_last"),
            recipients.first().min().alias("to_first"),
            recipients.last().max().alias("to_last"),
        )
    )


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per client with at least one session."""
    spoken = tables["session"].group_by("client").agg(pl.col("helo").drop_nulls().unique().sort().alias("names"))
    rows = _calls(tables).join(spoken, on="client", how="left").join(_mails(tables), on="client", how="left")
    counted = rows.with_columns(pl.col("mails").fill_null(0), pl.col("names", "mail_days").fill_null([]))
    return counted.select(column.name for column in FACT.columns)


def _merged(rows: pl.LazyFrame) -> pl.LazyFrame:
    columns = [column.name for column in FACT.columns]
    return where_several(rows, ("client",), columns, lambda several: several.group_by("client").agg(*_sums()))


FACT = Fact(
    name="caller",
    doc="One row per client: its sessions and mails, and the first and last of their domains as in the alphabet.",
    columns=(
        Column("client", "addr", "the client"),
        Column("first", "time", "start of its first session"),
        Column("sessions", "count", "sessions"),
        Column("refused", "count", "sessions in which a recipient or a message was refused"),
        Column("mailed", "count", "sessions in which mail was sent, as far as can be known"),
        Column("days", "vector[time]", "UTC days with a session with an outside server"),
        Column("names", "vector[string]", "what it called itself"),
        Column("local", "bool", "it is one of the site's own"),
        Column("mails", "count", "mail transactions seen"),
        Column("mail_days", "vector[time]", "UTC days with a mail transaction"),
        Column("from_first", "string", "first domain of envelope senders; empty for a bounce; null without a mail"),
        Column("from_last", "string", "last of them"),
        Column("to_first", "string", "first domain of recipients; null without one"),
        Column("to_last", "string", "last of them"),
    ),
    needs=("pair_day", "session", "message"),
    plan=plan,
    daily=True,
    merge=_merged,
)
