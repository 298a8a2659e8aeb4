"""Guards the change detection: a day is judged by its own past, with zeros counted, and nothing by its future."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import nbinom, poisson

from zeeksmtp.statistics.change import unusual_days

START = datetime(2026, 11, 2, tzinfo=UTC)
ALPHA = 1e-6


def days(counts: list[int], key: str = "s") -> pl.LazyFrame:
    """Rows of so many participants on each day; one good row on the first day, so that the past begins there."""
    rows = [(key, START, "nobody", False)]
    rows += [
        (key, START + timedelta(days=day, minutes=n), f"c{day}-{n}", True)
        for day, count in enumerate(counts)
        for n in range(count)
    ]
    schema: dict[str, Any] = {"key": pl.String, "ts": pl.Datetime("us", "UTC"), "who": pl.String, "bad": pl.Boolean}
    return pl.LazyFrame(rows, schema=schema, orient="row")


def found(counts: list[int]) -> dict[int, dict[str, object]]:
    rows = unusual_days(days(counts), ("key",), "who", 7, ALPHA).collect().to_dicts()
    return {(row["day"] - START).days: row for row in rows}


def test_a_day_that_differs_is_found_with_its_tail() -> None:
    counts = [3, 4, 5, 3, 4, 5, 3, 4, 60]
    (row,) = found(counts).values()
    mean, variance = np.mean(counts[:8]), np.var(counts[:8])
    tail = poisson.sf(59, mean) if variance <= mean else nbinom.sf(59, mean**2 / (variance - mean), mean / variance)
    assert row["score"] == pytest.approx(-np.log(max(tail, 1e-300)))
    assert row["bad"] == 60


def test_a_background_that_is_always_there_is_quiet() -> None:
    rng = np.random.default_rng(20261123)
    assert found([int(x) for x in rng.poisson(8, 60)]) == {}


def test_without_enough_history_nothing_is_judged() -> None:
    assert found([0, 0, 0, 0, 0, 0, 50]) == {}
    assert list(found([0, 0, 0, 0, 0, 0, 0, 50])) == [7]


def test_one_participant_counts_once_a_day() -> None:
    busy = days([1] * 8 + [1]).with_columns(pl.col("ts"))
    repeated = pl.concat([busy, *[busy.filter(pl.col("ts") >= START + timedelta(days=8))] * 50])
    assert unusual_days(repeated, ("key",), "who", 7, ALPHA).collect().is_empty()


def test_the_future_changes_nothing() -> None:
    counts = [3, 4, 5, 3, 4, 5, 3, 4, 60, 2, 80]
    assert found(counts[:9])[8] == found(counts)[8]


def test_keys_are_judged_apart() -> None:
    both = pl.concat([days([3] * 8 + [60], "attacked"), days([60] * 9, "busy")])
    assert unusual_days(both, ("key",), "who", 7, ALPHA).collect()["key"].to_list() == ["attacked"]
