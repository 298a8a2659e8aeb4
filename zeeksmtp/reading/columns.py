"""Typed columns, many rows at once. Rows that these plans may be wrong about are named, and `_careful` reads them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, reduce
from operator import or_
from typing import Final

import polars as pl

from zeeksmtp.dtypes import dtype_of
from zeeksmtp.model import Column, Log
from zeeksmtp.model.connection import CONNECTION
from zeeksmtp.reading.bounds import EARLIEST, MAX_COUNT, MAX_INTERVAL_SECONDS, latest_time, why_no_time
from zeeksmtp.reading.careful import (
    MAX_TIME_SECONDS,
    MILLISECONDS_FROM,
    NUMBER,
    Marks,
    is_address,
)

_WHY: Final = "_why"
MAX_LISTED_REJECTS: Final = 1000
"""Rejected lines of a file that are listed; the others are counted."""
HALF_LINE: Final = "half last line"
_WAITING_BYTES: Final = 1 << 23
_MAX_WAITING_FRAMES: Final = 1000  # each takes some KiB, though it be of one row
_BYTE: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4: Final = rf"^(?:{_BYTE}\.){{3}}{_BYTE}$"
_ISO: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z$"
_ISO_FORMAT: Final = "%Y-%m-%dT%H:%M:%S%.6fZ"

Rejects = list[tuple[int, str]]
_Odd = Callable[[pl.Series], pl.Series]


@cache
def required(columns: tuple[Column, ...]) -> tuple[str, ...]:
    """Return the columns without which a row is of no use: those of `CONNECTION` that a log with `columns` has."""
    return tuple(column.name for column in columns if column in CONNECTION)


@dataclass
class Batch:
    """What some lines of a file gave, for the log named (`None`: a log that is not read).

    `lines` are counted when they are seen; their rows follow later, many at once. Beyond `rejects` there are `unlisted`
    rejected ones.
    """

    log: str | None
    lines: int = 0
    kept: pl.DataFrame | None = None
    rejects: Rejects = field(default_factory=list)
    unlisted: int = 0


@dataclass
class Waiting:
    """Lines (`LINES`) that wait to be parsed with others of their kind: a call for each block costs too much."""

    frames: list[pl.DataFrame] = field(default_factory=list)
    size: int = 0

    def add(self, rows: pl.DataFrame) -> bool:
        """Take lines in; return whether they are enough."""
        if len(rows):
            self.frames.append(rows)
            self.size += int(rows.estimated_size())
        return self.size >= _WAITING_BYTES or len(self.frames) >= _MAX_WAITING_FRAMES

    def take(self) -> pl.DataFrame | None:
        """Return all lines, if there are any, and start anew."""
        frames, self.frames, self.size = self.frames, [], 0
        return pl.concat(frames) if frames else None


@dataclass(frozen=True, slots=True)
class Plan:
    """How a column is made of the raw column `key`, and which raw values the plan is wrong about, if any.

    A value that becomes null need not be named: it is always looked at again.
    """

    value: pl.Expr
    key: str | None = None
    odd: _Odd | None = None


def missing(column: Column) -> Plan:
    """Return the plan for a column that the lines do not have."""
    return Plan(pl.lit(None, dtype=dtype_of(column.type)).alias(column.name))


def of_cells(column: Column, key: str, marks: Marks) -> Plan:
    """Return the plan for a column of TSV cells, null where unset, in none of which there is an escape."""
    cell, dtype = pl.col(key), dtype_of(column.type)
    value = pl.lit(None, dtype=dtype)  # a type that no log has: all that is set is read with care
    odd = _ODD_CELLS.get(column.type)
    if dtype.is_integer():
        value = _integer(cell.cast(dtype, strict=False), column.type)
    elif dtype.is_temporal():
        value = _seconds(cell.cast(pl.Float64, strict=False), column.type)
    elif dtype == pl.Boolean():
        value = cell == "T"
    elif dtype == pl.List(pl.String):
        nothing = pl.lit(pl.Series([[]], dtype=dtype))
        value = pl.when(cell.is_in([marks.empty, ""])).then(nothing).otherwise(cell.str.split(marks.set_separator))
        separator, mark = re.escape(marks.set_separator), "|".join(map(re.escape, (marks.unset, marks.empty)))
        marked = f"(?:^|{separator})(?:{mark})(?:{separator}|$)"
        odd = lambda cells: cells.str.contains(marked) & (cells != marks.empty)  # noqa: E731
    elif dtype == pl.String():
        value = cell
        odd = odd or (lambda cells: cells == marks.empty)
    return Plan(value.alias(column.name), key, odd)


def of_decoded(column: Column, key: str, *, iso: bool) -> Plan:
    """Return the plan for a column of JSON values that the parser has typed. `iso`: times are texts."""
    value, dtype = pl.col(key), dtype_of(column.type)
    odd = _no_address if column.type == "addr" else None
    if column.type == "time" and iso:
        value = value.str.to_datetime(_ISO_FORMAT, time_unit="us", time_zone="UTC", strict=False)
        odd = _no_iso_time
    elif dtype.is_temporal():
        value = _seconds(value, column.type)
    elif dtype.is_integer():
        value = _integer(value.cast(dtype, strict=False), column.type)
    return Plan(value.alias(column.name), key, odd)


def _integer(number: pl.Expr, zeek_type: str) -> pl.Expr:
    """Return integers, null where they are out of bounds."""
    return pl.when(number < MAX_COUNT).then(number) if zeek_type == "count" else number


def _seconds(number: pl.Expr, zeek_type: str) -> pl.Expr:
    """Return seconds as times or intervals, rounded as `_careful` does; null where they are out of bounds."""
    limit = MAX_INTERVAL_SECONDS
    if zeek_type == "time":
        number, limit = (
            pl.when(number.abs() > MILLISECONDS_FROM).then(number / 1000).otherwise(number),
            MAX_TIME_SECONDS,
        )
    inside = pl.when(number.abs() < limit).then(number)
    return (inside * 1e6).round(mode="half_to_even").cast(pl.Int64, strict=False).cast(dtype_of(zeek_type))


def _no_iso_time(texts: pl.Series) -> pl.Series:
    return ~texts.str.contains(_ISO)


def _no_address(texts: pl.Series) -> pl.Series:
    """Return which texts are no address, by one look at each that is different."""
    different = texts.drop_nulls().unique()
    wrong = [text for text in different.filter(~different.str.contains(_IPV4)) if not is_address(text)]
    return texts.is_in(wrong) if wrong else pl.Series([False])


def _led_by_zero_or_plus(cells: pl.Series) -> pl.Series:
    return (cells < "1") & (cells != "0")


def _led_by_no_digit(cells: pl.Series) -> pl.Series:
    return (cells < "0") | (cells >= ":")


_ODD_CELLS: Final[Mapping[str, _Odd]] = {
    **dict.fromkeys(("count", "int", "port"), _led_by_zero_or_plus),
    **dict.fromkeys(("time", "interval"), _led_by_no_digit),
    "bool": lambda cells: (cells != "T") & (cells != "F"),
    "addr": _no_address,
}
"""What the casts let pass, or pass over, by Zeek type."""


def typed(
    log: Log, rows: pl.DataFrame, raw: pl.DataFrame, plans: Sequence[Plan], odd: Sequence[pl.Series]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return typed rows (with `NUMBER`) that concern SMTP, and the lines (`LINES`) that the plans may be wrong about.

    `odd` says of which lines this is known before.
    """
    good, rest = raw.select(plan.value for plan in plans), rows.clear()
    wrong = [mask for mask in odd if mask.any()]
    for plan, value in zip(plans, good.iter_columns(), strict=True):
        if plan.key is None:
            continue
        given = raw[plan.key]
        if given.null_count() != value.null_count():
            wrong.append(value.is_null() & given.is_not_null())
        if plan.odd is not None and (mask := plan.odd(given)).any():
            wrong.append(mask)
    good.insert_column(0, rows["i"].alias(NUMBER))
    if wrong:
        mask = reduce(or_, wrong).fill_null(value=False)
        good, rest = good.filter(~mask), rows.filter(mask)
    return good.lazy().filter(log.concerns()).with_columns(**log.redact()).collect(), rest


