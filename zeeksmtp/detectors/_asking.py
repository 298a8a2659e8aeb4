"""Who asks a server for names: the trials and counts behind `user-enumeration`."""

import polars as pl

from zeeksmtp.facts._common import first_uids
from zeeksmtp.model import Tables

PAIR = ("client", "server")
_ANSWERED = ("confirmed", "unknown")


def questions(tables: Tables) -> pl.LazyFrame:
    """Give the questions (table `query`) to the site's servers and others, without the recipients of a local relay.

    A relay's dead recipients are bounces of other people's mail; they are not questions of its own.
    """
    relays = tables["role"].filter(pl.col("role") == "relay", pl.col("local")).select(client="host", relay=pl.lit(1))
    asked = tables["query"].join(relays, on="client", how="left")
    return asked.filter((pl.col("verb") != "RCPT") | pl.col("relay").is_null()).drop("relay")


def _unlogged(tables: Tables, asked: pl.LazyFrame) -> pl.LazyFrame:
    """Recipients that were accepted but not logged (`log_bulk` = F): good trials that only the session counted."""
    logged = (
        asked.filter(pl.col("verb") == "RCPT", pl.col("reply_code").is_in([250, 251]))
        .group_by("uid", *PAIR)
        .agg(pl.len().cast(pl.Int64).alias("logged"))
    )
    missing = pl.col("rcpt_accepted").fill_null(0).cast(pl.Int64) - pl.col("logged").fill_null(0)
    # By the uid alone first: of many sessions few ask, and a join on one column is cheap.
    asking = tables["session"].join(asked.select("uid").unique(), on="uid", how="semi")
    return (
        asking.join(asked.select("uid", *PAIR).unique(), on=["uid", *PAIR], how="semi")
        .join(logged, on=["uid", *PAIR], how="left")
        .select(*PAIR, "ts", pl.lit(value=False).alias("bad"), missing.alias("trials"))
        .filter(pl.col("trials") > 0)
    )


def trials(tables: Tables, asked: pl.LazyFrame) -> pl.LazyFrame:
    """Give the trials per client and server: a name that does not exist is bad, one that does is good; each name once.

    An accepted recipient is good also where the server's answers tell nothing.
    """
    accepted = (pl.col("verb") == "RCPT") & (pl.col("verdict") == "ambiguous")
    told = asked.filter(pl.col("verdict").is_in(_ANSWERED) | accepted).sort("ts", "uid", "seq")
    once = told.unique([*PAIR, "name"], keep="first", maintain_order=True)
    named = once.select(*PAIR, "ts", (pl.col("verdict") == "unknown").alias("bad"), pl.lit(1, pl.Int64).alias("trials"))
    return pl.concat([named, _unlogged(tables, asked)])


def summed(asked: pl.LazyFrame, keys: tuple[str, ...]) -> pl.LazyFrame:
    """Give one row per key: what was asked and learned. An accepted recipient counts as learned only by contrast."""
    names = pl.col("name")
    return asked.group_by(keys).agg(
        pl.col("ts").min().alias("first"),
        pl.col("ts").max().alias("last"),
        names.n_unique().cast(pl.UInt64).alias("count"),
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
