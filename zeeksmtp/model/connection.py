"""Columns and expressions that more than one log has."""

import polars as pl

from zeeksmtp.model import SMTP_PORTS, Column, Hint

CONNECTION = (
    Column("ts", "time", "when it was seen; in conn.log and smtp_session.log the connection's start"),
    Column("uid", "string", "Zeek's id of the connection"),
    Column("id.orig_h", "addr", "the side that opened the connection: the SMTP client"),
    Column("id.orig_p", "port", "its port"),
    Column("id.resp_h", "addr", "the side that was connected to: the SMTP server"),
    Column("id.resp_p", "port", "its port"),
)

PORT_HINT = Hint(values={"id.resp_p": tuple(map(str, SMTP_PORTS))}, text=("smtp",))
NO_HINT = Hint(values={})


def on_smtp_port() -> pl.Expr:
    """Return a boolean expression: the server's port is one that SMTP uses."""
    return pl.col("id.resp_p").is_in(SMTP_PORTS)


def every_row() -> pl.Expr:
    """Return a boolean expression that keeps all rows: the log is about SMTP as a whole."""
    return pl.lit(value=True)
