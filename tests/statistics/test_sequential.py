"""Guards the sequential test: the vectorised form is Page's recursion, and its false alarms stay within the bound."""

from datetime import UTC, datetime, timedelta
from math import log
from random import Random
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zeeksmtp.statistics.sequential import SequentialTest, alarms, outcomes, scores

START = datetime(2026, 11, 1, tzinfo=UTC)
TEST = SequentialTest(theta0=0.05, theta1=0.5, alpha=1e-6, memory_days=30)

Trial = tuple[str, int, bool, int]
TRIALS = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.integers(0, 120 * 24),  # hours: pauses beyond the memory of 30 days are common
        st.booleans(),
        st.integers(1, 5),
    ),
    max_size=80,
)
THETAS = st.tuples(st.floats(0.01, 0.4), st.floats(0.45, 0.95))


def frame(trials: list[Trial]) -> pl.LazyFrame:
    rows = [(key, START + timedelta(hours=hour), bad, weight) for key, hour, bad, weight in trials]
    schema: dict[str, Any] = {"key": pl.String, "ts": pl.Datetime("us", "UTC"), "bad": pl.Boolean, "trials": pl.Int64}
    return pl.LazyFrame(rows, schema=schema, orient="row")


def by_loop(trials: list[Trial], test: SequentialTest) -> list[float]:
    """Page's recursion, as the formula has it, one trial after the other."""
    good, bad = log((1 - test.theta1) / (1 - test.theta0)), log(test.theta1 / test.theta0)
    result: list[float] = []
    key, score, before = None, 0.0, 0
    for name, hour, is_bad, weight in sorted(trials):
        if name != key or hour - before > test.memory_days * 24:
            score = 0.0
        score = max(0.0, score + weight * (bad if is_bad else good))
        key, before = name, hour
        result.append(score)
    return result


@given(TRIALS, THETAS)
def test_vectorised_equals_loop_on_any_sequence(trials: list[Trial], thetas: tuple[float, float]) -> None:
    test = SequentialTest(*thetas, alpha=1e-6, memory_days=30)
    scored = scores(frame(trials), ["key"], test).collect()
    assert scored["score"].to_list() == pytest.approx(by_loop(trials, test), abs=1e-9)


@given(TRIALS, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(trials: list[Trial], random: Random) -> None:
    shuffled = sorted(trials, key=lambda _: random.random())
    one = outcomes(frame(trials), ["key"], TEST).sort("key").collect()
    assert outcomes(frame(shuffled), ["key"], TEST).sort("key").collect().equals(one)


@given(TRIALS, st.sampled_from([1e-1, 1e-2, 1e-6]))
def test_alarms_are_the_outcomes_that_alarm(trials: list[Trial], alpha: float) -> None:
    test = SequentialTest(0.05, 0.5, alpha)
    whole = outcomes(frame(trials), ["key"], test).filter(pl.col("alarm_at").is_not_null())
    assert alarms(frame(trials), ["key"], test).sort("key").collect().equals(whole.sort("key").collect())


def test_six_in_a_row_alarm_at_the_sixth() -> None:
    (row,) = outcomes(frame([("a", hour, True, 1) for hour in range(8)]), ["key"], TEST).collect().to_dicts()
    assert row["alarm_at"] == START + timedelta(hours=5)
    assert (row["trials"], row["bad"], row["threshold"]) == (8, 8, pytest.approx(log(1e6)))


def test_memory_forgets_after_a_long_pause() -> None:
    halves = [("a", hour, True, 1) for hour in (0, 1, 2)] + [("a", 24 * 40 + hour, True, 1) for hour in (0, 1, 2)]
    (row,) = outcomes(frame(halves), ["key"], TEST).collect().to_dicts()
    assert row["alarm_at"] is None


def test_good_trials_that_were_only_counted_weigh_as_many() -> None:
    counted = [("a", 0, True, 1), ("a", 1, False, 7), *[("a", hour, True, 1) for hour in range(2, 7)]]
    single = [("a", 0, True, 1), *[("a", 1, False, 1)] * 7, *[("a", hour, True, 1) for hour in range(2, 7)]]
    assert outcomes(frame(counted), ["key"], TEST).collect().equals(outcomes(frame(single), ["key"], TEST).collect())


@pytest.mark.parametrize("alpha", [1e-2, 1e-3])
def test_false_alarms_of_innocents_stay_within_the_bound(alpha: float) -> None:
    keys, each = 2_000, 500
    rng = np.random.default_rng(20261123)
    innocents = pl.LazyFrame(
        {
            "key": np.repeat(np.arange(keys), each),
            "ts": np.tile(np.arange(each), keys),
            "bad": rng.random(keys * each) < TEST.theta0,
        }
    ).with_columns(START + pl.duration(minutes="ts").alias("ts"), pl.lit(1).alias("trials"))
    test = SequentialTest(TEST.theta0, TEST.theta1, alpha)
    alarmed = outcomes(innocents, ["key"], test).filter(pl.col("alarm_at").is_not_null()).collect().height
    assert 0 < alarmed <= keys * each * alpha, "none at all would mean that the test cannot alarm"


@pytest.mark.parametrize(
    ("theta0", "theta1", "alpha"), [(0.5, 0.05, 0.1), (0.0, 0.5, 0.1), (0.1, 1.0, 0.1), (0.1, 0.5, 0)]
)
def test_senseless_constants_are_refused(theta0: float, theta1: float, alpha: float) -> None:
    with pytest.raises(ValueError, match="must"):
        SequentialTest(theta0, theta1, alpha)
