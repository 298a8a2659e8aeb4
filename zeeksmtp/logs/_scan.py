"""Lines of a block as a frame, with those sifted out that cannot matter: the only place that scans text in bulk."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

import polars as pl

_PLAIN_STARTS = frozenset(b'0123456789{#\n\r-"')


@dataclass(frozen=True, slots=True)
class Sifted:
    """Rows `i` (place in the block, from 0) and `l` (the line without its end) that may matter; `lines` counts data lines."""

    rows: pl.DataFrame
    lines: int


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


def _clean(data: bytes, errors: str) -> bytes:
    """Give bytes that are UTF-8, and that polars cannot take for a packed file (it looks at their start)."""
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            data = data.decode("utf-8", errors).encode()
    return data


def sift(data: bytes, hint: pl.Expr | None, errors: str = "zeeksmtp.visible") -> Sifted:
    """Give the lines of `data` for which `hint` (over column `l`; `None`: every line) holds. Blank lines are no data."""
    data = _clean(data, errors)
    shift = 0
    if data[0] not in _PLAIN_STARTS:
        data, shift = b"\n" + data, 1
    total = data.count(b"\n") + (not data.endswith(b"\n")) - shift
    short = pl.col("l").str.len_bytes() <= 1  # blank lines come through, to be counted
    plan = pl.scan_lines(data, name="l", row_index_name="i")
    found = (plan if hint is None else plan.filter(hint | short)).collect()
    if shift:
        found = found.filter(pl.col("i") > 0).with_columns(pl.col("i") - 1)
    blank = found["l"].is_in(["", "\r"])
    blanks = int(blank.sum())
    if blanks:
        found = found.filter(~blank)
    return Sifted(found, total - blanks)
