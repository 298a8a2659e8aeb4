"""Lines as Zeek writes nearly all of them: told by one regular expression, and typed by one plan for many at once.

What is said of values here, in `_plain_tsv` and in `_plain_json` agrees with `_values`, but only of those that need no
second thought; every other line goes the careful way. So a form that is missing here costs time and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from zeeksmtp.logs._rows import Batch, Judged, put_together
from zeeksmtp.logs._types import dtype_of
from zeeksmtp.model import Column, Log

TEXTS: Final = ("string", "enum")
LISTS: Final = ("set[string]", "vector[string]")
_BYTE: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_GROUP: Final = "[0-9a-f]{1,4}"
_IPV6: Final = (
    f"(?:{_GROUP}:){{7}}{_GROUP}",
    f"(?:{_GROUP}:){{1,7}}:",
    *(f"(?:{_GROUP}:){{1,{7 - after}}}(?::{_GROUP}){{1,{after}}}" for after in range(1, 7)),
    f":(?::{_GROUP}){{1,7}}",
    "::",
)
FORMS: Final[Mapping[str, str]] = {
    "count": "0|[1-9][0-9]{0,17}",
    "port": "0|[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]",
    "addr": "|".join([rf"{_BYTE}(?:\.{_BYTE}){{3}}", *_IPV6]),
}
"""Regular expressions of values that are written alike in all formats, by Zeek type."""


@dataclass(frozen=True, slots=True)
class Plain:
    """The plain lines of one log under one header: what all of each must match, and the values of those that do.

    `columns` takes a plan over lines (`LINES`) and gives one over typed columns, with `NUMBER`.
    """

    pattern: str
    columns: Callable[[pl.LazyFrame], pl.LazyFrame]


def judged(log: Log, rows: pl.DataFrame, plain: Plain | None, careful: Callable[[pl.DataFrame], Judged]) -> Batch:
    """Judge lines (`LINES`): all that are plain in one plan, others by `careful`. Either way gives the same."""
    if plain is None:
        return put_together(log, careful(rows))
    fits = rows["l"].str.contains(plain.pattern)
    if fits.all():
        return put_together(log, _kept(log, rows, plain))
    return put_together(log, _kept(log, rows.filter(fits), plain), careful(rows.filter(~fits)))


def _kept(log: Log, rows: pl.DataFrame, plain: Plain) -> Judged:
    typed = plain.columns(rows.lazy()).filter(log.concerns())
    return Judged(typed.with_columns(**log.redact()).collect(), [])


def moments(seconds: pl.Expr) -> pl.Expr:
    """Give seconds as times, rounded as `_values` does."""
    return _microseconds(seconds).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def spans(seconds: pl.Expr) -> pl.Expr:
    """Give seconds as intervals, rounded as `_values` does."""
    return _microseconds(seconds).cast(pl.Duration("us"))


def _microseconds(seconds: pl.Expr) -> pl.Expr:
    return (seconds * 1e6).round(mode="half_to_even").cast(pl.Int64)


def lacking(column: Column) -> pl.Expr:
    """Give a column that the lines do not have."""
    return pl.lit(None, dtype=dtype_of(column.type)).alias(column.name)
