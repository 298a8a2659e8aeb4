"""Zeek's JSON lines: one object a line, whatever its keys are called."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import polars as pl

from zeeksmtp.logs import _plain
from zeeksmtp.logs._kinds import by_path, canonical, logs
from zeeksmtp.logs._lines import Block
from zeeksmtp.logs._plain_json import order_of, plain_json
from zeeksmtp.logs._rows import HALF, Batch, Judged, Waiting, judge, put_together
from zeeksmtp.logs._scan import Sifted, decoded, sift
from zeeksmtp.logs._values import Typed, from_json
from zeeksmtp.model import Column, Log

_LOOK_AHEAD: Final = 1 << 16  # bytes of a block: where one line has `_path`, all do
_SAMPLES: Final = 64  # lines from which the order of keys is told
_PATH: Final = r'"_path"\s*:\s*"([^"]*)"'


class JsonReader:
    """Reads the blocks of one JSON file in order; `finish` gives what is still waiting."""

    def __init__(self, log: str) -> None:
        self.log = logs()[log]
        self.problem: str | None = None
        self._waiting: dict[str, Waiting] = {}

    def feed(self, block: Block) -> Iterator[Batch]:
        """Yield what the block's lines give.

        A last line without LF counts if it is a whole object: a cut one is none.
        """
        if block.half and isinstance(_object(decoded(block.data)), str):
            blank = not block.data.strip(b"\r")
            yield Batch(self.log.name, lines=0 if blank else 1, rejects=[] if blank else [(block.line, HALF)])
            return
        several = b'"_path"' in block.data[:_LOOK_AHEAD]
        wanted = _hint(self.log)
        if several and wanted is not None:
            wanted |= _elsewhere(self.log)
        sifted = sift(block.data, wanted, block.line, as_json=True)
        block.counted = sifted.all
        if several:
            yield from self._shared_out(sifted)
        else:
            yield Batch(self.log.name, lines=sifted.lines)
            yield from self._wait(self.log, sifted.rows)

    def finish(self) -> Iterator[Batch]:
        """Yield what the waiting lines give."""
        for name in self._waiting:
            yield from self._judged(logs()[name])

    def _wait(self, log: Log, rows: pl.DataFrame) -> Iterator[Batch]:
        if self._waiting.setdefault(log.name, Waiting()).add(rows):
            yield from self._judged(log)

    def _judged(self, log: Log) -> Iterator[Batch]:
        rows = self._waiting[log.name].take()
        if rows is not None:
            yield judged(log, rows)

    def _shared_out(self, sifted: Sifted) -> Iterator[Batch]:
        """Give lines with a `_path` to the log that it names, all others to the file's own."""
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


def judged(log: Log, rows: pl.DataFrame) -> Batch:
    """Judge lines (`LINES`); what is no JSON object is rejected."""
    some = rows["l"].gather_every(len(rows) // _SAMPLES + 1)
    samples = [found for line in some if isinstance(found := _object(line), dict)]
    iso = any(isinstance(sample.get("ts"), str) for sample in samples)
    plain = plain_json(log.columns, order_of(samples), iso=iso)
    try:
        return _plain.judged(log, rows, plain, lambda odd: _careful(log, odd))
    except pl.exceptions.PolarsError:  # what looked like an object is none, or the pattern is too large
        return put_together(log, _careful(log, rows))


def _careful(log: Log, rows: pl.DataFrame) -> Judged:
    """Decode lines (`LINES`) one by one and judge their values."""
    objects: list[dict[str, Any]] = []
    numbers: list[int] = []
    rejects: list[tuple[int, str]] = []
    for number, line in rows.iter_rows():
        found = _object(line)
        if isinstance(found, dict):
            objects.append(_flat(found))
            numbers.append(number)
        else:
            rejects.append((number, found))

    def column(wanted: Column) -> Typed:
        return from_json([found.get(wanted.name) for found in objects], wanted.type)

    judgement = judge(log, pl.Series(numbers, dtype=pl.Int64), column)
    return Judged(judgement.kept, rejects + judgement.rejects)


def _object(line: str) -> dict[str, Any] | str:
    """Give the object that a line holds, or why there is none."""
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


def prefilter(log: Log) -> str | None:
    """Give a regex that matches every line `log.concerns` can keep; `None` if there can be none.

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
