"""How each server's port answers questions for names."""

import polars as pl

from zeeksmtp.facts._reply import VERBS, verdict
from zeeksmtp.model import Column, Context, Fact, Tables

_KEY = ("server", "port", "verb")
_SAID = ("confirmed", "unknown", "ambiguous")


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per server, port and verb that was queried."""
    queries = tables["command"].filter(pl.col("command").is_in(VERBS)).rename({"command": "verb"})
    said = queries.select(*_KEY, verdict().alias("verdict"))
    return _merged(said.select(*_KEY, *((pl.col("verdict") == verdict).alias(verdict) for verdict in _SAID)))


def _merged(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.group_by(_KEY).agg(pl.col(_SAID).any())


FACT = Fact(
    name="answer",
    doc="One row per server, port and verb (VRFY, EXPN, RCPT): what the server ever answered.",
    columns=(
        Column("server", "addr", "the server"),
        Column("port", "port", "its port"),
        Column("verb", "string", "VRFY, EXPN or RCPT"),
        Column("confirmed", "bool", "that a name exists"),
        Column("unknown", "bool", "that a name does not exist"),
        Column("ambiguous", "bool", "252, or 250 to a recipient: it depends on what it answers to other names"),
    ),
    needs=("command",),
    plan=plan,
    daily=True,
    merge=_merged,
)
