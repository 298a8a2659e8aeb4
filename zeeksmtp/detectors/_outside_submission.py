"""Sessions of the site's hosts with submission servers outside, and the look-ups that come before."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from zeeksmtp.facts._common import ENDS, conn_key
from zeeksmtp.facts.login import MIN_GAP_SECONDS
from zeeksmtp.model import Context, Tables

MAIL_SERVER_ROLES = ("relay", "submission-server", "bulk-sender")
_OTHER_ROLES = ("gateway", "scanner", "monitoring-probe")
_SUBMISSION_PORTS = (465, 587, 2525)
_MIN_TLS_BYTES = 1000  # the smallest mail seen inside TLS sent 1026
_MAX_SIZE_DEVIATION = 0.01
_MIN_ATTACHMENT_BYTES = 10_000  # short texts are of one size by chance
_MAX_SERVER_CLIENTS = 4
"""Hosts of the site that use a server, if it is not one of everybody: a stealer may be on several of them."""


def sent_to_self() -> pl.Expr:
    """Return whether a mail (table `message`) goes from an address to itself."""
    return pl.col("recipient_names").list.contains(pl.col("sender")).fill_null(value=False).alias("to_self")


def visits_without_login(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return sessions that very likely submitted mail to a server outside, with no login in sight.

    Inside TLS that is one that few hosts use (`rare`). Columns of `session`, and of its mails `mails` (0 inside
    TLS), `recipient_names` and `to_self`.
    """
    roles = (*MAIL_SERVER_ROLES, *_OTHER_ROLES)
    others = tables["role"].filter(pl.col("role").is_in(roles)).select(client="host")
    logins = tables["auth"].filter(pl.col("outcome") == "success").select("uid", *ENDS)
    sessions = tables["session"].filter(pl.col("port").is_in(_SUBMISSION_PORTS))
    rare = sessions.group_by("server").agg((pl.col("client").n_unique() <= _MAX_SERVER_CLIENTS).alias("rare"))
    mails = (
        tables["message"]
        .filter(pl.col("recipients") > 0, pl.col("content").fill_null(value=True))
        .group_by(conn_key().alias("session"))
        .agg(
            pl.len().alias("mails"),
            pl.col("recipient_names").explode().drop_nulls().unique(),
            sent_to_self().any(),
        )
    )
    in_tls = pl.col("tls").fill_null(value=True) & (pl.col("orig_bytes") >= _MIN_TLS_BYTES)
    return (
        sessions.filter(pl.col("direction") == "outbound", context.window.covers())
        .join(others, on="client", how="anti")
        .join(rare, on="server")
        .join(logins, on=["uid", *ENDS], how="anti")
        .join(mails, on="session", how="left")
        .filter(pl.col("mails").is_not_null() | (in_tls & pl.col("rare")))
        .with_columns(pl.col("mails").fill_null(0), pl.col("to_self").fill_null(value=False))
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
    or if the session sent as many bytes as the one before, give or take a hundredth, and more than a short text.
    """
    gap = pl.col("ts").diff().over("client").dt.total_microseconds() / 1e6
    apart = visits.sort("client", "ts", "uid").filter((gap >= MIN_GAP_SECONDS).fill_null(value=True))
    another = pl.col("uid") != pl.col("uid").shift(1).over("client")
    regular = _is_close("gap", 1 + tolerance)
    large = pl.col("orig_bytes") >= _MIN_ATTACHMENT_BYTES
    same_size = another & large & _is_close("orig_bytes", 1 + _MAX_SIZE_DEVIATION)
    bad = pl.any_horizontal((regular | pl.col("to_self")).fill_null(value=False), same_size.fill_null(value=False))
    spaced = apart.with_columns(gap.alias("gap"))
    return spaced.select("client", "ts", bad.alias("bad"), pl.lit(1, pl.Int64).alias("trials"))


def _is_close(name: str, ratio: float) -> pl.Expr:
    """Return whether a value and that of the visit before are within `ratio`; null for the first."""
    before = pl.col(name).shift(1).over("client")
    return (pl.max_horizontal(name, before) <= ratio * pl.min_horizontal(name, before)) & before.is_not_null()
