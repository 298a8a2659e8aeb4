"""What each of the site's clients sent per hour, and what it sent in the same hours of earlier weeks."""

from __future__ import annotations

import polars as pl

from zeeksmtp.facts._day import day_of
from zeeksmtp.model import Column, Fact, Site, Tables
from zeeksmtp.statistics.counts import with_baseline

HISTORY_DAYS = 7
"""With at least a week in the lake a host is judged by its own past, before that by its peers."""

_RECIPIENTS_A_MAIL = 10


def _sent(hours: pl.LazyFrame) -> pl.LazyFrame:
    """Local clients' hours with mail; hours without count as zero, and need no judgement."""
    # One mail to a hundred people is one decision, not a hundred: recipients count up to ten for each mail.
    reached = pl.min_horizontal("recipients", _RECIPIENTS_A_MAIL * pl.col("messages"))
    value = pl.max_horizontal("messages", reached).cast(pl.Int64)
    ours = hours.filter("local").select("client", "hour", "messages", "recipients", value.alias("value"))
    return ours.filter(pl.col("value") > 0)


def plan(tables: Tables, site: Site) -> pl.LazyFrame:
    """Give one row per local client and hour with mail."""
    past = _sent(tables["past"]) if "past" in tables else None
    sent = _sent(tables["host_hour"]).with_columns(day_of("hour", site).alias("day"))
    based = with_baseline(sent, ["client"], "value", site.timezone, HISTORY_DAYS, past=past)
    return based.select(column.name for column in FACT.columns)


FACT = Fact(
    name="usual",
    doc="One row per local client and hour with mail: what it sent, and what it sends at such an hour.",
    columns=(
        Column("client", "addr", "the client"),
        Column("hour", "time", "start of the hour"),
        Column("day", "time", "its day at the site, as midnight UTC"),
        Column("messages", "count", "mails seen"),
        Column("recipients", "count", "envelope recipients"),
        Column("value", "int", "messages or recipients (at most ten for each mail), the larger"),
        Column("expected", "double", "median of the same hours of earlier weeks; null without a week of history"),
        Column("variance", "double", "their variance, from the median deviation"),
        Column("has_history", "bool", "there is a week of history"),
    ),
    needs=("host_hour",),
    plan=plan,
    daily=True,
    past="host_hour",
)
