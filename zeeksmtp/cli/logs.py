"""`zeeksmtp logs`: what is there, what each file was taken for, where its lines went, and why a file was not used."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from zeeksmtp.cli import _options, _progress, _say
from zeeksmtp.errors import ExitCode
from zeeksmtp.model import Command
from zeeksmtp.private_folders import private_folder

if TYPE_CHECKING:
    from zeeksmtp.ingest import FileRecord
    from zeeksmtp.reading.discover import Found

_Rejected = Annotated[bool, typer.Option("--rejected", help="List the lines that were rejected: file, line, reason.")]
_HEAD = ("log", "format", "kept", "skipped", "rejected", "first", "last", "file", "remark")


class _Read(NamedTuple):
    found: Found
    records: list[FileRecord]


def logs(paths: _options.Paths, *, rejected: _Rejected = False, quiet: _options.Quiet = False) -> ExitCode:
    """Show what is there: each file, what it was taken for, its rows, and why it was not used.

    What a rejected line says is never shown: it may hold a password.
    On a terminal columns are aligned, else they are separated by tabs.

    \b
    Examples:
      zeeksmtp logs /opt/zeek/logs/current
      zeeksmtp logs --rejected /opt/zeek/logs/2026-11-23
    """
    with private_folder() as lake:
        read = _read(paths, lake, quiet=quiet)
    rows = list(_rejected(read) if rejected else _files(read))
    _say.out(_table(rows) if sys.stdout.isatty() else _tabbed(rows))
    broken = any(r.problem for r in read.records) or any(p.unreadable for p in read.found.passed_over)
    return ExitCode.DEGRADED if broken else ExitCode.OK


def _read(paths: Sequence[Path], lake: Path, *, quiet: bool) -> _Read:
    from zeeksmtp.engine.local import ENGINE  # noqa: PLC0415 - `--help` must not load polars
    from zeeksmtp.ingest import every_record  # noqa: PLC0415 - likewise
    from zeeksmtp.reading.discover import find  # noqa: PLC0415 - likewise

    found = find(paths)
    with _progress.watching(quiet=quiet) as watch:
        if watch.started is not None:
            watch.started(found.sources)
        return _Read(found, list(every_record(ENGINE.ingest(found.sources, lake, watch.progress))))


def _files(read: _Read) -> Iterator[tuple[str, ...]]:
    yield _HEAD
    rows = [(str(r.source.path), _used(r)) for r in read.records]
    rows += [(str(p.path), _unused(str(p.path), p.why)) for p in read.found.passed_over]
    for _, row in sorted(rows):
        yield row


def _used(r: FileRecord) -> tuple[str, ...]:
    counts = (str(r.kept), str(r.skipped), str(r.rejected))
    remark = "; ".join(filter(None, (r.problem and f"PROBLEM: {r.problem}", r.note)))
    return r.source.log, r.source.format, *counts, _time(r.first), _time(r.last), str(r.source.path), remark


def _unused(path: str, why: str) -> tuple[str, ...]:
    return ("-",) * 7 + (path, f"not used: {why}")


def _time(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _rejected(read: _Read) -> Iterator[tuple[str, ...]]:
    yield "file", "line", "reason"
    for r in read.records:
        path = str(r.source.path)
        for reject in r.rejects:
            yield path, str(reject.line), reject.reason
        if r.rejected > len(r.rejects):
            yield path, "-", f"{r.rejected - len(r.rejects)} more lines were rejected"


def _plain(row: tuple[str, ...]) -> list[str]:
    from zeeksmtp.escaping import plain  # noqa: PLC0415 - not for `--help`

    return [plain(cell) for cell in row]


def _tabbed(rows: Sequence[tuple[str, ...]]) -> str:
    return "".join("\t".join(_plain(row)) + "\n" for row in rows)


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    cells = [_plain(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)
    return "".join(line.rstrip() + "\n" for line in lines)


COMMAND = Command("logs", logs)
