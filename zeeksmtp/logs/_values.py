"""Values as Zeek wrote them, as typed columns in one normal form, whether they came as TSV or JSON.

Text in normal form: what is printable stays decoded; a control byte (C0, DEL) or a byte that is no UTF-8 is shown as
visible `\\xHH`, never as itself. A text with any such invalid byte shows all its non-ASCII bytes so: as Zeek does,
and a half decoded name would look like another. JSON has the `\\xHH` from Zeek already and cannot say which were typed
(zeek#3948).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl

from zeeksmtp.logs._types import dtype_of, element_of

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile(rb"\\(?:\\|x([0-9a-fA-F]{2}))")
_NEEDS_ESCAPES: Final = r"[\\\x00-\x1f\x7f]"
_NEEDS_CONTROL: Final = r"[\x00-\x1f\x7f]"
_INTEGER: Final = r"^-?(?:0|[1-9][0-9]{0,19})$"
_NUMBER: Final = r"^-?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?$"
_IPV4: Final = (
    r"^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$"
)
_ISO = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_MILLISECONDS_FROM = 1e11  # as seconds: the year 5138
_YEAR_9999 = 253402300800.0
_LONGEST = 1e12  # seconds; what 64 bits of microseconds hold, with room
_INTEGERS: Final = frozenset({"count", "int", "port"})
_TEXTS: Final = frozenset({"string", "enum", "subnet", "func", "file", "pattern"})


@dataclass(frozen=True, slots=True)
class Typed:
    """A typed column, and which of its rows hold a value that is none of the type (there the column is null)."""

    values: pl.Series
    bad: pl.Series


@dataclass(frozen=True, slots=True)
class Marks:
    """How a TSV file writes what is no text: separators, unset, empty."""

    set_separator: str = ","
    empty: str = "(empty)"
    unset: str = "-"

    def told(self, mark: str, text: str) -> Marks:
        """Give the marks with one changed. No separator splits nothing."""
        return self if mark == "set_separator" and not text else replace(self, **{mark: text})


DEFAULT_MARKS: Final = Marks()


def visible(raw: bytes) -> str:
    """Give bytes as text in normal form."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("ascii", "backslashreplace")
    return shown(text)


def shown(text: str) -> str:
    """Give decoded text with its control characters visible."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def unescape(text: str) -> str:
    """Undo Zeek's TSV escapes in one pass, left to right, and give the normal form."""
    return visible(_ESCAPE.sub(_escaped, text.encode()))


def _escaped(found: re.Match[bytes]) -> bytes:
    return b"\\" if found[1] is None else bytes([int(found[1], 16)])


def from_tsv(cells: pl.Series, zeek_type: str, marks: Marks, *, escaped: bool = True) -> Typed:
    """Give raw TSV cells as a typed column. If they are not `escaped` for sure, texts need no second look."""
    raw = cells.set(cells == marks.unset, None)
    element = element_of(zeek_type)
    if element is not None:
        return _sets_from_tsv(raw, element, marks, escaped=escaped)
    if zeek_type in _TEXTS:
        return _fine(_texts_from_tsv(raw, marks, escaped=escaped))
    return _scalar(raw, zeek_type)


def nothing(zeek_type: str, length: int) -> Typed:
    """Give a column that a file lacks."""
    return _fine(pl.Series([None], dtype=dtype_of(zeek_type)).new_from_index(0, length))


def _fine(values: pl.Series) -> Typed:
    return Typed(values, pl.Series([False]).new_from_index(0, len(values)))


def _texts_from_tsv(raw: pl.Series, marks: Marks, *, escaped: bool) -> pl.Series:
    texts = raw.set(raw == marks.empty, "")
    if not escaped:
        return texts
    return _rewritten(texts, texts.str.contains(_NEEDS_ESCAPES), unescape)


def _rewritten(texts: pl.Series, where: pl.Series, rule: Any) -> pl.Series:
    places = where.arg_true()
    if not len(places):
        return texts
    return texts.scatter(places, pl.Series([rule(text) for text in texts.gather(places)], dtype=pl.String))


def _scalar(raw: pl.Series, zeek_type: str) -> Typed:
    values = _READERS[zeek_type](raw, zeek_type)
    if values.null_count() == raw.null_count():
        return _fine(values)
    return Typed(values, values.is_null() & raw.is_not_null())


