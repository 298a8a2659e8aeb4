"""Does something come by the clock? The same two numbers for all who ask."""

import polars as pl


def rhythm() -> tuple[pl.Expr, pl.Expr]:
    """Give, within a group, the median gap between its `ts` and the gaps' median deviation from it, in seconds."""
    gap = pl.col("ts").sort().diff().dt.total_microseconds() / 1e6
    return gap.median(), (gap - gap.median()).abs().median()
