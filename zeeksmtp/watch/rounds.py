"""What takes counts: every minute, beside the following, all detectors over the window. One round at a time."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Self

import polars as pl

from zeeksmtp.config import Settings
from zeeksmtp.engine.local import LocalEngine
from zeeksmtp.logs._discover import Found
from zeeksmtp.model import Report
from zeeksmtp.pipeline import Request, report_over
from zeeksmtp.watch.folder import Rows
from zeeksmtp.watch.window import Window

if TYPE_CHECKING:
    from types import TracebackType

_ENOUGH = 200_000
"""Rows that wait in memory before a round is due early."""


class Ended(BaseException):
    """The watch ends: what is under way is given up. No `Exception`, as nothing is to go on after it."""


class _Stoppable(LocalEngine):
    """An engine that gives up at the next plan once `stopped`, so that the end of the watch waits for one plan only."""

    stopped = False

    def write(self, plan: pl.LazyFrame, path: Path) -> None:
        """See `Engine.write`."""
        self._go_on()
        super().write(plan, path)

    def collect(self, plan: pl.LazyFrame, *, small: bool = False) -> pl.DataFrame:
        """See `Engine.collect`."""
        self._go_on()
        return super().collect(plan, small=small)

    def _go_on(self) -> None:
        if self.stopped:
            raise Ended


class Rounds:
    """Takes new rows in, and every so many seconds judges the window in a thread of its own.

    `home` gets the folders `lake` and `facts`. Leaving the context waits for what is under way.
    """

    def __init__(self, settings: Settings, home: Path, hours: float, every: float) -> None:
        self._request = Request((), settings)
        self._engine = _Stoppable()
        self._home = home
        self._every = every
        self._window = Window(home / "lake", hours, self._engine)
        self._waiting: list[Rows] = []
        self._begun = time.monotonic()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="round")
        self._round: Future[Report] | None = None

    def __enter__(self) -> Self:
        """Make the folders."""
        for part in ("lake", "facts"):
            (self._home / part).mkdir(mode=0o700)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Give up the round that is under way."""
        self._engine.stopped = True
        self._thread.shutdown(wait=True, cancel_futures=True)

    @property
    def full(self) -> bool:
        """Tell whether so many rows wait for the round under way that no more should be read."""
        return self._round is not None and self._rows() > _ENOUGH

    def add(self, rows: Rows) -> None:
        """Take new rows in; begin a round if one is due."""
        if rows:
            self._waiting.append(rows)
        due = time.monotonic() - self._begun >= self._every or self._rows() > _ENOUGH
        if due and self._round is None:
            taken, self._waiting = self._waiting, []
            self._begun = time.monotonic()
            self._round = self._thread.submit(self._judge, taken)

    def result(self) -> Report | None:
        """Give the report of a round that is done, once. Raises what it raised."""
        if self._round is None or not self._round.done():
            return None
        done, self._round = self._round, None
        return done.result()

    def _rows(self) -> int:
        return sum(len(frame) for rows in self._waiting for frame in rows.values())

    def _judge(self, waiting: list[Rows]) -> Report:
        logs = {log for rows in waiting for log in rows}
        self._window.add({log: pl.concat([rows[log] for rows in waiting if log in rows]) for log in logs})
        return report_over(self._request, self._engine, self._home, Found((), ()), [])
