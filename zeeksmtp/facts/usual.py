"""What each of the site's clients sent per hour, and what it sent in the same hours of earlier weeks."""

from __future__ import annotations

import polars as pl

from zeeksmtp.model import Column, Context, Fact, Tables
from zeeksmtp.statistics.counts import with_baseline

HISTORY_DAYS = 7
"""With at least a week in the lake a host is judged by its own past, before that by its peers."""


def plan(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return one row per local client and hour with mail."""
    based = with_baseline(tables["sent"], ["client"], "value", context.site.timezone, HISTORY_DAYS)
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
    needs=("sent",),
    plan=plan,
)
