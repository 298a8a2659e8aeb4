"""The table of what breaks when mail providers end passwords for SMTP, or when an organisation ends direct send."""

from __future__ import annotations

import polars as pl

from zeeksmtp.model import Collect, Context, LegacyAuth, LegacyAuthTable, Tables

MAX_ROWS = 100
_ENDS = (pl.col("provider") == "Exchange Online") & (pl.col("method") == "SMTP AUTH")


def legacy_auth_rows(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return all rows, of the columns of `LegacyAuth`: first what has an end, then by sessions.

    Accounts are envelope senders where no login was visible.
    """
    end = getattr(context.params.get("legacy-auth"), "legacy_auth_end", None)
    accounts = pl.when(pl.col("accounts").list.len() > 0).then("accounts").otherwise("senders")
    rows = tables["legacy_auth"].select(
        *("client", "provider", "port", "method", "sessions", "tls_sessions"),
        pl.col("versions").alias("tls_versions"),
        accounts.alias("accounts"),
        "replies",
        "last",
        pl.when(_ENDS).then(pl.lit(end, pl.Date)).alias("ends"),
    )
    order = [pl.col("replies").list.len() == 0, ~_ENDS, -pl.col("sessions").cast(pl.Int64)]
    return rows.sort(*order, "client", "provider", "port", "method")


def legacy_auth_of(tables: Tables, context: Context, collect: Collect) -> LegacyAuthTable:
    """Return the first rows, and how many there are."""
    rows = collect(legacy_auth_rows(tables, context))
    return LegacyAuthTable(total=len(rows), rows=tuple(LegacyAuth(**row) for row in rows.head(MAX_ROWS).to_dicts()))
