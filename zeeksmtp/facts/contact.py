"""First contacts: the first time a client tried a server's port, also in vain. Only conn.log sees the failed ones."""

import polars as pl

from zeeksmtp.expressions.connections import PARTIES, deduplicated
from zeeksmtp.facts._contact import FAILED_STATES
from zeeksmtp.facts._merging import where_several
from zeeksmtp.model import SMTP_PORTS, Column, Context, Fact, Tables

_KEY = ("client", "server", "port")


def _outcome() -> pl.Expr:
    spoke = pl.col("history").fill_null("").str.contains("D") & (pl.col("orig_bytes").fill_null(0) > 0)
    return (
        pl.when(pl.col("conn_state").is_in(FAILED_STATES))
        .then(pl.lit("failed"))
        .when(spoke)
        .then(pl.lit("spoke"))
        .otherwise(pl.lit("silent"))
    )


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per client, server and port: the first contact and how it went."""
    tried = deduplicated(tables, "conn").filter(pl.col("port").is_in(SMTP_PORTS))
    one = pl.lit(1, pl.UInt64).alias("contacts")
    return _first(tried.with_columns(_outcome().alias("outcome"), one, pl.col("ts").alias("last")))


def _first(contacts: pl.LazyFrame) -> pl.LazyFrame:
    """Return the first of the contacts with each server port, with the number and the latest of all."""
    totals = contacts.group_by(_KEY).agg(pl.col("contacts").sum(), pl.col("last").max())
    earliest = contacts.filter(pl.col("ts") == pl.col("ts").min().over(pl.struct(_KEY).hash()))
    first = earliest.sort("ts", "uid").unique(_KEY, keep="first", maintain_order=True).drop("contacts", "last")
    return first.join(totals, on=list(_KEY), how="left").select(column.name for column in FACT.columns)


def _merged(days: pl.LazyFrame) -> pl.LazyFrame:
    return where_several(days, _KEY, [column.name for column in FACT.columns], _first)


FACT = Fact(
    name="contact",
    doc="One row per client, server and port: the first contact, also one that failed.",
    columns=(
        *PARTIES,
        Column("conn_state", "string", "how the first contact went, as Zeek has it"),
        Column("outcome", "string", "failed (no answer, refused), silent (answered, client said nothing), spoke"),
        Column("contacts", "count", "connections of this client to this server and port in all"),
        Column("last", "time", "start of the latest of them"),
    ),
    needs=("connection", "conn"),
    plan=plan,
    daily=True,
    merge=_merged,
)
