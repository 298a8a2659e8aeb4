"""What a value of a log can be at all: times, intervals and counts outside are damage, and reject their line.

Within these bounds no sum, hour grid or date of a report overflows, whatever else a line says.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
CLOCK_MARGIN: Final = timedelta(days=1 + 365)
"""How far a line may lie behind the newest file: a day of clock skew, and a year for copies that lost their times."""
_LAST_MTIME_SECONDS: Final = 4_102_444_800  # the year 2100: file systems store wilder ones
MAX_INTERVAL_SECONDS: Final = 40 * 365.25 * 86_400  # more than from `EARLIEST` to now
MAX_COUNT: Final = 1 << 53
"""Counts up to here are exact as JSON numbers; as bytes of one connection these are 9 petabytes."""


def latest_time(newest_mtime: float = 0) -> datetime:
    """Return up to when a line can be: behind the newest of the files (`newest_mtime`, Unix seconds) and the clock.

    The clock counts because archives and images reset the times of files, to 1980 for example.
    """
    newest = min(max(newest_mtime, time.time()), _LAST_MTIME_SECONDS)
    return datetime.fromtimestamp(newest, UTC) + CLOCK_MARGIN


def why_no_time(latest: datetime) -> pl.Expr:
    """Return what is wrong with column `ts`, null where nothing is."""
    ts = pl.col("ts")
    late = f"ts lies after {latest:%Y-%m-%d}, long after the newest file was written"
    return pl.when(ts < EARLIEST).then(pl.lit(f"ts lies before {EARLIEST:%Y}")).when(ts > latest).then(pl.lit(late))
