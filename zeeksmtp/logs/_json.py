"""Zeek's JSON lines: one object a line, whatever its keys are called."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import polars as pl

from zeeksmtp.logs._kinds import by_path, canonical, logs
from zeeksmtp.logs._lines import Block
from zeeksmtp.logs._rows import Batch, judge
from zeeksmtp.logs._scan import sift
from zeeksmtp.logs._values import Typed, from_json
from zeeksmtp.model import Column, Log

_PATH: Final = r'"_path"\s*:\s*"([^"]*)"'


class JsonReader:
    """Reads the blocks of one JSON file in order."""

    def __init__(self, log: str) -> None:
        self.log = logs()[log]
        self.problem: str | None = None

    def feed(self, block: Block) -> Iterator[Batch]:
        """Yield what the block's lines give. A last line without LF counts if it is a whole object: a cut one is none."""
        if b'"_path"' in block.data[: 1 << 16]:
            yield from self._of_many(block)
        else:
            yield self._of_one(self.log, block)

    def _of_one(self, log: Log, block: Block) -> Batch:
        hint = prefilter(log)
        sifted = sift(block.data, None if hint is None else pl.col("l").str.contains(hint), "zeeksmtp.visible-json")
        batch = read(log, sifted.rows, block)
        batch.lines = sifted.lines
        return batch

    def _of_many(self, block: Block) -> Iterator[Batch]:
        """Take the block's own log first; lines with another `_path` are handed to theirs."""
        own, hint = self.log, prefilter(self.log)
        foreign = pl.col("l").str.contains(r'"_path"\s*:') & ~pl.col("l").str.contains(rf'"_path"\s*:\s*"{own.name}"')
        wanted = None if hint is None else pl.col("l").str.contains(hint) | foreign
        sifted = sift(block.data, wanted, "zeeksmtp.visible-json")
        path = pl.col("l").str.extract(_PATH).fill_null(own.name).alias("path")
        parts = sifted.rows.with_columns(path).partition_by("path", as_dict=True, maintain_order=True)
        others = 0
        for (name,), rows in parts.items():
            if name == own.name:
                continue
            others += len(rows)
            yield self._other(str(name), rows, block)
        mine = parts.get((own.name,))
        batch = Batch(own.name) if mine is None else read(own, mine, block)
        batch.lines = sifted.lines - others
        yield batch

    def _other(self, path: str, rows: pl.DataFrame, block: Block) -> Batch:
        log = logs().get(by_path(path, ()) or "")
        if log is None:
            return Batch(None, lines=len(rows))
        hint = prefilter(log)
        batch = read(log, rows if hint is None else rows.filter(pl.col("l").str.contains(hint)), block)
        batch.lines = len(rows)
        return batch


def read(log: Log, rows: pl.DataFrame, block: Block) -> Batch:
    """Decode lines and type their values; what is no JSON object is rejected."""
    objects: list[dict[str, Any]] = []
    numbers: list[int] = []
    rejects: list[tuple[int, str]] = []
    for place, line in rows.select("i", "l").iter_rows():
        found = _object(line)
        if isinstance(found, dict):
            objects.append(_flat(found))
            numbers.append(block.line + place)
        else:
            rejects.append((block.line + place, "half last line" if block.half else found))

    def column(wanted: Column) -> Typed:
        return from_json(_values(objects, wanted.name), wanted.type)

    batch = judge(log, pl.Series(numbers, dtype=pl.Int64), column)
    batch.rejects += rejects
    return batch


def _values(objects: Sequence[dict[str, Any]], name: str) -> list[Any]:
    return [found.get(name) for found in objects]


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

    Values that only odd writers make pass too (numbers with an exponent, strings with escaped letters): it must never lose one.
    """
    hint = log.hint
    patterns = [f"(?i:{re.escape(text)})" for text in hint.text]
    for name, values in hint.values.items():
        key = re.escape(name.removeprefix("id."))
        words = "|".join(re.escape(value) for value in values)
        patterns.append(rf'{key}"\s*:\s*(?:(?:{words})(?:\.0*)?[,}}\s]|"(?:{words})"|[0-9.]+[eE])')
    return "|".join([*patterns, r"\\u00[2-7]"]) if patterns else None
