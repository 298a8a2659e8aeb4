"""Do two groups of values differ? Mann and Whitney's rank test (1947), over many keys at once.

It asks nothing of the values' distribution, which latencies, with their long tails, would not answer.
"""

from collections.abc import Sequence
from statistics import NormalDist

import polars as pl


def rank_test(rows: pl.LazyFrame, keys: Sequence[str], value: str, group: str) -> pl.LazyFrame:
    """Return one row per key with rows of both groups: `n1`, `n0` (counts), `auc`, `z`.

    `group` is Boolean. `auc` is the chance that a value of the true group is larger than one of the other, ties by
    half; `z` is U's distance from its mean in standard deviations, corrected for ties and continuity (0 where all
    values are equal).
    """
    counted = rows.filter(pl.col(value).is_not_null(), pl.col(group).is_not_null())
    ranked = counted.with_columns(
        pl.col(value).rank("average").over(keys).alias("_rank"),
        (pl.len().over([*keys, value]).cast(pl.Float64) ** 2 - 1).alias(
            "_ties"
        ),  # summed over the rows of a tie: t³ - t
    )
    sums = ranked.group_by(keys).agg(
        pl.col(group).sum().cast(pl.Float64).alias("n1"),
        (~pl.col(group)).sum().cast(pl.Float64).alias("n0"),
        pl.col("_rank").filter(pl.col(group)).sum().alias("_rank"),
        pl.col("_ties").sum(),
    )
    n1, n0, total = pl.col("n1"), pl.col("n0"), pl.col("n1") + pl.col("n0")
    u = pl.col("_rank") - n1 * (n1 + 1) / 2
    variance = n1 * n0 / 12 * (total + 1 - pl.col("_ties") / (total * (total - 1)))
    away = ((u - n1 * n0 / 2).abs() - 0.5).clip(lower_bound=0) * (u - n1 * n0 / 2).sign()
    z = pl.when(variance > 0).then(away / variance.sqrt()).otherwise(0.0)
    both = sums.filter(n1 > 0, n0 > 0)
    return both.with_columns((u / (n1 * n0)).alias("auc"), z.alias("z")).drop("_rank", "_ties")


def two_sided_z(p: float) -> float:
    """Return the |z| that chance exceeds with probability `p`."""
    return NormalDist().inv_cdf(1 - p / 2)
