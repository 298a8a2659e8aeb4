"""One log file in, one Parquet part and a record of the file out. What is wrong with a file stays in its record."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from zeeksmtp.dtypes import schema_of
from zeeksmtp.model import Log
from zeeksmtp.reading.columns import MAX_LISTED_REJECTS, Batch
from zeeksmtp.reading.discover import Source
from zeeksmtp.reading.guard import FAILURES
from zeeksmtp.reading.json_rows import JsonReader
from zeeksmtp.reading.line_blocks import LONGEST_LINE, Lines
from zeeksmtp.reading.parquet_part import Part
from zeeksmtp.reading.slice import sliced
from zeeksmtp.reading.tsv_rows import TsvReader

_logger = logging.getLogger(__name__)


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
    """Return records with the `others` of files that hold several logs."""
    for record in records:
        yield replace(record, others=())
        yield from record.others


class _LogPart:
    """What one file holds of one log."""

    def __init__(self, folder: Path) -> None:
        self.part = Part(folder)
        self.lines = self.kept = self.rejected = 0
        self.rejects: list[Reject] = []
        self.span: list[datetime] = []

    def add(self, batch: Batch) -> None:
        """Take in what some lines gave."""
        self.lines += batch.lines
        self.rejected += len(batch.rejects) + batch.unlisted
        room = MAX_LISTED_REJECTS - len(self.rejects)
        if room:
            self.rejects += [Reject(line, why) for line, why in sorted(batch.rejects)[:room]]
        if batch.kept is not None:
            self.kept += len(batch.kept)
            times: Any = batch.kept["ts"]
            moments = [*self.span, times.min(), times.max()]
            self.span = [min(moments), max(moments)]
            self.part.add(batch.kept)

    def record(self, source: Source, part: Path | None) -> FileRecord:
        """Sum up."""
        first, last = self.span or (None, None)
        skipped = self.lines - self.kept - self.rejected
        rejects = tuple(sorted(self.rejects, key=lambda reject: reject.line))
        return FileRecord(
            source, self.kept, skipped, self.rejected, first, last, problem=None, note=None, part=part, rejects=rejects
        )


def ingest_file(source: Source, lake: Path) -> FileRecord:
    """Read one file, write the rows that concern SMTP into `lake`, and tell what became of its lines.

    Never raises for what a file holds, nor for one that is damaged, forbidden or gone: that is the record's `problem`.
    Raises `OSError` if the lake cannot be written: then no other file can be read either.
    """
    lines = Lines(source.path, source.max_unpacked_gib)
    reader = (TsvReader if source.format == "tsv" else JsonReader)(source.log, source.latest)
    reading = _FileReading(source, reader, lines)
    logs = {source.log: _LogPart(lake / source.log)}
    unread = 0
    try:
        for batch in reading:
            unread += batch.lines if batch.log is None else 0
            name = batch.log or source.log
            logs.setdefault(name, _LogPart(lake / name)).add(batch)
    finally:
        parts = {name: log.part.close() for name, log in logs.items()}
    records = [log.record(replace(source, log=name), parts[name]) for name, log in logs.items()]
    main = records[0]
    _logger.debug("%s: %d rows kept, %d skipped, %d rejected", source.path, main.kept, main.skipped, main.rejected)
    if problem := reading.failure or lines.problem or reader.problem:
        _logger.warning("%s: %s", source.path, problem)
    return replace(
        main,
        problem=problem,
        note=lines.note or _note(main, unread),
        others=tuple(records[1:]),
    )


class _FileReading:
    """What the lines of a file give, batch by batch. Never raises: `failure` then says why the rest was not read."""

    def __init__(self, source: Source, reader: TsvReader | JsonReader, lines: Lines) -> None:
        self.failure: str | None = None
        self._source = source
        self._reader = reader
        self._lines = lines
        self._line = 1

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches."""
        try:
            yield from self._blocks()
        except FAILURES as error:  # whatever it is: a file must not cost the run
            _logger.exception("%s: reading failed", self._source.path)
            self.failure = f"not read from line {self._line} on ({type(error).__name__}): "
            self.failure += "report this as a bug, with the traceback that --debug or --log-file FILE shows"
        yield from self._reader.finish()

    def _blocks(self) -> Iterator[Batch]:
        source = self._source
        for block in sliced(self._lines, source.start, source.end):
            self._line = block.line
            if block.overlong:
                yield Batch(source.log, lines=1, rejects=[(block.line, f"longer than {LONGEST_LINE >> 20} MiB")])
            else:
                yield from self._reader.feed(block)


def _note(main: FileRecord, unread: int) -> str | None:
    if unread:
        return f"{unread} of its lines are of logs that are not read"
    return None if main.kept + main.skipped + main.rejected else "it holds no line"


def parts_of(lake: Path, log: str) -> list[Path]:
    """Return the lake's parts of a log."""
    return sorted((lake / log).glob("*.parquet"))


def scan(lake: Path, log: Log, parts: Sequence[Path] | None = None) -> pl.LazyFrame:
    """Return the lake's table of a log (or of some parts), with exactly its declared columns; empty if it has none."""
    schema = schema_of(log.columns)
    chosen = parts_of(lake, log.name) if parts is None else list(parts)
    if not chosen:
        return pl.LazyFrame(schema=schema)
    # A lake that is kept may hold parts of an older version, with other columns.
    return pl.scan_parquet(chosen, schema=schema, missing_columns="insert", extra_columns="ignore")
