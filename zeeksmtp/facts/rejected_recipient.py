"""Recipients in transactions that brought no mail: what enumeration by RCPT shows in smtp.log."""

import polars as pl

from zeeksmtp.facts._unlogged import no_mail, unlogged_mails
from zeeksmtp.model import Column, Context, Fact, Tables

_ABOUT_RECIPIENT = r"(?i)^250[ -]2\.1\.5|^55[013][ -](?:5\.1\.[01]|.*(?:unknown|no such|not found))"
"""The last reply answers RCPT: the recipient is unknown, or is accepted and the client leaves without a mail."""
_DEFERRED_CODES = (450, 451, 452)


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per recipient of a transaction; greylisted ones (a reply that defers) are left out."""
    deferred = pl.col("reply_code").is_in(_DEFERRED_CODES).fill_null(value=False)
    return (
        unlogged_mails(tables)
        .filter(no_mail() & ~deferred)
        .with_columns(
            pl.col("recipient_names").list.len().cast(pl.UInt64).alias("together"),
            pl.col("reply_msg").str.contains(_ABOUT_RECIPIENT).fill_null(value=False).alias("answers_recipient"),
        )
        .explode("recipient_names")
        .rename({"recipient_names": "name"})
        .select(column.name for column in FACT.columns)
    )


FACT = Fact(
    name="rejected_recipient",
    doc="One row per recipient of a transaction with a server of the site that brought no mail, if no command is "
    "logged.",
    columns=(
        Column("ts", "time", "time of the transaction"),
        Column("uid", "string", "its connection"),
        Column("client", "addr", "the client"),
        Column("server", "addr", "the server"),
        Column("port", "port", "its port"),
        Column("direction", "string", "inbound or internal"),
        Column("name", "string", "the recipient in its normal form"),
        Column("together", "count", "recipients of the transaction"),
        Column("answers_recipient", "bool", "the last reply is about a recipient"),
    ),
    needs=("message", "command"),
    plan=plan,
    daily=True,
)
