"""Zeek's JSON lines as typed columns: in bulk by polars' parser, and what it may have misread with care."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any, Final

import numpy as np
import polars as pl

from zeeksmtp.dtypes import dtype_of
from zeeksmtp.model import Column, Log
from zeeksmtp.reading.careful import json_value, table
from zeeksmtp.reading.columns import (
    HALF_LINE,
    Batch,
    Plan,
    Rejects,
    Waiting,
    batch,
    missing,
    of_decoded,
    required,
    typed,
)
from zeeksmtp.reading.guard import parsed
from zeeksmtp.reading.kinds import by_path, canonical, logs
from zeeksmtp.reading.line_blocks import Block
from zeeksmtp.reading.scan import Sifted, decoded, sift
from zeeksmtp.reading.torn import torn_objects

_EXTRAS: Final[Mapping[type, pl.DataType]] = {
    bool: pl.Boolean(),
    int: pl.Float64(),
    float: pl.Float64(),
    list: pl.List(pl.String),
}
"""What keys become that are not columns, by the type of a sample: only so can all keys be counted."""
_LOOK_AHEAD_BYTES: Final = 1 << 16  # of a block: where one line has `_path`, all do
_SAMPLE_LINES: Final = 32
_MAX_KEYS: Final = 200
_FEW_LINES: Final = 500  # where one is broken, so many are read with care
_PATH: Final = r'"_path"\s*:\s*"([^"]*)"'
_ESCAPED: Final = r"\\[ubfnrt]|[\x00\x7f]"
"""Characters that a text may not hold as they are, and half surrogate pairs: the parser makes NULs of those."""
_STRING: Final = r'"(?:[^"\\]|\\.)*"'


class JsonReader:
    """Reads the blocks of one JSON file in order; `finish` gives what is still waiting."""

    def __init__(self, log: str, latest: datetime | None = None) -> None:
        self.log = logs()[log]
        self._latest = latest
        self.problem: str | None = None
        self._waiting: dict[str, Waiting] = {}

    def feed(self, block: Block) -> Iterator[Batch]:
        """Yield what the block's lines give.

        A last line without LF counts if it is a whole object: a cut one is none.
        """
        if block.half and isinstance(_object(decoded(block.data)), str):
            blank = not block.data.strip(b"\r")
            yield Batch(self.log.name, lines=0 if blank else 1, rejects=[] if blank else [(block.line, HALF_LINE)])
            return
        several = b'"_path"' in block.data[:_LOOK_AHEAD_BYTES]
        wanted = _hint(self.log)
        if several and wanted is not None:
            wanted |= _elsewhere(self.log)
        sifted = sift(block.data, wanted, block.line, torn_objects, as_json=True)
        block.counted = sifted.all
        if several:
            yield from self._shared_out(sifted)
        else:
            yield Batch(self.log.name, lines=sifted.lines)
            yield from self._wait(self.log, sifted.rows)

    def finish(self) -> Iterator[Batch]:
        """Yield what the waiting lines give."""
        for name in self._waiting:
            yield from self._parsed(logs()[name])

    def _wait(self, log: Log, rows: pl.DataFrame) -> Iterator[Batch]:
        if self._waiting.setdefault(log.name, Waiting()).add(rows):
            yield from self._parsed(log)

    def _parsed(self, log: Log) -> Iterator[Batch]:
        rows = self._waiting[log.name].take()
        if rows is not None:
            given = (log, rows, self._latest)
            yield parsed(log, rows, partial(parse, *given), partial(parse_singly, *given))

    def _shared_out(self, sifted: Sifted) -> Iterator[Batch]:
        """Return lines with a `_path` to the log that it names, all others to the file's own."""
        own = self.log.name
        path = pl.col("l").str.extract(_PATH).fill_null(own).alias("path")
        parts = sifted.rows.with_columns(path).partition_by(
            "path", as_dict=True, maintain_order=True, include_key=False
        )
        elsewhere = 0
        for (path_name,), rows in parts.items():
            name = by_path(str(path_name), ())
            if name != own:
                elsewhere += len(rows)
                yield Batch(name, lines=len(rows))
            if name is not None:
                yield from self._wait(logs()[name], rows if name == own else _hinted(logs()[name], rows))
        yield Batch(own, lines=sifted.lines - elsewhere)


