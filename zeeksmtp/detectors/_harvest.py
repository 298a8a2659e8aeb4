"""Enumeration that no smtp_cmd.log shows: dialogues of queries, and recipients in transactions without a mail."""

from __future__ import annotations

import polars as pl

from zeeksmtp.detectors._attempts import PAIR, suspects, trials_of
from zeeksmtp.detectors._queries import local_relays
from zeeksmtp.model import Context, Tables
from zeeksmtp.statistics.sequential import SequentialTest


def harvests(tables: Tables, test: SequentialTest, min_recipients: int, context: Context) -> pl.LazyFrame:
    """Return the pairs that alarm (`suspects`), with the recipients that they tried (`names`)."""
    names = _recipients(tables, min_recipients).cache()
    recipients = names.with_columns(pl.lit(1, pl.Int64).alias("tries"), pl.lit(1, pl.Int64).alias("trials"))
    columns = ("ts", "uid", *PAIR, "port", "direction", "kind", "bad", "tries", "trials")
    trials = pl.concat([trials_of(tables, "queries").select(columns), recipients.select(columns)])
    found = suspects(trials, test, context).filter(~pl.col("regular"))
    tried = names.filter(context.window.covers()).group_by(PAIR).agg(pl.col("name").unique().sort().alias("names"))
    return found.join(tried, on=list(PAIR), how="left").with_columns(pl.col("names").fill_null([]))


def _recipients(tables: Tables, min_recipients: int) -> pl.LazyFrame:
    """Return the recipients of transactions without a mail, of several or with a reply about the recipient, each once.

    Left out: relays of the site (their dead recipients are other people's), and names that the server takes mail for
    from anyone.
    """
    named = tables["rejected_recipient"].filter((pl.col("together") >= min_recipients) | pl.col("answers_recipient"))
    return (
        named.join(local_relays(tables), on="client", how="anti")
        .join(tables["valid_recipient"], on=["server", "name"], how="anti")
        .sort("ts", "uid", "name")
        .unique([*PAIR, "name"], keep="first", maintain_order=True)
        .select("ts", "uid", *PAIR, "port", "direction", "name", kind=pl.lit("queries"), bad=pl.lit(value=True))
    )
