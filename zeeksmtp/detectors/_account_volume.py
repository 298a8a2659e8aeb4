"""Accounts that send far more in a day than they ever did, or, without a past, than others at the same server."""

from __future__ import annotations

from typing import Protocol

import polars as pl

from zeeksmtp.model import Context
from zeeksmtp.statistics.counts import upper_tail

ACCOUNT = ("account", "server")
DAY = (*ACCOUNT, "day")


class VolumeParams(Protocol):
    """What decides whether a day is unusual."""

    @property
    def history_days(self) -> int:
        """Days of an account's own past."""

    @property
    def min_recipients(self) -> int:
        """Recipients in a day, at least, of an account with a past."""

    @property
    def many_recipients(self) -> int:
        """Recipients in a day, at least, of one without."""


def above_past(sent: pl.LazyFrame, params: VolumeParams, context: Context) -> pl.LazyFrame:
    """Return the busiest day on which an account sent far above its own past; days without mail count as zero.

    Args:
        sent: One row per `account`, `server` and `day`, with `recipients`.
        params: When a day is unusual.
        context: For the false-alarm rate.
    """
    able = _with_day_of(sent, params.min_recipients)  # most accounts have none, and cost nothing from here on
    daily = sent.join(able, on=list(ACCOUNT), how="semi").with_columns(pl.col("recipients").cast(pl.Int64)).sort(DAY)
    before = (pl.col("day") - pl.col("day").min().over(ACCOUNT)).dt.total_days()
    total = pl.col("recipients").cum_sum().over(ACCOUNT) - pl.col("recipients")
    squares = (pl.col("recipients") ** 2).cum_sum().over(ACCOUNT) - pl.col("recipients") ** 2
    aged = daily.with_columns(before.alias("days"), total.alias("total"), squares.alias("squares")).filter(
        pl.col("days") >= params.history_days, pl.col("recipients") >= params.min_recipients
    )
    mean = pl.col("total") / pl.col("days")
    variance = pl.col("squares") / pl.col("days") - mean**2
    return _unusual(aged.with_columns(mean.alias("mean"), variance.alias("variance")), context)


def above_peers(sent: pl.LazyFrame, params: VolumeParams, context: Context) -> pl.LazyFrame:
    """Return the busiest day on which an account without a past sent far above other accounts of its server.

    Their days up to this one are the reference, each counted up to `many_recipients`, so that several accounts taken at
    once do not hide one another. People differ: the tail is never narrower than a geometric one.
    """
    counted = pl.min_horizontal("recipients", params.many_recipients).cast(pl.Int64)
    able = _with_day_of(sent, params.many_recipients)
    at_servers = sent.join(able, on="server", how="semi")
    days = at_servers.select(*DAY, pl.col("recipients").cast(pl.Int64), counted.alias("x")).sort(
        "server", "day", "account"
    )
    own = days.join(able, on=list(ACCOUNT), how="semi")
    peers = _running(own, ACCOUNT, "own").join(_running(days, ("server",), "all"), on=["server", "day"])
    others = {name: pl.col(f"all_{name}") - pl.col(f"own_{name}") for name in ("n", "sum", "squares")}
    mean = others["sum"] / others["n"].clip(lower_bound=1)
    variance = pl.max_horizontal(others["squares"] / others["n"].clip(lower_bound=1) - mean**2, mean**2 + mean)
    began = pl.col("day").min().over(ACCOUNT)
    young = (pl.col("day") - began).dt.total_days() < params.history_days
    judged = own.filter(young, pl.col("recipients") >= params.many_recipients)
    return _unusual(
        judged.join(peers, on=list(DAY)).with_columns(mean.alias("mean"), variance.alias("variance")), context
    )


def _with_day_of(sent: pl.LazyFrame, recipients: int) -> pl.LazyFrame:
    """Return the accounts that reached so many recipients on a day."""
    return sent.filter(pl.col("recipients") >= recipients).select(ACCOUNT).unique()


def _running(days: pl.LazyFrame, keys: tuple[str, ...], name: str) -> pl.LazyFrame:
    """Return, per key and day, number, sum and sum of squares of `x` up to that day."""
    sums = days.group_by(*keys, "day").agg(
        pl.len().cast(pl.Int64).alias("n"), pl.col("x").sum().alias("sum"), (pl.col("x") ** 2).sum().alias("squares")
    )
    totals = [pl.col(column).cum_sum().over(keys).alias(f"{name}_{column}") for column in ("n", "sum", "squares")]
    return sums.sort(*keys, "day").select(*keys, "day", *totals)


def _unusual(days: pl.LazyFrame, context: Context) -> pl.LazyFrame:
    scored = days.with_columns(upper_tail(pl.col("recipients"), pl.col("mean"), pl.col("variance")).alias("p"))
    return (
        scored.filter(pl.col("p") <= context.alpha)
        .group_by(ACCOUNT)
        .agg(pl.col("recipients").max().alias("most_in_a_day"), pl.col("mean").min().alias("usual_in_a_day"))
    )
