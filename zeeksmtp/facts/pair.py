"""Who spoke with whom: what roles and servers are learned from. Of all days together these rows are few."""

import polars as pl

from zeeksmtp.model import Column, Context, Fact, Tables

_KEY = ("client", "server", "port", "direction")


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per client, server, port and direction with at least one session."""
    sums = (
        tables["pair_day"]
        .group_by(_KEY)
        .agg(
            pl.col("first").min(),
            pl.col("last").max(),
            pl.col("sessions", "tls_sessions", "mailed").sum(),
            pl.col("answered").any(),
            pl.col("starttls_offered", "auth_offered_in_clear").max(),
        )
    )
    return sums.select(column.name for column in FACT.columns)


FACT = Fact(
    name="pair",
    doc="One row per client, server, port and direction: their sessions, summed up.",
    columns=(
        Column("client", "addr", "the client"),
        Column("server", "addr", "the server"),
        Column("port", "port", "its port"),
        Column("direction", "string", "inbound, outbound, internal, external or unknown"),
        Column("first", "time", "start of their first session"),
        Column("last", "time", "start of their last session"),
        Column("sessions", "count", "sessions"),
        Column("tls_sessions", "count", "sessions in which TLS came up"),
        Column("mailed", "count", "sessions in which mail was sent, as far as can be known"),
        Column("answered", "bool", "the server spoke SMTP"),
        Column("starttls_offered", "bool", "STARTTLS was offered at least once; null: not visible"),
        Column("auth_offered_in_clear", "bool", "PLAIN or LOGIN was offered before TLS; null: not visible"),
    ),
    needs=("pair_day",),
    plan=plan,
)