def batch(log: Log, frames: Sequence[pl.DataFrame], rejects: Rejects, latest: datetime | None = None) -> Batch:
    """Return typed rows (with `NUMBER`) of a log in order; reject those without a key, or whose time cannot be.

    `latest` is up to when a time can be.
    """
    kept = frames[0] if len(frames) == 1 else pl.concat(frames).sort(NUMBER)
    keys, latest = required(log.columns), latest or latest_time()
    if not _is_plausible(kept, keys, latest):
        lacking = [pl.when(pl.col(name).is_null()).then(pl.lit(f"{name} is missing")) for name in keys]
        judged = kept.with_columns(pl.coalesce(*lacking, why_no_time(latest)).alias(_WHY))
        wrong = judged[_WHY].is_not_null()
        rejects = rejects + judged.filter(wrong).select(NUMBER, _WHY).rows()
        kept = kept.filter(~wrong)
    kept.drop_in_place(NUMBER)
    return Batch(log.name, kept=kept if len(kept) else None, rejects=rejects)


def _is_plausible(rows: pl.DataFrame, keys: Sequence[str], latest: datetime) -> bool:
    """Return whether all rows have a key and a time that can be: nearly always, and checked in no time."""
    if any(rows[name].null_count() for name in keys):
        return False
    return not len(rows) or bool(rows["ts"].is_between(EARLIEST, latest).all())
