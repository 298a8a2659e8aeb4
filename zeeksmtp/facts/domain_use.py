"""Which domains hosts exchange mail for: what tells the domains of the site from those of others."""

import polars as pl

from zeeksmtp.facts._envelopes import envelopes
from zeeksmtp.facts._merging import merged
from zeeksmtp.model import Column, Context, Fact, Tables

_KEY = ("client", "server", "domain")
_COUNTS = ("received", "sent_inside", "envelopes", "with_outcome", "taken", "denied", "denied_known")


def _count(condition: pl.Expr) -> pl.Expr:
    return condition.sum().cast(pl.UInt64)


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per client, server and domain of a recipient from outside, or of a sender inside."""
    accepted = tables["message"].filter("accepted")
    received = accepted.filter(pl.col("direction") == "inbound").explode("recipient_domains")
    inside = accepted.filter(pl.col("direction") == "internal")
    each = pl.len().cast(pl.UInt64)
    parts = [
        received.group_by(*_KEY[:2], domain="recipient_domains").agg(each.alias("received")),
        inside.group_by(*_KEY[:2], domain="sender_domain").agg(each.alias("sent_inside")),
        envelopes(tables)
        .group_by(_KEY)
        .agg(
            each.alias("envelopes"),
            _count(pl.col("is_known")).alias("with_outcome"),
            _count(pl.col("accepted")).alias("taken"),
            _count(pl.col("relay_denied")).alias("denied"),
            _count(pl.col("relay_denied") & pl.col("is_known")).alias("denied_known"),
        ),
    ]
    rows = pl.concat(parts, how="diagonal").filter(pl.col("domain").is_not_null())
    return rows.group_by(_KEY).agg(pl.col(_COUNTS).sum())


def _merged(days: pl.LazyFrame) -> pl.LazyFrame:
    return merged(days, _KEY, *(pl.col(name).sum() for name in _COUNTS))


FACT = Fact(
    name="domain_use",
    doc="One row per client, server and mail domain: mail from outside for the domain, and mail inside from it.",
    columns=(
        Column("client", "addr", "the client"),
        Column("server", "addr", "the server"),
        Column("domain", "string", "domain of a recipient from outside, or of a sender inside"),
        Column("received", "count", "inbound mails to the domain that the server took"),
        Column("sent_inside", "count", "internal mails from the domain that the server took"),
        Column("envelopes", "count", "recipients in inbound transactions on port 25 or 26 without a logged command"),
        Column("with_outcome", "count", "of these, with a known outcome"),
        Column("taken", "count", "of these, in a mail that the server took"),
        Column("denied", "count", "of these, in a transaction that brought no mail"),
        Column("denied_known", "count", "of the latter, with a known outcome"),
    ),
    needs=("message", "command", "auth"),
    plan=plan,
    daily=True,
    merge=_merged,
)
