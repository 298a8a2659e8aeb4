"""How a detector's rows become the `FINDING` frame: the same few expressions for all."""

from collections.abc import Mapping, Sequence

import polars as pl

from zeeksmtp.logs._types import dtype_of, finding_schema
from zeeksmtp.model import FINDING

_SCHEMA = finding_schema(FINDING)
_EMPTY = {"test": None, "visibility": ""}


def shaped(findings: pl.LazyFrame) -> pl.LazyFrame:
    """Give exactly the `FINDING` columns and types; what a detector leaves out is empty (`test`: null)."""
    present = findings.collect_schema().names()
    missing = [
        pl.lit(_EMPTY.get(name, []), dtype=dtype).alias(name) for name, dtype in _SCHEMA.items() if name not in present
    ]
    return findings.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in _SCHEMA.items())


def term(name: str, value: pl.Expr, weight: float | pl.Expr = 1.0) -> pl.Expr:
    """Give one evidence term as a struct expression: `value` is a count, a share or a flag (1 or 0)."""
    return pl.struct(
        pl.lit(name).alias("name"),
        value.cast(pl.Float64).alias("value"),
        (weight if isinstance(weight, pl.Expr) else pl.lit(weight)).cast(pl.Float64).alias("weight"),
    )


def _listed(parts: Sequence[pl.Expr]) -> pl.Expr:
    """Give a list of `parts`, of each row as many. Of structs `concat_list` makes it in fifty times the time."""
    return pl.concat_arr(parts).arr.to_list()


def terms(*parts: pl.Expr) -> pl.Expr:
    """Give the `terms` column of evidence terms."""
    return _listed(parts).alias("terms")


def details(**lists: pl.Expr) -> pl.Expr:
    """Give the `details` column: named lists of strings, each cut at 100."""
    parts = [
        pl.struct(pl.lit(name).alias("name"), values.list.head(100).cast(pl.List(pl.String)).alias("values"))
        for name, values in lists.items()
    ]
    return _listed(parts).alias("details")


def test_column() -> pl.Expr:
    """Give the `test` column from the columns of `statistics.sequential.outcomes`."""
    dtype = dtype_of("test")
    assert isinstance(dtype, pl.Struct)  # noqa: S101 - narrows the type for the line below
    return pl.struct(pl.col(field.name).cast(field.dtype) for field in dtype.fields).alias("test")


def entity(*columns: str) -> pl.Expr:
    """Give the `key` column: the entity that the finding is about, as strings."""
    return _listed([pl.col(column).cast(pl.String).fill_null("") for column in columns]).alias("key")


def severity(rules: Mapping[str, pl.Expr], otherwise: str) -> pl.Expr:
    """Give the `severity` column: the first rule that holds, else `otherwise`."""
    result = pl.lit(otherwise)
    for level, rule in reversed(list(rules.items())):
        result = pl.when(rule).then(pl.lit(level)).otherwise(result)
    return result.alias("severity")
