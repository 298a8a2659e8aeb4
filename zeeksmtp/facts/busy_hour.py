"""Mails and sessions of a client's busy hours: what tells mass mailing from a busy day."""

import polars as pl

from zeeksmtp.expressions.connections import first_seen
from zeeksmtp.facts._day import mail_hour, utc_hour
from zeeksmtp.model import Column, Context, Fact, Tables

MAX_SERVERS = 100
_HOUR = ("client", "hour")
_NO_FLOOR = 1


def _mails(messages: pl.LazyFrame) -> pl.LazyFrame:
    return messages.group_by(_HOUR).agg(
        pl.col("sender_domain").drop_nulls().unique().sort().alias("sender_domains"),
        pl.col("recipient_domains").explode().drop_nulls().unique().sort(),
        (pl.col("reply_code") >= 500).sum().cast(pl.UInt64).alias("refused_mails"),
        pl.len().cast(pl.UInt64).alias("mails"),
        pl.col("ts").max().alias("last"),
        pl.col("server").unique().sort().head(MAX_SERVERS).alias("server_hosts"),
        first_seen(lines=True, name="sightings"),
    )


def _sessions(sessions: pl.LazyFrame) -> pl.LazyFrame:
    refused = pl.sum_horizontal(pl.col("rcpt_unknown", "rcpt_refused", "messages_refused").fill_null(0))
    bare = ~pl.col("helo").str.contains(r"[.:\[]")
    return sessions.group_by(_HOUR).agg(
        refused.sum().cast(pl.UInt64).alias("refused"),
        pl.col("rcpt").fill_null(0).sum().cast(pl.UInt64),
        pl.col("helo").drop_nulls().unique().sort().alias("names"),
        bare.fill_null(value=False).any().alias("bare_helo"),
    )


def plan(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return one row per local client and hour with at least `min_messages` of the detector mass-mailing."""
    floor = getattr(context.params.get("mass-mailing"), "min_messages", _NO_FLOOR)
    busy = tables["sent"].filter(pl.col("value") >= floor).select(_HOUR)
    mails = tables["message"].filter(pl.col("content").fill_null(value=True)).with_columns(hour=mail_hour())
    sessions = tables["session"].with_columns(hour=utc_hour())
    mailed, spoken = (rows.join(busy, on=list(_HOUR), how="semi") for rows in (mails, sessions))
    joined = _mails(mailed).join(_sessions(spoken), on=list(_HOUR), how="full", coalesce=True)
    return joined.select(column.name for column in FACT.columns)


FACT = Fact(
    name="busy_hour",
    doc="One row per local client and busy hour (`min_messages` of mass-mailing): domains, names and rejections.",
    columns=(
        Column("client", "addr", "the client"),
        Column("hour", "time", "start of the hour (UTC)"),
        Column("mails", "count", "mails seen"),
        Column("refused_mails", "count", "of these answered with 5xx"),
        Column("last", "time", "time of the last of them"),
        Column("sender_domains", "vector[string]", "domains of envelope senders"),
        Column("recipient_domains", "vector[string]", "domains of recipients"),
        Column("server_hosts", "vector[addr]", "first 100 servers, as in the alphabet"),
        Column("sightings", "vector[seen]", "first 20 connections with a mail by (ts, uid)"),
        Column("rcpt", "count", "RCPT commands"),
        Column("refused", "count", "recipients and messages refused"),
        Column("names", "vector[string]", "what the client called itself"),
        Column("bare_helo", "bool", "one of these is a name without a dot"),
    ),
    needs=("sent", "message", "session"),
    plan=plan,
    daily=True,
)
