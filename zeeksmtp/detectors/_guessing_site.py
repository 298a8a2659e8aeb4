"""The site as a whole: on which days did more sources than ever try passwords in vain?

After Javed and Paxson, "Detecting stealthy, distributed SSH brute-forcing" (CCS 2013): judge the site's total by its
own past first, and only then name the participants.
"""

from math import log

import polars as pl

from zeeksmtp.model import Context
from zeeksmtp.statistics.counts import upper_tail

_NEVER = 1e-300  # a tail that underflows is not infinitely unlikely


def unusual_days(tries: pl.LazyFrame, history_days: int, context: Context) -> pl.LazyFrame:
    """Give the days (UTC, column `day`) on which unusually many clients were refused.

    A day's count is the number of distinct clients with a refused try; it is judged by the mean of all earlier days of
    the tries (at least `history_days`; a day without a line counts as zero), by the Poisson tail at `alpha`. The other
    columns are those of a sequential test: score = -ln p, threshold = -ln alpha.
    """
    daily = (
        tries.group_by(pl.col("ts").dt.truncate("1d").alias("day"))
        .agg(
            pl.col("client").filter(pl.col("bad")).n_unique().alias("refused"),
            pl.len().cast(pl.UInt64).alias("trials"),
        )
        .sort("day")
    )
    days_before = (pl.col("day") - pl.col("day").min()).dt.total_days()
    mean = pl.col("refused").cum_sum().shift(1, fill_value=0) / days_before
    judged = daily.filter(pl.len() > 0).with_columns(
        days_before.alias("days_before"), pl.when(days_before > 0).then(mean).alias("mean")
    )
    tails = judged.filter(pl.col("days_before") >= history_days).with_columns(
        upper_tail(pl.col("refused"), pl.col("mean")).alias("p")
    )
    return tails.filter(pl.col("p") <= context.alpha).select(
        "day",
        (-pl.col("p").clip(lower_bound=_NEVER).log()).alias("score"),
        pl.lit(-log(context.alpha)).alias("threshold"),
        "trials",
        pl.col("refused").cast(pl.UInt64).alias("bad"),
        pl.col("day").alias("alarm_at"),
    )