def _hint(log: Log) -> pl.Expr | None:
    pattern = prefilter(log)
    return None if pattern is None else pl.col("l").str.contains(pattern)


def _hinted(log: Log, rows: pl.DataFrame) -> pl.DataFrame:
    hint = _hint(log)
    return rows if hint is None else rows.filter(hint)


def _elsewhere(log: Log) -> pl.Expr:
    line = pl.col("l").str
    return line.contains(r'"_path"\s*:') & ~line.contains(rf'"_path"\s*:\s*"{re.escape(log.name)}"')


def prefilter(log: Log) -> str | None:
    """Return a regex that matches every line `log.concerns` can keep; `None` if there can be none.

    Values that only odd writers make pass too (numbers with an exponent, strings with escaped letters): it must never
    lose one.
    """
    hint = log.hint
    patterns = [re.escape(text) for text in hint.text]
    for name, values in hint.values.items():
        key = re.escape(name.removeprefix("id."))
        words = "|".join(re.escape(value) for value in values)
        patterns.append(rf'{key}"\s*:\s*(?:(?:{words})(?:\.0*)?[,}}\s]|"(?:{words})"|[0-9.]+[eE])')
    return "|".join([*patterns, r"\\u00[2-7]"]) if patterns else None


@dataclass(frozen=True, slots=True)
class _Layout:
    """How lines whose keys were all among some samples become columns: types by key, and a plan for each column."""

    schema: dict[str, pl.DataType]
    plans: list[Plan]


def parse(log: Log, rows: pl.DataFrame, latest: datetime | None = None) -> Batch:
    """Return what lines (`LINES`) give; what is not a JSON object is rejected. `latest`: up to when a time can be."""
    escaped = rows["l"].str.contains(_ESCAPED)
    odd = [rows.filter(escaped)] if escaped.any() else []
    good = rows.filter(~escaped) if odd else rows
    keys, iso = _samples(good["l"])
    layout = _layout(log.columns, keys, iso=iso)
    frames, more = _in_bulk(log, good, layout) if layout else ([], [good])
    rest = pl.concat([*odd, *more]).sort("i")
    if frames and not len(rest):
        return batch(log, frames, [], latest)
    frame, rejects = careful(log, rest)
    return batch(log, [*frames, frame], rejects, latest)


def parse_singly(log: Log, rows: pl.DataFrame, latest: datetime | None = None) -> Batch:
    """Return the same as `parse`, by one line after the other."""
    frame, rejects = careful(log, rows)
    return batch(log, [frame], rejects, latest)


