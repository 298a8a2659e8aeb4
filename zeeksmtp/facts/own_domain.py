"""The mail domains of the site: those that it takes mail for, or whose senders are inside."""

import polars as pl

from zeeksmtp.model import Column, Context, Fact, Tables

_MAX_REFUSED_SHARE = 0.5
"""Recipients that are refused to a client that delivers mail: dead addresses are fewer than that."""
_MIN_INSIDE_CLIENTS = 2
"""Clients inside that send from a domain of the site, at least: one may be a bot."""


def _senders(domain_use: pl.LazyFrame) -> pl.LazyFrame:
    """Return the clients outside that deliver mail, by what becomes of their recipients."""
    is_sender = pl.col("denied_known").sum() < _MAX_REFUSED_SHARE * pl.col("with_outcome").sum()
    return domain_use.filter(pl.col("envelopes") > 0).group_by("client").agg(is_sender.alias("is_sender"))


def refusing(domain_use: pl.LazyFrame) -> pl.LazyFrame:
    """Return to how many clients that are no senders of mail each domain is refused (`refusing`), if to any."""
    senders = _senders(domain_use).filter("is_sender")
    refused = domain_use.filter(pl.col("denied") > 0).join(senders, on="client", how="anti")
    return refused.group_by("domain").agg(pl.col("client").n_unique().alias("refusing"))


def _taken(domain_use: pl.LazyFrame) -> pl.LazyFrame:
    """Return `domain` and `client` of the mail that senders bring.

    A client that one server refuses everything for a domain has found another that relays: it is no sender of mail for
    that domain, however much it sends.
    """
    senders = _senders(domain_use).filter("is_sender")
    refused = domain_use.filter(pl.col("denied") > 0, pl.col("denied") == pl.col("envelopes"))
    taken = domain_use.filter(pl.col("taken") > 0).join(senders, on="client", how="semi")
    return taken.join(refused, on=["client", "domain"], how="anti").select("domain", "client")


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per domain, in order: the days of facts that rest on them are kept while they stay the same."""
    taken, contested = _taken(tables["domain_use"]), refusing(tables["domain_use"])
    uncontested = taken.select("domain").unique().join(contested, on="domain", how="anti")
    clients = taken.join(contested, on="domain", how="semi").group_by("domain").agg(pl.col("client").n_unique())
    more = clients.join(contested, on="domain").filter(pl.col("client") > pl.col("refusing")).select("domain")
    inside = tables["domain_use"].filter(pl.col("sent_inside") > 0)
    senders = inside.group_by("domain").agg(pl.col("client").n_unique().alias("clients"))
    sent = senders.filter(pl.col("clients") >= _MIN_INSIDE_CLIENTS).select("domain")
    return pl.concat([uncontested, more, sent]).unique().sort("domain")


FACT = Fact(
    name="own_domain",
    doc="One row per domain that the site takes mail for, or whose senders are inside.",
    columns=(Column("domain", "string", "the domain"),),
    needs=("domain_use",),
    plan=plan,
)
