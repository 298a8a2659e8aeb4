"""The rank test against scipy's, over many keys at once, with ties."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, norm

from zeeksmtp.statistics.rank import rank_test, two_sided_z

values = st.lists(st.integers(0, 12), min_size=2, max_size=25)


@given(st.lists(st.tuples(values, values), min_size=1, max_size=4))
def test_it_is_the_test_of_scipy(samples: list[tuple[list[int], list[int]]]) -> None:
    rows = [
        (key, v, g) for key, pair in enumerate(samples) for g, vs in ((True, pair[0]), (False, pair[1])) for v in vs
    ]
    frame = pl.LazyFrame(rows, schema={"key": pl.Int64, "value": pl.Int64, "group": pl.Boolean}, orient="row")
    found = {row["key"]: row for row in rank_test(frame, ["key"], "value", "group").collect().iter_rows(named=True)}
    for key, (yes, no) in enumerate(samples):
        if len({*yes, *no}) == 1:
            assert found[key]["z"] == 0
            continue
        expected = mannwhitneyu(yes, no, method="asymptotic", use_continuity=True)
        assert found[key]["auc"] == pytest.approx(expected.statistic / (len(yes) * len(no)))
        assert 2 * norm.sf(abs(found[key]["z"])) == pytest.approx(min(1.0, expected.pvalue))


def test_one_group_alone_says_nothing() -> None:
    frame = pl.LazyFrame({"key": [1, 1], "value": [1.0, 2.0], "group": [True, True]})
    assert rank_test(frame, ["key"], "value", "group").collect().is_empty()


def test_the_bound_is_that_of_the_normal_distribution() -> None:
    assert two_sided_z(0.05) == pytest.approx(1.959964, abs=1e-6)
    assert np.isclose(2 * norm.sf(two_sided_z(1e-4)), 1e-4)
