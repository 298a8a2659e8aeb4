"""Guards Page's test on a rate: the loop-free form is the loop, the past is the key's own, a background stays quiet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import log, sqrt
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zeeksmtp.statistics.rate import RATIO, surges

START = datetime(2026, 11, 2, tzinfo=UTC)
ALPHA = 1e-6


def rows(counts: list[int], key: str = "s", each: int = 1) -> pl.LazyFrame:
    """Rows of so many connections in each hour, `each` rows to a connection."""
    result = [
        (key, START + timedelta(hours=hour, seconds=n), f"{key}{hour}-{n}")
        for hour, count in enumerate(counts)
        for n in range(count)
        for _ in range(each)
    ]
    return pl.LazyFrame(
        result, schema={"key": pl.String, "ts": pl.Datetime("us", "UTC"), "uid": pl.String}, orient="row"
    )


def logs(hours: int) -> pl.LazyFrame:
    ends = [START, START + timedelta(hours=hours)]
    return pl.LazyFrame({"ts": ends}, schema={"ts": pl.Datetime("us", "UTC")})


def found(counts: list[int], alpha: float = ALPHA, **more: Any) -> list[dict[str, Any]]:
    return surges(rows(counts, **more), logs(len(counts)), ("key",), "uid", alpha).collect().to_dicts()


def by_loop(counts: list[int], alpha: float) -> tuple[float, int] | None:
    """Return the highest score that crosses, and when its run first crossed, hour by hour."""
    score, run, last = 0.0, 0, None
    runs: dict[int, tuple[float, int | None]] = {}
    for hour in (hour for hour in range(0 if len(counts) >= 54 else 30, len(counts)) if counts[hour]):
        past = counts[30:54] if hour < 30 else counts[: hour - 6]
        span = len(past)
        events, squares = sum(past), sum(n * n for n in past)
        rate, mean = (events + 2 * sqrt(events) + 3) / span, events / span
        dispersion = max(1.0, (squares / span - mean**2) / mean) if events else 1.0
        for x in [*[0] * (0 if last is None else hour - last - 1), counts[hour]]:  # empty hours at the rate of the next
            run += score == 0.0
            score = max(0.0, score + (x * log(RATIO) - rate * (RATIO - 1)) / dispersion)
        last = hour
        best, crossed = runs.get(run, (0.0, None))
        runs[run] = (max(best, score), crossed if crossed is not None or score < log(1 / alpha) - 1e-9 else hour)
    result = [(best, crossed) for best, crossed in runs.values() if crossed is not None]
    return max(result, key=lambda it: it[0]) if result else None


@given(st.lists(st.integers(0, 9), min_size=30, max_size=120))
def test_without_a_loop_it_is_the_loop(counts: list[int]) -> None:
    result, expected = found(counts, 1e-3), by_loop(counts, 1e-3)
    assert len(result) == (expected is not None)
    if expected is not None:
        assert result[0]["score"] == pytest.approx(expected[0])


def test_a_surge_of_an_hour_is_dated_by_that_hour() -> None:
    (row,) = found([1, 0, 0] * 20 + [30])
    assert (row["since"], row["till"]) == (START + timedelta(hours=60), START + timedelta(hours=61))
    assert row["alarm_at"] == START + timedelta(hours=60, seconds=29)
    assert (row["bad"], row["threshold"]) == (30, pytest.approx(log(1e6)))


def test_a_surge_of_a_day_is_found_within_it() -> None:
    (row,) = found([1, 0, 0] * 20 + [4] * 24)
    assert row["alarm_at"] < START + timedelta(hours=66)


def test_a_background_is_quiet_also_where_it_doubles() -> None:
    rng = np.random.default_rng(20261123)
    assert found([int(x) for x in rng.poisson(0.7, 2000)]) == []
    assert found([int(x) for x in [*rng.poisson(0.7, 96), *rng.poisson(1.4, 300)]]) == []


def test_what_always_comes_in_bursts_has_to_burst_harder() -> None:
    assert found(([0] * 11 + [12]) * 10 + [0, 14]) == []
    assert len(found(([1] * 12) * 10 + [0, 20])) == 1


def test_a_connection_counts_once_an_hour() -> None:
    assert found([1] * 60 + [3], each=20) == []


def test_a_day_of_past_or_of_what_follows_is_needed() -> None:
    assert found([1] * 24 + [40]) == []
    assert found([1] * 24 + [40] + [1] * 28) == []
    assert len(found([1] * 30 + [40])) == 1


def test_the_first_hours_are_judged_by_the_day_that_follows_once_it_is_logged() -> None:
    (row,) = found([1] * 24 + [40] + [1] * 29)
    assert row["since"] == START + timedelta(hours=24)
    assert row["alarm_at"] == START + timedelta(hours=54)
    assert found([40] * 30 + [40] * 40) == []


def test_keys_are_judged_apart() -> None:
    both = pl.concat([rows([1] * 60 + [60], "attacked"), rows([40] * 61, "busy")])
    assert surges(both, logs(61), ("key",), "uid", ALPHA).collect()["key"].to_list() == ["attacked"]
