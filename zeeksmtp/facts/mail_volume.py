"""Messages, rejections and commands of the window in sums, as a mail server's daily summary has them."""

import polars as pl

from zeeksmtp.model import Column, Context, Fact, Tables

_KEY = ("kind", "name")
_DELIVERY = ("MAIL", "RCPT", "DATA", "BDAT")


def plan(tables: Tables, context: Context) -> pl.LazyFrame:
    """Count messages (with content, as far as can be known), refusals and commands in the window.

    A refusal's name is its code and enhanced status: `refused` from smtp_cmd.log, `last` from the mails' last replies.
    """
    mails, command = (tables[name].filter(context.window.covers()) for name in ("message", "command"))
    message = mails.filter(pl.col("content").fill_null(value=True))
    clock = pl.col("ts").dt.convert_time_zone(context.site.timezone).dt.strftime("%H")
    reason = pl.concat_str(pl.col("reply_code").cast(pl.String), "reply_status", separator=" ", ignore_nulls=True)
    status = pl.col("reply_msg").str.extract(r"^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})(?: |$)").alias("reply_status")
    refused = pl.col("reply_code") >= 400
    kinds = {
        "sender": message.select(name="sender"),
        "client": message.select(name="client"),
        "recipient_domain": message.select(name="recipient_domains").explode("name"),
        "hour": message.select(name=clock),
        "refused": command.filter(pl.col("command").is_in(_DELIVERY), refused).select(name=reason),
        "last": mails.filter(refused).with_columns(status).select(name=reason),
        "command": command.select(name="command"),
    }
    return pl.concat([_counted(kind, names) for kind, names in kinds.items()])


def _counted(kind: str, names: pl.LazyFrame) -> pl.LazyFrame:
    each = names.filter(pl.col("name").is_not_null()).group_by("name").agg(pl.len().cast(pl.UInt64).alias("times"))
    return each.select(pl.lit(kind).alias("kind"), "name", "times")


def _merged(days: pl.LazyFrame) -> pl.LazyFrame:
    return days.group_by(_KEY).agg(pl.col("times").sum())


FACT = Fact(
    name="mail_volume",
    doc="One row per kind of sum and name: how often it occurs in the window of the report.",
    columns=(
        Column(
            "kind", "string", "sender, client, recipient_domain, hour (of the site's clock), refused, last, command"
        ),
        Column("name", "string", "what is counted"),
        Column("times", "count", "how often"),
    ),
    needs=("message", "command"),
    plan=plan,
    daily=True,
    merge=_merged,
)
