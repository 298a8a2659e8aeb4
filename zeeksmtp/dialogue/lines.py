"""Plans that find a connection's lines in the logs, whichever sensor wrote them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from zeeksmtp.facts._common import ENDS, number_of, once, parties_named
from zeeksmtp.model import Tables

NUMBERS: Final[Mapping[str, str | None]] = {
    "conn": None,
    "smtp_session": None,
    "smtp": "trans_depth",
    "smtp_cmd": "seq",
    "smtp_auth": "seq",
    "ssl": None,
    "weird": "name",
}
"""Logs that tell of a connection, and what tells lines of one connection and `ts` apart."""

KEY: Final = ("uid", *ENDS)
_OF_SESSION: Final = [*KEY, "ts"]


def _connections(tables: Tables) -> pl.LazyFrame:
    """Give the fact `connection`, and the connections that only weird.log knows."""
    known = tables["connection"]
    odd = parties_named(tables["weird"]).join(known, left_on=KEY, right_on=["logged_uid", *ENDS], how="anti")
    only = odd.group_by(KEY).agg(pl.col("ts").min())
    only = only.with_columns(
        pl.lit("unknown").alias("direction"),
        pl.col("uid").alias("logged_uid"),
        number=number_of(),
        session=number_of(),
    )
    return pl.concat([known, only], how="diagonal")


def sessions_of(tables: Tables, uid: str) -> pl.LazyFrame:
    """Give the rows of `connection` (one per sensor) of every session that some sensor logged as `uid`."""
    every = _connections(tables)
    asked = every.filter(pl.col("logged_uid") == uid).select(_OF_SESSION).unique()
    return every.join(asked, on=_OF_SESSION, how="semi").sort("ts", *KEY, "logged_uid")


def lines_of(tables: Tables, log: str, connections: pl.DataFrame) -> pl.LazyFrame:
    """Give the lines that `log` has of `connections` (what `sessions_of` gave), each once, in order."""
    uids: Sequence[str] = connections["logged_uid"].unique().to_list()
    near = {log: tables[log].filter(pl.col("uid").is_in(uids)), "connection": connections.lazy()}
    return once(near, log, NUMBERS[log]).filter(pl.col("uid").is_not_null()).sort("ts", maintain_order=True)
