"""Rows of logs and facts whose values are as extreme as their types allow, few of each, so that they meet in joins."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from zeeksmtp.dtypes import element_of, schema_of
from zeeksmtp.model import Column, Fact, Log
from zeeksmtp.reading.bounds import EARLIEST, MAX_COUNT, MAX_INTERVAL_SECONDS, latest_time

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
TIMES = [EARLIEST, NOW, NOW + timedelta(seconds=1), NOW + timedelta(hours=5), NOW - timedelta(days=9), latest_time()]
UIDS = ["C1", "C2", "C3", "C4", "C5"]
_NULLS = 0.2
_FIXED = 0.3
LONGEST = timedelta(seconds=MAX_INTERVAL_SECONDS - 1)
TEXTS = [
    "", "-", " ", "a", "{", "}", "{0}", "{clients}", "%", "<>", "@", "<@>", "TO:<a@b>", "TO:<b@b>",
    "FROM:<a@b.example>",
    "a@b",
    "\\x00", "é", "\u202e", "x" * 500, "250 ok", "252 2.0.0 a@b", "550 5.1.1 unknown", "535 5.7.8 no", "5.1.1", "2.0.0",
    "CRAM-MD5", "LOGIN", "PLAIN", "TLSv12", "TLSv13", "SSLv3", "SF", "S0", "REJ", "smtp", "ssl,smtp", "MX", "NOERROR",
    "VRFY", "EXPN", "RCPT", "MAIL", "AUTH", "STARTTLS", "DATA", "EHLO", "**", "success", "failure", "host.example",
    "confirmed", "unknown", "ambiguous", "inbound", "outbound", "internal", "external", "relay",
    "workstation", "scanner",
]  # fmt: skip
SCALARS: Mapping[str, list[Any]] = {
    "time": TIMES,
    "interval": [timedelta(), timedelta(microseconds=-1), timedelta(seconds=2), LONGEST, -LONGEST],
    "count": [0, 1, 2, 25, 220, 250, 252, 334, 454, 550, 553, 1 << 31, MAX_COUNT - 1],
    "int": [0, 1, -1, MAX_COUNT - 1, 1 - MAX_COUNT],
    "double": [0.0, 1.0, -1.0, 0.5, 1e-300, 1e15],
    "port": [25, 465, 587, 0, 65535, 40000],
    "bool": [True, False],
    "addr": ["10.0.0.1", "10.0.0.2", "192.0.2.9", "198.51.100.7", "::1", "2001:db8::1", "255.255.255.255", "0.0.0.1"],
    "string": TEXTS,
    "enum": ["tcp", "udp", ""],
}


_DEMANDED = {
    "ts",
    "uid",
    "id.orig_h",
    "id.orig_p",
    "id.resp_h",
    "id.resp_p",
    "client",
    "server",
    "host",
    "hour",
    "day",
    "first",
    "last",
}


def value(zeek_type: str, dice: random.Random) -> Any:
    """Return a value of a Zeek type."""
    if (element := element_of(zeek_type)) is not None:
        return [some(element, dice) for _ in range(dice.choice([0, 1, 1, 3]))]
    if zeek_type == "seen":
        return {"ts": dice.choice(TIMES), "uid": dice.choice(UIDS)}
    return dice.choice(SCALARS[zeek_type])


def some(zeek_type: str, dice: random.Random) -> Any:
    """Return a value of a Zeek type, or null."""
    return None if dice.random() < _NULLS else value(zeek_type, dice)


def cell(column: Column, dice: random.Random) -> Any:
    """Return a value for a column. What ingest demands of every line is never null."""
    if column.name == "uid":
        return dice.choice(UIDS)
    return value(column.type, dice) if column.name in _DEMANDED else some(column.type, dice)


def table(columns: Sequence[Column], dice: random.Random) -> pl.DataFrame:
    """Return a table of some rows; in some tables a column has one value throughout, so that there are patterns."""
    fixed = {column.name: cell(column, dice) for column in columns if dice.random() < _FIXED}
    many = dice.choice([0, 1, 3, 10, 40])
    rows = [[fixed[c.name] if c.name in fixed else cell(c, dice) for c in columns] for _ in range(many)]
    return pl.DataFrame(rows, schema_of(columns), orient="row")


def tables(specs: Mapping[str, Log | Fact], dice: random.Random) -> dict[str, pl.DataFrame]:
    """Return a table of each of `specs`."""
    return {name: table(spec.columns, dice) for name, spec in specs.items()}
