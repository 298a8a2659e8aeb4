"""What servers call themselves: the name in the greeting, which the accounts of that host go by."""

import polars as pl

from zeeksmtp.model import Column, Fact, Site, Tables


def plan(tables: Tables, _site: Site) -> pl.LazyFrame:
    """Give one row per server that has a name: the latest one of its lowest port that gave one."""
    named = tables["greeting"].filter(pl.col("host_name").is_not_null()).sort("server", "port")
    return named.unique("server", keep="first", maintain_order=True).select("server", "host_name")


FACT = Fact(
    name="host_name",
    doc="One row per server that gave its name in a greeting.",
    columns=(
        Column("server", "addr", "the server"),
        Column("host_name", "string", "its name"),
    ),
    needs=("greeting",),
    plan=plan,
)
