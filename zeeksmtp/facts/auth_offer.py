"""Servers of the site that offer password mechanisms in clear, in the window of the report."""

import polars as pl

from zeeksmtp.expressions.connections import first_seen, seen_first
from zeeksmtp.model import PASSWORD_MECHANISMS, Column, Context, Fact, Tables

_KEY = ("server", "port")


def plan(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return one row per server port with such an offer."""
    passwords = pl.col("mechanisms_offered").list.set_intersection(list(PASSWORD_MECHANISMS))
    offers = tables["session"].filter(
        context.window.covers(),
        pl.col("direction").is_in(["inbound", "internal"]),
        ~pl.col("implicit_tls"),
        passwords.list.len() > 0,
    )
    greeted = pl.col("ts").filter(pl.col("banner").is_not_null())
    rows = offers.group_by(_KEY).agg(
        pl.col("ts").min().alias("first"),
        pl.col("ts").max().alias("last"),
        pl.len().cast(pl.UInt64).alias("sessions"),
        (pl.col("direction") == "inbound").any().alias("faces_outside"),
        passwords.explode().unique().sort().alias("mechanisms"),
        pl.col("starttls_offered").fill_null(value=False).sum().cast(pl.UInt64).alias("starttls_sessions"),
        greeted.max().alias("greeted"),
        pl.col("banner").drop_nulls().sort_by(greeted, pl.col("banner").drop_nulls()).last(),
        first_seen(name="sightings"),
    )
    return rows.select(column.name for column in FACT.columns)


def _merged(days: pl.LazyFrame) -> pl.LazyFrame:
    rows = days.group_by(_KEY).agg(
        pl.col("first").min(),
        pl.col("last").max(),
        pl.col("sessions").sum(),
        pl.col("faces_outside").any(),
        pl.col("mechanisms").explode().drop_nulls().unique().sort(),
        pl.col("starttls_sessions").sum(),
        pl.col("greeted").max(),
        pl.col("banner").drop_nulls().sort_by(pl.col("greeted").drop_nulls(), pl.col("banner").drop_nulls()).last(),
        seen_first("sightings"),
    )
    return rows.select(column.name for column in FACT.columns)


FACT = Fact(
    name="auth_offer",
    doc="One row per server port of the site that offered PLAIN or LOGIN outside TLS in the window.",
    columns=(
        Column("server", "addr", "the server"),
        Column("port", "port", "its port"),
        Column("first", "time", "start of the first session with such an offer"),
        Column("last", "time", "start of the last"),
        Column("sessions", "count", "sessions with such an offer"),
        Column("starttls_sessions", "count", "of these, STARTTLS was offered, too"),
        Column("faces_outside", "bool", "a client from outside was offered it"),
        Column("mechanisms", "vector[string]", "the password mechanisms"),
        Column("greeted", "time", "start of the latest of these sessions with a greeting"),
        Column("banner", "string", "that greeting"),
        Column("sightings", "vector[seen]", "first 20 of these sessions by (ts, uid)"),
    ),
    needs=("session",),
    plan=plan,
    daily=True,
    merge=_merged,
)
