"""Plain lines of JSON logs: one flat object, its keys in one order and each at most once, no escapes, no blanks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Final

import polars as pl

from zeeksmtp.logs._kinds import canonical
from zeeksmtp.logs._plain import FORMS, LISTS, TEXTS, Plain, lacking, moments, spans
from zeeksmtp.logs._rows import NUMBER, REQUIRED
from zeeksmtp.logs._types import dtype_of
from zeeksmtp.model import Column

_STRING: Final = r'"(?:[^"\\\x00-\x1f\x7f]|\\["\\/])*"'
_STRINGS: Final = rf"\[(?:{_STRING}(?:,{_STRING})*)?\]"
_SECONDS: Final = r"(?:0|[1-9][0-9]{0,9})(?:\.[0-9]{1,40})?"
_FORMS: Final[Mapping[str, str]] = {
    **FORMS,
    "addr": f'"(?:{FORMS["addr"]})"',
    "time": _SECONDS,
    "interval": f"-?{_SECONDS}(?:[eE]-[0-9]{{1,2}})?",
    "bool": "true|false",
    **dict.fromkeys(TEXTS, _STRING),
    **dict.fromkeys(LISTS, _STRINGS),
}
_DAY: Final = (
    "(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31"  # but February 29
)
_CLOCK: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}"
_ISO: Final = f'"[12][0-9]{{3}}-(?:{_DAY})T{_CLOCK}Z"'
_SCALAR: Final = (
    r'"(?:[^"\\\x00-\x1f\x7f]|\\["\\/bfnrt])*"|true|false|'
    r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,40})?(?:[eE]-[0-9]{1,2})?"
)
_ANY: Final = rf"{_SCALAR}|\[(?:(?:{_SCALAR})(?:,(?:{_SCALAR}))*)?\]"
_KEY: Final = re.compile(r"[ !#-\[\]-~]+")
_MOST_KEYS: Final = 200
_FLOATS: Final = ("time", "interval")
_OBJECT: Final = " object"


def order_of(samples: Iterable[Collection[str]]) -> tuple[str, ...]:
    """Give the order in which a writer puts keys, told from some of its objects, each of which lacks some."""
    order: list[str] = []
    for keys in samples:
        if len(order) + len(keys) > _MOST_KEYS:
            break
        at = 0
        for key in keys:
            if key in order:
                at = order.index(key) + 1
            else:
                order.insert(at, key)
                at += 1
    return tuple(order)


@lru_cache(64)
def plain_json(columns: tuple[Column, ...], keys: tuple[str, ...], *, iso: bool = False) -> Plain | None:
    """Give the plain lines of a log whose keys come in this order; `None` if there can be none.

    `iso`: times are as `JSON::TS_ISO8601` has them. Keys that are no column may stand there, if they are among these.
    Raises nothing, but its plan may: `ComputeError` if a line only seems to be JSON.
    """
    named = keys if {"ts", "id.orig_h"} <= set(keys) else [canonical(key) for key in keys]
    raw = dict(zip(named, keys, strict=True))
    types = {column.name: column.type for column in columns}
    told = all(_KEY.fullmatch(key) for key in keys) and len(raw) == len(keys) and set(REQUIRED) <= raw.keys()
    if not told or not set(types.values()) <= _FORMS.keys():
        return None
    forms = {**_FORMS, "time": _ISO} if iso else _FORMS
    pairs = [_pair(key, forms.get(types.get(name, ""), _ANY), needed=name in REQUIRED) for name, key in raw.items()]
    there = [column for column in columns if column.name in raw]
    decoded = pl.Struct({raw[column.name]: _decoded(column.type, iso=iso) for column in there})
    values = [_value(column, raw.get(column.name), iso=iso) for column in columns]

    def typed(lines: pl.LazyFrame) -> pl.LazyFrame:
        objects = pl.col("l").str.json_decode(decoded).alias(_OBJECT)
        return lines.select(pl.col("i").alias(NUMBER), objects).select(NUMBER, *values)

    return Plain(rf"^\{{{''.join(pairs)}$", typed)


def _pair(key: str, form: str, *, needed: bool) -> str:
    return rf'(?:"{re.escape(key)}":(?:{form})[,}}])' + ("" if needed else "?")


def _decoded(zeek_type: str, *, iso: bool) -> pl.DataType:
    if zeek_type == "time" and iso:
        return pl.String()
    return pl.Float64() if zeek_type in _FLOATS else dtype_of(zeek_type)


def _value(column: Column, key: str | None, *, iso: bool) -> pl.Expr:
    if key is None:
        return lacking(column)
    value = pl.col(_OBJECT).struct.field(key)
    if column.type == "time" and iso:
        value = value.str.to_datetime("%Y-%m-%dT%H:%M:%S%.6fZ", time_unit="us").dt.replace_time_zone("UTC")
    elif column.type in _FLOATS:
        value = moments(value) if column.type == "time" else spans(value)
    return value.alias(column.name)
