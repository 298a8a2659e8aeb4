"""Rows of Zeek's TSV as typed columns: in bulk by polars' CSV parser, and what it may have misread with care."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Final

import numpy as np
import polars as pl

from zeeksmtp.model import Column, Log
from zeeksmtp.reading.careful import Marks, table, tsv_value
from zeeksmtp.reading.columns import (
    HALF_LINE,
    MAX_LISTED_REJECTS,
    Batch,
    Plan,
    Rejects,
    Waiting,
    batch,
    missing,
    of_cells,
    required,
    typed,
)
from zeeksmtp.reading.guard import parsed
from zeeksmtp.reading.header import MAX_COLUMNS, Header, header_runs, heads_rows, unpadded
from zeeksmtp.reading.kinds import logs
from zeeksmtp.reading.line_blocks import Block
from zeeksmtp.reading.scan import decoded, sift
from zeeksmtp.reading.torn import NUL, torn_cells

_MAX_HEADER_LINES: Final = 1000  # of a run: what comes last counts, and a header has nine
_MAX_HEADER_CHANGES: Final = 2000
_BYTES_PER_HEADER: Final = 1 << 12  # at least, in a file with more changes: hours of logs put together have more
_MAX_WAITING_HEADERS: Final = 64
_ESCAPED: Final = r"[\\\x00-\x1f\x7f]"
_BULK_SEPARATOR = re.compile(r"[\t !-/:-@^-`{-~]")  # one byte, no digit, no backslash


class TsvReader:
    """Reads the blocks of one TSV file in order; `finish` gives what is still waiting."""

    def __init__(self, log: str, latest: datetime | None = None) -> None:
        self.header = Header(log)
        self._latest = latest
        self.problem: str | None = None
        self._begun = False
        self._waiting: dict[Header, Waiting] = {}
        self._changes = self._bytes = 0

    def feed(self, block: Block) -> Iterator[Batch]:
        """Yield what the block's lines give."""
        if block.half:
            yield from self._half(block)
            return
        data, line = block.data, block.line
        self._bytes += len(data)
        headers = b"#" in data  # nearly never, and found at the speed of memory
        data = unpadded(data) if headers else data
        if not self._begun and self._plain_header(data):
            data, line = data[data.find(b"\n") + 1 :], line + 1
        self._begun = True
        at, idle = 0, 0
        for start, end in header_runs(data) if headers else ():
            header = self.header if self._is_scattered else self._with_lines(data[start:end])
            lines = data.count(b"\n", start, end)
            if header == self.header and start > 0 and end < len(data):
                idle += lines  # to cut the block would copy it
                continue
            line += yield from self._rows(data[at:start], line, idle)
            self._changes += header != self.header
            self.header, at, idle, line = header, end, 0, line + lines
        line += yield from self._rows(data[at:] if at else data, line, idle)
        block.counted = line - block.line

    def finish(self) -> Iterator[Batch]:
        """Yield what the waiting rows give, header by header. Must be called at the end."""
        waiting, self._waiting = self._waiting, {}
        for header, lines in waiting.items():
            rows, log = lines.take(), logs().get(header.log or "")
            if rows is not None and log is not None:
                given = (log, rows, header, self._latest)
                yield parsed(log, rows, partial(parse, *given), partial(parse_singly, *given))

    def _plain_header(self, data: bytes) -> bool:
        names = decoded(data[: data.find(b"\n")]).rstrip("\r")
        if not heads_rows(names):
            return False
        self.header = self.header.with_fields(names)
        return True

    def _half(self, block: Block) -> Iterator[Batch]:
        """Reject a last line without LF: even with all its fields, the last one may be cut (`1139` to `11`)."""
        begun, self._begun = self._begun, True
        if not begun and heads_rows(decoded(block.data).rstrip("\r")):
            return  # no data yet: a header that is still being written
        if not block.data.startswith(b"#") and block.data.strip(b"\r"):
            yield Batch(self.header.log, lines=1, rejects=[(block.line, HALF_LINE)])

    def _with_lines(self, run: bytes) -> Header:
        header = self.header
        for line in decoded(run).split("\n")[-_MAX_HEADER_LINES:]:
            header = header.with_line(line.rstrip("\r"))
        return header

    def _rows(self, data: bytes, line: int, idle: int) -> Generator[Batch, None, int]:
        """Take in lines, among which are `idle` header lines; return how many lines they are."""
        if not data:
            return 0
        log = logs().get(self.header.log or "")
        unusable = None if log is None else self._unusable(log)
        hint = None if unusable else self._hint(log)
        torn = None if unusable or log is None else torn_cells(self.header.separator, len(self.header.fields))
        sifted = sift(data, hint, line, torn)
        rows = sifted.rows.filter(~pl.col("l").str.starts_with("#")) if idle else sifted.rows
        found = Batch(None if log is None else log.name, lines=sifted.lines - idle)
        if unusable and len(rows):
            # Without a row, nothing is wrong with a header: it may still be written.
            why, self.problem = unusable
            found.rejects = [(number, why) for number in rows["i"].head(MAX_LISTED_REJECTS)]
            found.unlisted = len(rows) - len(found.rejects)
        elif sifted.torn:
            rows, found.rejects, found.unlisted = _without_torn(rows, self.header)
        yield found
        if not unusable and len(rows) and self._is_enough(rows):
            yield from self.finish()
        return sifted.all

    def _is_enough(self, rows: pl.DataFrame) -> bool:
        """Let rows wait, also while other headers come and go; return whether all that wait are enough."""
        enough = self._waiting.setdefault(self.header, Waiting()).add(rows)
        return enough or len(self._waiting) > _MAX_WAITING_HEADERS

    @property
    def _is_scattered(self) -> bool:
        """Whether the header has changed so often that the file is no log, and each change takes its time."""
        return self._changes > max(_MAX_HEADER_CHANGES, self._bytes // _BYTES_PER_HEADER)

    def _hint(self, log: Log | None) -> pl.Expr | None:
        if log is None:
            return pl.lit(value=False)
        pattern = prefilter(log, self.header)
        return None if pattern is None else pl.col("l").str.contains(pattern)

    def _unusable(self, log: Log) -> tuple[str, str] | None:
        """Return why no row below this header can be used: for each row, and for the file with the remedy."""
        if self._is_scattered:
            return "the header changes every few lines", f"its header changes {self._changes} times: it is no log"
        if len(self.header.fields) > MAX_COLUMNS:
            return f"more than {MAX_COLUMNS} columns", f"its header names more than {MAX_COLUMNS} columns: it is no log"
        if not self.header.fields:
            return "no #fields line before it", "no #fields line says what its columns are: restore the header"
        lacking = [name for name in required(log.columns) if name not in self.header.fields]
        if not lacking:
            return None
        return f"the header lacks {lacking[0]}", f"its header lacks {', '.join(lacking)}: let Zeek log these columns"


def prefilter(log: Log, header: Header) -> str | None:
    """Return a regex of plain literals for every line that `log.concerns` can keep; `None` if there can be none."""
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


def parse(log: Log, rows: pl.DataFrame, header: Header, latest: datetime | None = None) -> Batch:
    """Return what rows (`LINES`) below a header give; `latest` is up to when a time can be."""
    if not _BULK_SEPARATOR.fullmatch(header.separator) or not header.marks.unset:
        return parse_singly(log, rows, header, latest)
    frame, odd = _in_bulk(log, rows, header)
    if not len(odd):
        return batch(log, [frame], [], latest)
    rest, rejects = careful(log, odd, header)
    return batch(log, [frame, rest], rejects, latest)


def parse_singly(log: Log, rows: pl.DataFrame, header: Header, latest: datetime | None = None) -> Batch:
    """Return the same as `parse`, by one row after the other."""
    frame, rejects = careful(log, rows, header)
    return batch(log, [frame], rejects, latest)


def _in_bulk(log: Log, rows: pl.DataFrame, header: Header) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return typed rows with `NUMBER`, and the lines that are not among them."""
    names = header.separator.join(map(str, range(len(header.fields))))
    data = pl.concat([pl.Series([names]), rows["l"]]).str.join("\n").cast(pl.Binary).item()
    try:
        cells = pl.read_csv(
            data, separator=header.separator, quote_char=None, infer_schema=False,
            null_values=header.marks.unset, empty_string_is_null=False,
        )  # fmt: skip
    except pl.exceptions.ComputeError:  # a line has too many fields
        whole = rows["l"].str.count_matches(header.separator, literal=True) == len(header.fields) - 1
        if whole.all():
            raise
        frame, rest = _in_bulk(log, rows.filter(whole), header)
        return frame, pl.concat([rest, rows.filter(~whole)]).sort("i")
    plans = _plans(log.columns, header.fields, header.marks)
    odd = [cells[cells.columns[-1]] == ""]  # what a short line lacks is read as empty
    if header.separator != "\t" or _may_hold_escapes(data):
        odd += [cells[plan.key].str.contains(_ESCAPED) for plan in plans if plan.key is not None]
        odd.append(rows["l"].str.contains("\r", literal=True))  # at the end of a cell, the parser drops it
        odd.append(rows["l"].str.contains(NUL, literal=True))  # also in a column that is not read
    return typed(log, rows, cells, plans, odd)


def _may_hold_escapes(data: bytes) -> bool:
    """Return whether tab-separated lines hold a backslash or a control byte, all at once for next to nothing."""
    found = np.frombuffer(data, np.uint8)
    usual = np.count_nonzero(found == ord("\t")) + np.count_nonzero(found == ord("\n"))
    return b"\\" in data or b"\x7f" in data or np.count_nonzero(found < ord(" ")) != usual


@lru_cache(64)
def _plans(columns: tuple[Column, ...], fields: tuple[str, ...], marks: Marks) -> list[Plan]:
    places = {name: str(place) for place, name in reversed(list(enumerate(fields)))}
    return [
        of_cells(column, places[column.name], marks) if column.name in places else missing(column) for column in columns
    ]


def careful(log: Log, rows: pl.DataFrame, header: Header) -> tuple[pl.DataFrame, Rejects]:
    """Read rows (`LINES`) one by one: typed columns with `NUMBER`, and what is rejected."""
    rejects: Rejects = []
    places = {name: place for place, name in reversed(list(enumerate(header.fields)))}
    sieved = prefilter(log, header) is not None

    def whole() -> Iterator[tuple[int, Callable[[Column], object]]]:
        for number, line in rows.iter_rows():
            cells = line.split(header.separator)
            if len(cells) != len(header.fields):
                rejects.append((number, _torn(len(cells), header)))
            elif not sieved or _hinted(log, line, cells, places):
                yield number, partial(_value, cells, places, header.marks)
            elif NUL in line:
                rejects.append((number, "it holds NUL bytes"))

    frame, bad = table(log, whole())
    return frame, rejects + bad


def _torn(cells: int, header: Header) -> str:
    return f"{cells} fields, the header names {len(header.fields)}"


def _without_torn(rows: pl.DataFrame, header: Header) -> tuple[pl.DataFrame, Rejects, int]:
    """Return the rows (`LINES`) with as many cells as the header names, some rejects for the others, and how many more.

    A bomb may have a billion of them.
    """
    cells = rows["l"].str.count_matches(header.separator, literal=True) + 1
    torn = cells != len(header.fields)
    listed = rows.select("i", cells=cells).filter(torn).head(MAX_LISTED_REJECTS)
    rejects = [(line, _torn(number, header)) for line, number in listed.iter_rows()]
    return rows.filter(~torn), rejects, int(torn.sum()) - len(rejects)


def _hinted(log: Log, line: str, cells: Sequence[str], places: Mapping[str, int]) -> bool:
    """Return whether what the sieve saw anywhere in a line stands in its column."""
    columns = [(cells[places[name]], values) for name, values in log.hint.values.items() if name in places]
    return any(text in line for text in log.hint.text) or any(cell in values for cell, values in columns)


def _value(cells: Sequence[str], places: Mapping[str, int], marks: Marks, column: Column) -> object:
    return tsv_value(cells[places[column.name]], column.type, marks) if column.name in places else None
