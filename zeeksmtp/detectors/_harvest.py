"""Enumeration without smtp_cmd.log, by one source or many: dialogues of queries, and recipients that got no mail."""

from __future__ import annotations

import polars as pl

from zeeksmtp.detectors._attempts import PAIR, before_own_alarm, suspects, trials_of
from zeeksmtp.detectors._queries import local_relays
from zeeksmtp.expressions.connections import first_uids
from zeeksmtp.model import Context, Tables
from zeeksmtp.statistics.rate import surges
from zeeksmtp.statistics.sequential import SequentialTest

_SERVER = ("server",)


def harvests(tables: Tables, test: SequentialTest, min_recipients: int, context: Context) -> pl.LazyFrame:
    """Return the pairs that alarm (`suspects`), with the recipients that they tried (`names`)."""
    names = _recipients(tables, min_recipients).cache()
    recipients = names.with_columns(pl.lit(1, pl.Int64).alias("tries"), pl.lit(1, pl.Int64).alias("trials"))
    columns = ("ts", "uid", *PAIR, "port", "direction", "kind", "bad", "tries", "trials")
    trials = pl.concat([trials_of(tables, "queries").select(columns), recipients.select(columns)])
    found = suspects(trials, test, context).filter(~pl.col("regular"))
    tried = names.filter(context.window.covers()).group_by(PAIR).agg(pl.col("name").unique().sort().alias("names"))
    return found.join(tried, on=list(PAIR), how="left").with_columns(pl.col("names").fill_null([]))


def harvests_by_many(
    tables: Tables, alone: pl.LazyFrame, min_recipients: int, min_sources: int, context: Context
) -> pl.LazyFrame:
    """Return the worst time of each server at which more outside clients than usual tried recipients without success.

    Recipients after a client's own alarm (`alone`) are left out. Columns as of `harvests`, with the number of
    `sources`; twice the score that alarms is `strong`.
    """
    inbound = _recipients(tables, min_recipients).filter(pl.col("direction") == "inbound").cache()
    early = before_own_alarm(inbound, alone).cache()
    logged = pl.concat([tables["attempt"].select("ts"), tables["attempt"].select(ts="last"), inbound.select("ts")])
    surge = surges(early, logged, _SERVER, "client", context.alpha).cache()
    during = early.filter(context.window.covers()).join(surge.select("server", "since", "till"), on="server")
    nothing = pl.lit(0, pl.Int64).alias("mails_after")
    return (
        during.filter(pl.col("ts").is_between("since", "till", closed="left"))
        .group_by(_SERVER)
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.len().cast(pl.UInt64).alias("count"),
            pl.col("name").unique().sort().alias("names"),
            pl.col("client").unique().sort().head(100).alias("clients"),
            pl.col("client").n_unique().alias("sources"),
            first_uids().alias("uids"),
        )
        .filter(pl.col("sources") >= min_sources)
        .join(surge, on="server")
        .with_columns(pl.concat_list("server").alias("servers"), pl.lit(value=True).alias("from_outside"), nothing)
        .with_columns((pl.col("score") >= 2 * pl.col("threshold")).alias("strong"))
    )


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
