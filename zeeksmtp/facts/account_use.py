"""How accounts are used, day by day: from which networks they log in, and as whom they send."""

import polars as pl

from zeeksmtp.expressions.connections import ENDS
from zeeksmtp.model import Column, Context, Fact, Tables

_ACCOUNT = ("account", "server")
_CONNECTION = ("uid", *ENDS)


def _wide_network(address: pl.Expr) -> pl.Expr:
    return pl.coalesce(address.str.extract(r"^(\d+\.\d+)\."), address.str.extract(r"^((?:[0-9a-fA-F]+:){2})"), address)


def plan(tables: Tables, context: Context) -> pl.LazyFrame:
    """Return one row for each network of an account's logins, and for each sender of its mails.

    Mails are those of the connections in which the account logged in.
    """
    logins = tables["auth"].filter(pl.col("outcome") == "success", pl.col("account").fill_null("") != "")
    who = logins.unique(_CONNECTION, keep="first").select(*_CONNECTION, "account")
    mails = tables["message"].select(*_CONNECTION, "ts", "recipients", "sender", "sender_domain")
    own = pl.col("account").str.extract(r"^([^@]*)")
    other = (pl.col("sender").fill_null("") != "") & (pl.col("sender").str.extract(r"^([^@]*)@") != own)
    name = [pl.when(other).then(column).alias(column) for column in ("sender", "sender_domain")]
    day = pl.col("ts").dt.truncate("1d").alias("day")
    sent = mails.join(who, on=_CONNECTION).group_by(*_ACCOUNT, day, *name).agg(pl.col("recipients").sum())
    network = context.site.network(pl.col("client"), _wide_network(pl.col("client")))
    places = logins.select(*_ACCOUNT, day, network.alias("network")).unique()
    return pl.concat([places, sent], how="diagonal").select(column.name for column in FACT.columns)


def _merged(days: pl.LazyFrame) -> pl.LazyFrame:
    """Merge the rows of sessions over midnight with those of the sessions that began after it."""
    keys = [column.name for column in FACT.columns if column.name != "recipients"]
    return days.group_by(keys).agg(pl.when(pl.col("recipients").count() > 0).then(pl.col("recipients").sum()))


FACT = Fact(
    name="account_use",
    doc="One row per account, server, UTC day, and network of its logins or sender of its mails.",
    columns=(
        Column("account", "string", "the account in its normal form"),
        Column("server", "addr", "the server"),
        Column("day", "time", "the UTC day"),
        Column(
            "network",
            "string",
            "the client's autonomous system where known, else /16 or IPv6 /32; null in rows of mails",
        ),
        Column("sender", "string", "envelope sender; null where it is the account's own"),
        Column("sender_domain", "string", "its domain; null where it is the account's own"),
        Column("recipients", "count", "envelope recipients; null in rows of logins"),
    ),
    needs=("auth", "message"),
    plan=plan,
    daily=True,
    merge=_merged,
)
