"""SMTP commands with their replies, as the Zeek package of zeeksmtp logs them, without duplicates."""

import polars as pl

from zeeksmtp.expressions.connections import PARTIES, deduplicated
from zeeksmtp.model import Column, Context, Fact, Tables


def plan(tables: Tables, _context: Context) -> pl.LazyFrame:
    """Return one row per command."""
    return deduplicated(tables, "smtp_cmd", "seq").select(column.name for column in FACT.columns)


FACT = Fact(
    name="command",
    doc="One row per SMTP command and its final reply.",
    columns=(
        *PARTIES,
        Column("seq", "count", "number of the command within the connection, from 1"),
        Column("command", "string", "the verb, upper case"),
        Column("arg", "string", "its argument; for AUTH the mechanism only"),
        Column("reply_code", "count", "code of the final reply; null: none seen"),
        Column("reply_status", "string", "its enhanced status"),
        Column("reply_msg", "string", "its text"),
        Column("disclosed", "vector[string]", "VRFY, EXPN: the disclosed addresses"),
        Column("latency", "interval", "from the command to its final reply"),
        Column("known", "bool", "Zeek's analyzer knows the verb"),
        Column("pipelined", "bool", "sent before the reply of the command before it"),
        Column("mail_size", "count", "DATA, BDAT: bytes of the message as far as seen"),
    ),
    needs=("connection", "smtp_cmd"),
    plan=plan,
    daily=True,
)
