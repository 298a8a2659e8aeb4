"""Recipients that outside clients without a login named to the site's servers: what relay probing shows in."""

import polars as pl

from zeeksmtp.facts._reply import domain_of, queried_name
from zeeksmtp.model import Column, Context, Fact, Tables

_PAIR = ("client", "server")
_RELAYING = r"(?i)relay"


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per answered RCPT whose recipient has a domain."""
    logged_in = tables["auth"].filter(pl.col("outcome") == "success").select("uid", *_PAIR).unique()
    text, status = pl.col("reply_msg").fill_null(""), pl.col("reply_status")
    about_relaying = text.str.contains(_RELAYING) | (status == "5.7.54").fill_null(value=False)
    return (
        tables["command"]
        .filter(pl.col("command") == "RCPT", pl.col("direction") == "inbound", pl.col("reply_code").is_not_null())
        .join(logged_in, on=["uid", *_PAIR], how="anti")
        .select(
            "ts",
            "uid",
            *_PAIR,
            queried_name().alias("name"),
            domain_of(queried_name()).alias("domain"),
            (pl.col("reply_code") < 300).alias("accepted"),
            ((pl.col("reply_code") >= 500) & about_relaying).alias("relay_denied"),
        )
        .filter(pl.col("domain").is_not_null())
    )


FACT = Fact(
    name="inbound_recipient",
    doc="One row per recipient that an outside client without a login named to a server of the site.",
    columns=(
        Column("ts", "time", "time of the command"),
        Column("uid", "string", "its connection"),
        Column("client", "addr", "the client"),
        Column("server", "addr", "the server"),
        Column("name", "string", "the recipient in its normal form"),
        Column("domain", "string", "its domain"),
        Column("accepted", "bool", "the server took it"),
        Column("relay_denied", "bool", "the server rejected it for relaying"),
    ),
    needs=("command", "auth"),
    plan=plan,
    daily=True,
)
