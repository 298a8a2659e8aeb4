"""Rows of several days become one: what the detectors with daily rows share."""

from collections.abc import Sequence

import polars as pl


def merged(days: pl.LazyFrame, keys: Sequence[str], *sums: pl.Expr) -> pl.LazyFrame:
    """Merge the rows of each key by `sums`, which give the same columns again. Rows without company stay as they are.

    Of most keys a new day has no row; lists are dear to merge.
    """
    marked = days.with_columns(pl.struct(*keys).hash().is_duplicated().alias("company"))
    several = marked.filter("company").group_by(keys).agg(*sums)
    columns = [*keys, *(total.meta.output_name() for total in sums)]
    return pl.concat([marked.filter(~pl.col("company")).select(columns), several.select(columns)])
