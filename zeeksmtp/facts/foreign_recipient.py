"""Recipients that are not of the site, named to its servers from outside: what relay probing shows in smtp.log."""

import polars as pl

from zeeksmtp.facts._envelopes import envelopes
from zeeksmtp.model import Column, Context, Fact, Tables


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per recipient. Where no domain of the site is known, nothing is foreign."""
    own = tables["own_domain"]
    known = own.select(pl.len() > 0).rename({"len": "known"})
    return (
        envelopes(tables)
        .join(own, on="domain", how="anti")
        .join(own.rename({"domain": "sender_domain"}), on="sender_domain", how="anti")
        .join(known, how="cross")
        .filter("known")
        .select(column.name for column in FACT.columns)
    )


FACT = Fact(
    name="foreign_recipient",
    doc="One row per recipient outside the site that an outside client named to its servers, if no command is logged.",
    columns=(
        Column("ts", "time", "time of the transaction"),
        Column("uid", "string", "its connection"),
        Column("client", "addr", "the client"),
        Column("server", "addr", "the server"),
        Column("name", "string", "the recipient in its normal form"),
        Column("domain", "string", "its domain"),
        Column("accepted", "bool", "the server took the mail"),
        Column("relay_denied", "bool", "the transaction brought no mail"),
        Column("says_relay", "bool", "the last reply speaks of relaying"),
    ),
    needs=("message", "command", "auth", "own_domain"),
    plan=plan,
    daily=True,
)
