"""Which TLS versions came up at which server's port."""

import polars as pl

from zeeksmtp.model import Column, Context, Fact, Tables

_KEY = ("server", "port", "tls_version")


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per server port and TLS version."""
    in_tls = tables["session"].filter(pl.col("tls"), pl.col("tls_version").is_not_null())
    return in_tls.group_by(_KEY).agg(pl.len().cast(pl.UInt64).alias("sessions"))


def _merged(days: pl.LazyFrame) -> pl.LazyFrame:
    return days.group_by(_KEY).agg(pl.col("sessions").sum())


FACT = Fact(
    name="tls_version",
    doc="One row per server port and TLS version: sessions.",
    columns=(
        Column("server", "addr", "the server"),
        Column("port", "port", "its port"),
        Column("tls_version", "string", "TLS version agreed on"),
        Column("sessions", "count", "sessions"),
    ),
    needs=("session",),
    plan=plan,
    daily=True,
    merge=_merged,
)
