"""Typed rows of one log: what concerns SMTP is kept, what is broken is named by line and reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from zeeksmtp.logs._common import CONNECTION
from zeeksmtp.logs._types import schema_of
from zeeksmtp.logs._values import Typed
from zeeksmtp.model import Column, Log

HALF = "half last line"
_ENOUGH = 1 << 23  # bytes
NUMBER: Final = "_line"
REQUIRED = tuple(column.name for column in CONNECTION)


@dataclass
class Batch:
    """What some lines of a file gave, for the log named (`None`: a log that is not read).

    `lines` are counted when they are seen, rows are judged later and many at once.
    """

    log: str | None
    lines: int = 0
    kept: pl.DataFrame | None = None
    rejects: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class Waiting:
    """Lines that passed a sieve and wait to be judged with others of their kind: a call per block costs too much."""

    frames: list[pl.DataFrame] = field(default_factory=list)
    size: int = 0

    def add(self, rows: pl.DataFrame) -> bool:
        """Take lines in; tell whether it is enough."""
        if len(rows):
            self.frames.append(rows)
            self.size += int(rows.estimated_size())
        return self.size >= _ENOUGH

    def take(self) -> pl.DataFrame | None:
        """Give all lines, if there are any, and start anew."""
        frames, self.frames, self.size = self.frames, [], 0
        return pl.concat(frames) if frames else None


@dataclass(frozen=True, slots=True)
class Judged:
    """Rows that are kept, typed and with their line's `NUMBER`, and lines that are rejected."""

    kept: pl.DataFrame
    rejects: list[tuple[int, str]]


def put_together(log: Log, *parts: Judged) -> Batch:
    """Give the rows of several judgements in the order of their lines."""
    kept = parts[0].kept if len(parts) == 1 else pl.concat(part.kept for part in parts).sort(NUMBER)
    rejects = [reject for part in parts for reject in part.rejects]
    kept.drop_in_place(NUMBER)
    return Batch(log.name, kept=kept if len(kept) else None, rejects=rejects)


def judge(log: Log, numbers: pl.Series, read: Callable[[Column], Typed]) -> Judged:
    """Type the declared columns of rows (whose line numbers are `numbers`); keep those that concern SMTP.

    A value that is none of its type spoils its row, as does a missing time, uid or address. `read` gives a column.
    """
    columns: dict[str, pl.Series] = {NUMBER: numbers.alias(NUMBER)}
    why = pl.repeat(None, len(numbers), dtype=pl.String, eager=True)
    for column in log.columns:
        typed = read(column)
        columns[column.name] = typed.values.alias(column.name)
        if typed.bad.any():
            why = why.set(typed.bad & why.is_null(), f"{column.name} is no {column.type}")
    frame = pl.DataFrame(columns, schema={NUMBER: numbers.dtype, **schema_of(log.columns)})
    return _sorted_out(log, frame.with_columns(why.alias("_why")))


def _missing() -> pl.Expr:
    first = [pl.when(pl.col(name).is_null()).then(pl.lit(f"{name} is missing")) for name in REQUIRED]
    return pl.coalesce(*first)


def _sorted_out(log: Log, frame: pl.DataFrame) -> Judged:
    spoiled = pl.col("_why").is_not_null()
    frame = frame.filter(spoiled | log.concerns())
    frame = frame.with_columns(pl.when(spoiled).then("_why").otherwise(_missing()).alias("_why"))
    rejects = frame.filter(spoiled).select(NUMBER, "_why").rows()
    redacted: Mapping[str, pl.Expr] = log.redact()
    return Judged(frame.filter(~spoiled).drop("_why").with_columns(**redacted), rejects)
