"""Logs and facts as tables: those of a small lake in memory, those of a large one as Parquet, day by day."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import polars as pl

import zeeksmtp.facts
from zeeksmtp import __version__
from zeeksmtp.execution import Engine
from zeeksmtp.fact_guard import UNGUARDED, Guard
from zeeksmtp.ingest import scan
from zeeksmtp.model import Context, Fact, Log, Tables, Window
from zeeksmtp.partitions import MIN_PARTITION_ROWS, Partition, Partitioner, digest, sweep, write_whole
from zeeksmtp.registry import discover

SMALL_LAKE_ROWS = 500_000
"""Up to so many rows (of all logs) facts are made of the whole lake at once, and stay in memory."""
_CONN_WEIGHT = 3
"""A row of conn.log counts as so many: what facts take grows with the connections, whatever the other logs hold."""

_SMALL_LOG_ROWS = 100_000
"""Up to so many rows a log of a small lake stays in memory, too."""

_PLANS_AT_ONCE = 2
"""Planning holds the interpreter, running does not, and a plan needs memory: two keep both busy."""

_FEW_DAYS = 2
"""Of more, a merged fact of all but the newest is kept."""

T = TypeVar("T")
OnFact = Callable[[str, float], None]
"""Called with the name of a fact and the seconds that a plan of it took."""


def levels() -> list[list[Fact]]:
    """Return the facts in steps, each after those that it needs.

    Raises `ValueError` if they need each other in a circle.
    """
    waiting: dict[str, Fact] = dict(discover(zeeksmtp.facts, "FACT"))
    steps: list[list[Fact]] = []
    while waiting:
        ready = [fact for fact in waiting.values() if not set(fact.needs) & set(waiting)]
        if not ready:
            raise ValueError(f"facts need each other in a circle: {', '.join(waiting)}")
        steps.append(ready)
        waiting = {name: fact for name, fact in waiting.items() if fact not in ready}
    return steps


@dataclass(frozen=True, slots=True)
class _Day:
    """A partition and the files of its daily facts, without those that are merged."""

    partition: Partition
    facts: dict[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Materializer:
    """Computes the facts over `lake`; those of a large one go to `folder`. For `min_rows` see `Partitioner`."""

    lake: Path
    folder: Path
    logs: Mapping[str, Log]
    engine: Engine
    context: Context
    small_rows: int = SMALL_LAKE_ROWS
    min_rows: int = MIN_PARTITION_ROWS
    on_fact: OnFact | None = None
    guard: Guard = UNGUARDED

    def tables(self) -> dict[str, pl.LazyFrame]:
        """Return logs and facts up to the end of the window, each fact computed once.

        What a large lake's facts take on disk lies in `folder`/days. It is used again by a later run over the same
        lake for the days on which no row is another.
        """
        whole = {name: scan(self.lake, log) for name, log in self.logs.items()}
        rows = {name: table.filter(self._until.covers()) for name, table in whole.items()}
        # Of whole files their own numbers tell, and no row is read.
        numbers = self._numbers(whole)
        if self._is_large(numbers) and self.context.window.until is not None:
            numbers = self._numbers(rows)
        return self._by_day(rows) if self._is_large(numbers) else self._in_memory(rows, numbers)

    def _is_large(self, numbers: Mapping[str, int]) -> bool:
        return max(sum(numbers.values()), _CONN_WEIGHT * numbers.get("conn", 0)) > self.small_rows

    def _numbers(self, rows: Tables) -> dict[str, int]:
        counted = self.engine.collect(pl.concat([table.select(pl.len()) for table in rows.values()]))
        return dict(zip(rows, counted.to_series().to_list(), strict=True))

    @property
    def _until(self) -> Window:
        return Window(until=self.context.window.until)

    def _in_memory(self, rows: Tables, numbers: Mapping[str, int]) -> dict[str, pl.LazyFrame]:
        def held(plan: pl.LazyFrame) -> pl.LazyFrame:
            return self.engine.collect(plan, small=True).lazy()

        def collected(fact: Fact) -> pl.LazyFrame:
            return self.guard.table(fact, lambda: self._timed(fact.name, lambda: held(fact.plan(known, self.context))))

        with ThreadPoolExecutor(_PLANS_AT_ONCE, thread_name_prefix="facts") as pool:
            # Once for all facts: a log has many parts, and each a header of its own.
            few = [name for name in rows if numbers[name] <= _SMALL_LOG_ROWS]
            known = {**rows, **dict(zip(few, pool.map(held, [rows[name] for name in few]), strict=True))}
            for step in levels():
                known |= zip([fact.name for fact in step], list(pool.map(collected, step)), strict=True)
        return {**known, **rows}  # who judges hardly reads a log, and need not find it in memory

    def _by_day(self, rows: Tables) -> dict[str, pl.LazyFrame]:
        folder = self.folder / "days" / "partitions"
        partitioner = Partitioner(self.lake, folder, self.logs, self._until, self.engine, self.min_rows)
        partitions = self._timed("partitions", partitioner.partitions)
        known, days = dict(rows), [_Day(partition) for partition in partitions]
        with ThreadPoolExecutor(_PLANS_AT_ONCE, thread_name_prefix="facts") as pool:
            for step in levels():
                known |= self._step(step, days, known, pool)
        return known

    def _step(
        self, step: list[Fact], days: list[_Day], known: Tables, pool: ThreadPoolExecutor
    ) -> dict[str, pl.LazyFrame]:
        """Return facts that do not need each other."""
        tasks = [(fact, day) for fact in step if fact.daily for day in days]
        attempt = self.guard.attempt
        written = list(pool.map(lambda task: attempt(task[0].name, partial(self._day, task[0], task[1], known)), tasks))
        paths: dict[str, list[Path]] = {fact.name: [] for fact in step}
        for (fact, day), path in zip(tasks, written, strict=True):
            if path is None:
                continue
            paths[fact.name].append(path)
            if fact.merge is None:
                day.facts[fact.name] = path
        table = self.guard.table
        whole = pool.map(lambda fact: table(fact, partial(self._whole, fact, known, paths[fact.name])), step)
        return dict(zip([fact.name for fact in step], whole, strict=True))

    def _day(self, fact: Fact, day: _Day, known: Tables) -> Path:
        """Write a fact of one partition, unless it is there: of the same rows, settings and version.

        It sees the day's own rows of logs and daily facts, and the whole of what is merged or not daily.
        """
        own = {name: day.facts[name] for name in fact.needs if name in day.facts}
        whole = [name for name in fact.needs if name not in own and name not in self.logs]
        sources = [*(path.name for path in own.values()), *(_content(self._path(name)) for name in whole)]
        columns = [column.name for column in fact.columns]
        name = digest(__version__, pl.__version__, repr(self.context), day.partition.identity, *columns, *sources)
        path = self.folder / "days" / fact.name / f"{name}.parquet"
        if not path.exists():
            tables = {log: day.partition.log(log) for log in fact.needs if log in self.logs}
            tables |= {name: pl.scan_parquet(path) for name, path in own.items()} | {
                name: known[name] for name in whole
            }
            self._write(fact.name, fact.plan(tables, self.context), path)
        return path

    def _whole(self, fact: Fact, known: Tables, days: list[Path]) -> pl.LazyFrame:
        """Return a fact of the whole lake: of its `days` if it is daily."""
        path = self._path(fact.name)
        if not fact.daily:
            return self._write(fact.name, fact.plan(known, self.context), path)
        folder = self.folder / "days" / fact.name
        closed = folder / f"closed-{digest(*(day.name for day in days[:-1]))}.parquet"
        sweep(folder, [*days, closed])
        if fact.merge is None:
            return pl.scan_parquet(days)
        if len(days) > _FEW_DAYS:  # all but the newest are seldom other days than in the run before
            if not closed.exists():
                self._write(fact.name, fact.merge(pl.scan_parquet(days[:-1])), closed)
            days = [closed, days[-1]]
        return self._write(fact.name, fact.merge(pl.scan_parquet(days)), path)

    def _path(self, name: str) -> Path:
        return self.folder / "facts" / f"{name}.parquet"

    def _write(self, name: str, plan: pl.LazyFrame, path: Path) -> pl.LazyFrame:
        self._timed(name, lambda: write_whole(self.engine, plan, path))
        return pl.scan_parquet(path)

    def _timed(self, name: str, make: Callable[[], T]) -> T:
        began = time.perf_counter()
        made = make()
        if self.on_fact is not None:
            self.on_fact(name, time.perf_counter() - began)
        return made


def _content(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def put_together(folder: Path, tables: Tables, engine: Engine) -> None:
    """Write every fact of `tables` as `folder`/facts/<fact>.parquet; remove the days that they were made of."""
    for fact in (fact for step in levels() for fact in step):
        path = folder / "facts" / f"{fact.name}.parquet"
        if not path.exists():
            engine.write(tables[fact.name], path)
    shutil.rmtree(folder / "days", ignore_errors=True)
