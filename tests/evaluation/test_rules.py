"""The rules of today flag what their thresholds say, and nothing below."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from evaluation.rules import RULES

START = datetime(2026, 10, 5, 12, tzinfo=UTC)


def flags(name: str, table: str, seconds: Sequence[float], **more: object) -> list[datetime]:
    """Run a rule over rows of one client at the given seconds."""
    rule = next(rule for rule in RULES if name in rule.name)
    rows = pl.LazyFrame({"client": "10.20.1.1", "ts": [START + timedelta(seconds=s) for s in seconds]})
    rows = rows.with_columns(**{key: pl.lit(value) for key, value in more.items()})
    found: list[datetime] = rule.flags({table: rows}).collect()["ts"].to_list()
    return found


@pytest.mark.parametrize(
    ("name", "table", "count", "window", "more"),
    [
        ("10 messages", "message", 10, 60, {}),
        ("20 connections", "connection", 20, 300, {"direction": "outbound"}),
        ("20 failed", "auth", 20, 900, {"outcome": "failure"}),
        ("3 failed", "auth", 3, 10, {"outcome": "failure"}),
    ],
)
def test_a_burst_is_flagged_and_one_less_is_not(
    name: str, table: str, count: int, window: int, more: dict[str, str]
) -> None:
    even = [n * window / (count - 1) for n in range(count)]
    assert flags(name, table, even, **more)
    assert not flags(name, table, even[:-1], **more)
    assert not flags(name, table, [*even[:-1], window + 1], **more)


def test_three_sigma_needs_four_earlier_days() -> None:
    days = [2, 4, 2, 4, 7]  # mean 3, deviation 1: 7 is more than 6
    rows = [day * 86_400 + n for day, mails in enumerate(days) for n in range(mails)]
    assert len(flags("3 sigma", "message", rows)) == 1
    assert not flags("3 sigma", "message", [row for row in rows if row != 4 * 86_400])
    assert not flags("3 sigma", "message", [row for row in rows if row >= 86_400])
