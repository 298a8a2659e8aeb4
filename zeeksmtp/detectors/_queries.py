"""Queries for mailbox names: the trials and counts behind `user-enumeration`."""

import polars as pl

from zeeksmtp.expressions.connections import first_uids
from zeeksmtp.model import Tables

PAIR = ("client", "server")
VRFY_EXPN = pl.col("verb") != "RCPT"
"""Queries whose only purpose is to learn a name; a recipient is usually just mail."""

_MAX_TRIED_NAMES = 100


def queries(tables: Tables) -> pl.LazyFrame:
    """Return the queries (table `query`) without the recipients of the site's own relays.

    A relay's dead recipients are bounces of other people's mail; they are not queries of its own.
    """
    every = tables["query"].join(local_relays(tables), on="client", how="left")
    return every.filter(VRFY_EXPN | pl.col("relay").is_null()).drop("relay")


def local_relays(tables: Tables) -> pl.LazyFrame:
    """Return the site's own relays (`client`), whose dead recipients are bounces of other people's mail."""
    return tables["role"].filter(pl.col("role") == "relay", pl.col("local")).select(client="host", relay=pl.lit(1))


def _unlogged_recipients(tables: Tables) -> pl.LazyFrame:
    """Return recipients that were accepted but not logged: good trials that only the session counted."""
    relays = local_relays(tables)
    own = tables["unlogged_recipient"].join(relays, on="client", how="left")
    counts = pl.col("rcpt_accepted").cast(pl.Int64), pl.col("rcpt_logged").cast(pl.Int64)
    trials = counts[0] - pl.when(pl.col("relay").is_null()).then(counts[1]).otherwise(0)
    own = own.filter(pl.col("direct") | pl.col("relay").is_null())
    return own.select(*PAIR, "ts", bad=pl.lit(value=False), trials=trials).filter(pl.col("trials") > 0)


def _with_answer(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return the queries with a verdict. An accepted recipient is good also where the server confirms nothing."""
    accepted = (pl.col("verb") == "RCPT") & (pl.col("verdict") == "ambiguous")
    return rows.filter(pl.col("verdict").is_in(["confirmed", "unknown"]) | accepted)


def name_trials(tables: Tables, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return the trials per client and server: an unknown name is bad, one that exists is good; each once."""
    firsts = _with_answer(rows).sort("ts", "uid", "seq").unique([*PAIR, "name"], keep="first", maintain_order=True)
    one = pl.lit(1, pl.Int64).alias("trials")
    named = firsts.select(*PAIR, "ts", (pl.col("verdict") == "unknown").alias("bad"), one)
    return pl.concat([named, _unlogged_recipients(tables)])


def count_name_trials(tables: Tables) -> pl.LazyFrame:
    """Return the number of all `name_trials`, which takes no order among them."""
    named = _with_answer(queries(tables)).select(pl.struct(*PAIR, "name").n_unique().cast(pl.Int64).alias("trials"))
    unlogged = _unlogged_recipients(tables).select("trials")
    return pl.concat([named, unlogged]).select(pl.col("trials").sum())


def summary(rows: pl.LazyFrame, keys: tuple[str, ...]) -> pl.LazyFrame:
    """Return one row per key: names queried, by which verbs, and what the server disclosed."""
    names = pl.col("name")
    return rows.group_by(keys).agg(
        pl.col("ts").min().alias("first"),
        pl.col("ts").max().alias("last"),
        names.n_unique().cast(pl.UInt64).alias("count"),
        names.unique().sort().head(_MAX_TRIED_NAMES).alias("names_tried"),
        names.filter(VRFY_EXPN).n_unique().alias("vrfy_expn_names"),
        names.filter(~VRFY_EXPN).n_unique().alias("rcpt_names"),
        pl.col("client").unique().sort().head(100).alias("clients"),
        pl.col("client").n_unique().alias("sources"),
        pl.col("server").unique().alias("servers"),
        pl.col("verb").unique().sort().alias("verbs"),
        names.filter(pl.col("verdict") == "unknown").n_unique().alias("unknown"),
        names.filter(pl.col("verdict") == "confirmed").unique().sort().alias("confirmed_names"),
        pl.col("disclosed").explode().drop_nulls().unique().sort().alias("disclosed"),
        (pl.col("direction") == "internal").any().alias("inside"),
        first_uids().alias("uids"),
    )
