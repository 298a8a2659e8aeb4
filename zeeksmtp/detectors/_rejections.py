"""Replies that reject the site's own hosts for a reason: what the detectors of rejected senders share."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from zeeksmtp.detectors._finding import details, entity, terms, to_findings
from zeeksmtp.detectors._finding import term as evidence
from zeeksmtp.expressions.connections import first_uids
from zeeksmtp.model import Confidence, Context, Severity, Tables

_MAX_REPLY_CHARS = 200  # of a reply that a finding quotes
_WORDING_CHARS = 50  # by which wordings differ; further on there are queue ids and times
_MAX_REPLIES = 5
_MAX_SERVERS = 100


def rejected_as_findings(
    tables: Tables,
    names_reason: Callable[[pl.Expr], pl.Expr],
    level: Severity,
    confidence: Confidence,
    context: Context,
) -> pl.LazyFrame:
    """Return one finding per client of the site that was rejected for the reason that `names_reason` recognises."""
    return to_findings(
        _rejected_clients(tables, names_reason, context).with_columns(
            entity("client"),
            pl.lit(level.value).alias("severity"),
            pl.lit(confidence.value).alias("confidence"),
            terms(
                evidence("sessions", pl.col("count")),
                evidence("receivers", pl.col("receivers")),
                evidence("permanent", pl.col("permanent"), 0.0),
            ),
            details(replies=pl.col("replies")),
        )
    )


def _rejected_clients(tables: Tables, names_reason: Callable[[pl.Expr], pl.Expr], context: Context) -> pl.LazyFrame:
    """Return one row per client of the site that was rejected within the window, with counts and wordings.

    Looks at greetings and last replies (`session`), replies to commands (`command`) and to mails (`message`) with a
    4xx or 5xx code for whose text `names_reason` holds.
    """
    replies = pl.concat(
        [
            _rejections(tables["session"], pl.col("last_reply_code"), pl.col("last_reply_msg"), names_reason),
            _rejections(tables["command"], pl.col("reply_code"), pl.col("reply_msg"), names_reason),
            _rejections(tables["message"], pl.col("reply_code"), pl.col("reply_msg").str.slice(4), names_reason),
        ]
    ).filter(context.window.covers())
    sums = replies.group_by("client").agg(
        pl.col("ts").min().alias("first"),
        pl.col("ts").max().alias("last"),
        pl.col("uid").n_unique().cast(pl.UInt64).alias("count"),
        pl.col("client").unique().alias("clients"),
        pl.col("server").unique().sort().head(_MAX_SERVERS).alias("servers"),
        pl.col("server").n_unique().alias("receivers"),
        (pl.col("code") >= 500).sum().alias("permanent"),
        first_uids().alias("uids"),
    )
    return sums.join(_wordings(replies), on="client")


def _rejections(
    rows: pl.LazyFrame, code: pl.Expr, text: pl.Expr, names_reason: Callable[[pl.Expr], pl.Expr]
) -> pl.LazyFrame:
    ours = pl.col("direction").is_in(["outbound", "internal"])
    rejections = rows.filter(ours, (code >= 400) & names_reason(text))
    return rejections.select(
        "ts", "uid", "client", "server", code.alias("code"), text.str.slice(0, _MAX_REPLY_CHARS).alias("reply")
    )


def _wordings(replies: pl.LazyFrame) -> pl.LazyFrame:
    """Return one reply of each wording per client."""
    begins = pl.col("reply").str.slice(0, _WORDING_CHARS).alias("begins")
    each = replies.group_by("client", begins).agg(pl.col("reply").min())
    return each.group_by("client").agg(pl.col("reply").sort().head(_MAX_REPLIES).alias("replies"))
