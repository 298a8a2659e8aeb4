"""Who spoke with whom, day by day: the sessions of a client with a server's port, summed up."""

import polars as pl

from zeeksmtp.facts._day import day_of
from zeeksmtp.model import Column, Fact, Site, Tables

PASSWORD_MECHANISMS = ("PLAIN", "LOGIN")
"""SASL mechanisms that send the password itself (RFC 4616; LOGIN was never standardised)."""

_KEY = ("client", "server", "port", "direction", "day")


def _in_clear() -> pl.Expr:
    offered = pl.col("mechanisms_offered")
    passwords = pl.any_horizontal(offered.list.contains(mechanism) for mechanism in PASSWORD_MECHANISMS)
    return pl.when(pl.col("seen") & ~pl.col("implicit_tls")).then(passwords.fill_null(value=False))


def _mailed() -> pl.Expr:
    # Without the session's counters a mail shows as bytes: the smallest one seen in TLS sent 1026.
    counted = pl.when(pl.col("seen") & ~pl.col("tls").fill_null(value=False)).then(pl.col("mail") > 0)
    return pl.coalesce(counted, pl.col("orig_bytes") >= 1000).fill_null(value=True)


def _count(condition: pl.Expr) -> pl.Expr:
    return condition.fill_null(value=False).sum().cast(pl.UInt64)


def plan(tables: Tables, site: Site) -> pl.LazyFrame:
    """Give one row per client, server, port, direction and day with at least one session."""
    spoke = pl.col("banner").is_not_null() | (pl.col("resp_bytes").fill_null(0) > 0) & pl.col("service").is_not_null()
    refused = pl.sum_horizontal(pl.col("rcpt_unknown", "rcpt_refused", "messages_refused").fill_null(0)) > 0
    told = tables["session"].with_columns(
        day_of("ts", site).alias("day"),
        spoke.alias("spoke"),
        refused.alias("refused"),
        _mailed().alias("mailed"),
        _in_clear().alias("in_clear"),
    )
    rows = told.group_by(_KEY).agg(
        pl.col("ts").min().alias("first"),
        pl.col("ts").max().alias("last"),
        pl.len().cast(pl.UInt64).alias("sessions"),
        _count(pl.col("tls")).alias("tls_sessions"),
        _count(pl.col("refused")).alias("refused"),
        _count(pl.col("mailed")).alias("mailed"),
        pl.col("ts").filter(~pl.col("mailed")).sort().alias("silent"),
        pl.col("spoke").any().alias("answered"),
        pl.col("starttls_offered").max(),
        pl.col("in_clear").max().alias("auth_offered_in_clear"),
    )
    return rows.select(column.name for column in FACT.columns)


def _merged(rows: pl.LazyFrame) -> pl.LazyFrame:
    merged = rows.group_by(_KEY).agg(
        pl.col("first").min(),
        pl.col("last").max(),
        pl.col("sessions", "tls_sessions", "refused", "mailed").sum(),
        pl.col("silent").explode().drop_nulls().sort(),
        pl.col("answered").any(),
        pl.col("starttls_offered", "auth_offered_in_clear").max(),
    )
    return merged.select(column.name for column in FACT.columns)


FACT = Fact(
    name="pair_day",
    doc="One row per client, server, port, direction and day: their sessions, summed up.",
    columns=(
        Column("client", "addr", "the client"),
        Column("server", "addr", "the server"),
        Column("port", "port", "its port"),
        Column("direction", "string", "inbound, outbound, internal, external or unknown"),
        Column("day", "time", "the day at the site, as midnight UTC"),
        Column("first", "time", "start of its first session"),
        Column("last", "time", "start of its last session"),
        Column("sessions", "count", "sessions"),
        Column("tls_sessions", "count", "sessions in which TLS came up"),
        Column("refused", "count", "sessions in which a recipient or a message was refused"),
        Column("mailed", "count", "sessions in which mail was sent, as far as can be known"),
        Column("silent", "vector[time]", "starts of the sessions in which none was"),
        Column("answered", "bool", "the server spoke SMTP"),
        Column("starttls_offered", "bool", "STARTTLS was offered at least once; null: not visible"),
        Column("auth_offered_in_clear", "bool", "PLAIN or LOGIN was offered before TLS; null: not visible"),
    ),
    needs=("session",),
    plan=plan,
    daily=True,
    merge=_merged,
    by_day=True,
)
