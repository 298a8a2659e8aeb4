"""What servers call themselves that somebody logged in to: accounts of that host go by this name.

Others are left out: a stranger's server that greets anew each time would have all accounts named anew.
"""

import polars as pl

from zeeksmtp.model import Column, Context, Fact, Tables


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per server that has a name: the latest one of its lowest port that gave one."""
    login_servers = tables["smtp_auth"].select(server="id.resp_h").unique()
    named = tables["greeting"].join(login_servers, on="server", how="semi").filter(pl.col("host_name").is_not_null())
    named = named.sort("server", "port")
    return named.unique("server", keep="first", maintain_order=True).select("server", "host_name")


FACT = Fact(
    name="host_name",
    doc="One row per server with logins that gave its name in a greeting.",
    columns=(
        Column("server", "addr", "the server"),
        Column("host_name", "string", "its name"),
    ),
    needs=("greeting", "smtp_auth"),
    plan=plan,
)
