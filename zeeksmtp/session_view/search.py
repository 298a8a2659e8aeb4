"""Finds the lines that have a uid: every file is scanned for it as text, and only lines that hold it are parsed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from zeeksmtp.model import Problem
from zeeksmtp.reading.discover import Source, find
from zeeksmtp.reading.header import header_runs, unpadded
from zeeksmtp.reading.json_rows import JsonReader
from zeeksmtp.reading.line_blocks import Block, Lines
from zeeksmtp.reading.tsv_rows import TsvReader

LINE_KEYS: Final[Mapping[str, str | None]] = {
    "conn": None,
    "smtp_session": None,
    "smtp": "trans_depth",
    "smtp_cmd": "seq",
    "smtp_auth": "seq",
    "ssl": None,
    "weird": "name",
}
"""Logs that show a connection, and the column that distinguishes lines of one connection and `ts`."""
ENDS: Final = ("id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p")


@dataclass(frozen=True, slots=True)
class Matches:
    """What was found: typed rows by log, each once, in order of time; which logs there are; files with problems."""

    rows: Mapping[str, pl.DataFrame]
    present: frozenset[str]
    problems: tuple[Problem, ...]


def search(paths: Sequence[Path], uid: str) -> Matches:
    """Find the lines of all connections that were logged as `uid`.

    Raises:
        NoInputError: A path does not exist, or nothing that could be read is there.
    """
    found = find(paths)
    sources = [source for source in found.sources if source.log in LINE_KEYS]
    unreadable = [Problem(where=str(p.path), what=p.why) for p in found.passed_over if p.unreadable]
    with ThreadPoolExecutor(thread_name_prefix="search") as pool:
        searched = list(pool.map(lambda source: _search_file(source, uid), sources))
    frames = [frame for frames, _ in searched for frame in frames]
    rows = {log: [rows for name, rows in frames if name == log] for log in LINE_KEYS}
    problems = [problem for _, problem in searched if problem]
    present = {source.log for source in sources} | {name for name, _ in frames}
    return Matches(
        {log: _in_order(log, parts) for log, parts in rows.items() if parts},
        frozenset(present),
        (*unreadable, *problems),
    )


def _in_order(log: str, parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return the rows of all files; those of a file and its copy once."""
    number = LINE_KEYS[log]
    keys = [*ENDS, "ts", *([number] if number else [])]
    return pl.concat(parts).unique(keys, keep="first", maintain_order=True).sort("ts", maintain_order=True)


def _search_file(source: Source, uid: str) -> tuple[list[tuple[str, pl.DataFrame]], Problem | None]:
    lines = Lines(source.path, source.max_unpacked_gib)
    reader = TsvReader(source.log) if source.format == "tsv" else JsonReader(source.log)
    frames = []
    for block in _matching(lines, uid.encode("utf-8", "surrogateescape"), has_header=source.format == "tsv"):
        frames += [(batch.log, batch.kept) for batch in reader.feed(block)]
    frames += [(batch.log, batch.kept) for batch in reader.finish()]
    problem = Problem(where=str(source.path), what=lines.problem) if lines.problem else None
    kept = ((log, rows.filter(pl.col("uid") == uid)) for log, rows in frames if log in LINE_KEYS and rows is not None)
    return [(log, rows) for log, rows in kept if log and len(rows)], problem


def _matching(lines: Lines, needle: bytes, *, has_header: bool) -> Iterator[Block]:
    """Yield the lines that hold `needle`, below the header lines that say what their columns are."""
    for block in lines:
        block.counted = 1  # nobody asks for line numbers, and to count lines takes as long as to search them
        if block.half:
            if needle in block.data:
                yield block
            continue
        data = unpadded(block.data) if has_header and b"#" in block.data else block.data
        parts = list(_lines_with(data, needle))
        if has_header:
            # The first line is the whole header of logs that Zeek writes with `tsv=T`.
            first = [(0, data[: data.find(b"\n") + 1])] if block.line == 1 and not data.startswith(b"#") else []
            parts += first + [(start, data[start:end]) for start, end in header_runs(data) if b"#" in data]
        if parts:
            yield replace(block, data=b"".join(part for _, part in sorted(set(parts))), counted=None)


def _lines_with(data: bytes, needle: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield offset and text of each line that holds `needle`, but for header lines."""
    at = data.find(needle)
    while at >= 0:
        start, end = data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at) + 1
        if not data.startswith(b"#", start):
            yield start, data[start:end]
        at = data.find(needle, end)
