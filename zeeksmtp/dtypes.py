"""Zeek types as polars dtypes. The scalar map starts from zat's and says where it departs from it, and why."""

from collections.abc import Mapping, Sequence
from functools import cache

import polars as pl
from zat.log_to_polars import LogToPolars

from zeeksmtp.model import Column

_DEPARTURES: Mapping[str, pl.DataType] = {
    "string": pl.String(),
    "bool": pl.Boolean(),  # zat: Categorical of "T" and "F"
    "enum": pl.String(),  # zat: Categorical, whose codes differ between files
    "int": pl.Int64(),  # zat: Int32, but Zeek's int is 64 bits wide
    "time": pl.Datetime("us", "UTC"),  # zat: Float64, naive
    "interval": pl.Duration("us"),  # zat: Float64, then milliseconds
    "subnet": pl.String(),
    "term": pl.Struct({"name": pl.String, "value": pl.Float64, "weight": pl.Float64}),
    "detail": pl.Struct({"name": pl.String, "values": pl.List(pl.String)}),
    "seen": pl.Struct({"ts": pl.Datetime("us", "UTC"), "uid": pl.String}),
    "test": pl.Struct(
        {
            "score": pl.Float64,
            "threshold": pl.Float64,
            "trials": pl.UInt64,
            "bad": pl.UInt64,
            "alarm_at": pl.Datetime("us", "UTC"),
        }
    ),
}


@cache
def _scalars() -> Mapping[str, pl.DataType]:
    theirs: Mapping[str, type[pl.DataType]] = LogToPolars().type_map
    return {name: dtype() for name, dtype in theirs.items()} | dict(_DEPARTURES)


def element_of(zeek_type: str) -> str | None:
    """Return the element type of `set[T]`, `vector[T]` or the old `table[T]`; `None` for a scalar."""
    kind, bracket, rest = zeek_type.partition("[")
    return rest.removesuffix("]") if bracket and kind in {"set", "vector", "table"} else None


def dtype_of(zeek_type: str) -> pl.DataType:
    """Return the polars dtype of a Zeek type; sets and vectors are lists. Raises `KeyError` for an unused one."""
    element = element_of(zeek_type)
    return _scalars()[zeek_type] if element is None else pl.List(dtype_of(element))


def schema_of(columns: Sequence[Column]) -> pl.Schema:
    """Return the polars schema of declared columns, in their order."""
    return pl.Schema({column.name: dtype_of(column.type) for column in columns})


def finding_schema(finding: Mapping[str, str]) -> pl.Schema:
    """Return the polars schema of the findings' frame (`model.FINDING`)."""
    return pl.Schema({name: dtype_of(zeek_type) for name, zeek_type in finding.items()})
