"""The mail of the window in sums: what a mail administrator expects of a daily summary."""

from __future__ import annotations

import polars as pl

from zeeksmtp.model import Collect, Context, Count, Fact, Tables, Traffic

_MOST = 20
_DELIVERY = ("MAIL", "RCPT", "DATA", "BDAT")


def counts(tables: Tables, context: Context) -> pl.LazyFrame:
    """Count messages (with content, as far as can be known), refusals and commands in the window.

    Gives `kind`, `name` and `count`. A refusal's name is its code and enhanced status; `refused` is told by
    smtp_cmd.log, `last` by the last replies of the mails.
    """
    mails, command = (tables[name].filter(context.window.covers()) for name in ("message", "command"))
    message = mails.filter(pl.col("content").fill_null(value=True))
    clock = pl.col("ts").dt.convert_time_zone(context.site.timezone).dt.strftime("%H")
    reason = pl.concat_str(pl.col("reply_code").cast(pl.String), "reply_status", separator=" ", ignore_nulls=True)
    status = pl.col("reply_msg").str.extract(r"^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})(?: |$)").alias("reply_status")
    refused = pl.col("reply_code") >= 400
    domains = message.select(pl.col("recipient_domains").alias("name")).explode("name")
    kinds = {
        "sender": message.select(pl.col("sender").alias("name")),
        "client": message.select(pl.col("client").alias("name")),
        "recipient_domain": domains,
        "hour": message.select(clock.alias("name")),
        "refused": command.filter(pl.col("command").is_in(_DELIVERY), refused).select(reason.alias("name")),
        "last": mails.filter(refused).with_columns(status).select(reason.alias("name")),
        "command": command.select(pl.col("command").alias("name")),
    }
    return pl.concat([_counted(kind, names) for kind, names in kinds.items()])


def _counted(kind: str, names: pl.LazyFrame) -> pl.LazyFrame:
    each = names.filter(pl.col("name").is_not_null()).group_by("name").agg(pl.len().cast(pl.Int64).alias("count"))
    return each.select(pl.lit(kind).alias("kind"), "name", "count")


def _merged(days: pl.LazyFrame) -> pl.LazyFrame:
    return days.group_by("kind", "name").agg(pl.col("count").sum())


def counts_by_day(context: Context) -> Fact:
    """Give `counts` as a daily fact, named `traffic`."""
    return Fact(
        name="traffic",
        doc="what the report's sums need to know of each day",
        columns=(),
        needs=("message", "command"),
        plan=lambda tables, _site: counts(tables, context),
        daily=True,
        merge=_merged,
        cache_key=repr(context),
    )


def traffic_of(tables: Tables, context: Context, collect: Collect) -> Traffic:
    """Give the sums of the window, of the table `traffic` if there is one, else of messages and commands."""
    there = tables.get("traffic")
    counted = collect(there if there is not None else counts(tables, context))
    of_kind = {kind: counted.filter(pl.col("kind") == kind) for kind in ("sender", "client", "recipient_domain")}
    # Without smtp_cmd.log the last replies of the mails have to do.
    told = "refused" if "command" in counted["kind"] else "last"
    hours = dict(counted.filter(pl.col("kind") == "hour").select("name", "count").iter_rows())
    return Traffic(
        senders=_top(of_kind["sender"]),
        clients=_top(of_kind["client"]),
        recipient_domains=_top(of_kind["recipient_domain"]),
        refusals=_top(counted.filter(pl.col("kind") == told)),
        hours=tuple(Count(name=f"{hour:02}", count=hours.get(f"{hour:02}", 0)) for hour in range(24)),
    )


def _top(counted: pl.DataFrame) -> tuple[Count, ...]:
    """Give the most frequent; ties by name."""
    rows = counted.sort("count", "name", descending=[True, False]).head(_MOST)
    return tuple(Count(name=name, count=count) for name, count in rows.select("name", "count").iter_rows())
