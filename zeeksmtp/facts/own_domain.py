"""The mail domains of the site: those that it takes mail for, or whose senders are inside."""

import polars as pl

from zeeksmtp.model import Column, Context, Fact, Tables

_MAX_REFUSED_SHARE = 0.5
"""Recipients that are refused to a client that delivers mail: dead addresses are fewer than that."""
_MIN_INSIDE_CLIENTS = 2
"""Clients inside that send from a domain of the site, at least: one may be a bot."""


def witnesses(domain_use: pl.LazyFrame) -> pl.LazyFrame:
    """Return how many clients mail for each domain is taken from (`taking`), and to how many it is refused.

    A client that one server refuses everything for a domain has found another that relays: it is no sender of mail for
    that domain, however much it sends.
    """
    client = pl.col("client")
    refused_by_server = pl.col("denied") == pl.col("envelopes")
    is_refused = refused_by_server.any().over("client", "domain")
    is_sender = pl.col("denied_known").sum().over("client") < _MAX_REFUSED_SHARE * pl.col("known").sum().over("client")
    return (
        domain_use.filter(pl.col("envelopes") > 0)
        .with_columns(is_sender.alias("is_sender"), is_refused.alias("is_refused"))
        .group_by("domain")
        .agg(
            client.filter((pl.col("taken") > 0) & pl.col("is_sender") & ~pl.col("is_refused"))
            .n_unique()
            .alias("taking"),
            client.filter((pl.col("denied") > 0) & ~pl.col("is_sender")).n_unique().alias("refusing"),
        )
    )


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per domain, in order: the days of facts that rest on them are kept while they stay the same."""
    received = witnesses(tables["domain_use"]).filter(pl.col("taking") > pl.col("refusing")).select("domain")
    inside = tables["domain_use"].filter(pl.col("sent_inside") > 0)
    senders = inside.group_by("domain").agg(pl.col("client").n_unique().alias("clients"))
    sent = senders.filter(pl.col("clients") >= _MIN_INSIDE_CLIENTS).select("domain")
    return pl.concat([received, sent]).unique().sort("domain")


FACT = Fact(
    name="own_domain",
    doc="One row per domain that the site takes mail for, or whose senders are inside.",
    columns=(Column("domain", "string", "the domain"),),
    needs=("domain_use",),
    plan=plan,
)
