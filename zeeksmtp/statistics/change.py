"""Days that differ from all days before: the change detection for what goes on all the time.

After Javed and Paxson, "Detecting stealthy, distributed SSH brute-forcing" (CCS 2013): the Internet's background never
rests, so a total is judged by its own past first, and only then are the participants named.
"""

from collections.abc import Sequence
from math import log

import polars as pl

from zeeksmtp.statistics.counts import upper_tail

_NEVER = 1e-300  # a tail that underflows is not infinitely unlikely


def unusual_days(rows: pl.LazyFrame, keys: Sequence[str], who: str, history_days: int, alpha: float) -> pl.LazyFrame:
    """Return the days (UTC) on which a key saw unusually many of something.

    `rows` has the key columns, `ts`, `bad` (Boolean) and `who` (a column). A day's count is the number of distinct
    `who` with a bad row; it is judged by mean and variance of all earlier days since the first row of any key (at least
    `history_days`; days without a row count as zero), by the upper tail at `alpha` (negative binomial, never narrower
    than Poisson). Gives the keys, `day` and the columns of `statistics.sequential.outcomes`: score = -ln p, threshold =
    -ln alpha, trials and bad (rows and participants of the day), alarm_at = the last bad row, as whole days are judged.
    """
    began = rows.select(pl.col("ts").min().dt.truncate("1d").alias("began"))
    daily = (
        rows.group_by(*keys, pl.col("ts").dt.truncate("1d").alias("day"))
        .agg(
            pl.col(who).filter(pl.col("bad")).n_unique().cast(pl.Int64).alias("x"),
            pl.col("ts").filter(pl.col("bad")).max().alias("alarm_at"),
            pl.len().alias("trials"),
        )
        .join(began, how="cross")
        .sort(*keys, "day")
    )
    days = (pl.col("day") - pl.col("began")).dt.total_days()
    before = pl.col("x").cum_sum().over(keys) - pl.col("x")
    squares = (pl.col("x") ** 2).cum_sum().over(keys) - pl.col("x") ** 2
    aged = daily.with_columns(days.alias("days"), before.alias("before"), squares.alias("squares")).filter(
        pl.col("days") >= history_days
    )
    mean = pl.col("before") / pl.col("days")
    judged = aged.with_columns(upper_tail(pl.col("x"), mean, pl.col("squares") / pl.col("days") - mean**2).alias("p"))
    return judged.filter(pl.col("p") <= alpha).select(
        *keys,
        "day",
        (-pl.col("p").clip(lower_bound=_NEVER).log()).alias("score"),
        pl.lit(-log(alpha)).alias("threshold"),
        pl.col("trials").cast(pl.UInt64),
        pl.col("x").cast(pl.UInt64).alias("bad"),
        "alarm_at",
    )
