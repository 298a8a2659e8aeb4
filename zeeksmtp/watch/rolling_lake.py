"""The rows of the last hours in a temporary lake, for the tests over counts. Bounded in time and in rows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from zeeksmtp.execution import Engine

_MAX_ROWS: Final = 2_000_000  # of all logs
_MAX_PART_ROWS: Final = 200_000
_HOUR_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class _HourPart:
    """Rows that came within an hour."""

    log: str
    since: float
    rows: int
    path: Path


class RollingLake:
    """Keeps rows under `lake`/<log>/, as `ingest.scan` reads them, for `hours` after they came."""

    def __init__(self, lake: Path, hours: float, engine: Engine, max_rows: int = _MAX_ROWS) -> None:
        self._lake = lake
        self._seconds = hours * _HOUR_SECONDS
        self._engine = engine
        self._max_rows = max_rows
        self._parts: list[_HourPart] = []
        self._number = 0

    def add(self, rows: Mapping[str, pl.DataFrame]) -> None:
        """Add rows, by log; drop the oldest beyond the bounds."""
        now = time.monotonic()
        for log, frame in rows.items():
            self._append(log, frame, now)
        kept = sum(part.rows for part in self._parts)
        while self._parts and (kept > self._max_rows or self._parts[0].since < now - self._seconds - _HOUR_SECONDS):
            oldest = self._parts.pop(0)
            kept -= oldest.rows
            oldest.path.unlink()

    def _append(self, log: str, frame: pl.DataFrame, now: float) -> None:
        last = next((part for part in reversed(self._parts) if part.log == log), None)
        self._number += 1
        path = self._lake / log / f"{self._number}.parquet"
        if last is None or last.rows + len(frame) > _MAX_PART_ROWS or last.since < now - _HOUR_SECONDS:
            self._engine.write(frame.lazy(), path)
            self._parts.append(_HourPart(log, now, len(frame), path))
            return
        self._engine.write(pl.concat([pl.scan_parquet(last.path), frame.lazy()]), path)
        self._parts[self._parts.index(last)] = _HourPart(log, last.since, last.rows + len(frame), path)
        last.path.unlink()
