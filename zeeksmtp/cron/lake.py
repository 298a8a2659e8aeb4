"""The lake that passes keep: which of its files count, which have aged, and small ones made into one."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from zeeksmtp.engine._base import Engine
from zeeksmtp.ingest import scan
from zeeksmtp.logs._part import Part
from zeeksmtp.model import Log
from zeeksmtp.state.ledger import LivePart

WORK = "work"
_WHOLE = "whole"
MANY = 24
"""Small parts of a log and day that are made into one."""
SMALL = 500_000
"""Rows; a part with more is left as it is."""
_AHEAD = timedelta(days=1)  # a row dated further ahead of the clock comes from a wrong one: it must not age the others


def path_of(lake: Path, part: LivePart) -> Path:
    """Give where a part lies."""
    return lake / part.log / part.name


@contextmanager
def workshop(home: Path) -> Iterator[Path]:
    """Give a folder for the tables that a pass makes, where those that can be used again are kept.

    They are trusted only if the pass that made them came to its end and had them on the disk: else they are made anew.
    """
    folder = home / WORK
    if (folder / _WHOLE).exists():
        (folder / _WHOLE).unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
    before = _pieces(folder)
    try:
        yield folder
        for name in ("lake", "facts"):
            shutil.rmtree(folder / name)
        flush(path for path, _ in _pieces(folder) - before)  # those before are on the disk: their pass said so
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    (folder / _WHOLE).touch(mode=0o600)


def _pieces(folder: Path) -> set[tuple[Path, int]]:
    """Give the files of pieces with their inodes: one that is replaced is another."""
    return {(path, path.stat().st_ino) for path in folder.glob("pieces/*/*")}


def lay_out(folder: Path, lake: Path, live: Iterable[LivePart], logs: Iterable[str]) -> None:
    """Make `folder`/lake out of links to the live parts: whoever reads it sees these and no others."""
    for log in logs:
        (folder / "lake" / log).mkdir(mode=0o700, parents=True)
    (folder / "facts").mkdir(mode=0o700)
    for part in live:
        (folder / "lake" / part.log / part.name).symlink_to(path_of(lake.absolute(), part))


def aged(live: Iterable[LivePart], retention_days: int, now: datetime) -> list[LivePart]:
    """List the parts whose last row lies more than `retention_days` before the newest of all, by the logs' own time."""
    live = list(live)
    newest = max((part.last for part in live if part.last <= now + _AHEAD), default=None)
    if newest is None:
        return []
    return [part for part in live if part.last < newest - timedelta(days=retention_days)]


def crowds(live: Iterable[LivePart]) -> list[list[LivePart]]:
    """List the parts that are to become one: those of a log and UTC day of which there are many small ones."""
    by_day: Mapping[tuple[str, date], list[LivePart]] = defaultdict(list)
    for part in live:
        if part.rows <= SMALL:
            by_day[part.log, part.first.astimezone(UTC).date()].append(part)
    return [sorted(parts, key=lambda part: (part.first, part.name)) for parts in by_day.values() if len(parts) >= MANY]


def merged(lake: Path, parts: Sequence[LivePart], log: Log, engine: Engine) -> LivePart:
    """Write the rows of several parts as one."""
    made = written(lake, log, engine.collect(scan(lake, log, [path_of(lake, part) for part in parts])))
    assert made is not None  # noqa: S101 - a live part has rows
    return made


def only_new(lake: Path, part: LivePart, old: Sequence[LivePart], log: Log, engine: Engine) -> LivePart | None:
    """Write the rows of `part` that none of `old` has, as often as it has more of them; `None` if there is none."""
    fresh, known = (_numbered(scan(lake, log, [path_of(lake, p) for p in some])) for some in ([part], old))
    rows = engine.collect(fresh.join(known, on=["_row", "_nth"], how="anti", maintain_order="left"))
    return written(lake, log, rows.drop("_row", "_nth"))


def _numbered(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Tell equal rows apart by their number: a line that was logged twice is two rows."""
    hashed = rows.with_columns(pl.struct(pl.all()).hash().alias("_row"))
    return hashed.with_columns(pl.int_range(pl.len()).over("_row").alias("_nth"))


def written(lake: Path, log: Log, rows: pl.DataFrame) -> LivePart | None:
    """Write rows as a part; `None` if there is no row."""
    part = Part(lake / log.name)
    try:
        if len(rows):
            part.add(rows)
    finally:
        path = part.close()
    if path is None:
        return None
    return LivePart(log.name, path.name, len(rows), rows["ts"].min(), rows["ts"].max())  # type: ignore[arg-type] # ts is a time


def flush(paths: Iterable[Path]) -> None:
    """Have parts and their names on the disk before the state says that they count."""
    folders: set[Path] = set()
    for path in paths:
        _sync(path)
        folders.add(path.parent)
    for folder in folders:
        _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