def _integers(raw: pl.Series, zeek_type: str) -> pl.Series:
    values = raw.cast(dtype_of(zeek_type), strict=False)
    if (values.cast(pl.String) == raw).sum() == len(raw) - raw.null_count():
        return values  # they are written back as they were: nothing odd that the cast lets pass
    return raw.set(~raw.str.contains(_INTEGER), None).cast(dtype_of(zeek_type), strict=False)


def _booleans(raw: pl.Series, _: str) -> pl.Series:
    true = raw == "T"
    return true.set(~(true | (raw == "F")), None)


def _addresses(raw: pl.Series, _: str) -> pl.Series:
    texts = raw.drop_nulls().unique()
    wrong = [text for text in texts.filter(~texts.str.contains(_IPV4)) if not _is_address(text)]
    return raw.set(raw.is_in(wrong), None) if wrong else raw


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _numbers(raw: pl.Series) -> pl.Series:
    return raw.set(~raw.str.contains(_NUMBER), None).cast(pl.Float64, strict=False)


def _doubles(raw: pl.Series, _: str) -> pl.Series:
    return _numbers(raw)


def _times(raw: pl.Series, _: str) -> pl.Series:
    times = _moments(_numbers(raw))
    odd = (times.is_null() & raw.is_not_null()).arg_true()
    if not len(odd):
        return times
    return times.scatter(odd, pl.Series([iso(text) for text in raw.gather(odd)], dtype=times.dtype))


def _intervals(raw: pl.Series, _: str) -> pl.Series:
    return _spans(_numbers(raw))


_READERS: Final = {
    **dict.fromkeys(_INTEGERS, _integers),
    "bool": _booleans,
    "addr": _addresses,
    "double": _doubles,
    "time": _times,
    "interval": _intervals,
}


def _microseconds(seconds: pl.Series, most: float) -> pl.Series:
    """Round as C's `%.6f` does (ties to even), so that a JSON double and a TSV cell of one value are equal."""
    inside = seconds.set((seconds.abs() >= most) | seconds.is_nan(), None)
    return (inside * 1e6).round(mode="half_to_even").cast(pl.Int64)


def _moments(numbers: pl.Series) -> pl.Series:
    late = (numbers.abs() > _MILLISECONDS_FROM).fill_null(value=False)
    seconds = numbers.zip_with(~late, numbers / 1000) if late.any() else numbers
    return _microseconds(seconds, _YEAR_9999).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _spans(seconds: pl.Series) -> pl.Series:
    return _microseconds(seconds, _LONGEST).cast(pl.Duration("us"))


def iso(text: str) -> datetime | None:
    """Read an ISO 8601 time (UTC unless it says otherwise); `None` if it is none.

    A fraction of `1000000` is a whole second: Zeek rounds up to seven digits instead of carrying.
    """
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    fraction = found[2] or "0"
    micros = 1_000_000 if fraction == "1000000" else round(int(fraction[:7].ljust(7, "0")) / 10)
    try:
        moment = datetime.fromisoformat(found[1] + (found[3] or "Z"))
        return moment.astimezone(UTC) + timedelta(microseconds=micros)
    except (ValueError, OverflowError):
        return None


def _sets_from_tsv(raw: pl.Series, element: str, marks: Marks, *, escaped: bool) -> Typed:
    empty = (raw == marks.empty) | (raw == "")
    pieces = raw.set(empty, None).str.split(marks.set_separator)
    flat = pieces.explode(empty_as_null=False, keep_nulls=False)
    return _regroup(pieces.list.len(), from_tsv(flat, element, marks, escaped=escaped), empty)


def _regroup(lengths: pl.Series, flat: Typed, empty: pl.Series) -> Typed:
    """Put elements back into lists. `lengths` is null where there is no list, unless it is `empty`."""
    rows = pl.DataFrame({"length": lengths, "empty": empty}).with_row_index("row")
    repeated = rows.select(pl.col("row").repeat_by(pl.col("length").fill_null(0))).to_series()
    elements = {"row": repeated.explode(empty_as_null=False, keep_nulls=False), "value": flat.values, "bad": flat.bad}
    lists = pl.DataFrame(elements).group_by("row", maintain_order=True).agg("value", pl.col("bad").any())
    nothing_in_it = pl.lit(pl.Series([[]], dtype=pl.List(flat.values.dtype)))
    value = pl.when("empty").then(nothing_in_it).when(~pl.col("bad")).then("value").alias("value")
    bad = pl.col("bad").fill_null(value=False)
    grouped = rows.join(lists, on="row", how="left", maintain_order="left").select(value, bad)
    return Typed(grouped["value"], grouped["bad"])


