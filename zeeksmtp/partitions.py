"""A large lake as partitions of UTC days, each with all lines of the connections that began on it.

A connection begins on the day of its row in conn.log or smtp_session.log, else of its first line. The few lines that
lie on another day (of a session over midnight) are given to that day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import polars as pl

from zeeksmtp.execution import Engine
from zeeksmtp.expressions.connections import conn_key_in_log
from zeeksmtp.facts.connection import LINES, STARTS
from zeeksmtp.ingest import parts_of, scan
from zeeksmtp.model import Log, Window

MIN_PARTITION_ROWS = 100_000
"""Days with fewer rows on average are put together, two, four, eight at a time: each partition costs a plan a fact."""

_MAX_DAYS = 64
_EPOCH = date(1970, 1, 1)
_PART_DAYS = pl.Schema({"log": pl.String(), "part": pl.String(), "day": pl.Date(), "rows": pl.UInt32()})


@dataclass(frozen=True, slots=True)
class Partition:
    """A day of a lake, or some where they are small; `log` plans its rows of a log. Equal identities: equal rows."""

    identity: str
    log: Callable[[str], pl.LazyFrame]


@dataclass(frozen=True, slots=True)
class _Span:
    """Time from `window.since` to `window.until`, and the parts with rows of that time, by log."""

    window: Window
    parts: dict[str, list[Path]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Everything that the rows of this time depend on."""
        return [str(self.window), *(f"{log}/{part.name}" for log, parts in self.parts.items() for part in parts)]


