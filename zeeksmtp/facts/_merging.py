"""Rows of several days become one: what daily facts, and the detectors with daily rows, share."""

from collections.abc import Callable, Sequence

import polars as pl

Merge = Callable[[pl.LazyFrame], pl.LazyFrame]


def where_several(days: pl.LazyFrame, keys: Sequence[str], columns: Sequence[str], merge: Merge) -> pl.LazyFrame:
    """Merge the rows of each key that has several by `merge`, which gives `columns` again; others stay as they are.

    Of most keys a new day has no row; texts and lists are dear to merge.
    """
    marked = days.with_columns(pl.struct(*keys).hash().is_duplicated().alias("company"))
    several = merge(marked.filter("company").drop("company"))
    return pl.concat([marked.filter(~pl.col("company")).select(columns), several.select(columns)])


def merged(days: pl.LazyFrame, keys: Sequence[str], *sums: pl.Expr) -> pl.LazyFrame:
    """Merge the rows of each key by `sums`, which give the same columns again."""
    columns = [*keys, *(total.meta.output_name() for total in sums)]
    return where_several(days, keys, columns, lambda several: several.group_by(keys).agg(*sums))
