"""By which role a client of the site is compared with others. Few of these change with the roles of all hosts."""

import polars as pl

from zeeksmtp.model import Column, Context, Fact, Tables


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Give one row per client that sent."""
    clients = tables["sent"].select("client").unique()
    roles = tables["role"].select(pl.col("host").alias("client"), "role")
    return roles.join(clients, on="client", how="semi").sort("client")


FACT = Fact(
    name="peer",
    doc="One row per local client that sent: its role.",
    columns=(
        Column("client", "addr", "the client"),
        Column("role", "string", "what it is for"),
    ),
    needs=("sent", "role"),
    plan=plan,
)
