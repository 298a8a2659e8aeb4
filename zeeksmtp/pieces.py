"""A large lake cut into pieces of whole days at the site: facts are made of one at a time, so that memory stays flat.

The newest day, which grows with each pass, is cut into pieces of whole hours: few of them change.

All lines of a connection belong to one piece: that of its start, or of its first line where no log tells the start.
Lines of other days (a session over midnight) are moved there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import polars as pl

from zeeksmtp.engine._base import Engine
from zeeksmtp.facts._common import number_in_log
from zeeksmtp.facts.connection import LINES, STARTS
from zeeksmtp.ingest import parts_of, scan
from zeeksmtp.model import Log, Window

AT_ONCE = 2
"""Planning holds the interpreter, running does not, and a piece needs memory: two keep both busy."""

_A_DAY = timedelta(days=1)
_CONNECTIONS = pl.Schema({"number": pl.UInt64(), "starts": pl.Boolean(), "piece": pl.UInt32()})
_COUNTED = pl.Schema({"log": pl.String(), "part": pl.String(), "hour": pl.Datetime("us"), "rows": pl.UInt32()})

LEAST_ROWS = 200_000
"""Fewer are not worth a plan of their own."""

_SHARE = 8
"""A piece of the newest day needs so many times fewer rows: what it does not hold need not be made again."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some days of a lake, or hours of its newest day (`newest`). `logs` gives plans over its logs.

    `identity` is another if any row may be another.
    """

    identity: str
    logs: Callable[[], dict[str, pl.LazyFrame]]
    newest: bool = False


@dataclass(slots=True)
class Cut:
    """Cuts a lake into pieces of at least `least_rows` rows. Rows outside `window` are not there.

    In `folder` it leaves the numbers of each piece's connections; a piece of the same parts is not read again for them.
    """

    lake: Path
    folder: Path
    logs: Mapping[str, Log]
    window: Window
    engine: Engine
    timezone: str = "UTC"
    least_rows: int = LEAST_ROWS
    _spans: list[tuple[datetime, datetime]] = field(default_factory=list)  # first and last hour, as the site has them
    _parts: dict[tuple[int, str], list[Path]] = field(default_factory=dict)
    _kept: set[Path] = field(default_factory=set)

    def pieces(self) -> list[Piece]:
        """Give the pieces in order of time."""
        self._divide()
        numbers = range(len(self._spans))
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="cut") as pool:
            paths = list(pool.map(self._connections, numbers))
        away = self._away(self._several(paths))
        sweep(self.folder, self._kept)
        moved = {log: self._moved(log, away) for log in (*STARTS, *LINES)} if len(away) else {}
        return [self._piece(number, away, moved) for number in numbers]

    def _divide(self) -> None:
        rows = self._rows_by_part_and_hour()
        hourly = rows.group_by("hour").agg(pl.col("rows").sum()).sort("hour")
        self._spans = list(_runs(hourly, self.least_rows))
        for number, (first, last) in enumerate(self._spans):
            inside = rows.filter(pl.col("hour").is_between(first, last)).select("log", "part").unique().sort("part")
            for log, part in inside.iter_rows():
                self._parts.setdefault((number, log), []).append(self.lake / log / part)

    def _rows_by_part_and_hour(self) -> pl.DataFrame:
        """Count the rows of each part by hour. What a part holds never changes: known parts are not read again."""
        path = self.folder / f"hours-{digest(self.timezone, str(self.window.until))}.parquet"
        known = self.engine.collect(pl.scan_parquet(path)) if path.exists() else pl.DataFrame(schema=_COUNTED)
        counted = [self._counted(log, known.filter(pl.col("log") == log)) for log in self.logs]
        write_whole(self.engine, pl.concat(counted).lazy(), path)
        self._kept.add(path)
        return pl.concat(counted)

    def _counted(self, log: str, known: pl.DataFrame) -> pl.DataFrame:
        parts = {path.name: path for path in parts_of(self.lake, log)}
        counted = [known.filter(pl.col("part").is_in(list(parts)))]
        if new := [path for name, path in parts.items() if name not in set(known["part"])]:
            rows = pl.scan_parquet(new, include_file_paths="part").filter(self.window.covers())
            found = self.engine.collect(rows.group_by("part", self._hour().alias("hour")).len("rows"))
            name = pl.col("part").str.split("/").list.last()
            counted.append(found.select(pl.lit(log).alias("log"), name.alias("part"), "hour", "rows").cast(_COUNTED))
        return pl.concat(counted)

    def _hour(self) -> pl.Expr:
        return pl.col("ts").dt.convert_time_zone(self.timezone).dt.replace_time_zone(None).dt.truncate("1h")

    def _rows(self, number: int, log: str) -> pl.LazyFrame:
        first, last = self._spans[number]
        # In UTC, a day off at most: this is what row groups can be passed by for.
        about = Window(first.replace(tzinfo=UTC) - _A_DAY, last.replace(tzinfo=UTC) + _A_DAY).covers()
        rows = scan(self.lake, self.logs[log], self._parts.get((number, log), []))
        return rows.filter(about, self._hour().is_between(first, last), self.window.covers())

    def _connections(self, number: int) -> Path:
        """Write the numbers of a piece's connections, and whether they start there."""
        path = self.folder / f"{digest(*self._told(number, {number}))}.parquet"
        if not path.exists():
            rows = [
                self._rows(number, log).select(number_in_log().alias("number"), pl.lit(log in STARTS).alias("starts"))
                for log in (*STARTS, *LINES)
            ]
            write_whole(self.engine, pl.concat(rows).group_by("number").agg(pl.col("starts").any()), path)
        self._kept.add(path)
        return path

    def _told(self, number: int, sources: set[int]) -> list[str]:
        """Name what a piece is made of: its days, and the parts of the lake that its rows come from."""
        parts = sorted(f"{log}/{p.name}" for (piece, log), own in self._parts.items() if piece in sources for p in own)
        return [*map(str, (*self._spans[number], self.timezone, self.window.until)), pl.__version__, *parts]

    def _several(self, paths: list[Path]) -> pl.DataFrame:
        """Give number, `piece` and `starts` of the connections that are in more than one piece, in each of them."""
        newest = sum(self._is_newest(number) for number in range(len(paths)))
        old, fresh = paths[:-newest], self.engine.collect(self._in_pieces(paths[-newest:], len(paths) - newest))
        among = self.engine.collect(self._in_pieces(old, 0).join(fresh.lazy(), on="number", how="semi"))
        shared = pl.concat([_doubled(fresh["number"]), among["number"]]).unique().implode()
        return pl.concat([self._several_of_old(old), among, fresh.filter(pl.col("number").is_in(shared))]).unique()

    def _several_of_old(self, paths: list[Path]) -> pl.DataFrame:
        """The same, of the pieces before the newest day: they are as they were in most runs."""
        path = self.folder / f"several-{digest(*(path.name for path in paths))}.parquet"
        if not path.exists():
            rows = self.engine.collect(self._in_pieces(paths, 0))
            several = rows.lazy().filter(pl.col("number").is_in(_doubled(rows["number"]).implode()))
            write_whole(self.engine, several, path)
        self._kept.add(path)
        return self.engine.collect(pl.scan_parquet(path))

    def _in_pieces(self, paths: list[Path], first: int) -> pl.LazyFrame:
        if not paths:
            return pl.LazyFrame(schema=_CONNECTIONS)
        places = [pl.lit(number, pl.UInt32).alias("piece") for number in range(first, first + len(paths))]
        return pl.concat(pl.scan_parquet(path).with_columns(place) for path, place in zip(paths, places, strict=True))

    def _is_newest(self, number: int) -> bool:
        return self._spans[number][0].date() == self._spans[-1][1].date()

    def _away(self, several: pl.DataFrame) -> pl.DataFrame:
        """Give the connections (`number`) that have lines in a `piece` that is not their own (`home`)."""
        starts = several.filter("starts").group_by("number").agg(pl.col("piece").min().alias("home"))
        lines = several.group_by("number").agg(pl.col("piece").min().alias("otherwise"))
        homes = lines.join(starts, on="number", how="left").with_columns(pl.coalesce("home", "otherwise"))
        away = several.join(homes.select("number", "home"), on="number").filter(pl.col("piece") != pl.col("home"))
        return away.select("number", "piece", "home").sort("number", "piece")

    def _moved(self, log: str, away: pl.DataFrame) -> pl.DataFrame:
        """Give the lines of a log that lie in a piece that is not their connection's own, with its `home`."""
        plans = [
            self._rows(piece, log)
            .with_columns(number_in_log().alias("number"))
            .join(away.lazy().filter(pl.col("piece") == piece).select("number", "home"), on="number")
            for piece in away["piece"].unique().sort()
        ]
        return self.engine.collect(pl.concat(plans).drop("number"))

    def _piece(self, number: int, away: pl.DataFrame, moved: Mapping[str, pl.DataFrame]) -> Piece:
        left, come = away.filter(pl.col("piece") == number)["number"], away.filter(pl.col("home") == number)
        told = [*self._told(number, {number, *come["piece"]}), *map(str, (*left, *come["number"]))]
        return Piece(digest(*told), partial(self._logs_of, number, left, moved), self._is_newest(number))

    def _logs_of(self, number: int, left: pl.Series, moved: Mapping[str, pl.DataFrame]) -> dict[str, pl.LazyFrame]:
        tables = {log: self._rows(number, log) for log in self.logs}
        for log, rows in moved.items():
            stay = tables[log].filter(~number_in_log().is_in(left.implode()))
            tables[log] = pl.concat([stay, rows.lazy().filter(pl.col("home") == number).drop("home")])
        return tables


