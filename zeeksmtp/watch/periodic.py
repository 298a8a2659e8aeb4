"""What takes counts: every minute, in a thread of its own, all detectors over the last hours. One run at a time."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Self

import polars as pl

from zeeksmtp.config import Settings
from zeeksmtp.engine.local import LocalEngine
from zeeksmtp.model import Report
from zeeksmtp.pipeline import Request, report_over
from zeeksmtp.reading.discover import Found
from zeeksmtp.watch.folder import Rows
from zeeksmtp.watch.rolling_lake import RollingLake

if TYPE_CHECKING:
    from types import TracebackType

_MAX_WAITING_ROWS = 200_000
"""Rows that wait in memory before a run is due early."""


class WatchEnded(BaseException):
    """The watch ends: what is under way is cancelled. No `Exception`, as nothing is to go on after it."""


class _Stoppable(LocalEngine):
    """An engine that gives up at the next plan once `stopped`, so that the end of the watch waits for one plan only."""

    stopped = False

    def write(self, plan: pl.LazyFrame, path: Path) -> None:
        """See `Engine.write`."""
        self._raise_if_stopped()
        super().write(plan, path)

    def collect(self, plan: pl.LazyFrame, *, small: bool = False) -> pl.DataFrame:
        """See `Engine.collect`."""
        self._raise_if_stopped()
        return super().collect(plan, small=small)

    def _raise_if_stopped(self) -> None:
        if self.stopped:
            raise WatchEnded


class PeriodicDetection:
    """Collects new rows, and every so many seconds runs the detectors over the last hours in a thread of its own.

    `home` gets the folders `lake` and `facts`. Leaving the context waits for the plan under way.
    """

    def __init__(self, settings: Settings, home: Path, hours: float, every: float) -> None:
        self._request = Request((), settings)
        self._engine = _Stoppable()
        self._home = home
        self._every = every
        self._lake = RollingLake(home / "lake", hours, self._engine)
        self._waiting: list[Rows] = []
        self._started = time.monotonic()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="periodic")
        self._run: Future[Report] | None = None

    def __enter__(self) -> Self:
        """Make the folders."""
        for part in ("lake", "facts"):
            (self._home / part).mkdir(mode=0o700)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Cancel the run that is under way."""
        self._engine.stopped = True
        self._thread.shutdown(wait=True, cancel_futures=True)

    @property
    def full(self) -> bool:
        """Whether so many rows wait for the run under way that no more should be read."""
        return self._run is not None and self._rows() > _MAX_WAITING_ROWS

    def add(self, rows: Rows) -> None:
        """Add new rows; start a run if one is due."""
        if rows:
            self._waiting.append(rows)
        due = time.monotonic() - self._started >= self._every or self._rows() > _MAX_WAITING_ROWS
        if due and self._run is None:
            batches, self._waiting = self._waiting, []
            self._started = time.monotonic()
            self._run = self._thread.submit(self._detect, batches)

    def result(self) -> Report | None:
        """Return the report of a finished run, once. Raises what it raised."""
        if self._run is None or not self._run.done():
            return None
        done, self._run = self._run, None
        return done.result()

    def _rows(self) -> int:
        return sum(len(frame) for rows in self._waiting for frame in rows.values())

    def _detect(self, waiting: list[Rows]) -> Report:
        logs = {log for rows in waiting for log in rows}
        self._lake.add({log: pl.concat([rows[log] for rows in waiting if log in rows]) for log in logs})
        return report_over(self._request, self._engine, self._home, Found((), ()), [])
