"""Header lines of Zeek's TSV, which may come again at any line: what they say of the rows below them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from zeeksmtp.reading.careful import DEFAULT_MARKS, Marks
from zeeksmtp.reading.kinds import by_path, canonical

_MARKS: Final = {"#set_separator": "set_separator", "#empty_field": "empty", "#unset_field": "unset"}
_MAX_SEARCHES: Final = 100
_LF: Final = 0x0A
MAX_COLUMNS: Final = 1000
"""Columns of a log; Zeek's widest has some 50. What a header names beyond stays one name more."""
_HEX = re.compile(r"\\x([0-9a-fA-F]{2})")


@dataclass(frozen=True, slots=True)
class Header:
    """What the header lines up to here say of the rows that follow."""

    log: str | None
    separator: str = "\t"
    marks: Marks = DEFAULT_MARKS
    path: str | None = None
    fields: tuple[str, ...] = ()

    def with_line(self, line: str) -> Header:
        """Return the header with one more line taken in. Lines that say nothing of the rows change nothing."""
        if line.startswith("#separator "):
            separator = _unhex(line[len("#separator ") :])
            return Header(self.log, separator or "\t", path=self.path, fields=self.fields)
        key, _, value = line.partition(self.separator)
        mark = _MARKS.get(key)
        if mark is not None:
            return replace(self, marks=self.marks.with_mark(mark, _unhex(value)))
        if key == "#path":
            return replace(self, path=value)
        return self.with_fields(value) if key == "#fields" and value else self

    def with_fields(self, names: str) -> Header:
        """Return the header with these columns; they settle which log the rows are of."""
        fields = tuple(canonical(_unhex(name)) for name in names.split(self.separator, MAX_COLUMNS))
        log = self.log if self.path is None else by_path(self.path, fields)
        return replace(self, fields=fields, log=log)


def _unhex(text: str) -> str:
    return _HEX.sub(lambda found: chr(int(found[1], 16)), text)


def heads_rows(line: str) -> bool:
    """Return whether a line is the plain list of names that `tsv=T` writes instead of a header."""
    names = [canonical(name) for name in line.split("\t")]
    return names[0] == "ts" and ("uid" in names or "fingerprint" in names) and len(names) == len(set(names))


def unpadded(data: bytes) -> bytes:
    """Remove NULs before a header: a crash leaves a run of them where the next file is appended."""
    damaged = b"\0" in data and b"\0#" in data  # the first search is far faster, and nearly always enough
    return re.sub(rb"(?m)^\0+(?=#)", b"", data) if damaged else data


def header_runs(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end of each run of header lines."""
    start = _next_header(data, 0)
    while start >= 0:
        end = start
        while data.startswith(b"#", end):
            end = data.find(b"\n", end) + 1 or len(data)
        yield start, end
        start = _next_header(data, end)


def _next_header(data: bytes, at: int) -> int:
    """Find the next line that starts with `#`; -1 if there is none. One byte is found far faster than two."""
    for _ in range(_MAX_SEARCHES):
        at = data.find(b"#", at)
        if at <= 0 or data[at - 1] == _LF:
            return at
        at += 1
    return data.find(b"\n#", at - 1) + 1 or -1
