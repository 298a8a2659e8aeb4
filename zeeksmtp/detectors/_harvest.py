"""Enumeration that no smtp_cmd.log shows: dialogues of queries, and recipients in transactions without a mail."""

from __future__ import annotations

import polars as pl

from zeeksmtp.detectors._attempts import PAIR, suspects, trials_of
from zeeksmtp.detectors._queries import local_relays
from zeeksmtp.model import Context, Tables
from zeeksmtp.statistics.sequential import SequentialTest

_ABOUT_RECIPIENT = r"(?i)^250[ -]2\.1\.5|^55[013][ -](?:5\.1\.[01]|.*(?:unknown|no such|not found))"
"""The last reply answers RCPT: the recipient is unknown, or is accepted and the client leaves without a mail."""
_CONNECTION = ("uid", "client", "server")


def harvests(tables: Tables, test: SequentialTest, min_recipients: int, context: Context) -> pl.LazyFrame:
    """Return the pairs that alarm (`suspects`), with the recipients that they tried (`names`)."""
    names = _recipients(tables, min_recipients).cache()
    recipients = names.with_columns(pl.lit(1, pl.Int64).alias("tries"), pl.lit(1, pl.Int64).alias("trials"))
    columns = ("ts", "uid", *PAIR, "port", "direction", "kind", "bad", "tries", "trials")
    trials = pl.concat([trials_of(tables, "queries").select(columns), recipients.select(columns)])
    found = suspects(trials, test, context).filter(~pl.col("regular"))
    tried = names.filter(context.window.covers()).group_by(PAIR).agg(pl.col("name").unique().sort().alias("names"))
    return found.join(tried, on=list(PAIR), how="left").with_columns(pl.col("names").fill_null([]))


def _recipients(tables: Tables, min_recipients: int) -> pl.LazyFrame:
    """Return the recipients of transactions without a mail, of several or with a reply about the recipient, each once.

    Left out: what smtp_cmd.log has, relays of the site (their dead recipients are other people's), replies that defer
    (greylisting), and names that the server takes mail for from anyone.
    """
    logged = tables["command"].select(_CONNECTION).unique()
    mails = (
        tables["message"]
        .join(logged, on=list(_CONNECTION), how="anti")
        .join(local_relays(tables), on="client", how="anti")
    )
    deferred = pl.col("reply_code").is_in([450, 451, 452]).fill_null(value=False)
    in_vain = ~pl.col("content").fill_null(value=True) & ~pl.col("accepted") & ~deferred
    # Outside servers refuse a spam bot of the site for what it is, whatever names it has.
    at_site = pl.col("direction").is_in(["inbound", "internal"])
    several = pl.col("recipient_names").list.len() >= min_recipients
    answers_recipient = pl.col("reply_msg").str.contains(_ABOUT_RECIPIENT).fill_null(value=False)
    named = (
        mails.filter(in_vain, several | answers_recipient, at_site)
        .explode("recipient_names")
        .rename({"recipient_names": "name"})
    )
    known = mails.filter("accepted").select("server", name="recipient_names").explode("name").unique()
    return (
        named.join(known, on=["server", "name"], how="anti")
        .sort("ts", "uid", "name")
        .unique([*PAIR, "name"], keep="first", maintain_order=True)
        .select("ts", "uid", *PAIR, "port", "direction", "name", kind=pl.lit("queries"), bad=pl.lit(value=True))
    )
