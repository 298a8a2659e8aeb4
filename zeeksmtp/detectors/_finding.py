"""Expressions that turn the rows of a detector into the `FINDING` frame."""

from collections.abc import Mapping, Sequence

import polars as pl

from zeeksmtp.dtypes import dtype_of, finding_schema
from zeeksmtp.model import FINDING

MAX_DETAIL_VALUES = 100
MAX_CLIENTS_IN_TITLE = 3
"""Clients that a title names by address; of more it gives the number."""
ACCOUNT = "{accounts:account `%`}{no_account:%}"
"""The account in a title; where none was visible, the title says so (detail `no_account`)."""

_SCHEMA = finding_schema(FINDING)
_DEFAULTS = {"test": None, "visibility": ""}


def to_findings(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return exactly the `FINDING` columns and types; a missing column is empty (`test`: null)."""
    present = rows.collect_schema().names()
    missing = [
        pl.lit(_DEFAULTS.get(name, []), dtype=dtype).alias(name)
        for name, dtype in _SCHEMA.items()
        if name not in present
    ]
    whole = rows.with_columns(missing).with_columns(
        first=pl.coalesce("first", "last"), last=pl.coalesce("last", "first"), count=pl.col("count").fill_null(1)
    )
    known = whole.filter(pl.col("first").is_not_null())  # what has no time at all cannot stand in a report
    return known.select(_column(name, dtype) for name, dtype in _SCHEMA.items())


def _column(name: str, dtype: pl.DataType) -> pl.Expr:
    """Return a column in its type. A list of names has no null: a report could not show it, and would go without."""
    value = pl.col(name).cast(dtype)
    return _names(value) if dtype == pl.List(pl.String) else value


def _names(values: pl.Expr) -> pl.Expr:
    return values.list.drop_nulls().fill_null(pl.lit([], dtype=pl.List(pl.String)))


def term(name: str, value: pl.Expr, weight: float | pl.Expr = 1.0) -> pl.Expr:
    """Return one evidence term as a struct expression: `value` is a count, a share or a flag (1 or 0)."""
    return pl.struct(
        pl.lit(name).alias("name"),
        value.cast(pl.Float64).alias("value"),
        (weight if isinstance(weight, pl.Expr) else pl.lit(weight)).cast(pl.Float64).alias("weight"),
    )


def _list_of(parts: Sequence[pl.Expr]) -> pl.Expr:
    """Return a list column of `parts`. With structs, `concat_list` takes fifty times as long."""
    return pl.concat_arr(parts).arr.to_list()


def terms(*parts: pl.Expr) -> pl.Expr:
    """Return the `terms` column of evidence terms."""
    return _list_of(parts).alias("terms")


def details(**lists: pl.Expr) -> pl.Expr:
    """Return the `details` column: named lists of strings without nulls, each cut at `MAX_DETAIL_VALUES`."""
    parts = [
        pl.struct(
            pl.lit(name).alias("name"),
            _names(values.cast(pl.List(pl.String))).list.head(MAX_DETAIL_VALUES).alias("values"),
        )
        for name, values in lists.items()
    ]
    return _list_of(parts).alias("details")


def text_if(condition: pl.Expr, text: str | pl.Expr) -> pl.Expr:
    """Return a list with `text` where `condition` holds, else an empty list: an optional part of a sentence."""
    part = pl.concat_list(pl.lit(text) if isinstance(text, str) else text)
    return pl.when(condition).then(part).otherwise(pl.lit([], dtype=pl.List(pl.String)))


def number_of_kinds(kinds: Mapping[str, tuple[object, pl.Expr]]) -> pl.Expr:
    """Return how many kinds of evidence hold: by name, what is measured of each and whether it is evidence."""
    return pl.sum_horizontal(holds.fill_null(value=False).cast(pl.Int64) for _, holds in kinds.values())


def who(sources: pl.Expr) -> pl.Expr:
    """Return the detail `who` of titles: column `clients` if they are few, else the number of `sources`."""
    number = pl.concat_list(pl.format("{} sources", sources))
    return pl.when(sources <= MAX_CLIENTS_IN_TITLE).then(pl.col("clients")).otherwise(number)


def no_account() -> pl.Expr:
    """Return the detail `no_account` of titles (`ACCOUNT`), from column `accounts`."""
    return text_if(pl.col("accounts").list.len() == 0, "account not visible")


def test_column() -> pl.Expr:
    """Return the `test` column from the columns of `statistics.sequential.outcomes`."""
    dtype = dtype_of("test")
    assert isinstance(dtype, pl.Struct)  # noqa: S101 - narrows the type for the line below
    return pl.struct(pl.col(field.name).cast(field.dtype) for field in dtype.fields).alias("test")


def entity(*columns: str) -> pl.Expr:
    """Return the `key` column: the entity that the finding is about, as strings; its first part is the root actor."""
    return _list_of([pl.col(column).cast(pl.String).fill_null("") for column in columns]).alias("key")


def severity(rules: Mapping[str, pl.Expr], otherwise: str) -> pl.Expr:
    """Return the `severity` column: the first rule that holds, else `otherwise`."""
    result = pl.lit(otherwise)
    for level, rule in reversed(list(rules.items())):
        result = pl.when(rule).then(pl.lit(level)).otherwise(result)
    return result.alias("severity")
