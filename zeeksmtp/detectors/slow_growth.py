"""The mail volume of a host grows, slowly enough that no single hour is unusual.

What it sees: recipients (at most ten of each mail) per local client and UTC day (table `host_hour`; days without mail
count as zero). After `baseline_days` days, CUSUM for counts: S = max(0, S + min(3, (x ln 2 - mean) / dispersion)), the
likelihood of twice the mean against that of the mean of the baseline days, with dispersion = variance / mean of these
days (at least 1) to the power of 1.3, so that who sends in bursts has to grow more. exp(-S) of all hosts with mail of a
day go through Benjamini and Hochberg's procedure at the operator's false discovery rate; the day must have at least
`min_recipients`. One finding per client; `count` is the number of recipients since S last was zero. Severity: low: a
lone statistical signal.

Why it matters: who knows that sudden volume is noticed raises it slowly.

Benign causes: a growing business, a new mailing list, the end of a holiday.

What to do: compare what the host sends now with what it sent a month ago; if it is known, set its role in the
configuration.
"""

from __future__ import annotations

from datetime import timedelta
from math import log

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import entity, terms, test_column, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.model import Advice, Context, Detector, Params, Tables
from zeeksmtp.statistics.counts import discovered

_GROWTH_RATIO = 2.0  # growth that matters: twice the usual; below 1.44 times the usual nothing adds up
_MAX_DAY_SCORE = 3.0  # one heavy day is no growth: it counts as odds of 20 to 1 at most
_MAX_RECIPIENTS_OF_MAIL = 10  # one mail to a hundred people is one decision, not a hundred
_ALLOWED_ROLES = ("bulk-sender",)
# Seven days show less than the whole variance of who sends in bursts. Measured on the choosing half of the simulated
# sites (`make evaluate`): 2 of 570 findings wrong, against 8 of 577 without it.
_DISPERSION_POWER = 1.3
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


class SlowGrowthParams(Params):
    """When growth is reported."""

    baseline_days: int = Field(
        7, ge=5, description="days that mean and dispersion are taken from; Source: our choice, each weekday once"
    )
    min_recipients: int = Field(
        10,
        ge=1,
        description="recipients on the day that alarms, at least; Source: measured on the choosing half of the "
        "simulated sites (`make evaluate`)",
    )


def _days(tables: Tables) -> pl.LazyFrame:
    """Return one row per local client with mail and day since its first mail, with `x`; days without mail are zero."""
    allowed = tables["role"].filter(pl.col("role").is_in(_ALLOWED_ROLES)).select(client="host")
    reached = pl.min_horizontal("recipients", _MAX_RECIPIENTS_OF_MAIL * pl.col("messages"))
    sent = tables["host_hour"].filter(pl.col("local"), pl.col("messages") > 0).join(allowed, on="client", how="anti")
    daily = sent.group_by("client", pl.col("hour").dt.truncate("1d").alias("day")).agg(reached.sum().alias("x"))
    ends = tables["host_hour"].select(pl.col("hour").max().alias("end"))
    starts = daily.group_by("client").agg(pl.col("day").min().alias("start")).join(ends, how="cross")
    every = starts.select("client", "end", pl.datetime_ranges("start", "end", "1d").alias("day")).explode("day")
    return every.join(daily, on=["client", "day"], how="left").with_columns(pl.col("x").fill_null(0).cast(pl.Float64))


def _scored(days: pl.LazyFrame, baseline_days: int) -> pl.LazyFrame:
    """Add `mean`, `score` and `run` (one higher whenever the score is 0) to the days after the baseline."""
    early = pl.col("x").head(baseline_days)
    mean = early.mean().clip(lower_bound=1.0)
    baseline = (
        days.sort("client", "day")
        .group_by("client")
        .agg(
            mean.alias("mean"),
            (early.var() / mean).clip(lower_bound=1.0).pow(_DISPERSION_POWER).alias("dispersion"),
            pl.col("day").get(baseline_days, null_on_oob=True).alias("from"),
        )
    )
    gain = (pl.col("x") * log(_GROWTH_RATIO) - pl.col("mean") * (_GROWTH_RATIO - 1)) / pl.col("dispersion")
    return (
        days.join(baseline, on="client")
        .filter(pl.col("day") >= pl.col("from"))
        .sort("client", "day")
        .with_columns(gain.clip(upper_bound=_MAX_DAY_SCORE).cum_sum().over("client").alias("sum"))
        .with_columns((pl.col("sum") - pl.col("sum").cum_min().over("client").clip(upper_bound=0.0)).alias("score"))
        .with_columns((pl.col("score") <= 0).cum_sum().over("client").alias("run"))
    )


def _runs(scored: pl.LazyFrame, params: SlowGrowthParams, context: Context) -> pl.LazyFrame:
    """Return the last run of each client in which a day alarmed."""
    p = (-pl.col("score")).exp()
    found = discovered(p, context.false_discovery_rate, "day")
    alarm = (pl.col("score") > 0) & found & (pl.col("x") >= params.min_recipients)
    known_at = pl.min_horizontal(pl.col("day") + _DAY, pl.col("end") + _HOUR)
    # The least score that was a discovery on a day is that day's threshold.
    daily_scores = scored.with_columns(
        alarm.alias("alarm"), pl.col("score").filter(found).min().over("day").alias("threshold")
    )
    return (
        daily_scores.filter(pl.col("score") > 0)
        .group_by("client", "run")
        .agg(
            pl.col("day").min().alias("first"),
            pl.col("day").max().alias("last"),
            pl.col("x").sum().cast(pl.UInt64).alias("count"),
            pl.col("x").max().alias("most"),
            pl.col("mean").first(),
            pl.col("score").max(),
            pl.col("threshold").filter(pl.col("alarm")).first(),
            pl.len().cast(pl.UInt64).alias("trials"),
            (pl.col("x") > pl.col("mean")).sum().cast(pl.UInt64).alias("bad"),
            known_at.filter(pl.col("alarm")).min().alias("alarm_at"),
        )
        .filter(pl.col("alarm_at").is_not_null(), context.window.covers("last"))
        .sort("client", "run")
        .unique("client", keep="last", maintain_order=True)
    )


def plan(tables: Tables, params: SlowGrowthParams, context: Context) -> pl.LazyFrame:
    """Return one finding per client."""
    return to_findings(
        _runs(_scored(_days(tables), params.baseline_days), params, context).with_columns(
            entity("client"),
            pl.lit("low").alias("severity"),
            pl.lit("low").alias("confidence"),
            pl.concat_list("client").alias("clients"),
            terms(
                evidence("usual_in_a_day", pl.col("mean").round(1)),
                evidence("most_in_a_day", pl.col("most")),
                evidence("score", pl.col("score").round(1)),
            ),
            test_column(),
        )
    )


DETECTOR = Detector(
    id="slow-growth",
    title="Growing mail volume: {clients}",
    summary="{most_in_a_day:recipient} on the busiest day, usually {usual_in_a_day}. Growth since {first}.",
    actions=(
        Advice("Compare the mail of {clients} with what it sent before {first}."),
        Advice("If {clients} is a known bulk sender, set its role in the configuration."),
    ),
    attack=("T1071.003",),
    needs=("host_hour", "role"),
    required_logs=("smtp",),
    params=SlowGrowthParams,
    plan=plan,
)
