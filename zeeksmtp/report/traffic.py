"""The mail of the window in sums: what a mail administrator expects of a daily summary."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from zeeksmtp.model import Count, Tables, Traffic, Window

Collect = Callable[[pl.LazyFrame], pl.DataFrame]

_MOST = 20
_DELIVERY = ("MAIL", "RCPT", "DATA", "BDAT")


def _top(collect: Collect, names: pl.LazyFrame, weight: pl.Expr | None = None) -> tuple[Count, ...]:
    """Count the rows (or sum the weights) by column `name`; the busiest first, ties by name."""
    counted = names.filter(pl.col("name").is_not_null()).group_by("name")
    sums = counted.agg((pl.len() if weight is None else weight.sum()).cast(pl.Int64).alias("count"))
    rows = collect(sums.sort("count", "name", descending=[True, False]).head(_MOST)).to_dicts()
    return tuple(Count(**row) for row in rows)


def _refusals(command: pl.LazyFrame, message: pl.LazyFrame) -> pl.LazyFrame:
    """Refusals by code and enhanced status; without smtp_cmd.log the last replies of the mails have to do."""
    reason = pl.concat_str(pl.col("reply_code").cast(pl.String), "reply_status", separator=" ", ignore_nulls=True)
    told = command.filter(pl.col("command").is_in(_DELIVERY), pl.col("reply_code") >= 400)
    status = pl.col("reply_msg").str.extract(r"^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})(?: |$)").alias("reply_status")
    last = message.filter(pl.col("reply_code") >= 400).with_columns(status)
    has_commands = command.select((pl.len() > 0).alias("has_commands"))
    seen = told.select(reason.alias("name"))
    instead = last.select(reason.alias("name")).join(has_commands, how="cross").filter(~pl.col("has_commands"))
    return pl.concat([seen, instead.drop("has_commands")])


def _hours(collect: Collect, message: pl.LazyFrame, timezone: str) -> tuple[Count, ...]:
    clock = pl.col("ts").dt.convert_time_zone(timezone).dt.strftime("%H").alias("name")
    seen = {count.name: count.count for count in _every(collect, message.select(clock))}
    return tuple(Count(name=f"{hour:02}", count=seen.get(f"{hour:02}", 0)) for hour in range(24))


def _every(collect: Collect, names: pl.LazyFrame) -> tuple[Count, ...]:
    rows = collect(names.group_by("name").agg(pl.len().cast(pl.Int64).alias("count"))).to_dicts()
    return tuple(Count(**row) for row in rows)


def traffic_of(tables: Tables, window: Window, timezone: str, collect: Collect) -> Traffic:
    """Give the sums of messages (with content, as far as can be known) and refusals in the window."""
    message = tables["message"].filter(window.covers(), pl.col("content").fill_null(value=True))
    command = tables["command"].filter(window.covers())
    to_domains = message.select(pl.col("recipient_domains").alias("name")).explode("name")
    return Traffic(
        senders=_top(collect, message.select(pl.col("sender").alias("name"))),
        clients=_top(collect, message.select(pl.col("client").alias("name"))),
        recipient_domains=_top(collect, to_domains),
        refusals=_top(collect, _refusals(command, tables["message"].filter(window.covers()))),
        hours=_hours(collect, message, timezone),
    )
