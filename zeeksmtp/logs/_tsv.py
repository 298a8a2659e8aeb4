"""Zeek's TSV: headers that may come again at any line, and the rows below them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from zeeksmtp.logs._kinds import by_path, canonical, logs
from zeeksmtp.logs._lines import Block
from zeeksmtp.logs._rows import Batch, judge
from zeeksmtp.logs._scan import decoded, sift
from zeeksmtp.logs._types import dtype_of
from zeeksmtp.logs._values import Marks, Typed, from_tsv
from zeeksmtp.model import Column, Log

_HEADER_RUN = re.compile(rb"^(?:\0*#[^\n]*(?:\n|\Z))+", re.MULTILINE)
_HEX = re.compile(r"\\x([0-9a-fA-F]{2})")
_NECESSARY: Final = ("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p")


@dataclass(frozen=True, slots=True)
class Header:
    """What the header lines up to here say of the rows that follow."""

    log: str | None
    separator: str = "\t"
    marks: Marks = Marks()
    path: str | None = None
    fields: tuple[str, ...] = ()

    def told(self, line: str) -> Header:
        """Give the header with one more header line taken in. Lines that say nothing of the rows change nothing."""
        if line.startswith("#separator "):
            separator = _unhex(line[len("#separator ") :])
            return Header(self.log, separator or "\t", path=self.path, fields=self.fields)
        key, found, value = line.partition(self.separator)
        if not found:
            return self
        match key:
            case "#set_separator":
                return replace(self, marks=replace(self.marks, set_separator=_unhex(value)))
            case "#empty_field":
                return replace(self, marks=replace(self.marks, empty=_unhex(value)))
            case "#unset_field":
                return replace(self, marks=replace(self.marks, unset=_unhex(value)))
            case "#path":
                return replace(self, path=value)
            case "#fields":
                return self.with_fields(value)
            case _:
                return self

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
    """Reads the blocks of one TSV file in order."""

    def __init__(self, log: str) -> None:
        self.header = Header(log)
        self.problem: str | None = None
        self._begun = False

    def feed(self, block: Block) -> Iterator[Batch]:
        """Yield what the block's lines give."""
        if not self._begun:
            block = self._plain_header(block)
            self._begun = True
        at, line = 0, block.line
        for run in _header_runs(block.data):
            yield from self._rows(block.data[at : run.start()], line, half=False)
            line += block.data.count(b"\n", at, run.end())
            at = run.end()
            self._told(run[0])
        rest = block.data[at:] if at else block.data
        yield from self._rows(rest, line, half=block.half)

    def _plain_header(self, block: Block) -> Block:
        first, _, rest = block.data.partition(b"\n")
        text = decoded(first).rstrip("\r")
        if not heads_rows(text):
            return block
        self.header = self.header.with_fields(text)
        return replace(block, data=rest, line=block.line + 1)

    def _told(self, run: bytes) -> None:
        for line in decoded(run).split("\n"):
            self.header = self.header.told(line.lstrip("\0").rstrip("\r"))

    def _rows(self, data: bytes, line: int, *, half: bool) -> Iterator[Batch]:
        if not data:
            return
        if half:
            # The last line has no LF. Even with the right number of fields its last one may be cut: `1139` to `11`.
            blank = not data.strip(b"\r")
            yield Batch(self.header.log, lines=0 if blank else 1, rejects=[] if blank else [(line, "half last line")])
            return
        log = logs().get(self.header.log or "")
        if log is None:
            yield Batch(None, lines=sift(data, pl.lit(value=False)).lines)
            return
        why = self._unusable()
        sifted = sift(data, None if why else self._hint(log))
        batch = judge_nothing(log, sifted.rows["i"], why) if why else self._judged(log, sifted.rows, line)
        batch.rejects = [(line + row, reason) for row, reason in batch.rejects] if why else batch.rejects
        batch.lines = sifted.lines
        yield batch

    def _unusable(self) -> str | None:
        if not self.header.fields:
            self.problem = "no #fields line: what its columns are cannot be known; restore the header"
            return "no #fields line before it"
        missing = [name for name in _NECESSARY if name not in self.header.fields]
        if not missing:
            return None
        self.problem = f"its header names no {', '.join(missing)}: log these columns"
        return f"the header names no {missing[0]}"

    def _hint(self, log: Log) -> pl.Expr | None:
        pattern = prefilter(log, self.header)
        return None if pattern is None else pl.col("l").str.contains(pattern)

    def _judged(self, log: Log, rows: pl.DataFrame, line: int) -> Batch:
        fields, separator = self.header.fields, self.header.separator
        cells = rows["l"].str.split(separator)
        whole = cells.list.len() == len(fields)
        wrong = rows.filter(~whole).select("i", cells.filter(~whole).list.len().alias("n")).rows()
        if wrong:
            rows, cells = rows.filter(whole), cells.filter(whole)
        numbers = rows["i"].cast(pl.Int64) + line

        def read(column: Column) -> Typed:
            if column.name not in fields:
                nothing = pl.repeat(None, len(cells), dtype=dtype_of(column.type), eager=True)
                return Typed(nothing, pl.repeat(value=False, n=len(cells), eager=True))
            return from_tsv(cells.list.get(fields.index(column.name)), column.type, self.header.marks)

        batch = judge(log, numbers, read)
        batch.rejects += [(line + row, f"{found} fields, the header names {len(fields)}") for row, found in wrong]
        return batch


def judge_nothing(log: Log, rows: pl.Series, why: str) -> Batch:
    """Reject all rows for one reason."""
    return Batch(log.name, rejects=[(row, why) for row in rows])


def _header_runs(data: bytes) -> Iterator[re.Match[bytes]]:
    """Find runs of header lines. Most blocks hold no `#` at all, and telling so is a single fast search."""
    if b"#" in data and (data.startswith((b"#", b"\0")) or b"\n#" in data or b"\0#" in data):
        yield from _HEADER_RUN.finditer(data)


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
