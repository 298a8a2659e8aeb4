"""Relaying that smtp.log alone shows: strangers' recipients in its envelopes, and whether a mail followed."""

from __future__ import annotations

import polars as pl

from zeeksmtp.facts._reply import domain_of
from zeeksmtp.model import Context, Tables

_CONNECTION = ("uid", "client", "server")
_RELAY_PORTS = (25, 26)
_DEFERRED_CODES = (450, 451, 452)
_MAX_REFUSED_SHARE = 0.5
"""Recipients that are refused to a client that delivers mail: dead addresses are fewer than that."""
_MIN_REFUSED_CLIENTS = 2
"""Clients to which a server refuses a domain that it does not relay for, at least: one may have met an unknown user."""
_MIN_INSIDE_CLIENTS = 2
"""Clients inside that send from a domain of the site, at least: one may be a bot."""
_RELAYING = r"(?i)relay"


def foreign_recipients(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return the recipients in the window that outside clients named to the site's servers, and that are not its own.

    `relay_denied`: the transaction brought no mail. `open`: the server took the mail, of a client that was refused
    another time, or for a domain that it refuses to several others. `says_relay`: the last reply speaks of relaying.
    Where no domain of the site is known, nothing is foreign.
    """
    envelopes = _envelopes(tables).cache()
    domains = _domains(envelopes).cache()
    own = _own_domains(tables, domains).cache()
    known = own.select(pl.len() > 0).rename({"len": "known"})
    foreign = (
        envelopes.join(own, on="domain", how="anti")
        .join(own.rename({"domain": "sender_domain"}), on="sender_domain", how="anti")
        .join(domains, on="domain", how="left")
        .join(known, how="cross")
        .filter("known")
    )
    is_refused = pl.col("relay_denied").any().over("client") | (pl.col("refusing") >= _MIN_REFUSED_CLIENTS)
    marked = foreign.with_columns((pl.col("accepted") & is_refused).alias("open"))
    return marked.filter(pl.col("relay_denied") | pl.col("open"), context.window.covers())


def own_domains(tables: Tables) -> pl.LazyFrame:
    """Return the domains (`domain`) that the site takes mail for, or whose senders are inside."""
    return _own_domains(tables, _domains(_envelopes(tables)))


def _envelopes(tables: Tables) -> pl.LazyFrame:
    """Return the recipients of inbound transactions on relay ports without a logged command or login, one a row."""
    logged = [tables[name].select(_CONNECTION) for name in ("command", "auth")]
    content, deferred = pl.col("content").fill_null(value=True), pl.col("reply_code").is_in(_DEFERRED_CODES)
    return (
        tables["message"]
        .filter(pl.col("direction") == "inbound", pl.col("port").is_in(_RELAY_PORTS))
        .join(pl.concat(logged).unique(), on=list(_CONNECTION), how="anti")
        .explode("recipient_names")
        .select(
            *_CONNECTION,
            "ts",
            "sender_domain",
            # Whether "250 Ok" took a mail without a body or answers RSET is not known: it counts for neither.
            pl.col("accepted") & pl.col("content").fill_null(value=False),
            pl.col("content").is_not_null().alias("is_known"),
            pl.col("recipient_names").alias("name"),
            domain_of(pl.col("recipient_names")).alias("domain"),
            (~content & ~pl.col("accepted") & ~deferred.fill_null(value=False)).alias("relay_denied"),
            pl.col("reply_msg").fill_null("").str.contains(_RELAYING).alias("says_relay"),
        )
        .filter(pl.col("domain").is_not_null())
    )


def _domains(envelopes: pl.LazyFrame) -> pl.LazyFrame:
    """Return how many clients mail for each domain is taken from (`taking`), and to how many it is refused.

    A client that one server refuses everything for a domain has found another that relays: it is no sender of mail for
    that domain, however much it sends.
    """
    client = pl.col("client")
    refused_by_server = pl.col("relay_denied").all().over("client", "server", "domain")
    is_refused = pl.col("refused_by_server").any().over("client", "domain")
    is_sender = (pl.col("relay_denied") & pl.col("is_known")).sum().over("client") < _MAX_REFUSED_SHARE * pl.col(
        "is_known"
    ).sum().over("client")
    return (
        envelopes.with_columns(refused_by_server.alias("refused_by_server"))
        .with_columns(is_sender.alias("is_sender"), is_refused.alias("is_refused"))
        .group_by("domain")
        .agg(
            client.filter(pl.col("accepted") & pl.col("is_sender") & ~pl.col("is_refused")).n_unique().alias("taking"),
            client.filter(pl.col("relay_denied") & ~pl.col("is_sender")).n_unique().alias("refusing"),
        )
    )


def _own_domains(tables: Tables, domains: pl.LazyFrame) -> pl.LazyFrame:
    received = domains.filter(pl.col("taking") > pl.col("refusing")).select("domain")
    inside = tables["message"].filter(pl.col("direction") == "internal", "accepted")
    senders = inside.group_by(pl.col("sender_domain").alias("domain")).agg(pl.col("client").n_unique().alias("clients"))
    sent = senders.filter(pl.col("clients") >= _MIN_INSIDE_CLIENTS).select("domain")
    return pl.concat([received, sent]).drop_nulls().unique()
