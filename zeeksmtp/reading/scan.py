"""Lines of a block as a frame, without those that cannot matter."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

import polars as pl

from zeeksmtp.reading.torn import Torn

_PLAIN_STARTS = frozenset(b'0123456789{#\n\r-"')
_MIN_SKIPPED_PER_KEPT = 4  # times as many lines in a block as come through the sieve
LINES = pl.Schema({"i": pl.UInt32, "l": pl.String})
"""Rows that come out of a sieve: number of the line in its file, and the line without its end."""


@dataclass(frozen=True, slots=True)
class Sifted:
    """The rows (`LINES`) that may matter, and the number of data lines and of `all` lines in which they were found.

    `torn`: there may be torn ones among the rows.
    """

    rows: pl.DataFrame
    lines: int
    all: int
    torn: bool


def _visible(error: UnicodeError, slash: str) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(f"{slash}x{byte:02x}" for byte in bad), error.end


codecs.register_error("zeeksmtp.visible", lambda error: _visible(error, "\\"))
codecs.register_error("zeeksmtp.visible-json", lambda error: _visible(error, "\\\\"))


def decoded(data: bytes) -> str:
    """Decode UTF-8; a byte that is not becomes a visible `\\xHH`."""
    return data.decode("utf-8", "zeeksmtp.visible")


def sift(data: bytes, hint: pl.Expr | None, line: int, torn: Torn | None = None, *, as_json: bool = False) -> Sifted:
    """Return the lines of `data` for which `hint` (over column `l`; `None`: every line) holds, and those `torn`.

    `line` is the number of the first one. Blank lines are not data. Bytes that are not UTF-8 become visible.
    """
    # polars unpacks what looks packed by its first bytes, and `x^` (zlib) may well start a line.
    added = data[0] not in _PLAIN_STARTS
    data = b"\n" + data if added else data
    try:
        found = _lines(data, line - added)
    except pl.exceptions.ComputeError:  # polars looks at each byte anyway, so nobody else has to
        found = _lines(
            data.decode("utf-8", "zeeksmtp.visible-json" if as_json else "zeeksmtp.visible").encode(), line - added
        )
    count = len(found)
    blank = found["l"] == ""
    blanks = int(blank.sum())
    rows = found.filter(~blank) if blanks else found
    damaged = torn(data, len(rows)) if torn else None
    if hint is not None:
        rows = rows.filter(hint if damaged is None else hint | damaged)
        if len(rows) * _MIN_SKIPPED_PER_KEPT < count:
            # A copy: as they are, these few would keep all lines of the block in memory.
            rows.replace_column(1, pl.Series("l", rows["l"].to_list(), dtype=pl.String))
    return Sifted(rows, count - blanks, count - added, damaged is not None)


def _lines(data: bytes, first: int) -> pl.DataFrame:
    return pl.scan_lines(data, name="l", row_index_name="i", row_index_offset=first).collect()
