"""Mail that hosts of the site submit to servers outside, with a login in sight or without."""

import polars as pl

from zeeksmtp.expressions.connections import ENDS, MIN_MAIL_BYTES_IN_TLS, conn_key
from zeeksmtp.model import SUBMISSION_PORTS, Column, Context, Fact, Tables

_CONNECTION = ["uid", *ENDS]


def _sent_to_self() -> pl.Expr:
    """Return whether a mail (table `message`) goes from an address to itself."""
    return pl.col("recipient_names").list.contains(pl.col("sender")).fill_null(value=False).alias("to_self")


def _with_login(tables: Tables) -> pl.LazyFrame:
    """Return the mails of outbound connections with an accepted password in clear."""
    logins = tables["auth"].filter(
        pl.col("direction") == "outbound", pl.col("outcome") == "success", pl.col("secret_kind") == "password"
    )
    who = logins.unique(_CONNECTION, keep="first").select(*_CONNECTION, "user")
    sizes = tables["session"].select("session", "orig_bytes")
    sent = tables["message"].filter(pl.col("direction") == "outbound", pl.col("recipients") > 0)
    mails = sent.join(who, on=_CONNECTION).with_columns(conn_key().alias("session"), _sent_to_self())
    return mails.join(sizes, on="session", how="left").with_columns(
        pl.lit(1, pl.UInt64).alias("mails"), pl.lit(value=True).alias("logged_in")
    )


def _without_login(tables: Tables) -> pl.LazyFrame:
    """Return the outbound sessions on submission ports with mail, or inside TLS with bytes for one."""
    logins = tables["auth"].filter(pl.col("outcome") == "success").select(_CONNECTION)
    submits = (pl.col("direction") == "outbound") & pl.col("port").is_in(SUBMISSION_PORTS)
    mails = (
        tables["message"]
        .filter(submits, pl.col("recipients") > 0, pl.col("content").fill_null(value=True))
        .group_by(conn_key().alias("session"))
        .agg(
            pl.len().cast(pl.UInt64).alias("mails"),
            pl.col("recipient_names").explode().drop_nulls().unique().sort(),
            _sent_to_self().any(),
            pl.col("attachment_bytes").max(),
        )
    )
    in_tls = pl.col("tls").fill_null(value=True) & (pl.col("orig_bytes") >= MIN_MAIL_BYTES_IN_TLS)
    return (
        tables["session"]
        .filter(submits)
        .join(logins, on=_CONNECTION, how="anti")
        .join(mails, on="session", how="left")
        .filter(pl.col("mails").is_not_null() | in_tls)
        .with_columns(
            pl.col("mails").fill_null(0),
            pl.col("to_self").fill_null(value=False),
            pl.lit(None, pl.String).alias("user"),
            pl.lit(value=False).alias("logged_in"),
        )
    )


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per mail where a login was seen, and per session where none was."""
    names = [column.name for column in FACT.columns]
    return pl.concat([_with_login(tables).select(names), _without_login(tables).select(names)])


FACT = Fact(
    name="outside_submission",
    doc="One row per outbound mail after a login in clear, and per outbound session on a submission port without one.",
    columns=(
        Column("ts", "time", "time of the mail, or start of the session"),
        Column("uid", "string", "its connection"),
        Column("client", "addr", "the client"),
        Column("server", "addr", "the server"),
        Column("logged_in", "bool", "a login was seen: the row is a mail"),
        Column("user", "string", "who logged in, as logged"),
        Column("mails", "count", "mails; 0 inside TLS"),
        Column("recipient_names", "vector[string]", "their recipients, lower case"),
        Column("to_self", "bool", "a mail goes from an address to itself"),
        Column("attachment_bytes", "count", "size of the largest part of a mail that is no text; null: not seen"),
        Column("orig_bytes", "count", "payload bytes of the client in the session"),
    ),
    needs=("auth", "message", "session"),
    plan=plan,
    daily=True,
)
