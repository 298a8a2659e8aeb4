"""What servers call themselves: the name in the greeting, which the accounts of that host go by."""

import polars as pl

from zeeksmtp.facts._common import name_in_greeting
from zeeksmtp.model import Column, Fact, Site, Tables


def plan(tables: Tables, _site: Site) -> pl.LazyFrame:
    """Give one row per server that has a name: the latest one of its lowest port that gives one."""
    named = tables["greeting"].with_columns(name_in_greeting().alias("host_name")).drop_nulls("host_name")
    latest = named.sort("server", "port", "ts", "banner", descending=[False, False, True, True])
    return latest.unique("server", keep="first", maintain_order=True).select("server", "host_name")


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
