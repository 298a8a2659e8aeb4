"""Guards tails, false discovery rate and baseline against plain definitions."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom, poisson

from zeeksmtp.statistics.counts import discovered, upper_bound, upper_tail, with_baseline

TOGETHER = """
import time
from concurrent.futures import ThreadPoolExecutor
import polars as pl
import polars._dependencies as lazy
from zeeksmtp.statistics.counts import upper_bound, upper_tail

load = lazy.import_module

def slowly(name):
    module = load(name)
    time.sleep(0.1)
    return module

def judged(_):
    return pl.select(upper_tail(pl.lit(5), pl.lit(1), pl.lit(3.0)), upper_bound(pl.lit(1), pl.lit(3.0)).alias("bound"))

lazy.import_module = slowly
with ThreadPoolExecutor(4) as pool:
    assert len(set(map(str, pool.map(judged, range(4))))) == 1
"""
START = datetime(2026, 11, 2, tzinfo=UTC)


def tail(x: int, mean: float, variance: float | None = None) -> float:
    spread = None if variance is None else pl.lit(variance)
    return float(pl.select(upper_tail(pl.lit(x), pl.lit(mean), spread)).item())


@given(st.integers(0, 300), st.floats(0.1, 100))
def test_the_tail_is_poissons_without_excess_variance(x: int, mean: float) -> None:
    assert tail(x, mean) == pytest.approx(float(poisson.sf(x - 1, mean)))
    assert tail(x, mean, mean / 2) == tail(x, mean), "never narrower than Poisson"


@given(st.integers(0, 300), st.floats(0.1, 100), st.floats(1.1, 20))
def test_the_tail_is_a_negative_binomials_with_those_moments(x: int, mean: float, excess: float) -> None:
    variance = mean * excess
    size = mean**2 / (variance - mean)
    assert nbinom.stats(size, mean / variance) == pytest.approx((mean, variance))
    assert tail(x, mean, variance) == pytest.approx(float(nbinom.sf(x - 1, size, mean / variance)), abs=1e-12)


def test_threads_may_judge_their_first_counts_at_once() -> None:
    """polars 2.1.0 is not ready for that: it imports numpy late, and in the middle of it its own names are numpy's."""
    subprocess.run([sys.executable, "-c", TOGETHER], check=True)


def test_who_never_sent_is_not_expected_to_send_nothing() -> None:
    assert 0 < tail(1, 0.0) < 0.2
    assert tail(0, 0.0) == 1


@given(st.floats(0.1, 100), st.floats(1, 20))
def test_the_upper_bound_is_exceeded_one_time_in_a_thousand(mean: float, excess: float) -> None:
    bound = int(pl.select(upper_bound(pl.lit(mean), pl.lit(mean * excess))).item())
    assert tail(bound + 1, mean, mean * excess) <= 0.001 + 1e-9 <= tail(bound, mean, mean * excess) + 1e-9


def by_hand(values: list[float], rate: float) -> list[bool]:
    """Benjamini and Hochberg's step-up procedure, as they state it."""
    ranked = sorted(values)
    passing = [i for i, p in enumerate(ranked, start=1) if p <= rate * i / len(ranked)]
    return [bool(passing) and p <= ranked[passing[-1] - 1] for p in values]


@given(st.lists(st.sampled_from([1e-9, 1e-4, 0.001, 0.004, 0.01, 0.02, 0.5, 1.0]), min_size=1, max_size=30))
def test_discoveries_are_benjamini_and_hochbergs(values: list[float]) -> None:
    frame = pl.DataFrame({"p": values, "day": 1})
    found = frame.select(discovered(pl.col("p"), 0.01, "day")).to_series().fill_null(value=False).to_list()
    assert found == by_hand(values, 0.01)


def test_families_are_judged_apart() -> None:
    frame = pl.DataFrame({"p": [0.009, 0.009, 1.0, 1.0], "day": [1, 2, 2, 2]})
    found = frame.select(discovered(pl.col("p"), 0.01, "day").fill_null(value=False)).to_series().to_list()
    assert found == [True, False, False, False]


def hours(counts: dict[int, int]) -> pl.LazyFrame:
    rows = [("a", START + timedelta(hours=hour), count) for hour, count in counts.items()]
    schema: dict[str, Any] = {"client": pl.String, "hour": pl.Datetime("us", "UTC"), "messages": pl.UInt64}
    return pl.LazyFrame(rows, schema=schema, orient="row")


@given(st.dictionaries(st.integers(0, 28 * 24), st.integers(1, 50), min_size=1, max_size=60))
def test_expected_is_the_median_of_the_same_hours_of_earlier_weeks(counts: dict[int, int]) -> None:
    found = with_baseline(hours(counts), ["client"], "messages", "UTC", 7).collect().to_dicts()
    first = min(counts)
    for row in found:
        hour = int((row["hour"] - START).total_seconds() // 3600)
        weeks = (hour - first) // (7 * 24)
        near = [counts[h] for h in counts if h < hour - 72 and any((h - hour - d) % 168 == 0 for d in (-1, 0, 1))]
        padded = near + [0] * max(0, 3 * weeks - len(near))
        assert row["has_history"] == (hour - first >= 7 * 24)
        assert row["expected"] == (median(padded) if row["has_history"] and padded else None)


def test_later_hours_do_not_change_how_an_hour_is_judged() -> None:
    rng = np.random.default_rng(1)
    counts = {int(h): int(c) for h, c in zip(range(0, 21 * 24, 5), rng.integers(1, 40, 200), strict=False)}
    early = {h: c for h, c in counts.items() if h < 15 * 24}
    whole = with_baseline(hours(counts), ["client"], "messages", "UTC", 7).sort("hour").collect()
    part = with_baseline(hours(early), ["client"], "messages", "UTC", 7).sort("hour").collect()
    assert whole.head(part.height).equals(part)
