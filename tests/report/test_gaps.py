"""Guards what is named and not judged: hours without any log where there must have been some, and clock changes."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from zeeksmtp.model import Window
from zeeksmtp.report.gaps import gaps_of

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def gaps(hours: Iterable[datetime], a_session: int = 30, window: Window | None = None, zone: str = "UTC") -> list[str]:
    """Return the notes on a lake that has so many sessions in each of these hours."""
    rows = [(hour, a_session) for hour in hours]
    schema: dict[str, Any] = {"hour": pl.Datetime("us", "UTC"), "sessions": pl.UInt64}
    return gaps_of(
        {"host_hour": pl.LazyFrame(rows, schema, orient="row")}, window or Window(), zone, lambda plan: plan.collect()
    )


def office(days: int) -> list[datetime]:
    """Return the hours of work from Monday to Friday."""
    every = (MONDAY + HOUR * n for n in range(24 * days))
    return [hour for hour in every if hour.weekday() < 5 and 8 <= hour.hour < 18]


@pytest.mark.parametrize("days", [5, 14, 28])
def test_nights_and_weekends_are_no_gap(days: int) -> None:
    assert gaps(office(days)) == []


@pytest.mark.parametrize("days", [5, 28])
def test_hours_of_work_without_a_session_are_named(days: int) -> None:
    down = {MONDAY + timedelta(days=2, hours=hour) for hour in (11, 12, 13)}
    (note,) = gaps(hour for hour in office(days) if hour not in down)
    assert "from 2026-11-04 11:00 to 2026-11-04 14:00 UTC" in note


def test_few_sessions_an_hour_are_too_few_to_miss_one() -> None:
    down = MONDAY + timedelta(days=2, hours=11)
    assert gaps((hour for hour in office(28) if hour != down), a_session=3) == []


def test_a_gap_outside_the_window_is_not_told() -> None:
    down = MONDAY + timedelta(days=2, hours=11)
    hours = [hour for hour in office(28) if hour != down]
    assert gaps(hours, window=Window(since=MONDAY + timedelta(days=7))) == []
    assert len(gaps(hours, window=Window(until=MONDAY + timedelta(days=7)))) == 1


def test_an_empty_lake_has_no_gap() -> None:
    assert gaps([]) == []


@pytest.mark.parametrize(("month", "day", "what"), [(10, 24, "put back"), (3, 28, "put forward")])
def test_a_clock_change_is_named(month: int, day: int, what: str) -> None:
    hours = [datetime(2026, month, day, tzinfo=UTC) + HOUR * n for n in range(48)]
    (note,) = gaps(hours, zone="Europe/Berlin")
    assert f"the clock was {what} between" in note
    assert gaps(hours) == []