def _samples(lines: pl.Series) -> tuple[tuple[tuple[str, type], ...], bool]:
    """Return the keys of some lines with the types of their values, and whether times are texts."""
    found = (_object(line) for line in lines.gather_every(len(lines) // _SAMPLE_LINES + 1))
    samples = [sample for sample in found if isinstance(sample, dict)]
    keys = {key: type(value) for sample in samples for key, value in sample.items() if value is not None}
    return tuple(sorted(keys.items(), key=itemgetter(0))), any(type(sample.get("ts")) is str for sample in samples)


@lru_cache(64)
def _layout(columns: tuple[Column, ...], keys: tuple[tuple[str, type], ...], *, iso: bool) -> _Layout | None:
    """Return the plan for lines with these keys; `None` if they are too many, nested, or two of one name."""
    names = {key for key, _ in keys}
    raw = {key if {"ts", "id.orig_h"} <= names else canonical(key): key for key in names}
    if len(raw) != len(names) or len(names) > _MAX_KEYS or not set(required(columns)) <= raw.keys():
        return None
    schema = {key: _EXTRAS.get(kind, pl.String()) for key, kind in keys}
    schema |= {raw[column.name]: _decoded(column.type, iso=iso) for column in columns if column.name in raw}
    plans = [of_decoded(c, raw[c.name], iso=iso) if c.name in raw else missing(c) for c in columns]
    return _Layout(schema, plans)


def _decoded(zeek_type: str, *, iso: bool) -> pl.DataType:
    if zeek_type in {"time", "interval"}:
        return pl.String() if iso and zeek_type == "time" else pl.Float64()
    return pl.UInt64() if zeek_type == "port" else dtype_of(zeek_type)  # of 16 bits, polars 2.1 panics


def _in_bulk(log: Log, rows: pl.DataFrame, layout: _Layout) -> tuple[list[pl.DataFrame], list[pl.DataFrame]]:
    """Return typed rows with `NUMBER`, and the lines that are not among them."""
    text = rows["l"].str.join("\n").cast(pl.Binary).item()
    try:
        raw = pl.read_ndjson(text, schema=layout.schema)
    except pl.exceptions.PolarsError:  # it does not say which line
        raw = rows.clear()
    if len(raw) != len(rows):  # or a line was blank
        if len(rows) <= _FEW_LINES:
            return [], [rows]
        parts = [_in_bulk(log, some, layout) for some in rows.iter_slices(_FEW_LINES)]
        return [frame for frames, _ in parts for frame in frames], [odd for _, odds in parts for odd in odds]
    frame, odd = typed(log, rows, raw, layout.plans, _misread(rows["l"], text, raw, layout))
    return [frame], [odd]


def _misread(lines: pl.Series, text: bytes, raw: pl.DataFrame, layout: _Layout) -> list[pl.Series]:
    """Return where the parser may have passed over something: it takes numbers for texts, and one of two equal keys.

    As no key or text holds a bare quote, `":` stands once for each key, and `":"` for each that has a text.
    """
    bytes_ = np.frombuffer(text, np.uint8)
    colons = np.flatnonzero(bytes_ == ord(":"))
    keys = colons[bytes_[colons - 1] == ord('"')]
    texts = [key for key, dtype in layout.schema.items() if dtype == pl.String()]
    odd = []
    for mark, found, names in (
        ('":', len(keys), list(layout.schema)),
        ('":"', int((bytes_.take(keys + 1, mode="clip") == ord('"')).sum()), texts),
    ):
        if found != sum(len(raw) - raw[name].null_count() for name in names):
            present = raw.select(pl.sum_horizontal(pl.col(name).is_not_null() for name in names)).to_series()
            odd.append(lines.str.count_matches(mark, literal=True) != present)
    for key in (plan.key for plan in layout.plans if plan.key is not None):
        if isinstance(layout.schema[key], pl.List):
            usual = lines.str.contains(rf'"{re.escape(key)}":\[(?:{_STRING}(?:,{_STRING})*)?\]')
            odd.append(raw[key].is_not_null() & ~usual)
    return odd


def careful(log: Log, rows: pl.DataFrame) -> tuple[pl.DataFrame, Rejects]:
    """Read lines (`LINES`) one by one: typed columns with `NUMBER`, and what is rejected."""
    rejects: Rejects = []

    def objects() -> Iterator[tuple[int, Callable[[Column], object]]]:
        for number, line in rows.iter_rows():
            found = _object(line)
            if isinstance(found, dict):
                yield number, partial(_value, _flat(found))
            else:
                rejects.append((number, found))

    frame, bad = table(log, objects())
    return frame, rejects + bad


def _value(found: Mapping[str, Any], column: Column) -> object:
    return json_value(found.get(column.name), column.type)


def _object(line: str) -> dict[str, Any] | str:
    """Return the object that a line holds, or why there is none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return "malformed JSON"
    return found if isinstance(found, dict) else "no JSON object"


def _flat(found: dict[str, Any]) -> dict[str, Any]:
    """Bring the keys to Zeek's default form: `id.orig_h`, not `id_orig_h` and not nested."""
    nested = found.get("id")
    flat = {f"id.{key}": value for key, value in nested.items()} if isinstance(nested, dict) else {}
    if "id.orig_h" in found and "ts" in found:
        return found
    return {canonical(key): value for key, value in found.items()} | flat
