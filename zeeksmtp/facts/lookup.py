"""Look-ups in DNS that precede mail: who asks for mail exchangers, and who asks for its own address from outside."""

import polars as pl

from zeeksmtp.model import Column, Context, Fact, Tables
from zeeksmtp.services.address_echo import ADDRESS_ECHO

_MX = 15  # RFC 1035, 3.2.2


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per look-up of MX records or of an address-echo service."""
    is_mx = ((pl.col("qtype") == _MX) | (pl.col("qtype_name") == "MX")).fill_null(value=False)
    is_echo = pl.col("query").is_in(ADDRESS_ECHO)
    kind = pl.when(is_mx).then(pl.lit("mx")).when(is_echo).then(pl.lit("address-echo"))
    named = tables["dns"].with_columns(pl.col("id.orig_h").alias("client"), kind.alias("kind"))
    return named.filter(pl.col("kind").is_not_null()).select(column.name for column in FACT.columns)


FACT = Fact(
    name="lookup",
    doc="One row per DNS look-up of MX records or of an address-echo service.",
    columns=(
        Column("ts", "time", "when"),
        Column("client", "addr", "who sent the query"),
        Column("query", "string", "the name asked for"),
        Column("kind", "string", "mx, or address-echo: a service that replies with the address of who asks"),
    ),
    needs=("dns",),
    plan=plan,
    daily=True,
)
