"""Harvests by several sources at a server that has no past yet: what they share is their HELO name.

A distributed harvest stands out from the background of the Internet by its rate, once the server has a past of its own.
Before that its sources are judged together if they introduce themselves by one name: bots of one kind do.
"""

from __future__ import annotations

import polars as pl

from zeeksmtp.detectors._queries import VRFY_EXPN
from zeeksmtp.statistics.rate import WARM_UP
from zeeksmtp.statistics.sequential import SequentialTest, outcomes

_SOURCES = ("server", "helo")
IN_VAIN = VRFY_EXPN | (pl.col("verdict") == "unknown")
"""Queries that no sender of mail makes, or not often."""


def harvests_by_helo(queries: pl.LazyFrame, test: SequentialTest, min_sources: int) -> pl.LazyFrame:
    """Return the worst harvest of each server in the first `WARM_UP` of the logs.

    Args:
        queries: Rows of `query` from outside clients.
        test: Each distinct name that a group of sources queries is a trial, bad if in vain.
        min_sources: Clients that a harvest has at least.

    Returns:
        One row per server with a harvest: `server`, `since` and `till` (time, end not included) and the columns of
        `statistics.sequential.outcomes`.
    """
    began = queries.select(pl.col("ts").min().alias("began"))
    named = queries.filter(pl.col("helo") != "").join(began, how="cross")
    grouped = named.filter(pl.col("ts") < pl.col("began") + WARM_UP)
    names = grouped.sort("ts", "uid", "seq").unique([*_SOURCES, "name"], keep="first", maintain_order=True)
    trials = names.select(*_SOURCES, "ts", bad=IN_VAIN, trials=pl.lit(1, pl.Int64))
    spans = grouped.group_by(_SOURCES).agg(
        pl.col("client").n_unique().alias("sources"),
        pl.col("ts").min().alias("since"),
        (pl.col("ts").max() + pl.duration(microseconds=1)).alias("till"),
    )
    found = outcomes(trials, _SOURCES, test).filter(pl.col("alarm_at").is_not_null()).join(spans, on=list(_SOURCES))
    return (
        found.filter(pl.col("sources") >= min_sources)
        .sort("score", "since", "helo", descending=[True, False, False])
        .unique("server", keep="first", maintain_order=True)
        .drop("helo", "sources")
    )
