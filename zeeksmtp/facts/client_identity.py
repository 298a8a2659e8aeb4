"""Under which names and domains each client sends: whoever has few needs no test of its identities."""

import polars as pl

from zeeksmtp.facts._merging import merged
from zeeksmtp.model import Column, Context, Fact, Tables

_KEY = ("client", "helo", "sender_domain", "author_domain")


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per client, HELO name and domains of sender and author, without mail from outside to the site."""
    sent = tables["message"].filter(pl.col("direction") != "inbound", pl.col("sender").fill_null("") != "")
    return sent.select(_KEY).unique()


FACT = Fact(
    name="client_identity",
    doc="One row per client, HELO name and domains of its mails; mail from outside to the site is left out.",
    columns=(
        Column("client", "addr", "the client"),
        Column("helo", "string", "what it called itself"),
        Column("sender_domain", "string", "domain of the envelope sender"),
        Column("author_domain", "string", "a hash of the domain in the From header"),
    ),
    needs=("message",),
    plan=plan,
    daily=True,
    merge=lambda days: merged(days, _KEY),
)
