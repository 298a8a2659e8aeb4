"""Counts against a baseline: robust centre and spread, upper tails of count distributions, false discovery rate.

Counts of mail are wider than Poisson and have few, heavy bursts; so centre and spread are robust (median and median
absolute deviation), and the tail is that of a negative binomial fitted to them by moments, never narrower than Poisson
(most hosts have a spread of zero). Many hours are judged at once, so their p-values go through Benjamini and Hochberg's
procedure (1995).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MAD_TO_SIGMA = 1.4826  # normal data are this much wider than their MAD (Rousseeuw and Croux 1993)
_LEAST_MEAN = 0.1  # who was never seen sending is not expected to send nothing for ever
_UPPER = 0.999  # the share of expected counts that lie at or below `upper`
_WEEK_HOURS = 7 * 24
_MEETING = Lock()


def _meet_numpy() -> None:
    """Let polars load numpy for itself by one thread: two at once, and it takes a part of numpy for its own globals."""
    with _MEETING:
        pl.Series(pl.Series([0.0]).to_numpy())


def _of_each(given: pl.Series, answer: Callable[..., NDArray[np.float64]]) -> pl.Series:
    """Ask for each distinct struct once: counts of mail are small numbers, and the tails of wide counts are dear."""
    if given.is_empty():
        return pl.Series(given.name, [], pl.Float64)
    _meet_numpy()
    arguments = given.struct.unnest().cast(pl.Float64)
    distinct = arguments.unique()
    answers = distinct.with_columns(pl.Series("answer", answer(*(column.to_numpy() for column in distinct))))
    answered = arguments.join(answers, on=arguments.columns, how="left", nulls_equal=True, maintain_order="left")
    return answered["answer"].alias(given.name)


def _binomial(mean: NDArray[np.float64], variance: NDArray[np.float64]) -> tuple[NDArray[np.bool_], Any, Any]:
    """Return where a count is wider than Poisson, and size and chance of the negative binomial of these moments."""
    import numpy as np  # noqa: PLC0415 - with scipy: heavy, and needed only where counts are judged

    wide = variance > mean * (1 + 1e-9)
    return wide, mean * mean / np.where(wide, variance - mean, 1.0), mean / np.where(wide, variance, mean)


def _tail(x: NDArray[np.float64], mean: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(X >= x): Poisson, or negative binomial where the variance is larger; both by incomplete gamma and beta."""
    import numpy as np  # noqa: PLC0415 - as above
    from scipy.special import betainc, gammainc  # noqa: PLC0415 - a third of what `scipy.stats` takes to be imported

    wide, size, chance = _binomial(mean, variance)
    some = np.maximum(x, 1.0)
    tail: NDArray[np.float64] = np.where(wide, betainc(some, size, 1.0 - chance), gammainc(some, mean))
    return np.where(x < 1, 1.0, tail)