@dataclass(frozen=True, slots=True)
class Partitioner:
    """Partitions `lake`; rows after `window` are not there.

    In `cache` it leaves what it has read of parts and days, for the next run over the same lake.
    """

    lake: Path
    cache: Path
    logs: Mapping[str, Log]
    window: Window
    engine: Engine
    min_rows: int = MIN_PARTITION_ROWS

    def partitions(self) -> list[Partition]:
        """Return the partitions in order of time."""
        spans = self._spans(self._part_days())
        files = [self._connections(span) for span in spans]
        sweep(self.cache, [self._part_days_file, *files])
        strays = self._strays(files)
        return [self._partition(number, spans, strays) for number in range(len(spans))]

    @property
    def _part_days_file(self) -> Path:
        return self.cache / "part-days.parquet"

    def _part_days(self) -> pl.DataFrame:
        """Count the rows of each part by day. A part never changes: known ones are not read again."""
        path = self._part_days_file
        known = self.engine.collect(pl.scan_parquet(path)) if path.exists() else pl.DataFrame(schema=_PART_DAYS)
        days = pl.concat(self._days_of(log, known.filter(pl.col("log") == log)) for log in self.logs)
        write_whole(self.engine, days.lazy(), path)
        return days

    def _days_of(self, log: str, known: pl.DataFrame) -> pl.DataFrame:
        parts = {path.name: path for path in parts_of(self.lake, log)}
        days = known.filter(pl.col("part").is_in(list(parts)))
        new = [path for name, path in parts.items() if name not in set(known["part"])]
        if not new:
            return days
        rows = pl.scan_parquet(new, include_file_paths="part").select("part", pl.col("ts").dt.date().alias("day"))
        counted = self.engine.collect(rows.group_by("part", "day").len("rows"))
        name = pl.col("part").str.split("/").list.last()
        return pl.concat([days, counted.select(pl.lit(log).alias("log"), name, "day", "rows").cast(_PART_DAYS)])

    def _spans(self, part_days: pl.DataFrame) -> list[_Span]:
        rows_a_day = part_days["rows"].sum() / max(part_days["day"].n_unique(), 1)
        length = next((n for n in (1, 2, 4, 8, 16, 32) if n * rows_a_day >= self.min_rows), _MAX_DAYS)
        # Counted from a fixed day: neither new days nor expired ones move the others.
        first = (pl.col("day").to_physical() // length) * length
        spans: dict[int, _Span] = {}
        before = part_days if self.window.until is None else part_days.filter(pl.col("day") <= self.window.until.date())
        for number, log, part in before.select(first, "log", "part").unique().sort(pl.all()).iter_rows():
            span = spans.setdefault(number, _Span(_days(number, length)))
            span.parts.setdefault(log, []).append(self.lake / log / part)
        return list(spans.values())

    def _rows(self, span: _Span, log: str) -> pl.LazyFrame:
        rows = scan(self.lake, self.logs[log], span.parts.get(log, []))
        return rows.filter(span.window.covers(), self.window.covers())

    def _connections(self, span: _Span) -> Path:
        """Write the connections with lines of that time: whether they begin then, how many lines, and the last."""
        path = self.cache / f"{digest(str(self.window), pl.__version__, *span.names)}.parquet"
        if not path.exists():
            rows = [
                self._rows(span, log).select(pl.lit(log in STARTS).alias("begins"), "ts", key=conn_key_in_log())
                for log in (*STARTS, *LINES)
            ]
            sums = pl.col("begins").any(), pl.len().alias("lines"), pl.col("ts").max().alias("last")
            write_whole(self.engine, pl.concat(rows).group_by("key").agg(sums), path)
        return path

    def _strays(self, files: list[Path]) -> pl.DataFrame:
        """Return the connections (`key`) with lines in a span that is not the one in which they begin (`home`)."""
        if not files:
            return pl.DataFrame(schema={"key": pl.UInt64, "span": pl.Int32, "home": pl.Int32})
        every = pl.concat(pl.scan_parquet(path).with_columns(span=n) for n, path in enumerate(files))
        orphans = self.engine.collect(every.filter(~pl.col("begins")).drop("begins")).lazy()
        began = (
            every.filter("begins").join(orphans, on="key", how="semi").group_by("key").agg(began=pl.col("span").min())
        )
        homes = orphans.join(began, on="key", how="left").with_columns(
            home=pl.coalesce("began", pl.col("span").min().over("key"))
        )
        return self.engine.collect(homes.filter(pl.col("span") != pl.col("home")).drop("began").sort("key", "span"))

    def _partition(self, number: int, spans: list[_Span], strays: pl.DataFrame) -> Partition:
        leave, come = strays.filter(pl.col("span") == number)["key"], strays.filter(pl.col("home") == number)
        moved = [*map(str, leave), *map(str, come.rows())]
        identity = digest(str(self.window), pl.__version__, *spans[number].names, *moved)
        return Partition(identity, partial(self._log_of, spans[number], spans, leave, come))

    def _log_of(self, own: _Span, spans: list[_Span], leave: pl.Series, come: pl.DataFrame, log: str) -> pl.LazyFrame:
        rows = self._rows(own, log)
        if log not in LINES:
            return rows
        stay = rows.filter(~conn_key_in_log().is_in(leave.implode())) if len(leave) else rows
        others = come.partition_by("span", as_dict=True).items()
        return pl.concat([stay, *(self._moved(spans[n], log, strays) for (n,), strays in others)])

    def _moved(self, span: _Span, log: str, strays: pl.DataFrame) -> pl.LazyFrame:
        # Most sessions over midnight end soon after it: by time, row groups are passed by.
        soon = self._rows(span, log).filter(pl.col("ts") <= strays["last"].max())
        return soon.filter(conn_key_in_log().is_in(strays["key"].implode()))


def _days(number: int, length: int) -> Window:
    first = datetime.combine(_EPOCH, datetime.min.time(), UTC) + timedelta(days=number)
    return Window(first, first + timedelta(days=length))


def digest(*words: str) -> str:
    """Return a name that differs if any word does."""
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:32]


def write_whole(engine: Engine, plan: pl.LazyFrame, path: Path) -> None:
    """Run a plan into a file. The file is whole or not there: a later run may use it again."""
    unfinished = path.with_suffix(".unfinished")
    engine.write(plan, unfinished)
    unfinished.replace(path)


def sweep(folder: Path, used: Collection[Path]) -> None:
    """Remove the files of a folder that nothing uses any more."""
    for old in set(folder.iterdir()) - set(used):
        old.unlink()
