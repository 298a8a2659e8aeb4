"""What a host sends grows, slowly enough that no single hour is unusual.

What it sees: recipients per local client and UTC day (table `host_hour`; days without mail count as zero). After
`baseline_days` days, CUSUM: S = max(0, S + min(3, (x - centre) / spread - slack)), alarm at S >= `limit`, with centre
and spread (median and 1.4826 MAD, at least the root of the centre) of the baseline days. One finding per client;
`count` is the number of recipients since S last was zero. Severity: low: a lone statistical signal.

Why it matters: who knows that sudden volume is noticed raises it slowly.

Benign causes: a growing business, a new mailing list, the end of a holiday.

What to do: compare what the host sends now with what it sent a month ago; if it is known, set its role in config.
"""

from __future__ import annotations

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._finding import entity, shaped, terms
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.model import Context, Detector, Params, Tables

_MAD_TO_SIGMA = 1.4826
_MOST_A_DAY = 3.0  # one heavy day is no growth: it counts as three spreads at most
_ALLOWED = ("bulk-sender",)


class SlowGrowthParams(Params):
    """When growth is worth a line."""

    baseline_days: int = Field(7, ge=5, description="days that centre and spread are taken from; Source: detection.md")
    slack: float = Field(
        1.0, gt=0, description="spreads a day above the centre that are allowed; Source: Page 1954, half the shift"
    )
    limit: float = Field(
        10.0, gt=0, description="score in spreads at which it alarms; Source: Montgomery, 4 to 5 for k = .5"
    )
    min_recipients: int = Field(20, ge=1, description="recipients a day at the end, at least; Source: our choice")


def _days(tables: Tables) -> pl.LazyFrame:
    """One row per local client and day from its first day on; days without mail are zero."""
    known = tables["role"].filter(pl.col("role").is_in(_ALLOWED)).select(client="host")
    sent = tables["host_hour"].filter(pl.col("local")).join(known, on="client", how="anti")
    daily = sent.group_by("client", pl.col("hour").dt.truncate("1d").alias("day")).agg(pl.col("recipients").sum())
    ends = daily.select(pl.col("day").max().alias("end"))
    starts = daily.group_by("client").agg(pl.col("day").min().alias("start")).join(ends, how="cross")
    every = starts.select("client", pl.datetime_ranges("start", "end", "1d").alias("day")).explode("day")
    return every.join(daily, on=["client", "day"], how="left").with_columns(
        pl.col("recipients").fill_null(0).cast(pl.Float64)
    )


def plan(tables: Tables, params: SlowGrowthParams, context: Context) -> pl.LazyFrame:
    """Give one finding per client."""
    x, early = pl.col("recipients"), pl.col("number") < params.baseline_days
    centre = x.filter(early).median().over("client")
    mad = (x.filter(early) - x.filter(early).median()).abs().median().over("client")
    spread = pl.max_horizontal(_MAD_TO_SIGMA * mad, centre.sqrt(), pl.lit(1.0))
    numbered = _days(tables).sort("client", "day").with_columns(pl.int_range(pl.len()).over("client").alias("number"))
    judged = (
        numbered.with_columns(centre.alias("centre"), spread.alias("spread"))
        .filter(~early)
        .with_columns(
            ((x - pl.col("centre")) / pl.col("spread") - params.slack)
            .clip(upper_bound=_MOST_A_DAY)
            .cum_sum()
            .over("client")
            .alias("sum")
        )
        .with_columns((pl.col("sum") - pl.col("sum").cum_min().over("client").clip(upper_bound=0.0)).alias("score"))
        .with_columns((pl.col("score") == 0).cum_sum().over("client").alias("run"))
    )
    runs = (
        judged.filter(pl.col("score") > 0)
        .group_by("client", "run")
        .agg(
            pl.col("day").min().alias("first"),
            pl.col("day").max().alias("last"),
            x.sum().cast(pl.UInt64).alias("count"),
            x.max().alias("most"),
            pl.col("centre").first(),
            pl.col("score").max(),
        )
        .filter(pl.col("score") >= params.limit, pl.col("most") >= params.min_recipients, context.window.covers("last"))
        .sort("client", "run")
        .group_by("client", maintain_order=True)
        .last()
    )
    return shaped(
        runs.with_columns(
            entity("client"),
            pl.lit("low").alias("severity"),
            pl.lit("low").alias("confidence"),
            pl.concat_list("client").alias("clients"),
            terms(
                evidence("usual_in_a_day", pl.col("centre")),
                evidence("most_in_a_day", pl.col("most")),
                evidence("score", pl.col("score").round(1)),
            ),
        )
    )


DETECTOR = Detector(
    id="slow-growth",
    title="{clients} sends more and more",
    summary="{clients} used to write to {usual_in_a_day:recipient} a day, and came to {most_in_a_day}; the growth "
    "began on {first}.",
    action="Compare what {clients} sends now with what it sent before {first}.",
    attack=("T1071.003",),
    needs=("host_hour", "role"),
    sees=("smtp",),
    params=SlowGrowthParams,
    plan=plan,
)
