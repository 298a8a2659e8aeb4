"""What each of the site's clients sent per hour, against what was to be expected."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from zeeksmtp.model import Column, Context, Fact, Tables
from zeeksmtp.statistics.counts import upper_bound, upper_tail

_MAD_TO_SIGMA = 1.4826


def _of_peers() -> tuple[pl.Expr, pl.Expr]:
    """Centre and variance of what hosts of the same role sent per hour on the same day."""
    value = pl.col("value").cast(pl.Float64)
    centre = value.median().over("role", "day")
    spread = (value - centre).abs().median().over("role", "day")
    return centre, (_MAD_TO_SIGMA * spread) ** 2


def _repeated_hour(timezone: str) -> pl.Expr:
    """The hour that the site's clock shows twice when it is put back: no other week has two of it to compare with."""
    clock = [(pl.col("hour") + timedelta(hours=by)).dt.convert_time_zone(timezone).dt.hour() for by in (-1, 0, 1)]
    return (clock[1] == clock[0]) | (clock[1] == clock[2])


def _judged(hours: pl.LazyFrame) -> pl.LazyFrame:
    """Judge hours, by their peers where they have no history."""
    own = [pl.when("has_history").then(name).alias(name) for name in ("expected", "variance")]
    centre, variance = _of_peers()
    based = hours.with_columns(own).with_columns(
        pl.coalesce("expected", centre).alias("expected"), pl.coalesce("variance", variance)
    )
    tail = upper_tail(pl.col("value"), pl.col("expected"), pl.col("variance"))
    judged = based.with_columns(
        pl.when(~pl.col("repeated")).then(tail).alias("p"),
        upper_bound(pl.col("expected"), pl.col("variance")).alias("upper"),
    )
    return judged.select(column.name for column in FACT.columns)


def plan(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return one row per local client and hour."""
    roles = tables["role"].select("role", client="host")
    hours = tables["usual"].join(roles, on="client", how="left")
    return _judged(hours.with_columns(_repeated_hour(context.site.timezone).alias("repeated")))


FACT = Fact(
    name="volume",
    doc="One row per local client and hour with mail: what it sent, and what was to be expected.",
    columns=(
        Column("client", "addr", "the client"),
        Column("hour", "time", "start of the hour"),
        Column("day", "time", "its day at the site, as midnight UTC: hours of a day are judged together"),
        Column("messages", "count", "mails seen"),
        Column("recipients", "count", "envelope recipients"),
        Column("value", "int", "messages or recipients (at most ten for each mail), the larger: this is judged"),
        Column("role", "string", "what the client is for, as far as it is known"),
        Column("repeated", "bool", "the site's clock shows the hour twice, because it was put back"),
        Column("expected", "double", "median of the same hours of earlier weeks, else of hosts of the same role"),
        Column("variance", "double", "of the same hours, from the median deviation"),
        Column("upper", "double", "exceeded one time in a thousand"),
        Column("p", "double", "chance of that much or more; null for an hour that the clock shows twice"),
        Column("has_history", "bool", "judged by its own past"),
    ),
    needs=("usual", "role"),
    plan=plan,
)
