"""What each client sent in each hour. Hours are UTC, as partitions are: no zone's day begins within one."""

import polars as pl

from zeeksmtp.facts._day import mail_hour, utc_hour
from zeeksmtp.model import Column, Context, Fact, Tables

_KEY = ("client", "hour")


def _count(value: pl.Expr) -> pl.Expr:
    return value.fill_null(0).sum().cast(pl.UInt64)


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per client and hour with a session that began or a mail."""
    refused = pl.sum_horizontal(pl.col("rcpt_unknown", "rcpt_refused", "messages_refused").fill_null(0))
    sessions = (
        tables["session"]
        .with_columns(utc_hour().alias("hour"), refused.alias("refused"))
        .group_by(_KEY)
        .agg(
            pl.len().cast(pl.UInt64).alias("sessions"),
            _count(pl.col("tls")).alias("tls_sessions"),
            pl.col("server").n_unique().cast(pl.UInt64).alias("servers"),
            _count(pl.col("orig_bytes")).alias("bytes"),
            _count(pl.col("refused")).alias("refusals"),
            _count(pl.col("rcpt")).alias("rcpt"),
            pl.col("direction").is_in(["outbound", "internal"]).max().alias("local"),
        )
    )
    # A transaction without content (refused recipients, a question for names) is no mail.
    mails = (
        tables["message"]
        .filter(pl.col("content").fill_null(value=True))
        .with_columns(mail_hour().alias("hour"))
        .group_by(_KEY)
        .agg(
            pl.len().cast(pl.UInt64).alias("messages"),
            _count(pl.col("accepted")).alias("messages_accepted"),
            _count(pl.col("recipients")).alias("recipients"),
            pl.col("sender_domain").n_unique().cast(pl.UInt64).alias("domains_written_as"),
            pl.col("recipient_domains").explode().n_unique().cast(pl.UInt64).alias("domains_written_to"),
            pl.col("direction").is_in(["outbound", "internal"]).max().alias("mails_local"),
        )
    )
    # A session goes on after the hour in which it began.
    joined = sessions.join(mails, on=list(_KEY), how="full", coalesce=True)
    joined = joined.with_columns(pl.coalesce("local", "mails_local").alias("local"), pl.col(pl.UInt64).fill_null(0))
    return joined.select(column.name for column in FACT.columns)


FACT = Fact(
    name="host_hour",
    doc="One row per client and hour: how much it sent, as far as it was visible.",
    columns=(
        Column("client", "addr", "the client"),
        Column("hour", "time", "start of the hour (UTC)"),
        Column("local", "bool", "the client is one of the site's own"),
        Column("sessions", "count", "SMTP sessions"),
        Column("tls_sessions", "count", "of these inside TLS, where mails are not visible"),
        Column("servers", "count", "distinct servers"),
        Column("bytes", "count", "payload bytes sent"),
        Column("refusals", "count", "recipients and messages refused"),
        Column("rcpt", "count", "RCPT commands"),
        Column("messages", "count", "mails seen"),
        Column("messages_accepted", "count", "of these taken by the server"),
        Column("recipients", "count", "envelope recipients of these mails"),
        Column("domains_written_as", "count", "distinct domains of envelope senders"),
        Column("domains_written_to", "count", "distinct domains of recipients"),
    ),
    needs=("session", "message"),
    plan=plan,
    daily=True,
)
