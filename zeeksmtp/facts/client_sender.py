"""Under which envelope senders each client sends: whoever has few needs no test of its identities."""

import polars as pl

from zeeksmtp.facts._merging import merged
from zeeksmtp.model import Column, Context, Fact, Tables


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per client and envelope sender, without mail from outside to the site."""
    sent = tables["message"].filter(pl.col("direction") != "inbound", pl.col("sender").fill_null("") != "")
    return sent.select("client", "sender").unique()


FACT = Fact(
    name="client_sender",
    doc="One row per client and envelope sender of its mails; mail from outside to the site is left out.",
    columns=(
        Column("client", "addr", "the client"),
        Column("sender", "string", "envelope sender, lower case"),
    ),
    needs=("message",),
    plan=plan,
    daily=True,
    merge=lambda days: merged(days, ("client", "sender")),
)
