"""Who asks a server for names: the trials and counts behind `user-enumeration`."""

import polars as pl

from zeeksmtp.facts._common import first_uids
from zeeksmtp.facts._reply import VERBS
from zeeksmtp.model import Context, Params, Tables

PAIR = ("client", "server")


def questions(tables: Tables) -> pl.LazyFrame:
    """Give the questions (table `query`) to the site's servers and others, without the recipients of a local relay.

    A relay's dead recipients are bounces of other people's mail; they are not questions of its own.
    """
    asked = tables["query"].join(_local_relays(tables), on="client", how="left")
    return asked.filter((pl.col("verb") != "RCPT") | pl.col("relay").is_null()).drop("relay")


def _local_relays(tables: Tables) -> pl.LazyFrame:
    return tables["role"].filter(pl.col("role") == "relay", pl.col("local")).select(client="host", relay=pl.lit(1))


def asking(tables: Tables, _params: Params, _context: Context) -> pl.LazyFrame:
    """Give the sessions with recipients accepted (`accepted`) that may not be logged, and how many are (`logged`).

    Only the session counts recipients that were accepted but not logged (`log_bulk` = F). `direct`: it also asked
    otherwise; then recipients count even of a relay, none of whose are questions.
    """
    verb, took = pl.col("command"), pl.col("reply_code").is_in([250, 251])
    asked = (
        tables["command"]
        .filter(verb.is_in(VERBS))
        .group_by("uid", *PAIR)
        .agg(((verb == "RCPT") & took).sum().cast(pl.Int64).alias("logged"), (verb != "RCPT").any().alias("direct"))
    )
    accepted = pl.col("rcpt_accepted").fill_null(0).cast(pl.Int64).alias("accepted")
    sessions = tables["session"].select("uid", *PAIR, "ts", accepted).join(asked, on=["uid", *PAIR])
    counts = (pl.col("accepted") > pl.col("logged")) | pl.col("direct") & (pl.col("accepted") > 0)
    return sessions.filter(counts)


def _unlogged(tables: Tables) -> pl.LazyFrame:
    """Recipients that were accepted but not logged: good trials that only the session counted."""
    relays = _local_relays(tables)
    mine = tables["daily"].join(relays, on="client", how="left").filter(pl.col("direct") | pl.col("relay").is_null())
    logged = pl.when(pl.col("relay").is_null()).then("logged").otherwise(0)
    return mine.select(
        *PAIR, "ts", pl.lit(value=False).alias("bad"), (pl.col("accepted") - logged).alias("trials")
    ).filter(pl.col("trials") > 0)


def _answered(asked: pl.LazyFrame) -> pl.LazyFrame:
    """An accepted recipient is good also where the server's answers tell nothing."""
    accepted = (pl.col("verb") == "RCPT") & (pl.col("verdict") == "ambiguous")
    return asked.filter(pl.col("verdict").is_in(["confirmed", "unknown"]) | accepted)


def trials(tables: Tables, asked: pl.LazyFrame) -> pl.LazyFrame:
    """Give the trials per client and server: a name that does not exist is bad, one that does is good; each once."""
    told = _answered(asked).sort("ts", "uid", "seq")
    once = told.unique([*PAIR, "name"], keep="first", maintain_order=True)
    named = once.select(*PAIR, "ts", (pl.col("verdict") == "unknown").alias("bad"), pl.lit(1, pl.Int64).alias("trials"))
    return pl.concat([named, _unlogged(tables)])


def number_of_trials(tables: Tables) -> pl.LazyFrame:
    """Give how many `trials` there are in all, which takes no order among them."""
    named = _answered(questions(tables)).select(pl.struct(*PAIR, "name").n_unique().cast(pl.Int64).alias("trials"))
    return pl.concat([named, _unlogged(tables).select("trials")]).select(pl.col("trials").sum())


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
