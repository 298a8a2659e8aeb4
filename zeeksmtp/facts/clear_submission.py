"""Mails without TLS to ports and servers that take them after a login: what shows cleartext logins in smtp.log."""

import polars as pl

from zeeksmtp.expressions.connections import first_seen, seen_first
from zeeksmtp.facts._merging import merged
from zeeksmtp.model import RELAY_PORTS, Column, Context, Fact, Tables

_KEY = ("client", "server", "port", "direction", "sender", "sender_domain")
_CONNECTION = ("uid", "client", "server")
_SECRETS = ("password", "hash", "token", "undecodable")


def _submitted(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return the mails without TLS in the window that may need a login; on port 25, if the configuration says so."""
    configured = [host for host, role in context.site.roles if role == "submission-server"]
    may_demand = ~pl.col("port").is_in(RELAY_PORTS) | pl.col("server").is_in(configured)
    in_clear = (pl.col("tls") == False).fill_null(value=False)  # noqa: E712 - null is unknown, not clear
    return tables["message"].filter(in_clear, may_demand, context.window.covers())


def _logged_in(mails: pl.LazyFrame, tables: Tables) -> pl.LazyFrame:
    """Drop the sessions that a log shows to have had no login, or one without a secret."""
    secret = pl.col("secret_kind").is_in(_SECRETS).any().alias("secret")
    logins = tables["auth"].group_by(_CONNECTION).agg(secret)
    counted = tables["session"].filter("seen").select(*_CONNECTION, pl.col("auth_attempts").fill_null(0) == 0)
    logs = tables["coverage"].select((pl.col("log") == "smtp_auth").any().alias("has_auth_log"))
    none = pl.col("auth_attempts").fill_null(value=False) | pl.col("has_auth_log")
    joined = mails.join(logins, on=list(_CONNECTION), how="left").join(counted, on=list(_CONNECTION), how="left")
    return joined.join(logs, how="cross").filter(pl.coalesce("secret", ~none))


def plan(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return one row per client, server, port, direction and envelope sender."""
    begins = pl.struct(_CONNECTION).is_first_distinct()
    rows = _logged_in(_submitted(tables, context), tables).sort("ts", "uid", "trans_depth")
    return (
        rows.with_columns(begins.alias("begins"))
        .group_by(_KEY)
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.len().cast(pl.UInt64).alias("mails"),
            pl.col("begins").sum().cast(pl.UInt64).alias("sessions"),
            pl.col("accepted").sum().cast(pl.UInt64).alias("accepted_mails"),
            first_seen(lines=True, name="first_sessions"),
        )
    )


def _merged(days: pl.LazyFrame) -> pl.LazyFrame:
    sums = pl.col("mails").sum(), pl.col("sessions").sum(), pl.col("accepted_mails").sum()
    return merged(days, _KEY, pl.col("first").min(), pl.col("last").max(), *sums, seen_first("first_sessions"))


FACT = Fact(
    name="clear_submission",
    doc="One row per client, server, port, direction and sender of mails without TLS that may have needed a login.",
    columns=(
        Column("client", "addr", "the client"),
        Column("server", "addr", "the server"),
        Column("port", "port", "its port; 25 and 26 only of servers that are configured to demand a login"),
        Column("direction", "string", "inbound, outbound, internal, external or unknown"),
        Column("sender", "string", "envelope sender, lower case; empty for a bounce"),
        Column("sender_domain", "string", "its domain"),
        Column("first", "time", "the first mail in the window"),
        Column("last", "time", "the last mail"),
        Column("mails", "count", "mails"),
        Column("sessions", "count", "sessions, each with the sender of its first mail"),
        Column("accepted_mails", "count", "mails that the server took"),
        Column("first_sessions", "vector[seen]", "the first 20 by (ts, uid)"),
    ),
    needs=("message", "session", "auth", "coverage"),
    plan=plan,
    daily=True,
    merge=_merged,
)
