"""Columns and joins that more than one fact has."""

import polars as pl

from zeeksmtp.model import Column, Tables

PARTIES = (
    Column("ts", "time", "when it happened"),
    Column("uid", "string", "Zeek's id of the connection (of the first sensor's line, if several logged it)"),
    Column("client", "addr", "the side that speaks SMTP commands"),
    Column("client_port", "port", "its port"),
    Column("server", "addr", "the side that answers"),
    Column("port", "port", "its port"),
    Column("direction", "string", "inbound, outbound, internal, external or unknown"),
)
"""What every fact about a connection begins with."""

ENDS = ("client", "client_port", "server", "port")
_NAMES = {"id.orig_h": "client", "id.orig_p": "client_port", "id.resp_h": "server", "id.resp_p": "port"}


def parties_named(log: pl.LazyFrame) -> pl.LazyFrame:
    """Rename a log's connection columns to those of the facts."""
    return log.rename(_NAMES)


def once(tables: Tables, log: str, number: str | None = None) -> pl.LazyFrame:
    """Give the rows of a log, each once, with `direction` and the session's uid.

    The same line of two sensors (or of a file and its copy) has the same ends and `ts` (and `number`, where one
    connection has several lines); of those the one with the smallest uid stays. Lines join their connection by uid and
    ends, because uids alone repeat across sensors.
    """
    rows = parties_named(tables[log])
    known = tables["connection"].select("logged_uid", *ENDS, "uid", "direction")
    joined = rows.rename({"uid": "logged_uid"}).join(known, on=["logged_uid", *ENDS], how="left")
    line = [*ENDS, "ts", *([number] if number else [])]
    return (
        joined.sort(*line, "logged_uid", nulls_last=True)
        .unique(line, keep="first", maintain_order=True)
        .drop("logged_uid")
    )


def first_uids() -> pl.Expr:
    """Give, within a group, the first 20 uids by (ts, uid)."""
    return pl.col("uid").sort_by("ts", "uid").unique(maintain_order=True).head(20)
