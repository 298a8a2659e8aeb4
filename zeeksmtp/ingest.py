"""One log file in, one Parquet part and a record of the file out. What is wrong with a file stays in its record."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from zeeksmtp.logs._discover import Source
from zeeksmtp.logs._json import JsonReader
from zeeksmtp.logs._lines import LONGEST_LINE, Lines
from zeeksmtp.logs._rows import Batch
from zeeksmtp.logs._tsv import TsvReader
from zeeksmtp.logs._types import schema_of
from zeeksmtp.model import Log

_MOST_REJECTS: Final = 1000


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that could not be used: its number in the file and why. Never what it says: that may be a secret."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What became of a file's lines: kept + skipped + rejected = data lines.

    `rejects` holds the first thousand; the count is exact. A file that holds several logs has a record for each: this
    one, and `others`. `problem` makes the run degraded, `note` is odd but harmless.
    """

    source: Source
    kept: int
    skipped: int
    rejected: int
    first: datetime | None
    last: datetime | None
    problem: str | None
    note: str | None
    part: Path | None
    rejects: tuple[Reject, ...]
    others: tuple[FileRecord, ...] = ()


def every_record(records: Iterable[FileRecord]) -> Iterator[FileRecord]:
    """Give records with the `others` of files that hold several logs."""
    for record in records:
        yield replace(record, others=())
        yield from record.others


@dataclass
class _Pile:
    """What one file holds of one log."""

    log: str
    lines: int = 0
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list)
    frames: list[pl.DataFrame] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        self.lines += batch.lines
        self.rejected += len(batch.rejects)
        room = _MOST_REJECTS - len(self.rejects)
        self.rejects += [Reject(line, why) for line, why in sorted(batch.rejects)[:room]]
        if batch.kept is not None:
            self.frames.append(batch.kept)

    def record(self, source: Source, lake: Path, problem: str | None, note: str | None) -> FileRecord:
        rows = pl.concat(self.frames) if self.frames else None
        kept = 0 if rows is None else len(rows)
        return FileRecord(
            source=source,
            kept=kept,
            skipped=self.lines - kept - self.rejected,
            rejected=self.rejected,
            first=None if rows is None else rows["ts"].min(),  # type: ignore[arg-type]  # a time by schema
            last=None if rows is None else rows["ts"].max(),  # type: ignore[arg-type]
            problem=problem,
            note=note,
            part=None if rows is None else _written(rows, lake / self.log),
            rejects=tuple(self.rejects),
        )


def ingest_file(source: Source, lake: Path) -> FileRecord:
    """Read one file, write the rows that concern SMTP into `lake`, and tell what became of its lines.

    Never raises for what a file holds, nor for a file that is damaged, forbidden or gone: that is the record's `problem`.
    """
    lines = Lines(source.path)
    reader = TsvReader(source.log) if source.format == "tsv" else JsonReader(source.log)
    piles = {source.log: _Pile(source.log)}
    unread = 0
    for batch in _batches(reader, lines, source.log):
        unread += batch.lines if batch.log is None else 0
        name = batch.log or source.log
        piles.setdefault(name, _Pile(name)).add(batch)
    main = piles.pop(source.log)
    others = [pile.record(replace(source, log=pile.log), lake, None, None) for pile in piles.values() if pile.lines]
    note = lines.note or _note(main, unread)
    return replace(main.record(source, lake, lines.problem or reader.problem, note), others=tuple(others))


def _batches(reader: TsvReader | JsonReader, lines: Lines, log: str) -> Iterator[Batch]:
    for block in lines:
        if block.overlong:
            yield Batch(log, lines=1, rejects=[(block.line, f"longer than {LONGEST_LINE >> 20} MiB")])
        else:
            yield from reader.feed(block)
    yield from reader.finish()


def _note(main: _Pile, unread: int) -> str | None:
    if unread:
        return f"{unread} of its lines are of logs that are not read"
    return None if main.lines else "it holds no line"


def _written(rows: pl.DataFrame, folder: Path) -> Path:
    """Write rows as a part named after what they are, so that the same rows make the same part, whatever the file was called.

    The name is a hash of the rows as kept, not of the lines: these can hold a password, and a hash would let it be guessed.
    """
    name = hashlib.sha256(f"{folder.name}\n".encode() + rows.write_ndjson().encode()).hexdigest()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=".part-", dir=folder)  # 0600 from the start
    os.close(descriptor)
    rows.rechunk().write_parquet(temporary)
    part = folder / f"{name}.parquet"
    Path(temporary).replace(part)
    return part


def scan(lake: Path, log: Log) -> pl.LazyFrame:
    """Give the lake's table of a log, with exactly its declared columns; empty if the lake has none."""
    schema = schema_of(log.columns)
    parts = sorted((lake / log.name).glob("*.parquet"))
    return pl.scan_parquet(parts, schema=schema) if parts else pl.LazyFrame(schema=schema)
