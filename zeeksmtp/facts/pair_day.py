"""Who spoke with whom, day by day: the sessions of a client with a server's port, summed up."""

import polars as pl

from zeeksmtp.expressions.connections import MIN_MAIL_BYTES_IN_TLS, conn_key, first_seen
from zeeksmtp.model import PASSWORD_MECHANISMS, Column, Context, Fact, Tables

CROSSING = ("inbound", "outbound", "external")
"""Directions of connections that leave the site's own networks."""

_KEY = ("client", "server", "port", "direction", "day", "judged")


def _offers_passwords() -> pl.Expr:
    offered = pl.col("mechanisms_offered")
    passwords = pl.any_horizontal(offered.list.contains(mechanism) for mechanism in PASSWORD_MECHANISMS)
    return pl.when(pl.col("seen") & ~pl.col("implicit_tls")).then(passwords.fill_null(value=False))


def _mailed() -> pl.Expr:
    # In clear smtp_session.log counts mails, or smtp.log lists them; else a mail shows as bytes: the smallest one seen
    # in TLS sent 1026.
    in_clear = ~pl.col("tls").fill_null(value=False)
    counted = pl.when(pl.col("seen") & in_clear).then(pl.col("mail") > 0)
    listed = pl.when(pl.col("mails") > 0).then(statement=True)
    not_listed = pl.when(pl.col("has_smtp_log") & pl.col("tls").not_()).then(statement=False)
    return pl.coalesce(counted, listed, not_listed, pl.col("orig_bytes") >= MIN_MAIL_BYTES_IN_TLS).fill_null(value=True)


def _count(condition: pl.Expr) -> pl.Expr:
    return condition.fill_null(value=False).sum().cast(pl.UInt64)


def _mails(tables: Tables) -> pl.LazyFrame:
    """Return, per session, its mails, those in clear, those in clear across the boundary, and those rejected."""
    has_content = pl.col("content").fill_null(value=True)
    in_clear = ~pl.col("tls").fill_null(value=True) & has_content
    # Where smtp.log saw no content of a mail, the server had rejected its sender or all its recipients.
    rejected = (pl.col("reply_code") >= 500) | ~has_content
    return (
        tables["message"]
        .group_by(conn_key().alias("session"))
        .agg(
            pl.len().cast(pl.UInt64).alias("mails"),
            _count(in_clear).alias("clear_mails"),
            _count(in_clear & pl.col("direction").is_in(CROSSING)).alias("cleartext_mails"),
            _count(rejected).alias("rejected_mails"),
        )
    )


def _in_clear(name: str) -> pl.Expr:
    """Start of the sessions that carried mail or a login without TLS, and null for the others."""
    used = pl.sum_horizontal(pl.col("mail", "auth_attempts", "clear_mails").fill_null(0))
    return pl.when(~pl.col("tls").fill_null(value=True), used > 0).then(name)


def plan(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return one row per client, server, port, direction, day and side of the window's start."""
    counted = pl.sum_horizontal(pl.col("rcpt_unknown", "rcpt_refused", "messages_refused").fill_null(0)) > 0
    refused = pl.when("seen").then(counted).otherwise(pl.col("rejected_mails").fill_null(0) > 0)
    has_smtp_log = tables["coverage"].select((pl.col("log") == "smtp").any().alias("has_smtp_log"))
    logins = pl.col("auth_attempts").fill_null(0)
    clear, unused = pl.col("clear").is_not_null(), pl.col("starttls_offered") & pl.col("clear").is_not_null()
    sessions = (
        tables["session"]
        .join(_mails(tables), on="session", how="left")
        .join(has_smtp_log, how="cross")
        .with_columns(
            pl.col("ts").dt.truncate("1d").alias("day"),
            context.window.covers().alias("judged"),
            refused.alias("refused"),
            _mailed().alias("mailed"),
            _offers_passwords().alias("offers_passwords"),
            _in_clear("ts").alias("clear"),
        )
    )
    rows = sessions.group_by(_KEY).agg(
        pl.col("ts").min().alias("first"),
        pl.col("ts").max().alias("last"),
        pl.len().cast(pl.UInt64).alias("sessions"),
        _count(pl.col("tls")).alias("tls_sessions"),
        _count(pl.col("tls").is_null()).alias("tls_unknown"),
        pl.col("ts").filter(pl.col("tls").fill_null(value=False)).max().alias("last_tls"),
        _count(clear).alias("clear_sessions"),
        pl.col("clear").min().alias("first_clear"),
        pl.col("clear").max().alias("last_clear"),
        _count(unused).alias("starttls_unused"),
        _count(unused & (logins > 0)).alias("starttls_unused_logins"),
        pl.col("cleartext_mails").sum(),
        logins.filter(clear).sum().cast(pl.UInt64).alias("cleartext_logins"),
        first_seen(clear, name="in_clear"),
        _count(pl.col("refused")).alias("refused"),
        _count(pl.col("mailed")).alias("mailed"),
        pl.col("ts").filter(~pl.col("mailed")).sort().alias("silent"),
        pl.col("answered").any(),
        pl.col("starttls_offered").max(),
        pl.col("offers_passwords").max().alias("auth_offered_in_clear"),
    )
    return rows.select(column.name for column in FACT.columns)


FACT = Fact(
    name="pair_day",
    doc="One row per client, server, port, direction and day: their sessions, summed up.",
    columns=(
        Column("client", "addr", "the client"),
        Column("server", "addr", "the server"),
        Column("port", "port", "its port"),
        Column("direction", "string", "inbound, outbound, internal, external or unknown"),
        Column("day", "time", "the UTC day"),
        Column("judged", "bool", "the sessions lie in the window of the report; earlier ones are history"),
        Column("first", "time", "start of its first session"),
        Column("last", "time", "start of its last session"),
        Column("sessions", "count", "sessions"),
        Column("tls_sessions", "count", "sessions in which TLS came up"),
        Column("tls_unknown", "count", "sessions of which no log shows whether TLS came up"),
        Column("last_tls", "time", "start of the last session in which TLS came up"),
        Column("clear_sessions", "count", "sessions that carried mail or a login without TLS"),
        Column("first_clear", "time", "start of the first of these"),
        Column("last_clear", "time", "start of the last of these"),
        Column("starttls_unused", "count", "of these, the server had offered STARTTLS"),
        Column("starttls_unused_logins", "count", "of these, with a login"),
        Column("cleartext_mails", "count", "mails that crossed the boundary of the site in clear"),
        Column("cleartext_logins", "count", "AUTH exchanges in sessions without TLS"),
        Column("in_clear", "vector[seen]", "first 20 sessions in clear by (ts, uid)"),
        Column("refused", "count", "sessions in which a recipient or a message was refused"),
        Column("mailed", "count", "sessions in which mail was sent, as far as can be known"),
        Column("silent", "vector[time]", "starts of the sessions in which none was"),
        Column("answered", "bool", "the server spoke SMTP"),
        Column("starttls_offered", "bool", "STARTTLS was offered at least once; null: not visible"),
        Column("auth_offered_in_clear", "bool", "PLAIN or LOGIN was offered before TLS; null: not visible"),
    ),
    needs=("coverage", "session", "message"),
    plan=plan,
    daily=True,
)
