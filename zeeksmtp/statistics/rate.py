"""Page's test on a rate: has something that goes on all the time begun to go on much faster?

The Internet's background never rests, so a total is judged by its own past (Javed and Paxson, "Detecting stealthy,
distributed SSH brute-forcing", CCS 2013). Counts of an hour are taken as Poisson with the rate of all hours before, and
tested against `RATIO` times that rate (Lucas 1985, "Counted data CUSUM's"). An attack of an hour shows as one of a day
does: no length has to be chosen.

    S = max(0, S + (count * ln(RATIO) - rate * (RATIO - 1)) / dispersion) each hour;  alarm at S >= h = ln(1 / alpha)

As in the sequential test, 1 / alpha hours lie on average between two false alarms (Lorden 1971).

The beginning of the logs has no past. It is judged by the first day that follows it, once that day is logged: a rate is
as unusual before its normal state as after it, and the attacks of a first day are not lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from math import log

import polars as pl

RATIO = 4.0
"""The rate tested against, in rates of the past. 2 ln 4 < 3: a rate that doubles on Mondays does not add up."""
_GUARD = timedelta(hours=6)  # what is judged must not be its own past
_HISTORY = timedelta(hours=24)  # once round the clock, at least
_HOUR = timedelta(hours=1)
WARM_UP = _HISTORY + _GUARD
"""Hours at the beginning of the logs that have no past to be judged by."""
_FIRST_RATE = WARM_UP + _HISTORY  # when the rate of the day after them is known


def _sums_until(rows: pl.LazyFrame, hours: pl.LazyFrame, keys: list[str], until: str) -> pl.LazyFrame:
    """Add `events_{until}` and `squares_{until}`: sums of the counts in the key's hours up to the hour `until`."""
    sums = hours.select(
        *keys,
        pl.col("hour").alias("then"),
        pl.col("x").cum_sum().over(keys).alias(f"events_{until}"),
        (pl.col("x") ** 2).cum_sum().over(keys).alias(f"squares_{until}"),
    ).sort("then")
    joined = rows.sort(until).join_asof(sums, left_on=until, right_on="then", by=keys, check_sortedness=False)
    return joined.drop("then").with_columns(pl.col(f"events_{until}", f"squares_{until}").fill_null(0))


def _past(hours: pl.LazyFrame, keys: list[str]) -> pl.LazyFrame:
    """Add `rate` (upper bound, per hour) and `dispersion` of the hours before; hours without a rate are left out.

    Hours within `WARM_UP` get those of the day that follows, where `ended` says that it is logged, and `known`, the
    time at which it is. The bound is x + 2 sqrt(x) + 3 events, close to the upper 97 % bound of a Poisson mean (3 where
    none was seen, the rule of three); dispersion is variance by mean of the hourly counts, at least 1: a background
    that comes in bursts has to burst harder.
    """
    is_early = pl.col("hour") < pl.col("began") + WARM_UP
    from_hour = pl.when(is_early).then(pl.col("began") + WARM_UP).otherwise("began")
    till = pl.when(is_early).then(pl.col("began") + _FIRST_RATE).otherwise(pl.col("hour") - _GUARD)
    spans = (
        hours.filter(~is_early | (pl.col("ended") >= pl.col("began") + _FIRST_RATE))
        .with_columns(((till - from_hour) / _HOUR).alias("span"))
        .with_columns(pl.when(is_early).then(till).alias("known"), (from_hour - _HOUR).alias("before_from"))
        .with_columns((till - _HOUR).alias("before_till"))
    )
    until = _sums_until(_sums_until(spans, hours, keys, "before_till"), hours, keys, "before_from")
    aged = until.with_columns(
        (pl.col(f"{what}_before_till") - pl.col(f"{what}_before_from")).alias(what) for what in ("events", "squares")
    )
    mean = pl.col("events") / pl.col("span")
    spread = (pl.col("squares") / pl.col("span") - mean**2) / mean
    return aged.with_columns(
        ((pl.col("events") + 2 * pl.col("events").sqrt() + 3) / pl.col("span")).alias("rate"),
        pl.when(pl.col("events") > 0).then(spread).otherwise(1.0).clip(lower_bound=1.0).alias("dispersion"),
    )


def surges(rows: pl.LazyFrame, logs: pl.LazyFrame, keys: Sequence[str], what: str, alpha: float) -> pl.LazyFrame:
    """Return the worst surge of each key that has one.

    `rows` has the key columns, `ts` and `what`: distinct values of an hour are counted. The past begins with the first
    `ts` of `logs`; hours without a day of it are judged by the day after `WARM_UP`, if `logs` reach its end. Gives the
    keys, `since` and `till` (time: from the surge's beginning to its height) and the columns of
    `statistics.sequential.outcomes`: trials are all of the key's counts that could be judged, bad those of the surge,
    alarm_at the last row of the hour in which the score crossed, or when the rate was known, if that was later.
    """
    by = list(keys)
    span = logs.select(pl.col("ts").min().dt.truncate("1h").alias("began"), pl.col("ts").max().alias("ended"))
    hours = (
        rows.group_by(*by, pl.col("ts").dt.truncate("1h").alias("hour"))
        .agg(pl.col(what).n_unique().cast(pl.Int64).alias("x"), pl.col("ts").max().alias("at"))
        .sort(*by, "hour")
        .join(span, how="cross", maintain_order="left")
        .cache()
    )
    hourly = pl.col("rate") * (RATIO - 1)
    gain = (pl.col("x") * log(RATIO) - hourly) / pl.col("dispersion")
    empty = (pl.col("hour").diff().over(by) / _HOUR - 1).fill_null(0) * hourly / pl.col("dispersion")
    # The score may reach zero in the empty hours before a row, or in the row's own.
    floor = pl.min_horizontal("sum", "idled").cum_min().over(by).clip(upper_bound=0.0)
    scored = (
        _past(hours, by)
        .sort(*by, "hour")
        .with_columns(gain.alias("gain"), empty.alias("empty"))
        .with_columns((pl.col("gain") - pl.col("empty")).cum_sum().over(by).alias("sum"))
        .with_columns((pl.col("sum") - pl.col("gain")).alias("idled"))
        .with_columns(
            (pl.col("sum") - floor).alias("score"), (pl.col("idled") <= floor).cum_sum().over(by).alias("run")
        )
        .with_columns(pl.col("x").sum().over(by).alias("trials"))
    )
    height = pl.col("hour").sort_by("score", "hour", descending=[True, False]).first()
    at = pl.max_horizontal("at", pl.col("known").forward_fill())
    crossed = pl.col("score") >= log(1 / alpha) - 1e-9
    runs = (
        scored.group_by(*by, "run")
        .agg(
            pl.col("hour").min().alias("since"),
            height.alias("height"),
            pl.col("score").max(),
            pl.lit(log(1 / alpha)).alias("threshold"),
            pl.col("trials").first().cast(pl.UInt64),
            pl.col("x").filter(pl.col("hour") <= height).sum().cast(pl.UInt64).alias("bad"),
            at.filter(crossed).min().alias("alarm_at"),
        )
        .filter(pl.col("alarm_at").is_not_null())
    )
    return (
        runs.with_columns((pl.col("height") + _HOUR).alias("till"))
        .sort("score", "since", descending=[True, False])
        .unique(by, keep="first", maintain_order=True)
        .drop("run", "height")
    )
