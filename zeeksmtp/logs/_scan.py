"""Lines of a block as a frame, with those sifted out that cannot matter: the only place that scans text in bulk."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

import polars as pl

_PLAIN_STARTS = frozenset(b'0123456789{#\n\r-"')
LINES = pl.Schema({"i": pl.Int64, "l": pl.String})
"""Rows that come out of a sieve: number of the line in its file, and the line without its end."""


@dataclass(frozen=True, slots=True)
class Sifted:
    """The rows (`LINES`) that may matter, and the number of data lines and of `all` lines in which they were found."""

    rows: pl.DataFrame
    lines: int
    all: int


def _visible(error: UnicodeError, slash: str) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(f"{slash}x{byte:02x}" for byte in bad), error.end


codecs.register_error("zeeksmtp.visible", lambda error: _visible(error, "\\"))
codecs.register_error("zeeksmtp.visible-json", lambda error: _visible(error, "\\\\"))


def decoded(data: bytes) -> str:
    """Decode UTF-8; a byte that is none becomes a visible `\\xHH`."""
    return data.decode("utf-8", "zeeksmtp.visible")


def sift(data: bytes, hint: pl.Expr | None, line: int, *, as_json: bool = False) -> Sifted:
    """Give the lines of `data` for which `hint` (over column `l`; `None`: every line) holds. Blank lines are no data.

    `line` is the number of the first one. Bytes that are no UTF-8 become visible.
    """
    try:
        return _sifted(data, hint, line)
    except pl.exceptions.ComputeError:  # polars looks at each byte anyway, so nobody else has to
        errors = "zeeksmtp.visible-json" if as_json else "zeeksmtp.visible"
        return _sifted(data.decode("utf-8", errors).encode(), hint, line)


def _sifted(data: bytes, hint: pl.Expr | None, line: int) -> Sifted:
    added = data[0] not in _PLAIN_STARTS
    if added:
        # polars unpacks what looks packed by its first bytes, and `x^` (zlib) may well start a line.
        data = b"\n" + data
    lines = pl.scan_lines(data, name="l", row_index_name="i")
    blank = pl.col("l") == ""
    number = pl.col("i").cast(pl.Int64) + (line - added)
    if hint is None:
        found = lines.select(number, "l").collect()
        count = len(found)
    else:
        # A copy of the few that come through: as they are, each would keep all lines of the block in memory.
        copied = pl.concat_str(pl.col("l"), pl.lit("")).alias("l")
        sieved = lines.filter(hint | blank).select(number, copied)  # blank lines come through, to be counted
        found, counted = pl.collect_all([sieved, lines.select(pl.len())])
        count = counted.item()
    rows = found.filter(~blank) if (found["l"] == "").any() else found
    return Sifted(rows, count - (len(found) - len(rows)), count - added)
