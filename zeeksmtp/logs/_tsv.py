"""Zeek's TSV: headers that may come again at any line, and the rows below them."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from zeeksmtp.logs import _plain
from zeeksmtp.logs._kinds import by_path, canonical, logs
from zeeksmtp.logs._lines import Block
from zeeksmtp.logs._plain_tsv import plain_tsv
from zeeksmtp.logs._rows import HALF, REQUIRED, Batch, Judged, Waiting, judge
from zeeksmtp.logs._scan import decoded, sift
from zeeksmtp.logs._values import DEFAULT_MARKS, Marks, Typed, from_tsv, nothing
from zeeksmtp.model import Column, Log

_MARKS: Final = {"#set_separator": "set_separator", "#empty_field": "empty", "#unset_field": "unset"}
_NEEDS_A_LOOK: Final = r"[\\\x00-\x08\x0a-\x1f\x7f]"
"""What keeps texts of a tab-separated line from being taken as they are."""
# No field is called so: Zeek's have no blanks.
_CELLS, _FOUND, _ESCAPED, _LINE = " cells", " found", " escaped", " line"
_FEW: Final = 100
_LF: Final = 0x0A
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
        data, line = unpadded(block.data), block.line
        if not self._begun and self._plain_header(data):
            data, line = data[data.find(b"\n") + 1 :], line + 1
        self._begun = True
        at, idle = 0, 0
        for start, end in header_runs(data):
            told, lines = self._told(data[start:end]), data.count(b"\n", start, end)
            if told == self.header:
                idle += lines
                continue
            line += yield from self._rows(data[at:start], line, idle)
            yield from self.finish()
            self.header, at, idle = told, start, lines  # it stays above its rows: to cut it off would copy them
        line += yield from self._rows(data[at:] if at else data, line, idle)
        block.counted = line - block.line

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

    def _rows(self, data: bytes, line: int, idle: int) -> Generator[Batch, None, int]:
        """Take in lines, among which are `idle` header lines; return how many lines they are."""
        if not data:
            return 0
        log = logs().get(self.header.log or "")
        unusable = None if log is None else self._unusable()
        sifted = sift(data, None if unusable else self._hint(log), line)
        rows = sifted.rows.filter(~pl.col("l").str.starts_with("#")) if idle else sifted.rows
        batch = Batch(None if log is None else log.name, lines=sifted.lines - idle)
        if unusable and len(rows):
            # Without a row, nothing is wrong with a header: it may still be written.
            why, self.problem = unusable
            batch.rejects = [(number, why) for number in rows["i"]]
        yield batch
        if not unusable and self._waiting.add(rows):
            yield from self.finish()
        return sifted.all

    def _hint(self, log: Log | None) -> pl.Expr | None:
        if log is None:
            return pl.lit(value=False)
        pattern = prefilter(log, self.header)
        return None if pattern is None else pl.col("l").str.contains(pattern)

    def _unusable(self) -> tuple[str, str] | None:
        """Say why no row below this header can be used: to be said of each row, and of the file with the remedy."""
        if not self.header.fields:
            return "no #fields line before it", "no #fields line says what its columns are: restore the header"
        missing = [name for name in REQUIRED if name not in self.header.fields]
        if not missing:
            return None
        return f"the header lacks {missing[0]}", f"its header lacks {', '.join(missing)}: let Zeek log these columns"


def judged(log: Log, rows: pl.DataFrame, header: Header) -> Batch:
    """Judge rows (`LINES`) below a header."""
    usual = header.separator == "\t" and header.marks == DEFAULT_MARKS
    plain = plain_tsv(log.columns, header.fields) if usual else None
    return _plain.judged(log, rows, plain, lambda odd: _careful(log, odd, header))


def _careful(log: Log, rows: pl.DataFrame, header: Header) -> Judged:
    """Split rows (`LINES`) at the separator and judge their values."""
    places = {column.name: header.fields.index(column.name) for column in log.columns if column.name in header.fields}
    split = rows.lazy().with_columns(pl.col("l").str.split(header.separator).alias(_CELLS))
    count = pl.col(_CELLS).list.len().alias(_FOUND)
    cells = [pl.col(_CELLS).list.get(place, null_on_oob=True).alias(name) for name, place in places.items()]
    wanted = split.filter(_sieve(log, header) | (count != len(header.fields)))
    values = wanted.select(pl.col("i").alias(_LINE), count, _escaped(header), *cells).collect()
    rejects: list[tuple[int, str]] = []
    whole = values[_FOUND] == len(header.fields)
    if not whole.all():
        broken = values.filter(~whole).select(_LINE, _FOUND).rows()
        rejects = [(line, f"{n} fields, the header names {len(header.fields)}") for line, n in broken]
        values = values.filter(whole)
    escaped = values[_ESCAPED].any()

    def read(column: Column) -> Typed:
        if column.name not in places:
            return nothing(column.type, len(values))
        return from_tsv(values[column.name], column.type, header.marks, escaped=escaped)

    found = judge(log, values[_LINE], read)
    return Judged(found.kept, rejects + found.rejects)


def _escaped(header: Header) -> pl.Expr:
    """Give a boolean expression: texts of a line cannot be taken as they are."""
    return (pl.lit(header.separator != "\t") | pl.col("l").str.contains(_NEEDS_A_LOOK)).alias(_ESCAPED)


def _sieve(log: Log, header: Header) -> pl.Expr:
    """Sift split lines once more: what the first sieve saw anywhere has to stand in its column."""
    if prefilter(log, header) is None:
        return pl.lit(value=True)
    found = [pl.col("l").str.contains(text, literal=True) for text in log.hint.text]
    for name, values in log.hint.values.items():
        if name in header.fields:
            found.append(pl.col(_CELLS).list.get(header.fields.index(name), null_on_oob=True).is_in(values))
    return pl.any_horizontal(pl.lit(value=False), *found).fill_null(value=False)


def unpadded(data: bytes) -> bytes:
    """Take away NULs before a header: a crash leaves a run of them where the next file is appended."""
    damaged = b"\0" in data and b"\0#" in data  # the first search is far faster, and nearly always enough
    return re.sub(rb"(?m)^\0+(?=#)", b"", data) if damaged else data


def header_runs(data: bytes) -> Iterator[tuple[int, int]]:
    """Give start and end of each run of header lines."""
    start = _next_header(data, 0)
    while start >= 0:
        end = start
        while data.startswith(b"#", end):
            end = data.find(b"\n", end) + 1 or len(data)
        yield start, end
        start = _next_header(data, end)


def _next_header(data: bytes, at: int) -> int:
    """Find the next line that starts with `#`; -1 if there is none. One byte is found far faster than two."""
    for _ in range(_FEW):
        at = data.find(b"#", at)
        if at <= 0 or data[at - 1] == _LF:
            return at
        at += 1
    return data.find(b"\n#", at - 1) + 1 or -1


def prefilter(log: Log, header: Header) -> str | None:
    """Give a regex of plain literals that matches every line `log.concerns` can keep; `None` if there can be none."""
    hint = log.hint
    words = [*hint.text, *(value for values in hint.values.values() for value in values)]
    if not words or any(re.search(r"[0-9A-Za-z\\]", part) for part in (header.separator, header.marks.unset)):
        return None
    separator, last = re.escape(header.separator), len(header.fields) - 1
    patterns = [re.escape(text) for text in hint.text]
    for name, values in hint.values.items():
        at = header.fields.index(name) if name in header.fields else None
        left = "^" if at == 0 else separator
        right = r"\r?$" if at == last else separator
        patterns += [f"{left}{re.escape(value)}{right}" for value in values]
    return "|".join(patterns)
