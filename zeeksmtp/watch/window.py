"""The rows of the last hours in a temporary lake: what tests over counts are made on. Bounded in time and in rows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from zeeksmtp.engine._base import Engine

_MOST: Final = 2_000_000  # rows of all logs
_FULL: Final = 200_000  # rows of a part that gets no more
_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows that came within an hour."""

    log: str
    since: float
    rows: int
    path: Path


class Window:
    """Keeps rows under `lake`/<log>/, as `ingest.scan` reads them, for `hours` after they came."""

    def __init__(self, lake: Path, hours: float, engine: Engine, most: int = _MOST) -> None:
        self._lake = lake
        self._seconds = hours * _HOUR
        self._engine = engine
        self._most = most
        self._parts: list[_Part] = []
        self._number = 0

    def add(self, rows: Mapping[str, pl.DataFrame]) -> None:
        """Take rows in, by log; let go of what is too old or too much."""
        now = time.monotonic()
        for log, frame in rows.items():
            self._put(log, frame, now)
        kept = sum(part.rows for part in self._parts)
        while self._parts and (kept > self._most or self._parts[0].since < now - self._seconds - _HOUR):
            oldest = self._parts.pop(0)
            kept -= oldest.rows
            oldest.path.unlink()

    def _put(self, log: str, frame: pl.DataFrame, now: float) -> None:
        last = next((part for part in reversed(self._parts) if part.log == log), None)
        self._number += 1
        path = self._lake / log / f"{self._number}.parquet"
        if last is None or last.rows + len(frame) > _FULL or last.since < now - _HOUR:
            self._engine.write(frame.lazy(), path)
            self._parts.append(_Part(log, now, len(frame), path))
            return
        self._engine.write(pl.concat([pl.scan_parquet(last.path), frame.lazy()]), path)
        self._parts[self._parts.index(last)] = _Part(log, last.since, last.rows + len(frame), path)
        last.path.unlink()
