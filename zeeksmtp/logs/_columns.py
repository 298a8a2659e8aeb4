"""Typed columns, many rows at once. What these plans cannot vouch for they mark, and `_careful` reads it again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from operator import or_
from typing import Final

import polars as pl

from zeeksmtp.logs._careful import (
    MAX_INTERVAL_SECONDS,
    MAX_TIME_SECONDS,
    MILLISECONDS_FROM,
    NUMBER,
    Marks,
    is_address,
)
from zeeksmtp.logs._common import CONNECTION
from zeeksmtp.logs._types import dtype_of
from zeeksmtp.model import Column, Log

REQUIRED: Final = tuple(column.name for column in CONNECTION)
HALF_LINE: Final = "half last line"
INTEGERS: Final = frozenset({"count", "int", "port"})
_WAITING_BYTES: Final = 1 << 23
_IPV4: Final = r"^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$".replace(
    r"\d", "[0-9]"
)
_ISO: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z$"

Rejects = list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a column is made of the raw column `key`, and which raw values the plan is wrong about, if any.

    A value that becomes null is always looked at again.
    """

    value: pl.Expr
    key: str | None = None
    odd: Callable[[pl.Series], pl.Series] | None = None


@dataclass
class Batch:
    """What some lines of a file gave, for the log named (`None`: a log that is not read).

    `lines` are counted when they are seen; their rows follow later, many at once.
    """

    log: str | None
    lines: int = 0
    kept: pl.DataFrame | None = None
    rejects: Rejects = field(default_factory=list)


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
        return self.size >= _WAITING_BYTES

    def take(self) -> pl.DataFrame | None:
        """Return all lines, if there are any, and start anew."""
        frames, self.frames, self.size = self.frames, [], 0
        return pl.concat(frames) if frames else None


def batch(log: Log, frames: list[pl.DataFrame], rejects: Rejects) -> Batch:
    """Return typed rows (with `NUMBER`) of a log in order; reject those without a key."""
    kept = frames[0] if len(frames) == 1 else pl.concat(frames).sort(NUMBER)
    if any(kept[name].null_count() for name in REQUIRED):
        why = pl.coalesce(pl.when(pl.col(name).is_null()).then(pl.lit(f"{name} is missing")) for name in REQUIRED)
        rejects = rejects + kept.select(NUMBER, why.alias("why")).drop_nulls().rows()
        kept = kept.drop_nulls(REQUIRED)
    kept.drop_in_place(NUMBER)
    return Batch(log.name, kept=kept if len(kept) else None, rejects=rejects)


def missing(column: Column) -> Plan:
    """Return the plan for a column that the lines do not have."""
    return Plan(pl.lit(None, dtype=dtype_of(column.type)).alias(column.name))


def of_cells(column: Column, key: str, marks: Marks) -> Plan:
    """Return the plan for a column of TSV cells, null where unset, in none of which there is an escape."""
    cell, dtype = pl.col(key), dtype_of(column.type)
    odd: Callable[[pl.Series], pl.Series] | None = None
    if column.type in INTEGERS:
        value = cell.cast(dtype, strict=False)
        odd = _led_by_zero_or_plus
    elif column.type in {"time", "interval"}:
        value = _seconds(cell.cast(pl.Float64, strict=False), column.type)
        odd = _led_by_no_digit
    elif column.type == "bool":
        value = cell == "T"
        odd = _no_boolean
    elif column.type == "addr":
        value = cell
        odd = _no_address
    elif dtype == pl.List(pl.String):
        nothing = pl.lit(pl.Series([[]], dtype=dtype))
        value = pl.when(cell.is_in([marks.empty, ""])).then(nothing).otherwise(cell.str.split(marks.set_separator))
        odd = partial(_with_marks, marks)
    elif dtype == pl.String():
        value = cell
        odd = partial(_is, marks.empty)
    else:
        value = pl.lit(None, dtype=dtype)
    return Plan(value.alias(column.name), key, odd)


def of_decoded(column: Column, key: str, *, iso: bool) -> Plan:
    """Return the plan for a column of JSON values that the parser has typed. `iso`: times are texts."""
    value = pl.col(key)
    odd: Callable[[pl.Series], pl.Series] | None = None
    if column.type == "time" and iso:
        value = value.str.to_datetime("%Y-%m-%dT%H:%M:%S%.6fZ", time_unit="us", time_zone="UTC", strict=False)
        odd = _no_iso_time
    elif column.type in {"time", "interval"}:
        value = _seconds(value, column.type)
    elif column.type in INTEGERS:
        value = value.cast(dtype_of(column.type), strict=False)
    elif column.type == "addr":
        odd = _no_address
    return Plan(value.alias(column.name), key, odd)


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


def _led_by_zero_or_plus(cells: pl.Series) -> pl.Series:
    return (cells < "1") & (cells != "0")


def _led_by_no_digit(cells: pl.Series) -> pl.Series:
    return (cells < "0") | (cells >= ":")


def _no_boolean(cells: pl.Series) -> pl.Series:
    return (cells != "T") & (cells != "F")


def _is(text: str, cells: pl.Series) -> pl.Series:
    return cells == text


def _with_marks(marks: Marks, cells: pl.Series) -> pl.Series:
    """Return which lists hold an element that is unset or empty."""
    separator, end = re.escape(marks.set_separator), "|".join(map(re.escape, (marks.unset, marks.empty)))
    return cells.str.contains(f"(?:^|{separator})(?:{end})(?:{separator}|$)") & (cells != marks.empty)


def _no_iso_time(texts: pl.Series) -> pl.Series:
    return ~texts.str.contains(_ISO)


def _no_address(texts: pl.Series) -> pl.Series:
    """Return which texts are no address, by one look at each that is different."""
    different = texts.drop_nulls().unique()
    wrong = [text for text in different.filter(~different.str.contains(_IPV4)) if not is_address(text)]
    return texts.is_in(wrong) if wrong else pl.Series([False])


def partition(rows: pl.DataFrame, odd: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows where `odd` does not hold, and those where it does."""
    return (rows.filter(~odd), rows.filter(odd)) if odd.any() else (rows, rows.clear())


def typed(
    log: Log, rows: pl.DataFrame, raw: pl.DataFrame, plans: Sequence[Plan], odd: Sequence[pl.Series]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return typed rows (with `NUMBER`) that concern SMTP, and the lines (`LINES`) that the plans may be wrong about.

    `odd` says of which lines this is known before.
    """
    frame = raw.select(plan.value for plan in plans)
    wrong = [mask for mask in odd if mask.any()]
    for plan, value in zip(plans, frame.iter_columns(), strict=True):
        if plan.key is None:
            continue
        given = raw[plan.key]
        if given.null_count() != value.null_count():
            wrong.append(value.is_null() & given.is_not_null())
        if plan.odd is not None and (mask := plan.odd(given)).any():
            wrong.append(mask)
    frame.insert_column(0, rows["i"].alias(NUMBER))
    good, rest = frame, rows.clear()
    if wrong:
        mask = reduce(or_, wrong).fill_null(value=False)
        good, rest = frame.filter(~mask), rows.filter(mask)
    return good.lazy().filter(log.concerns()).with_columns(**log.redact()).collect(), rest
