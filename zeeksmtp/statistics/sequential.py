"""Wald's sequential likelihood-ratio test in Page's form, over many keys at once.

Trials of a key in time order, each bad or good. `theta0` is the share of bad trials among the innocent, `theta1` among
the guilty:

    step = ln(theta1 / theta0) if bad, else ln((1 - theta1) / (1 - theta0))
    S_n  = max(0, S_{n-1} + step);  alarm at S >= h - 1e-9,  h = ln(1 / alpha)

Without a loop: with c the running sum of the steps, S = c - min(0, running minimum of c). Page's form gives on average
at least 1/alpha innocent trials between two false alarms (Lorden 1971, "Procedures for reacting to a change in
distribution", Theorem 2), so N trials are expected to raise at most N * alpha of them. The score starts anew after
`memory_days` without a trial. Wald 1945 (SPRT), Page 1954 (CUSUM); SPOT (Duan et al. 2012) and threshold random walk
(Jung et al. 2004) are instances.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import log

import polars as pl

_ROUNDING_TOLERANCE = 1e-9  # rounding of the running sum must not hide an alarm that is exactly at the threshold
_RUN = "_run"


@dataclass(frozen=True, slots=True)
class SequentialTest:
    """The test's constants. Raises `ValueError` unless 0 < theta0 < theta1 < 1 and 0 < alpha < 1."""

    theta0: float
    theta1: float
    alpha: float
    memory_days: float = 30.0

    def __post_init__(self) -> None:
        if not 0 < self.theta0 < self.theta1 < 1:
            raise ValueError(f"theta0 {self.theta0} and theta1 {self.theta1} must satisfy 0 < theta0 < theta1 < 1")
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha {self.alpha} must lie between 0 and 1")

    @property
    def threshold(self) -> float:
        """The score h = ln(1/alpha) at which the test alarms."""
        return log(1 / self.alpha)

    @property
    def least_bad(self) -> float:
        """How many bad trials there must be for an alarm: a score is at most the sum of its bad steps."""
        return (self.threshold - _ROUNDING_TOLERANCE) / log(self.theta1 / self.theta0)

    def step(self) -> pl.Expr:
        """Return the log likelihood ratio of a row: column `bad` (Boolean), weighted by column `trials` (count)."""
        bad = log(self.theta1 / self.theta0)
        good = log((1 - self.theta1) / (1 - self.theta0))
        return pl.when(pl.col("bad")).then(bad).otherwise(good) * pl.col("trials")


def scores(trials: pl.LazyFrame, keys: Sequence[str], test: SequentialTest) -> pl.LazyFrame:
    """Score every trial of every key.

    `trials` has the key columns, `ts` (time), `bad` (Boolean) and `trials` (how many equal trials a row stands for; 1
    but for good ones that were only counted). Rows at the same `ts` are taken good before bad, so that the order in
    which they were logged does not matter. Adds `score` and `alarm`, sorted by key and time.
    """
    pause = pl.col("ts").diff().over(keys) > timedelta(days=test.memory_days)
    running = pl.col("_step").cum_sum().over([*keys, _RUN])
    return (
        trials.sort(*keys, "ts", "bad", "trials")
        .with_columns(
            pause.fill_null(value=False).cast(pl.UInt32).cum_sum().over(keys).alias(_RUN),
            test.step().alias("_step"),
        )
        .with_columns(running.alias("_sum"))
        .with_columns(
            (pl.col("_sum") - pl.col("_sum").cum_min().over([*keys, _RUN]).clip(upper_bound=0.0)).alias("score")
        )
        .with_columns((pl.col("score") >= test.threshold - _ROUNDING_TOLERANCE).alias("alarm"))
        .drop("_step", "_sum", _RUN)
    )


def outcomes(trials: pl.LazyFrame, keys: Sequence[str], test: SequentialTest) -> pl.LazyFrame:
    """Return one row per key: highest `score`, `threshold`, `trials`, `bad` (counts), `alarm_at` (time; null: none)."""
    counted = pl.col("trials")
    return (
        scores(trials, keys, test)
        .group_by(keys)
        .agg(
            pl.col("score").max(),
            pl.lit(test.threshold).alias("threshold"),
            counted.sum().cast(pl.UInt64),
            counted.filter(pl.col("bad")).sum().cast(pl.UInt64).alias("bad"),
            pl.col("ts").filter(pl.col("alarm")).min().alias("alarm_at"),
        )
    )


def alarms(trials: pl.LazyFrame, keys: Sequence[str], test: SequentialTest) -> pl.LazyFrame:
    """Return `outcomes` of the keys that alarm, at little cost for all others.

    Keys that have too few bad trials to reach the threshold are left out unscored.
    """
    bad = trials.filter(pl.col("bad")).group_by(keys).agg(pl.col("trials").sum().alias("bad"))
    able = bad.filter(pl.col("bad") >= test.least_bad).select(keys)
    rest = trials.join(able, on=list(keys), how="semi")
    return outcomes(rest, keys, test).filter(pl.col("alarm_at").is_not_null())
