"""Sessions of the site's hosts with submission servers outside, and the look-ups that come before."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from zeeksmtp.facts.login import MIN_GAP_SECONDS
from zeeksmtp.model import SUBMISSION_PORTS, Context, Tables

MAIL_SERVER_ROLES = ("relay", "submission-server", "bulk-sender")
_OTHER_ROLES = ("gateway", "scanner", "monitoring-probe")
_MAX_SIZE_DEVIATION = 0.01
_MIN_ATTACHMENT_BYTES = 10_000  # short texts are of one size by chance
_MAX_SERVER_CLIENTS = 4
"""Hosts of the site that use a server, if it is not one of everybody: a stealer may be on several of them."""


def visits_without_login(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return sessions that very likely submitted mail to a server outside, with no login in sight.

    Inside TLS that is one that few hosts use (`rare`). Columns of `outside_submission`.
    """
    roles = (*MAIL_SERVER_ROLES, *_OTHER_ROLES)
    others = tables["role"].filter(pl.col("role").is_in(roles)).select(client="host")
    users = tables["pair"].filter(pl.col("port").is_in(SUBMISSION_PORTS)).group_by("server")
    rare = users.agg((pl.col("client").n_unique() <= _MAX_SERVER_CLIENTS).alias("rare"))
    return (
        tables["outside_submission"]
        .filter(~pl.col("logged_in"), context.window.covers())
        .join(others, on="client", how="anti")
        .join(rare, on="server")
        .filter((pl.col("mails") > 0) | pl.col("rare"))
    )


def with_echo(visits: pl.LazyFrame, tables: Tables, context: Context, minutes: float) -> pl.LazyFrame:
    """Add the address-echo look-ups of the client: `echo`, one preceded the visit; `look_ups`, how often in all."""
    lookups = tables["lookup"].filter(pl.col("kind") == "address-echo", context.window.covers())
    often = lookups.group_by("client").agg(pl.col("ts").dt.truncate("10m").n_unique().alias("look_ups"))
    before = lookups.select("client", "ts", pl.col("query").alias("echo_name")).sort("ts", "echo_name")
    near = visits.sort("ts", "uid").join_asof(
        before, on="ts", by="client", tolerance=timedelta(minutes=minutes), check_sortedness=False
    )
    return near.join(often, on="client", how="left").with_columns(
        pl.col("echo_name").is_not_null().alias("echo"), pl.col("look_ups").fill_null(0)
    )


def trials(visits: pl.LazyFrame, tolerance: float) -> pl.LazyFrame:
    """Return one trial per visit a minute or more after the one before: an outbox that is emptied is one visit.

    It is bad if a mail goes from an address to itself, if its gap differs from the gap before by at most `tolerance`,
    or if its attachment is as large as the one before, or the session sent as many bytes, give or take a hundredth.
    Without files.log a session has to send more than a short text.
    """
    gap = pl.col("ts").diff().over("client").dt.total_microseconds() / 1e6
    apart = visits.sort("client", "ts", "uid").filter((gap >= MIN_GAP_SECONDS).fill_null(value=True))
    another = pl.col("uid") != pl.col("uid").shift(1).over("client")
    regular = _is_close("gap", 1 + tolerance)
    large = pl.col("orig_bytes") >= _MIN_ATTACHMENT_BYTES
    same_bytes = large & _is_close("orig_bytes", 1 + _MAX_SIZE_DEVIATION)
    same_attachment = _is_close("attachment_bytes", 1 + _MAX_SIZE_DEVIATION)
    same_size = another & pl.any_horizontal(same_bytes.fill_null(value=False), same_attachment.fill_null(value=False))
    bad = pl.any_horizontal((regular | pl.col("to_self")).fill_null(value=False), same_size.fill_null(value=False))
    spaced = apart.with_columns(gap.alias("gap"))
    return spaced.select("client", "ts", bad.alias("bad"), pl.lit(1, pl.Int64).alias("trials"))


def _is_close(name: str, ratio: float) -> pl.Expr:
    """Return whether a value and that of the visit before are within `ratio`; null for the first."""
    before = pl.col(name).shift(1).over("client")
    return (pl.max_horizontal(name, before) <= ratio * pl.min_horizontal(name, before)) & before.is_not_null()
