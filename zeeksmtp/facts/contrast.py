"""Where an answer that could mean anything means that a name exists: the server refuses others as unknown."""

import polars as pl

from zeeksmtp.model import Column, Context, Fact, Tables

_KEY = ("server", "verb")


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per server and verb by which it ever said that a name does not exist."""
    return tables["answer"].filter("unknown").select(_KEY).unique().sort(_KEY)


FACT = Fact(
    name="contrast",
    doc="One row per server and verb by which it says that a name does not exist.",
    columns=(
        Column("server", "addr", "the server"),
        Column("verb", "string", "VRFY, EXPN or RCPT"),
    ),
    needs=("answer",),
    plan=plan,
)