def from_json(values: Sequence[Any], zeek_type: str) -> Typed:
    """Give decoded JSON values as a typed column."""
    element = element_of(zeek_type)
    if element is not None:
        return _sets_from_json(values, element)
    if zeek_type in _INTEGERS:
        return _integers_from_json(values, zeek_type)
    readers = {"bool": _booleans_from_json, "time": _times_from_json, "interval": _intervals_from_json}
    if zeek_type in readers:
        return readers[zeek_type](values)
    if zeek_type == "double":
        return _checked(values, _only_numbers(values))
    texts = _texts_from_json(values)
    if zeek_type == "addr":
        checked = _addresses(texts.values, zeek_type)
        return Typed(checked, texts.bad | (checked.is_null() & texts.values.is_not_null()))
    return texts


def _checked(values: Sequence[Any], series: pl.Series) -> Typed:
    given = pl.Series([value is not None for value in values], dtype=pl.Boolean)
    return Typed(series, given & series.is_null())


def _only(values: Sequence[Any], *types: type) -> list[Any]:
    """Give values of exactly these types (a bool is no int), null for others."""
    return [value if type(value) in types else None for value in values]


def _texts_from_json(values: Sequence[Any]) -> Typed:
    strings = _only(values, str)
    try:
        texts = pl.Series(strings, dtype=pl.String)
    except UnicodeEncodeError:  # half a surrogate pair: no text, but JSON lets it through
        texts = pl.Series([text and _SURROGATE.sub(_as_bytes, text) for text in strings], dtype=pl.String)
    return _checked(values, _rewritten(texts, texts.str.contains(_NEEDS_CONTROL), shown))


def _as_bytes(found: re.Match[str]) -> str:
    return "".join(f"\\x{byte:02x}" for byte in found[0].encode("utf-8", "surrogatepass"))


def _integers_from_json(values: Sequence[Any], zeek_type: str) -> Typed:
    whole = [int(v) if type(v) is float and v.is_integer() else v for v in values]
    limit = 1 << 63 if zeek_type == "int" else 1 << 64 if zeek_type == "count" else 1 << 16
    least = -limit if zeek_type == "int" else 0
    kept = [v if type(v) is int and least <= v < limit else None for v in whole]
    return _checked(values, pl.Series(kept, dtype=dtype_of(zeek_type)))


def _booleans_from_json(values: Sequence[Any]) -> Typed:
    return _checked(values, pl.Series(_only(values, bool), dtype=pl.Boolean))


def _only_numbers(values: Sequence[Any]) -> pl.Series:
    return pl.Series([_float(value) for value in values], dtype=pl.Float64)


def _float(value: Any) -> float | None:
    if type(value) is float:
        return value
    return float(value) if type(value) is int and abs(value) < 1 << 63 else None


def _times_from_json(values: Sequence[Any]) -> Typed:
    times = _moments(_only_numbers(values))
    written = [place for place, value in enumerate(values) if type(value) is str]
    if written:
        read = pl.Series([iso(values[place]) for place in written], dtype=times.dtype)
        times = times.scatter(written, read)
    return _checked(values, times)


def _intervals_from_json(values: Sequence[Any]) -> Typed:
    return _checked(values, _spans(_only_numbers(values)))


def _sets_from_json(values: Sequence[Any], element: str) -> Typed:
    lists = _only(values, list)
    flat = [item for some in lists if some is not None for item in some]
    lengths = pl.Series([None if some is None else len(some) for some in lists], dtype=pl.UInt32)
    grouped = _regroup(lengths, from_json(flat, element), lengths == 0)
    wrong = pl.Series([v is not None and s is None for v, s in zip(values, lists, strict=True)], dtype=pl.Boolean)
    return Typed(grouped.values, grouped.bad | wrong)
