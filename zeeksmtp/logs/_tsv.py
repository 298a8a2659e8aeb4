"""Zeek's TSV: headers that may come again at any line, and the rows below them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from zeeksmtp.logs._kinds import by_path, canonical, logs
from zeeksmtp.logs._lines import Block
from zeeksmtp.logs._rows import HALF, REQUIRED, Batch, Waiting, judge
from zeeksmtp.logs._scan import decoded, sift
from zeeksmtp.logs._values import DEFAULT_MARKS, Marks, Typed, from_tsv, nothing
from zeeksmtp.model import Column, Log

_MARKS: Final = {"#set_separator": "set_separator", "#empty_field": "empty", "#unset_field": "unset"}
_ESCAPED: Final = r"[\\\x00-\x08\x0a-\x1f\x7f]"
"""What keeps texts of a tab-separated line from being taken as they are."""
_HEX = re.compile(r"\\x([0-9a-fA-F]{2})")


@dataclass(frozen=True, slots=True)
class Header:
    """What the header lines up to here say of the rows that follow."""

    log: str | None
    separator: str = "\t"
    marks: Marks = DEFAULT_MARKS
    path: str | None = None
    fields: tuple[str, ...] = ()

    def told(self, line: str) -> Header:
        """Give the header with one more header line taken in. Lines that say nothing of the rows change nothing."""
        if line.startswith("#separator "):
            separator = _unhex(line[len("#separator ") :])
            return Header(self.log, separator or "\t", path=self.path, fields=self.fields)
        key, _, value = line.partition(self.separator)
        mark = _MARKS.get(key)
        if mark is not None:
            return replace(self, marks=self.marks.told(mark, _unhex(value)))
        if key == "#path":
            return replace(self, path=value)
        return self.with_fields(value) if key == "#fields" and value else self

    def with_fields(self, names: str) -> Header:
        """Give the header with these columns; they settle which log the rows are of."""
        fields = tuple(canonical(_unhex(name)) for name in names.split(self.separator))
        log = self.log if self.path is None else by_path(self.path, fields)
        return replace(self, fields=fields, log=log)


def _unhex(text: str) -> str:
    return _HEX.sub(lambda found: chr(int(found[1], 16)), text)


def heads_rows(line: str) -> bool:
    """Tell whether a line is the plain list of names that `tsv=T` writes instead of a header."""
    names = [canonical(name) for name in line.split("\t")]
    return names[0] == "ts" and "uid" in names and len(names) == len(set(names))


class TsvReader:
    """Reads the blocks of one TSV file in order; `finish` gives what is still waiting."""

    def __init__(self, log: str) -> None:
        self.header = Header(log)
        self.problem: str | None = None
        self._begun = False
        self._waiting = Waiting()

    def feed(self, block: Block) -> Iterator[Batch]:
        """Yield what the block's lines give."""
        if block.half:
            yield from self._half(block)
            return
        data, line, lines = unpadded(block.data), block.line, block.lines
        if not self._begun and self._plain_header(data):
            data, line, lines = data[data.find(b"\n") + 1 :], line + 1, lines - 1
        self._begun = True
        at, idle = 0, 0
        for start, end in header_runs(data):
            told = self._told(data[start:end])
            if told == self.header:
                idle += data.count(b"\n", start, end)
                continue
            part = data[at:start]
            above = part.count(b"\n")
            yield from self._rows(part, line, above, idle)
            yield from self.finish()
            self.header = told
            passed = above + data.count(b"\n", start, end)
            at, line, lines, idle = end, line + passed, lines - passed, 0
        yield from self._rows(data[at:] if at else data, line, lines, idle)

    def finish(self) -> Iterator[Batch]:
        """Yield what the waiting rows give. Must be called before the header changes, and at the end."""
        rows = self._waiting.take()
        log = logs().get(self.header.log or "")
        if rows is not None and log is not None:
            yield judged(log, rows, self.header)

    def _plain_header(self, data: bytes) -> bool:
        names = decoded(data[: data.find(b"\n")]).rstrip("\r")
        if not heads_rows(names):
            return False
        self.header = self.header.with_fields(names)
        return True

    def _half(self, block: Block) -> Iterator[Batch]:
        """Reject a last line without LF: even with all its fields, the last one may be cut (`1139` to `11`)."""
        if not block.data.startswith(b"#") and block.data.strip(b"\r"):
            yield Batch(self.header.log, lines=1, rejects=[(block.line, HALF)])

    def _told(self, run: bytes) -> Header:
        header = self.header
        for line in decoded(run).split("\n"):
            header = header.told(line.rstrip("\r"))
        return header

    def _rows(self, data: bytes, line: int, lines: int, idle: int) -> Iterator[Batch]:
        """Take in data lines, among which are `idle` header lines that change nothing."""
        if not data:
            return
        log = logs().get(self.header.log or "")
        why = None if log is None else self._unusable()
        sifted = sift(data, self._hint(log, why), line, lines)
        rows = sifted.rows.filter(~pl.col("l").str.starts_with("#")) if idle else sifted.rows
        batch = Batch(None if log is None else log.name, lines=sifted.lines - idle)
        if why is not None:
            batch.rejects = [(number, why) for number in rows["i"]]
        yield batch
        if why is None and self._waiting.add(rows):
            yield from self.finish()

    def _hint(self, log: Log | None, why: str | None) -> pl.Expr | None:
        if log is None:
            return pl.lit(value=False)
        pattern = None if why else prefilter(log, self.header)
        return None if pattern is None else pl.col("l").str.contains(pattern)

    def _unusable(self) -> str | None:
        """Say why no row below this header can be used."""
        if not self.header.fields:
            self.problem = "no #fields line says what its columns are: restore the header"
            return "no #fields line before it"
        missing = [name for name in REQUIRED if name not in self.header.fields]
        if not missing:
            return None
        self.problem = f"its header lacks {', '.join(missing)}: let Zeek log these columns"
        return f"the header lacks {missing[0]}"


