"""Values one at a time, for the few lines that the bulk parsers cannot be trusted with.

Texts have one normal form, whether they came as TSV or JSON: what is printable stays decoded; a control byte (C0, DEL)
or a byte that is not UTF-8 is a visible `\\xHH`. A text with an invalid byte shows all its non-ASCII bytes so: as Zeek
does, and a half decoded name would look like another. JSON has the `\\xHH` from Zeek already and cannot say which were
typed (zeek#3948).
"""

from __future__ import annotations

import math
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import polars as pl

from zeeksmtp.dtypes import element_of, schema_of
from zeeksmtp.model import Column, Log
from zeeksmtp.reading.bounds import MAX_COUNT, MAX_INTERVAL_SECONDS

NUMBER: Final = "_line"
"""The column with a row's line number."""
MILLISECONDS_FROM: Final = 1e11
"""A time that is larger counts milliseconds: as seconds it would be the year 5138."""
MAX_TIME_SECONDS: Final = 253402300800.0  # the year 10000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile(rb"\\(?:\\|x([0-9a-fA-F]{2}))")
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,19}")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?")
_ISO = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBERS: Final = frozenset({"time", "interval", "double"})
_INTEGERS: Final = {"count": (0, MAX_COUNT), "int": (-1 << 63, 1 << 63), "port": (0, 1 << 16)}


@dataclass(frozen=True, slots=True)
class Marks:
    """How a TSV file writes what is not text: separators, unset, empty."""

    set_separator: str = ","
    empty: str = "(empty)"
    unset: str = "-"

    def with_mark(self, mark: str, text: str) -> Marks:
        """Return the marks with one changed. An empty separator splits nothing, and is ignored."""
        return self if mark == "set_separator" and not text else replace(self, **{mark: text})


DEFAULT_MARKS: Final = Marks()


class BadValueError(ValueError):
    """A value is not of its column's type. It says nothing more: the value may be a secret."""


def table(
    log: Log, rows: Iterable[tuple[int, Callable[[Column], object]]]
) -> tuple[pl.DataFrame, list[tuple[int, str]]]:
    """Return what concerns SMTP of rows, given by line number and reader of columns, as a table with `NUMBER`.

    A value that is not of its column's type rejects its row: the reader raises `BadValueError` for it.
    """
    values: list[tuple[object, ...]] = []
    rejects: list[tuple[int, str]] = []
    for number, read in rows:
        row: list[object] = [number]
        for column in log.columns:
            try:
                row.append(read(column))
            except BadValueError:
                rejects.append((number, f"{column.name} is no {column.type}"))
                break
        else:
            values.append(tuple(row))
    schema = pl.Schema({NUMBER: pl.UInt32(), **schema_of(log.columns)})
    plain = {name: pl.Int64() if dtype.is_temporal() else dtype for name, dtype in schema.items()}
    frame = pl.DataFrame(values, schema=plain, orient="row").cast(schema)
    return frame.filter(log.concerns()).with_columns(**log.redact()), rejects


def tsv_value(cell: str, zeek_type: str, marks: Marks) -> Any:
    """Return the value that a TSV cell holds; times and intervals in microseconds. Raises `BadValueError`."""
    if cell == marks.unset:
        return None
    if (element := element_of(zeek_type)) is not None:
        pieces = cell.split(marks.set_separator) if cell not in {marks.empty, ""} else []
        return [tsv_value(piece, element, marks) for piece in pieces]
    if zeek_type == "bool":
        return cell == "T" if cell in {"T", "F"} else _refuse()
    if zeek_type in _INTEGERS:
        return _integer(int(cell) if _INTEGER.fullmatch(cell) else None, zeek_type)
    if zeek_type in _NUMBERS:
        return _number(float(cell) if _NUMBER.fullmatch(cell) else cell, zeek_type)
    return _address(cell) if zeek_type == "addr" else "" if cell == marks.empty else unescape(cell)


def json_value(value: Any, zeek_type: str) -> Any:
    """Return a decoded JSON value in normal form; times and intervals in microseconds. Raises `BadValueError`."""
    if value is None:
        return None
    if (element := element_of(zeek_type)) is not None:
        return [json_value(item, element) for item in value] if type(value) is list else _refuse()
    if zeek_type == "bool":
        return value if type(value) is bool else _refuse()
    if zeek_type in _INTEGERS:
        return _integer(int(value) if type(value) is float and value.is_integer() else value, zeek_type)
    if zeek_type in _NUMBERS:
        return _number(float(value) if type(value) is int and abs(value) < 1 << 63 else value, zeek_type)
    text = value if type(value) is str else _refuse()
    # Half a surrogate pair is not text, but JSON lets it through.
    return _address(text) if zeek_type == "addr" else shown(_SURROGATE.sub(_surrogate_bytes, text))


def _refuse() -> Any:
    raise BadValueError


def _integer(number: object, zeek_type: str) -> int:
    least, end = _INTEGERS[zeek_type]
    return number if type(number) is int and least <= number < end else int(_refuse())


def _number(number: object, zeek_type: str) -> Any:
    if type(number) is str and zeek_type == "time":
        return iso(number)
    if type(number) is not float or zeek_type == "double":
        return number if type(number) is float else _refuse()
    seconds = number / 1000 if zeek_type == "time" and abs(number) > MILLISECONDS_FROM else number
    limit = MAX_TIME_SECONDS if zeek_type == "time" else MAX_INTERVAL_SECONDS
    # As C's `%.6f` rounds (ties to even), so that a JSON double and a TSV cell of one value are equal.
    return round(seconds * 1e6) if math.isfinite(seconds) and abs(seconds) < limit else _refuse()


def _address(text: str) -> str:
    return text if is_address(text) else str(_refuse())


@lru_cache(1 << 14)
def is_address(text: str) -> bool:
    """Return whether a text is an IPv4 or IPv6 address, without a zone."""
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    except (OSError, ValueError):
        return False
    return True


def iso(text: str) -> int:
    """Return the microseconds since the epoch of an ISO 8601 time (UTC unless it says otherwise).

    A fraction of `1000000` is a whole second: Zeek rounds up to seven digits instead of carrying.
    Raises `BadValueError`.
    """
    found = _ISO.fullmatch(text)
    if found is None:
        raise BadValueError
    fraction = found[2] or "0"
    micros = 1_000_000 if fraction == "1000000" else round(int(fraction[:7].ljust(7, "0")) / 10)
    try:
        moment = datetime.fromisoformat(found[1] + (found[3] or "Z")).astimezone(UTC) + timedelta(microseconds=micros)
    except (ValueError, OverflowError) as error:
        raise BadValueError from error
    return (moment - _EPOCH) // timedelta(microseconds=1)


def visible(raw: bytes) -> str:
    """Return bytes as text in normal form."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("ascii", "backslashreplace")
    return shown(text)


def shown(text: str) -> str:
    """Return decoded text with its control characters visible."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def unescape(text: str) -> str:
    """Undo Zeek's TSV escapes in one pass, left to right, and return the normal form."""
    raw = _ESCAPE.sub(lambda found: b"\\" if found[1] is None else bytes([int(found[1], 16)]), text.encode())
    return visible(raw)


def _surrogate_bytes(found: re.Match[str]) -> str:
    return "".join(f"\\x{byte:02x}" for byte in found[0].encode("utf-8", "surrogatepass"))
