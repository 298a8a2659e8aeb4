"""Clients that enumerate users: the tests on the names that each of them queried at a server."""

from __future__ import annotations

import polars as pl
from pydantic import Field

from zeeksmtp.detectors._queries import PAIR, VRFY_EXPN, name_trials
from zeeksmtp.model import Context, Params, Tables
from zeeksmtp.statistics.sequential import SequentialTest, outcomes


class EnumerationParams(Params):
    """When queries for names are an enumeration."""

    theta0: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="share of unknown names among the innocent; Source: measured on the choosing half of the "
        "simulated sites (`make evaluate`)",
    )
    theta1: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="share of unknown names among harvesters; Source: measured on the choosing half of the "
        "simulated sites (`make evaluate`)",
    )
    memory_days: float = Field(
        30,
        gt=0,
        le=365,
        description="days without a query after which the score starts anew; Source: our choice, a month of logs",
    )
    min_names: int = Field(
        5,
        ge=2,
        description="distinct names queried by VRFY or EXPN that are enough, of a client of the site that knows nearly "
        "all of them within a day; Source: fail2ban's maxretry of 5",
    )
    min_sources: int = Field(
        3, ge=2, description="clients that a distributed harvest has at least; Source: our choice, two may be one NAT"
    )
    min_recipients: int = Field(
        3,
        ge=1,
        description="recipients of one transaction without a mail that may be queries, without smtp_cmd.log; Source: "
        "our choice, a rejected mail has one or two",
    )

    def test(self, context: Context) -> SequentialTest:
        """Return the test with the operator's `alpha`."""
        return SequentialTest(self.theta0, self.theta1, context.alpha, self.memory_days)


def enumerators(tables: Tables, every: pl.LazyFrame, params: EnumerationParams, context: Context) -> pl.LazyFrame:
    """Return one row per client and server that may fire or used VRFY or EXPN: the test, and whether it `fires`.

    `fires_at` is the earlier of the test's alarm and the query that completed `min_names`.
    """
    test = params.test(context)
    direct = every.filter(VRFY_EXPN).sort("ts", "uid", "seq")
    lake = every.group_by(PAIR).agg(
        VRFY_EXPN.any().alias("direct"),
        pl.col("name").filter(pl.col("verdict") == "unknown").n_unique().alias("unknown_in_lake"),
        pl.col("name").n_unique().alias("names_in_lake"),
        pl.col("direction").is_in(["internal", "outbound"]).any().alias("of_site"),
    )
    candidates = lake.filter(pl.col("direct") | (pl.col("unknown_in_lake") >= test.least_bad)).cache()
    trials = name_trials(tables, every.join(candidates, on=list(PAIR), how="semi"))
    tests = outcomes(trials.join(candidates, on=list(PAIR), how="semi"), PAIR, test)
    few_unknown = pl.col("unknown_in_lake") <= pl.max_horizontal(1, params.theta0 * pl.col("names_in_lake"))
    pairs = (
        candidates.join(tests, on=list(PAIR), how="left")
        .join(_enough_names(direct, PAIR, params.min_names, "enough_at"), on=list(PAIR), how="left")
        .join(_enough_in_a_day(direct, params.min_names), on=list(PAIR), how="left")
        .join(known_scanners(tables), on="client", how="left")
        .with_columns((pl.col("of_site") & few_unknown).alias("knows_names"), pl.col("scanner").fill_null(value=False))
    )
    enough_at = pl.when("knows_names").then("enough_in_a_day_at").otherwise("enough_at")
    fires_at = pl.min_horizontal("alarm_at", enough_at)
    named = pairs.with_columns(pl.when(~pl.col("scanner")).then(fires_at).alias("fires_at"))
    return named.with_columns(pl.col("fires_at").is_not_null().alias("fires")).cache()


def _enough_names(direct: pl.LazyFrame, keys: tuple[str, ...], min_names: int, name: str) -> pl.LazyFrame:
    """Return when each key had queried `min_names` distinct names, as column `name`."""
    firsts = direct.unique([*keys, "name"], keep="first", maintain_order=True)
    enough = firsts.group_by(keys, maintain_order=True).agg(
        pl.col("ts").get(min_names - 1, null_on_oob=True).alias(name)
    )
    return enough.filter(pl.col(name).is_not_null())


def _enough_in_a_day(direct: pl.LazyFrame, min_names: int) -> pl.LazyFrame:
    """Return when each client first queried `min_names` distinct names of a server within one UTC day."""
    by_day = direct.with_columns(pl.col("ts").dt.truncate("1d").alias("day"))
    days = _enough_names(by_day, (*PAIR, "day"), min_names, "enough_in_a_day_at")
    return days.group_by(PAIR).agg(pl.col("enough_in_a_day_at").min())


def known_scanners(tables: Tables) -> pl.LazyFrame:
    """Return the scanners of the site that the configuration vouches for, or whose scans are scheduled."""
    known = (pl.col("role") == "scanner") & pl.col("local") & (pl.col("vouched") | pl.col("scheduled"))
    return tables["role"].filter(known).select(client="host", scanner=pl.lit(value=True))