def _doubled(numbers: pl.Series) -> pl.Series:
    """Give the numbers that occur more than once."""
    ordered = numbers.sort()  # sorting millions of numbers takes an eighth of `is_duplicated`
    return ordered.filter(ordered == ordered.shift(1)).unique()


def _runs(hourly: pl.DataFrame, least_rows: int) -> Iterator[tuple[datetime, datetime]]:
    """Give first and last hour of each run of days that has enough rows, then those of parts of the newest day."""
    day = pl.col("hour").dt.date()
    newest = hourly.filter(day == day.max())
    days = hourly.filter(day < day.max()).group_by(day.alias("day"), maintain_order=True)
    first, rows, left = None, 0, hourly.filter(day < day.max()).select(day.n_unique()).item()
    for _, hour, last, count in days.agg(
        pl.col("hour").min(), pl.col("hour").max().alias("last"), pl.col("rows").sum()
    ).iter_rows():
        first, rows, left = first or hour, rows + count, left - 1
        if rows >= least_rows or not left:
            yield first, last
            first, rows = None, 0
    yield from _parts_of_day(newest, least_rows // _SHARE)


def _parts_of_day(hourly: pl.DataFrame, least_rows: int) -> Iterator[tuple[datetime, datetime]]:
    """Cut a day where the clock says, not where rows are enough: hours that come later move no border."""
    each = hourly["rows"].sum() / len(hourly)
    length = next((hours for hours in (1, 2, 3, 4, 6, 8, 12) if hours * each >= least_rows), 24)
    midnight = pl.col("hour").dt.truncate("1d")
    begin = midnight + pl.duration(hours=(pl.col("hour").dt.hour() // length) * length)
    for first in hourly.select(begin).to_series().unique().sort():
        yield first, first + timedelta(hours=length - 1)


def digest(*words: str) -> str:
    """Give a name that is another if any word is another."""
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:32]


def write_whole(engine: Engine, plan: pl.LazyFrame, path: Path) -> None:
    """Run a plan into a file. The file is whole or not there: a later run may use it again."""
    unfinished = path.with_suffix(".unfinished")
    engine.write(plan, unfinished)
    unfinished.replace(path)


def sweep(folder: Path, kept: Collection[Path]) -> None:
    """Remove the files of a folder that nothing uses any more."""
    for old in set(folder.iterdir()) - set(kept):
        old.unlink()
