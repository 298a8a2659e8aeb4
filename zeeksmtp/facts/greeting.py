"""How servers greet, and what they call themselves in it."""

import polars as pl

from zeeksmtp.facts._merging import where_several
from zeeksmtp.model import Column, Context, Fact, Tables

_KEY = ("server", "port")
_NAME = r"^(?:\d\.\d\.\d )?([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(?:\s|$)"


def _latest(greetings: pl.LazyFrame) -> pl.LazyFrame:
    named = pl.col("host_name").is_not_null()
    name, then = pl.col("host_name").filter(named), pl.col("named").filter(named)
    return greetings.group_by(_KEY).agg(
        pl.col("ts").max(),
        pl.col("banner").sort_by("ts", "banner").last(),
        pl.col("named").max(),
        name.sort_by(then, name).last(),
    )


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per server port that greeted."""
    first_word = pl.col("banner").str.extract(_NAME).str.to_lowercase()
    name = pl.when(first_word.str.contains("[a-z]")).then(first_word)  # a status code has the form of a name
    # Of the few wordings, not of all sessions.
    wordings = (
        tables["session"].filter(pl.col("banner").is_not_null()).group_by(*_KEY, "banner").agg(pl.col("ts").max())
    )
    heard = wordings.with_columns(name.alias("host_name"))
    named = pl.when(pl.col("host_name").is_not_null()).then("ts")
    return _latest(heard.with_columns(named.alias("named")))


def _merged(days: pl.LazyFrame) -> pl.LazyFrame:
    return where_several(days, _KEY, [column.name for column in FACT.columns], _latest)


FACT = Fact(
    name="greeting",
    doc="One row per server port that greeted: its latest greeting, and the latest name in one.",
    columns=(
        Column("server", "addr", "the server"),
        Column("port", "port", "its port"),
        Column("ts", "time", "start of the latest session with a greeting"),
        Column("banner", "string", "that greeting"),
        Column("named", "time", "start of the latest session whose greeting begins with the host's name"),
        Column("host_name", "string", "that name, in lower case"),
    ),
    needs=("session",),
    plan=plan,
    daily=True,
    merge=_merged,
)
