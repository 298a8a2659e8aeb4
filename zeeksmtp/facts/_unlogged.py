"""Transactions of connections whose commands no log has."""

import polars as pl

from zeeksmtp.model import Tables

_CONNECTION = ("uid", "client", "server")


def no_mail() -> pl.Expr:
    """Match transactions (table `message`) that brought no mail."""
    return ~pl.col("content").fill_null(value=True) & ~pl.col("accepted")


def unlogged_mails(tables: Tables) -> pl.LazyFrame:
    """Return the mails to servers of the site of connections that smtp_cmd.log does not have."""
    logged = tables["command"].select(_CONNECTION).unique()
    # Outside servers refuse a spam bot of the site for what it is, whatever names it has.
    at_site = tables["message"].filter(pl.col("direction").is_in(["inbound", "internal"]))
    return at_site.join(logged, on=list(_CONNECTION), how="anti")
