"""The lake of scheduled passes: where its parts lie, which have expired, and how small ones are merged."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from zeeksmtp.execution import Engine
from zeeksmtp.ingest import scan
from zeeksmtp.model import Log
from zeeksmtp.reading.parquet_part import Part
from zeeksmtp.state.ledger import LivePart

MIN_MERGED_PARTS = 24
"""Small parts of a log and day that are merged into one."""
MAX_MERGED_ROWS = 500_000
"""A part with more rows is left as it is."""
MAX_CLOCK_SKEW = timedelta(days=1)
"""A row further in the future comes from a wrong clock: it must not make the others expire."""


def path_of(lake: Path, part: LivePart) -> Path:
    """Return where a part lies."""
    return lake / part.log / part.name


def link_parts(folder: Path, lake: Path, live: Iterable[LivePart], logs: Iterable[str]) -> None:
    """Fill `folder`/lake with links to the live parts: its readers see these and no others."""
    for log in logs:
        (folder / "lake" / log).mkdir(mode=0o700, parents=True)
    (folder / "facts").mkdir(mode=0o700)
    for part in live:
        (folder / "lake" / part.log / part.name).symlink_to(path_of(lake.absolute(), part))


def expired_parts(live: Iterable[LivePart], retention_days: int, now: datetime) -> list[LivePart]:
    """Return the parts whose last row is more than `retention_days` older than the newest, by the logs' own time."""
    live = list(live)
    newest = max((part.last for part in live if part.last <= now + MAX_CLOCK_SKEW), default=None)
    if newest is None:
        return []
    return [part for part in live if part.last < newest - timedelta(days=retention_days)]


def merge_candidates(live: Iterable[LivePart]) -> list[list[LivePart]]:
    """Return lists of parts to merge: small ones of one log and UTC day, where there are many."""
    by_day: Mapping[tuple[str, date], list[LivePart]] = defaultdict(list)
    for part in live:
        if part.rows <= MAX_MERGED_ROWS:
            by_day[part.log, part.first.astimezone(UTC).date()].append(part)
    many = [parts for parts in by_day.values() if len(parts) >= MIN_MERGED_PARTS]
    return [sorted(parts, key=lambda part: (part.first, part.name)) for parts in many]


def merge(lake: Path, parts: Sequence[LivePart], log: Log, engine: Engine) -> LivePart:
    """Write the rows of several parts as one."""
    part = write_part(lake, log, engine.collect(scan(lake, log, [path_of(lake, part) for part in parts])))
    assert part is not None  # noqa: S101 - a live part has rows
    return part


def write_new_rows(lake: Path, part: LivePart, old: Sequence[LivePart], log: Log, engine: Engine) -> LivePart | None:
    """Write the rows of `part` that `old` does not have, as often as it has more of them; `None` if there is none."""
    fresh, known = (_numbered(scan(lake, log, [path_of(lake, p) for p in some])) for some in ([part], old))
    rows = engine.collect(fresh.join(known, on=["_row", "_nth"], how="anti", maintain_order="left"))
    return write_part(lake, log, rows.drop("_row", "_nth"))


def _numbered(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Number equal rows: a line that was logged twice is two rows."""
    hashed = rows.with_columns(pl.struct(pl.all()).hash().alias("_row"))
    return hashed.with_columns(pl.int_range(pl.len()).over("_row").alias("_nth"))


def write_part(lake: Path, log: Log, rows: pl.DataFrame) -> LivePart | None:
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
    """Force parts and their names to the disk, before the state says that they count."""
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
