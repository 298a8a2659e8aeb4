"""Lists of values of a group: distinct, sorted, and bounded."""

import polars as pl

MAX_VALUES = 20


def values(column: str | pl.Expr) -> pl.Expr:
    """Return the first `MAX_VALUES` distinct values of a column in a group, sorted."""
    column = pl.col(column) if isinstance(column, str) else column
    return column.drop_nulls().unique().sort().head(MAX_VALUES)


def values_of_lists(name: str) -> pl.Expr:
    """Return the same of a column of lists."""
    return pl.col(name).explode().drop_nulls().unique().sort().head(MAX_VALUES)