def _quantile(mean: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The count that is not exceeded with probability `_UPPER`."""
    import numpy as np  # noqa: PLC0415 - as above
    from scipy.special import nbdtrik, pdtrik  # noqa: PLC0415 - as above

    wide, size, chance = _binomial(mean, variance)
    count: NDArray[np.float64] = np.ceil(np.where(wide, nbdtrik(_UPPER, size, chance), pdtrik(_UPPER, mean)))
    one_less = np.maximum(count - 1, 0.0)  # the inverse may be a trifle above a whole number
    return np.where(_tail(one_less + 1, mean, variance) <= 1 - _UPPER, one_less, count)


def upper_tail(x: pl.Expr, mean: pl.Expr, variance: pl.Expr | None = None) -> pl.Expr:
    """Return P(X >= x) of a count with that mean and variance (Poisson if none is given, or a smaller one)."""
    least = mean.clip(lower_bound=_LEAST_MEAN)
    wide = pl.max_horizontal(least, variance) if variance is not None else least
    given = pl.struct(x.alias("x"), least.alias("mean"), wide.alias("variance"))
    return given.map_batches(partial(_of_each, answer=_tail), return_dtype=pl.Float64)


def upper_bound(mean: pl.Expr, variance: pl.Expr) -> pl.Expr:
    """Return the count that is exceeded one time in a thousand."""
    least = mean.clip(lower_bound=_LEAST_MEAN)
    given = pl.struct(least.alias("mean"), pl.max_horizontal(least, variance).alias("variance"))
    return given.map_batches(partial(_of_each, answer=_quantile), return_dtype=pl.Float64)


def discovered(p: pl.Expr, rate: float, family: str) -> pl.Expr:
    """Return a Boolean expression: the row is a discovery at false discovery rate `rate` within its `family` column.

    Benjamini-Hochberg: with p sorted, all up to the last i with p_i <= rate * i / n.
    """
    # Only p-values up to the rate can pass: the rank of these needs no other.
    rank = pl.when(p <= rate).then(p).rank("max").over(family)
    passes = p <= rate * rank / pl.len().over(family)
    return p <= pl.when(passes).then(p).max().over(family)


def robust(values: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return, for lists of counts, their median and the variance that their median deviation stands for."""
    centre = values.list.median()
    spread = values.list.eval((pl.element() - pl.element().median()).abs().median()).list.first()
    return centre, (_MAD_TO_SIGMA * spread) ** 2


def with_baseline(rows: pl.LazyFrame, keys: Sequence[str], count: str, timezone: str, min_days: int) -> pl.LazyFrame:
    """Add `expected`, `variance` and `has_history` to counts per key and hour.

    `rows` has the key columns, `hour` (time) and `count`, one row per key and hour; hours without a row count as zero.
    An hour is judged by earlier weeks only: by the same hour of the week (in `timezone`) and its two neighbours, where
    the lake began at least `min_days` before. The columns are null without history.
    """
    local = pl.col("hour").dt.convert_time_zone(timezone)
    of_week = (local.dt.weekday().cast(pl.Int32) - 1) * 24 + local.dt.hour().cast(pl.Int32)
    age = pl.col("hour") - pl.col("began")
    placed = (
        rows.join(rows.select(pl.col("hour").min().alias("began")), how="cross")
        .with_columns(of_week=of_week, compared=3 * (age.dt.total_days() // 7))
        .with_row_index("row")
    )
    baseline = _baseline(placed, keys, count)
    judged = age.dt.total_days() >= min_days
    nothing = pl.when(pl.col("compared") > 0).then(0.0)
    known = [pl.when(judged).then(pl.coalesce(name, nothing)).alias(name) for name in ("expected", "variance")]
    joined = placed.join(baseline, on="row", how="left").with_columns(*known, judged.alias("has_history"))
    return joined.drop("row", "of_week", "compared", "began")


def _baseline(placed: pl.LazyFrame, keys: Sequence[str], count: str) -> pl.LazyFrame:
    """Return `expected` and `variance` per `row`, without the rows where both are 0.

    These are the rows with counts in fewer than half of the hours that they are `compared` with.
    """

    def at(of_week: pl.Expr) -> pl.Expr:
        return pl.struct(*keys, of_week.alias("of_week")).hash()  # a join on one integer takes a fifth of one on texts

    history = placed.select(then="hour", was=pl.col(count).cast(pl.Int64), at=at(pl.col("of_week")))
    near = [placed.select("row", "hour", "compared", at=at((pl.col("of_week") + d) % _WEEK_HOURS)) for d in (-1, 0, 1)]
    counts = (
        pl.concat(near)
        .join(history, on="at")
        .filter(pl.col("then") < pl.col("hour") - timedelta(days=3))
        .filter(2 * pl.len().over("row") >= pl.col("compared"))
        .group_by("row")
        .agg("was", pl.col("compared").first())
    )
    blanks = (pl.col("compared") - pl.col("was").list.len().cast(pl.Int64)).clip(lower_bound=0)
    centre, variance = robust(pl.concat_list("was", pl.lit(0, pl.Int64).repeat_by(blanks)))
    return counts.select("row", centre.alias("expected"), variance.alias("variance"))
