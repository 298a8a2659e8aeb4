"""What each of the site's clients sent per hour: hours with mail, which are the ones that need judgement."""

import polars as pl

from zeeksmtp.facts._day import day_of
from zeeksmtp.model import Column, Context, Fact, Tables

_RECIPIENTS_A_MAIL = 10


def plan(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return one row per local client and hour with mail; hours without count as zero."""
    # One mail to a hundred people is one decision, not a hundred: recipients count up to ten for each mail.
    reached = pl.min_horizontal("recipients", _RECIPIENTS_A_MAIL * pl.col("messages"))
    value = pl.max_horizontal("messages", reached).cast(pl.Int64).alias("value")
    ours = tables["host_hour"].filter("local").with_columns(day_of("hour", context.site).alias("day"), value)
    return ours.filter(pl.col("value") > 0).select(column.name for column in FACT.columns)


FACT = Fact(
    name="sent",
    doc="One row per local client and hour with mail: what it sent.",
    columns=(
        Column("client", "addr", "the client"),
        Column("hour", "time", "start of the hour (UTC)"),
        Column("day", "time", "its day at the site, as midnight UTC"),
        Column("messages", "count", "mails seen"),
        Column("recipients", "count", "envelope recipients"),
        Column("value", "int", "messages or recipients (at most ten for each mail), the larger: this is judged"),
    ),
    needs=("host_hour",),
    plan=plan,
    daily=True,
)