def judged(log: Log, rows: pl.DataFrame, header: Header) -> Batch:
    """Split rows (`LINES`) at the separator and judge their values."""
    rows = rows.with_columns(pl.col("l").str.split(header.separator).alias("cells"))
    whole = rows["cells"].list.len() == len(header.fields)
    rejects: list[tuple[int, str]] = []
    if not whole.all():
        wrong = rows.filter(~whole).select("i", pl.col("cells").list.len()).rows()
        rejects = [(i, f"{found} fields, the header names {len(header.fields)}") for i, found in wrong]
        rows = rows.filter(whole)
    places = {column.name: header.fields.index(column.name) for column in log.columns if column.name in header.fields}
    escaped = pl.col("l").str.contains(_ESCAPED).any().alias(" escaped")
    cells = rows.select(escaped, *(pl.col("cells").list.get(place).alias(name) for name, place in places.items()))
    any_escaped = header.separator != "\t" or cells[" escaped"].any()

    def read(column: Column) -> Typed:
        if column.name not in places:
            return nothing(column.type, len(rows))
        return from_tsv(cells[column.name], column.type, header.marks, escaped=any_escaped)

    batch = judge(log, rows["i"], read)
    batch.rejects += rejects
    return batch


def unpadded(data: bytes) -> bytes:
    """Take away NULs before a header: a crash leaves a run of them where the next file is appended."""
    damaged = b"\0" in data and b"\0#" in data  # the first search is far faster, and nearly always enough
    return re.sub(rb"(?m)^\0+(?=#)", b"", data) if damaged else data


def header_runs(data: bytes) -> Iterator[tuple[int, int]]:
    """Give start and end of each run of header lines. Most blocks hold no `#` at all, which is a single fast search."""
    if b"#" not in data:
        return
    start = 0 if data.startswith(b"#") else data.find(b"\n#") + 1
    while data.startswith(b"#", start):
        end = start
        while data.startswith(b"#", end):
            end = data.find(b"\n", end) + 1 or len(data)
        yield start, end
        start = data.find(b"\n#", end - 1) + 1 or len(data)


def prefilter(log: Log, header: Header) -> str | None:
    """Give a regex of plain literals that matches every line `log.concerns` can keep; `None` if there can be none."""
    hint = log.hint
    words = [*hint.text, *(value for values in hint.values.values() for value in values)]
    if not words or any(re.search(r"[0-9A-Za-z\\]", part) for part in (header.separator, header.marks.unset)):
        return None
    separator, last = re.escape(header.separator), len(header.fields) - 1
    patterns = [f"(?i:{re.escape(text)})" for text in hint.text]
    for name, values in hint.values.items():
        at = header.fields.index(name) if name in header.fields else None
        left = "^" if at == 0 else separator
        right = r"\r?$" if at == last else separator
        patterns += [f"{left}{re.escape(value)}{right}" for value in values]
    return "|".join(patterns)
