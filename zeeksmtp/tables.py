"""Logs and facts as tables: of a small lake in memory, of a large one as Parquet, piece by piece."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TypeVar

import polars as pl

from zeeksmtp import __version__
from zeeksmtp.engine._base import Engine
from zeeksmtp.ingest import scan
from zeeksmtp.model import Context, Fact, Log, Tables, Window
from zeeksmtp.pieces import AT_ONCE, LEAST_ROWS, Cut, Piece, digest, sweep, write_whole
from zeeksmtp.registry import discover

SMALL = 500_000
"""Up to so many rows (of all logs) facts are made of the whole lake at once, and stay in memory."""
_CONNECTION = 3
"""A row of conn.log counts as so many: what facts take grows with the connections, whatever the other logs hold."""

_FEW = 100_000
"""Up to so many rows a log of a small lake stays in memory, too."""

_LATE, _STEP = 2, 6
"""Pieces at the end of the newest day that late lines reach; how many more of it are merged for good at a time."""

T = TypeVar("T")
Told = Callable[[str, float], None]
"""Called with the name of each fact and the seconds that it took."""


def levels() -> list[list[Fact]]:
    """Give the facts in steps, each after those that it needs.

    Raises `ValueError` if they need each other in a circle.
    """
    waiting: dict[str, Fact] = dict(discover("zeeksmtp.facts", "FACT"))
    steps: list[list[Fact]] = []
    while waiting:
        ready = [fact for fact in waiting.values() if not set(fact.needs) & set(waiting)]
        if not ready:
            raise ValueError(f"facts need each other in a circle: {', '.join(waiting)}")
        steps.append(ready)
        waiting = {name: fact for name, fact in waiting.items() if fact not in ready}
    return steps


@dataclass(slots=True)
class _Shed:
    """What is known of a piece: its name, the files that hold its facts, and its logs, planned when they are asked."""

    identity: str
    piece: Piece
    facts: dict[str, Path] = field(default_factory=dict)
    logs: dict[str, pl.LazyFrame] | None = None

    def table(self, name: str) -> pl.LazyFrame:
        """Give a log or a fact of this piece."""
        if name in self.facts:
            return pl.scan_parquet(self.facts[name])
        self.logs = self.logs or self.piece.logs()
        return self.logs[name]


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes the facts over `lake`; those of a large one go to `folder`. `small` is as the constant.

    Of a large lake `days` are made, too: further daily facts that no fact needs.
    """

    lake: Path
    folder: Path
    logs: Mapping[str, Log]
    engine: Engine
    context: Context
    days: Sequence[Fact] = ()
    small: int = SMALL
    told: Told | None = None
    _alone: Lock = field(default_factory=Lock)
    """Held by a plan over whole days of logs: these take the memory, and keep all processors busy by themselves."""

    def tables(self) -> dict[str, pl.LazyFrame]:
        """Give logs and facts up to the end of the window, each fact computed once.

        What a large lake's facts take on disk lies in `folder`/pieces. It is used again by a later run over the same
        lake for the days on which no row is another.
        """
        whole = {name: scan(self.lake, log) for name, log in self.logs.items()}
        rows = {name: table.filter(self._until.covers()) for name, table in whole.items()}
        # Of whole files their own numbers tell, and no row is read.
        numbers = self._numbers(whole)
        if self._is_large(numbers) and self.context.window.until is not None:
            numbers = self._numbers(rows)
        return self._of_pieces(rows) if self._is_large(numbers) else self._in_memory(rows, numbers)

    def _is_large(self, numbers: Mapping[str, int]) -> bool:
        return max(sum(numbers.values()), _CONNECTION * numbers.get("conn", 0)) > self.small

    def _numbers(self, rows: Tables) -> dict[str, int]:
        counted = self.engine.collect(pl.concat([table.select(pl.len()) for table in rows.values()]))
        return dict(zip(rows, counted.to_series().to_list(), strict=True))

    @property
    def _until(self) -> Window:
        return Window(until=self.context.window.until)

    def _in_memory(self, rows: Tables, numbers: Mapping[str, int]) -> dict[str, pl.LazyFrame]:
        def held(plan: pl.LazyFrame) -> pl.LazyFrame:
            return self.engine.collect(plan, small=True).lazy()

        def made(fact: Fact) -> pl.LazyFrame:
            return self._timed(fact.name, lambda: held(fact.plan(known, self.context)))

        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="facts") as pool:
            # Once for all facts: a log has many parts, and each a header of its own.
            few = [name for name in rows if numbers[name] <= _FEW]
            known = {**rows, **dict(zip(few, pool.map(held, [rows[name] for name in few]), strict=True))}
            for step in levels():
                known |= zip([fact.name for fact in step], list(pool.map(made, step)), strict=True)
        return {**known, **rows}  # who judges hardly reads a log, and need not find it in memory

    def _of_pieces(self, rows: Tables) -> dict[str, pl.LazyFrame]:
        numbers, least = self.folder / "pieces" / "numbers", min(self.small, LEAST_ROWS)
        cut = Cut(self.lake, numbers, self.logs, self._until, self.engine, self.context.site.timezone, least)
        pieces = self._timed("pieces", cut.pieces)
        known = dict(rows)
        sheds = [
            _Shed(digest(__version__, pl.__version__, repr(self.context), piece.identity), piece) for piece in pieces
        ]
        making: dict[str, Future[pl.LazyFrame]] = {}
        # Several facts at once, but no more than two pieces: where most lie there, a fact keeps one processor busy.
        with ThreadPoolExecutor(AT_ONCE + 1, "facts") as pool, ThreadPoolExecutor(AT_ONCE, "pieces") as hands:
            for fact in (*(fact for step in levels() for fact in step), *self.days):
                # Each comes after what it needs, so what it waits for is already under way.
                needs = {name: making[name] for name in fact.needs if name in making}
                making[fact.name] = pool.submit(self._fact, fact, rows, needs, sheds, hands)
            return known | {name: made.result() for name, made in making.items()}

    def _fact(
        self,
        fact: Fact,
        rows: Tables,
        needs: Mapping[str, Future[pl.LazyFrame]],
        sheds: Sequence[_Shed],
        hands: Executor,
    ) -> pl.LazyFrame:
        known = {**rows, **{name: made.result() for name, made in needs.items()}}
        if fact.daily:
            return self._timed(fact.name, lambda: self._by_piece(fact, known, sheds, hands))
        path = self.folder / "facts" / f"{fact.name}.parquet"
        return self._timed(fact.name, lambda: self._written(fact.plan(known, self.context), path))

    def _by_piece(self, fact: Fact, known: Tables, sheds: Sequence[_Shed], hands: Executor) -> pl.LazyFrame:
        """Make a fact of each piece by `hands`, unless it lies there already."""
        whole = {name: known[name] for name in fact.needs if name not in self.logs and name not in sheds[0].facts}
        seen = [_content(self.folder / "facts" / f"{name}.parquet") for name in sorted(whole)]
        turn = self._alone if any(name in self.logs for name in fact.needs) else nullcontext()
        home, columns = self.folder / "pieces" / fact.name, [column.name for column in fact.columns]

        def made(number: int) -> Path:
            shed, earlier = sheds[number], sheds[:number] if fact.past else []
            # Another row of its days, another table of the whole lake, or another fact before it: another name.
            before = [shed.facts[name].name for name in fact.needs if name in shed.facts]
            past = [old.facts[fact.past].name for old in earlier]
            path = home / f"{digest(shed.identity, fact.cache_key, *columns, *seen, *before, *past)}.parquet"
            if not path.exists():
                own = {name: shed.table(name) for name in fact.needs if name not in whole}
                rows = {"past": pl.scan_parquet([old.facts[fact.past] for old in earlier])} if earlier else {}
                with nullcontext() if shed.piece.newest else turn:
                    self._written(fact.plan({**own, **whole, **rows}, self.context), path)
            if not fact.is_merged:  # of what is made one of all days, nobody needs the days
                shed.facts[fact.name] = path
            return path

        paths = list(hands.map(made, range(len(sheds))))
        newest = sum(shed.piece.newest for shed in sheds)
        with turn:
            return self._together(fact, paths, newest)

    def _together(self, fact: Fact, paths: list[Path], newest: int) -> pl.LazyFrame:
        """Make one table of a fact's pieces, of which the last `newest` are of the newest day."""
        home, old = paths[0].parent, len(paths) - newest
        if fact.merge is None:
            sweep(home, paths)
            return pl.scan_parquet(paths)
        if fact.by_day:
            sweep(home, paths)
            day = self._written(fact.merge(pl.scan_parquet(paths[old:])), home / "newest.parquet")
            return pl.concat([pl.scan_parquet(paths[:old]), day]) if old else day
        # The last hours may be others with the next pass, those before them hardly ever.
        settled = old + max(0, newest - _LATE) // _STEP * _STEP
        before = [self._before(fact, paths[:old]), self._before(fact, paths[:settled], old)]
        sweep(home, [*paths, *(path for path in before if path is not None)])
        merged = fact.merge(pl.scan_parquet([*([before[1]] if before[1] else []), *paths[settled:]]))
        if fact in self.days:  # one reader takes it as it comes
            return merged
        return self._written(merged, self.folder / "facts" / f"{fact.name}.parquet")

    def _before(self, fact: Fact, paths: list[Path], old: int = 0) -> Path | None:
        """Merge the first pieces of a fact, of which `old` are of days before the newest, unless it was done before."""
        if fact.merge is None or not paths:
            return None
        path = paths[0].with_name(f"before-{digest(*(path.name for path in paths))}.parquet")
        if not path.exists():
            known = max(old, len(paths) - _STEP) if old < len(paths) else 0
            earlier = self._before(fact, paths[:known], old)
            self._written(fact.merge(pl.scan_parquet([*([earlier] if earlier else []), *paths[known:]])), path)
        return path

    def _written(self, plan: pl.LazyFrame, path: Path) -> pl.LazyFrame:
        write_whole(self.engine, plan, path)
        return pl.scan_parquet(path)

    def _timed(self, name: str, make: Callable[[], T]) -> T:
        began = time.perf_counter()
        made = make()
        if self.told is not None:
            self.told(name, time.perf_counter() - began)
        return made


def _content(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def put_together(folder: Path, tables: Tables, engine: Engine) -> None:
    """Write every fact of `tables` as `folder`/facts/<fact>.parquet; remove the pieces that they were made of."""
    for fact in (fact for step in levels() for fact in step):
        path = folder / "facts" / f"{fact.name}.parquet"
        if not path.exists():
            engine.write(tables[fact.name], path)
    shutil.rmtree(folder / "pieces", ignore_errors=True)
