"""What tests of the reading layer share: reading one file by itself, and an independent count of data lines."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from zeeksmtp.ingest import FileRecord, every_record, ingest_file, scan
from zeeksmtp.reading.discover import find
from zeeksmtp.reading.kinds import logs


def read(path: Path, lake: Path) -> list[FileRecord]:
    """Find and ingest what is at `path`; one record for each log in each file."""
    return list(every_record(ingest_file(source, lake) for source in find([path]).sources))


def tables(lake: Path) -> dict[str, pl.DataFrame]:
    """Return the lake's tables, by log, without the empty ones."""
    frames = {name: scan(lake, log).collect() for name, log in logs().items()}
    return {name: frame for name, frame in frames.items() if len(frame)}


def table(path: Path, lake: Path, log: str) -> pl.DataFrame:
    """Return what a file at `path` puts into the table of `log`."""
    read(path, lake)
    return scan(lake, logs()[log]).collect()


def count(record: FileRecord) -> int:
    """Return the lines that a record accounts for."""
    assert min(record.kept, record.skipped, record.rejected) >= 0
    return record.kept + record.skipped + record.rejected


def data_lines(content: bytes, form: str) -> int:
    """Count data lines the plain way: one after the other, by what design.md says of lines."""
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if not lines[-1]:
        lines.pop()
    data = [line for line in lines if line not in (b"", b"\r")]
    if form == "json":
        return len(data)
    return sum(not re.match(rb"\0*#", line) for line in data)
