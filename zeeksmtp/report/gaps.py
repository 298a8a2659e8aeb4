"""Hours that cannot be judged: nothing was logged though much was to be expected, or the clock was changed."""

from __future__ import annotations

import itertools
import math
import zoneinfo
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from zeeksmtp.model import Collect, Tables, Window

_HOUR = timedelta(hours=1)
_WEEK = timedelta(days=7)
_CHANCE = 1e-6
"""Chance (Poisson) below which silence is no accident. Mail comes in bursts, so what is expected is a low estimate."""
_MIN_COMPARED = 3  # weeks or days
_MAX_NOTES = 20


def _hours(tables: Tables) -> pl.LazyFrame:
    begun = tables["host_hour"].filter(pl.col("sessions") > 0)
    return begun.group_by("hour").agg(pl.col("sessions").sum())


def gaps_of(tables: Tables, window: Window, timezone: str, collect: Collect) -> list[str]:
    """Return notes on hours of the window without any SMTP session where some must have been, and on clock changes."""
    rows = collect(_hours(tables).sort("hour")).rows()
    if not rows:
        return []
    sessions = dict(rows)
    since, until = window.since or rows[0][0], window.until or rows[-1][0] + _HOUR
    notes = [_silence(first, last) for first, last in _silent(sessions) if first < until and last > since]
    more = [f"{len(notes) - _MAX_NOTES} more such gaps"] if len(notes) > _MAX_NOTES else []
    return [*notes[:_MAX_NOTES], *more, *_changes(since, until, timezone)]


def _silent(sessions: dict[datetime, int]) -> Iterator[tuple[datetime, datetime]]:
    """Return start and end of each run of hours without sessions that is too long to be an accident."""
    hours = sorted(sessions)
    for before, after in itertools.pairwise(hours):
        first = before + _HOUR
        missing = (after - first) // _HOUR
        expected = sum(_usual(sessions, first + _HOUR * n) for n in range(min(missing, 24 * 7)))
        if missing and math.exp(-expected) < _CHANCE:
            yield first, after


def _usual(sessions: dict[datetime, int], hour: datetime) -> int:
    """Return a low estimate for an hour: the lower quartile of the weeks around it, else the least of nearby days."""
    begin, end = min(sessions), max(sessions)

    def around(step: timedelta, reach: int) -> list[int]:
        moments = [hour + step * n for n in range(-reach, reach + 1) if n]
        return sorted(sessions.get(moment, 0) for moment in moments if begin <= moment <= end)

    weeks, days = around(_WEEK, 4), around(timedelta(days=1), 3)
    if len(weeks) >= _MIN_COMPARED:
        return weeks[len(weeks) // 4]
    return days[0] if len(days) >= _MIN_COMPARED else 0


def _silence(first: datetime, last: datetime) -> str:
    return (
        f"no SMTP session in any log from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC, where other days have "
        "some: the sensor was down or logs are missing; nothing is known of that time"
    )


def _changes(since: datetime, until: datetime, timezone: str) -> Sequence[str]:
    """Name the changes of the site's clock within the window."""
    zone = UTC if timezone == "UTC" else zoneinfo.ZoneInfo(timezone)
    days = range((until - since) // timedelta(days=1) + 2)
    moments = [min(since + timedelta(days=n), until).astimezone(zone) for n in days]
    return [_change(a, b) for a, b in itertools.pairwise(moments) if a.utcoffset() != b.utcoffset()]


def _change(before: datetime, after: datetime) -> str:
    offsets = before.utcoffset() or timedelta(), after.utcoffset() or timedelta()
    day = f"between {before:%Y-%m-%d} and {after:%Y-%m-%d}"
    if offsets[1] > offsets[0]:
        return f"the clock was put forward {day}: an hour of that night does not exist"
    return f"the clock was put back {day}: an hour of that night came twice, and its volumes were not judged"
