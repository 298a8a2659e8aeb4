"""How servers greet: each wording once, with the latest time that it was heard."""

import polars as pl

from zeeksmtp.model import Column, Fact, Site, Tables

_KEY = ("server", "port", "banner")


def _latest(wordings: pl.LazyFrame) -> pl.LazyFrame:
    return wordings.group_by(_KEY).agg(pl.col("ts").max())


def plan(tables: Tables, _site: Site) -> pl.LazyFrame:
    """Give one row per server, port and wording."""
    return _latest(tables["session"].filter(pl.col("banner").is_not_null()))


FACT = Fact(
    name="greeting",
    doc="One row per server, port and wording of its greeting.",
    columns=(
        Column("server", "addr", "the server"),
        Column("port", "port", "its port"),
        Column("banner", "string", "the greeting"),
        Column("ts", "time", "start of the latest session with it"),
    ),
    needs=("session",),
    plan=plan,
    daily=True,
    merge=_latest,
)
