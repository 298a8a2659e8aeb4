"""Accounts that nobody was seen logging in to: an envelope sender very likely is the account that submits under it."""

from __future__ import annotations

import polars as pl

from zeeksmtp.detectors._account_volume import ACCOUNT, DAY, VolumeParams, above_past, above_peers
from zeeksmtp.expressions.connections import seen_first, uids_seen
from zeeksmtp.model import RELAY_PORTS, Context, Tables

_FORWARDING_ROLES = ("relay", "submission-server", "gateway")
_MAX_CLIENTS = 100


def taken(tables: Tables, params: VolumeParams, context: Context) -> pl.LazyFrame:
    """Return envelope senders whose volume shows that their account was taken over.

    Columns: `sender`; `account`, its local part, as accounts are known by at their own server; that `server`;
    `most_in_a_day` and `usual_in_a_day` in recipients; `has_past` (judged by its own past); `first`,
    `last`, `mails`, `clients` and `uids`, in the window. Submission inside TLS is not visible; then what a relay of the
    site sends on under that sender stands for it, and no client is named.
    """
    days = _uses(tables, tables["sender_day"]).group_by(*DAY).agg(_of_one_leg("reached").alias("recipients")).cache()
    past, peers = above_past(days, params, context), above_peers(days, params, context)
    unusual = pl.concat(
        [
            past.with_columns(pl.lit(value=True).alias("has_past")),
            peers.with_columns(pl.lit(value=False).alias("has_past")),
        ]
    ).unique(ACCOUNT, keep="first", maintain_order=True)
    # Before anything is joined to them: of the rows of all others, sessions are not even read.
    rows = tables["sender_day"].join(unusual.select(sender="account"), on="sender", how="semi")
    found = (
        _uses(tables, rows)
        .filter(context.window.covers("last"))
        .join(unusual.select(ACCOUNT), on=list(ACCOUNT), how="semi")
        .group_by(ACCOUNT)
        .agg(
            pl.col("first").min(),
            pl.col("last").max(),
            _of_one_leg("mails"),
            pl.col("client").drop_nulls().unique().sort().head(_MAX_CLIENTS).alias("clients"),
            seen_first("first_sessions"),
        )
        .with_columns(uids_seen("first_sessions"))
        .join(unusual, on=list(ACCOUNT))
        .rename({"account": "sender"})
    )
    seen_submitting = found.filter(pl.col("clients").list.len() > 0).select("sender")
    relayed = pl.col("clients").list.len() == 0
    # The same mail may be seen on its way to the site's server, and from another one onwards.
    again = found.filter(relayed).join(seen_submitting, on="sender", how="semi").select("sender", "server")
    local_part = pl.col("sender").str.extract(r"^([^@]*)").alias("account")
    return found.join(again, on=["sender", "server"], how="anti").with_columns(local_part)


def _of_one_leg(name: str) -> pl.Expr:
    """Return the sum on the way to a server or onwards from it, the larger: the same mail may be seen on both."""
    onwards = pl.col("client").is_null()
    return pl.max_horizontal(pl.col(name).filter(onwards).sum(), pl.col(name).filter(~onwards).sum()).alias(name)


def _uses(tables: Tables, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return `rows` of `sender_day` with `account` and `server` as those of an account; `client` is null at a relay."""
    roles = tables["role"].select(client="host", role="role")
    rows = rows.join(roles, on="client", how="left").with_columns(pl.col("role").fill_null("other"))
    forwards = pl.col("role").is_in(_FORWARDING_ROLES)
    leaves = pl.col("direction").is_in(["outbound", "external"])
    submitted = rows.filter(~forwards, pl.col("role") != "bulk-sender", ~(leaves & pl.col("port").is_in(RELAY_PORTS)))
    relayed = rows.filter(forwards, leaves).join(_own_domains(tables), on="sender_domain", how="semi")
    at_relay = relayed.with_columns(pl.col("client").alias("server"), pl.lit(None, pl.String).alias("client"))
    return pl.concat([submitted, at_relay]).rename({"sender": "account"})


def _own_domains(tables: Tables) -> pl.LazyFrame:
    """Return the domains that servers of the site take mail for."""
    return tables["domain_use"].filter(pl.col("received") > 0).select(sender_domain="domain").unique()
