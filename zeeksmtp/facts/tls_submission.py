"""Sessions of outside clients inside TLS on submission ports: a failed login leaves too few bytes for a mail."""

import polars as pl

from zeeksmtp.model import Column, Context, Fact, Tables

_SUBMISSION_PORTS = (465, 587)


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per session in which the client sent anything."""
    sessions = tables["session"].filter(
        pl.col("tls"),
        pl.col("port").is_in(_SUBMISSION_PORTS),
        pl.col("direction") == "inbound",
        pl.col("orig_bytes") > 0,
    )
    return sessions.select(column.name for column in FACT.columns)


FACT = Fact(
    name="tls_submission",
    doc="One row per session of an outside client inside TLS on a submission port.",
    columns=(
        Column("ts", "time", "start of the session"),
        Column("uid", "string", "its uid"),
        Column("client", "addr", "the client"),
        Column("server", "addr", "the server"),
        Column("orig_bytes", "count", "payload bytes of the client"),
    ),
    needs=("session",),
    plan=plan,
    daily=True,
)
