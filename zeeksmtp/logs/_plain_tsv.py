"""Plain lines of tab-separated logs with Zeek's own marks: no escapes, and each cell as its type is written."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import polars as pl

from zeeksmtp.logs._plain import FORMS, LISTS, TEXTS, Plain, lacking, moments, spans
from zeeksmtp.logs._rows import NUMBER, REQUIRED
from zeeksmtp.logs._types import dtype_of
from zeeksmtp.logs._values import DEFAULT_MARKS
from zeeksmtp.model import Column

_CHARACTER: Final = r"[^\t\\\x00-\x1f\x7f]"
_ELEMENT: Final = r"[^\t\\\x00-\x1f\x7f,(\-][^\t\\\x00-\x1f\x7f,]*"
_FORMS: Final[Mapping[str, str]] = {
    **FORMS,
    "time": r"[0-9]{1,10}\.[0-9]{1,6}",
    "interval": r"-?[0-9]{1,10}\.[0-9]{1,6}",
    "bool": "[TF]",
    **dict.fromkeys(TEXTS, f"{_CHARACTER}*"),
    **dict.fromkeys(LISTS, rf"\(empty\)|{_ELEMENT}(?:,{_ELEMENT})*"),
}
_NAME: Final = rf"[^\t\\\x00-\x1f\x7f\-]{_CHARACTER}*"
_UNSET, _EMPTY = DEFAULT_MARKS.unset, DEFAULT_MARKS.empty
_CELLS: Final = " cells"


@lru_cache(64)
def plain_tsv(columns: tuple[Column, ...], fields: tuple[str, ...]) -> Plain | None:
    """Give the plain lines of a log in a file with these fields; `None` if a column's type has no plain form."""
    types = {column.name: column.type for column in columns}
    if not set(types.values()) <= _FORMS.keys() or not set(REQUIRED) <= set(fields):
        return None
    places = {field: place for place, field in reversed(list(enumerate(fields)))}
    cells = [_form(field, types.get(field)) for field in fields]
    values = [_value(column, places.get(column.name)) for column in columns]

    def typed(lines: pl.LazyFrame) -> pl.LazyFrame:
        cells = pl.col("l").str.split("\t").alias(_CELLS)
        return lines.select(pl.col("i").alias(NUMBER), cells).select(NUMBER, *values)

    return Plain("^(?:" + ")\t(?:".join(cells) + ")$", typed)


def _form(field: str, zeek_type: str | None) -> str:
    if zeek_type is None:
        return r"[^\t]*"
    if field not in REQUIRED:
        return f"{_FORMS[zeek_type]}|{_UNSET}"
    return _NAME if zeek_type in TEXTS else _FORMS[zeek_type]


def _value(column: Column, place: int | None) -> pl.Expr:
    if place is None:
        return lacking(column)
    cell = pl.col(_CELLS).list.get(place, null_on_oob=True)
    match column.type:
        case "addr" if column.name in REQUIRED:
            value = cell
        case "count" | "port":
            value = cell.cast(dtype_of(column.type), strict=False)
        case "time":
            value = moments(cell.cast(pl.Float64, strict=False))
        case "interval":
            value = spans(cell.cast(pl.Float64, strict=False))
        case "bool":
            value = pl.when(cell != _UNSET).then(cell == "T")
        case "set[string]" | "vector[string]":
            nothing = pl.lit(pl.Series([[]], dtype=pl.List(pl.String)))
            value = pl.when(cell == _EMPTY).then(nothing).when(cell != _UNSET).then(cell.str.split(","))
        case _:
            value = pl.when(cell == _EMPTY).then(pl.lit("")).when(cell != _UNSET).then(cell)
    return value.alias(column.name)
