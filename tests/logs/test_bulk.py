"""Parsing in bulk is a short cut: what it gives is what the careful way gives, whatever stands in a line."""

from __future__ import annotations

import ipaddress
import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.conftest import CAPTURES
from tests.logs.reading import read
from zeeksmtp.model import Log
from zeeksmtp.reading import json_rows, tsv_rows
from zeeksmtp.reading.careful import Marks, is_address
from zeeksmtp.reading.columns import Batch, _no_address, batch, required
from zeeksmtp.reading.header import Header
from zeeksmtp.reading.kinds import logs
from zeeksmtp.reading.scan import LINES, sift

GOOD: dict[str, list[str]] = {
    "time": ["1795392000.028066", "0.000000", "1795392000.5", "9999999999.999999"],
    "interval": ["0.010000", "-1.500000", "86400.000001"],
    "count": ["0", "7", "18446744073709551615", "999999999999999999"],
    "port": ["25", "587", "0", "60000", "65535", "2525"],
    "bool": ["T", "F"],
    "addr": ["10.0.0.1", "255.255.255.255", "2001:db8::1", "::", "::ffff:10.0.0.1"],
    "string": ["smtp", "C1", "é", "220 mx ESMTP", "AUTH", "PLAIN abc", "a(b", "MX"],
}
ODD = ["-", "", "(empty)", "25 ", "+5", "05", "1e3", "nan", "65536", "1795392000", "256.0.0.1", "1.2.3.04", "fe80::1%e"]
ODD += [
    r"\x2d",
    r"a\\b",
    r"\x00",
    "a,b",
    ",",
    "a,-",
    "(empty),x",
    "T",
    "x\x7f",
    "x\x0by",
    "1795392000000.5",
    "12345678901.5",
]


ODD_MARKS = [Marks(unset=""), Marks(unset="2", empty="-"), Marks(empty=""), Marks(set_separator="||"), Marks(unset="T")]


def good(zeek_type: str) -> st.SearchStrategy[str]:
    element = zeek_type.partition("[")[2].removesuffix("]")
    if element:
        return st.lists(good(element), max_size=3).map(lambda some: ",".join(some) or "(empty)")
    return st.sampled_from(GOOD.get(zeek_type, GOOD["string"]))


@st.composite
def tsv(draw: st.DrawFn) -> tuple[Header, list[str]]:
    """Return a header, its fields perhaps with one that is unknown or twice there, and lines, most of them fine."""
    separator = draw(st.sampled_from(["\t", "\t", "\t", "|", ";", "^", "a", "||", "\x01"]))
    marks = draw(st.sampled_from([Marks(), Marks(), Marks(), *ODD_MARKS]))
    log = logs()[draw(st.sampled_from(sorted(logs())))]
    types = {column.name: column.type for column in log.columns}
    fields = [*types, *draw(st.lists(st.sampled_from(["more", "ts", "uid"]), max_size=1))]
    fields = [
        field for field in fields if field not in draw(st.sampled_from([(), ("helo", "service"), ("id.resp_p",)]))
    ]
    lines = []
    for _ in range(draw(st.integers(1, 4))):
        cells = [draw(good(types.get(field, "string"))) for field in fields]
        for _ in range(draw(st.sampled_from([0, 0, 1, 3]))):
            cells[draw(st.integers(0, len(cells) - 1))] = draw(st.sampled_from(ODD) | st.text(max_size=5))
        lines.append(separator.join(cells[: draw(st.sampled_from([None, None, None, -1]))]))
    return Header(log.name, separator, marks, fields=tuple(fields)), lines


def rows_of(lines: list[str], *, as_json: bool = False) -> pl.DataFrame:
    data = "".join(line.replace("\n", " ") + "\n" for line in lines).encode(errors="replace")
    return sift(data, None, 1, as_json=as_json).rows.cast({"i": LINES["i"]})


def with_care(log: Log, frame: pl.DataFrame, rejects: list[tuple[int, str]]) -> Batch:
    return batch(log, [frame], rejects)


def assert_same(got: Batch, want: Batch) -> None:
    assert sorted(got.rejects) == sorted(want.rejects)
    assert (got.log, got.kept is None) == (want.log, want.kept is None)
    if got.kept is not None and want.kept is not None:
        assert_frame_equal(got.kept, want.kept)


REQUIRED = required(logs()["conn"].columns)
ROW = "1.5\tC1\t10.0.0.1\t1\t10.0.0.2\t25"


@given(tsv())
@example((Header("conn", fields=REQUIRED), [ROW, "\r", ROW, "\r\r", "  ", ROW + "\r", ROW + "\t", ROW[:-2], "\r"]))
@example((Header("conn", fields=REQUIRED), [ROW, "\r\r"]))
@example((Header("conn", fields=REQUIRED), [ROW + "\tmore", ROW + "\t"]))
@example((Header("conn", fields=(*REQUIRED, "proto", "service")), [ROW + "\ttcp\r\tsmtp", ROW + "\ttcp\tsmtp\r\r"]))
@example((Header("conn", fields=(*REQUIRED, "service", "more")), [ROW + "\tsmtp\r\tx", ROW + "\tsmtp\tx"]))
@example((Header("conn", fields=REQUIRED), [ROW[:-1], ROW[:9]]))
def test_tsv_is_parsed_as_with_care(drawn: tuple[Header, list[str]]) -> None:
    header, lines = drawn
    log, rows = logs()[header.log or ""], rows_of(lines)
    assert_same(tsv_rows.parse(log, rows, header), with_care(log, *tsv_rows.careful(log, rows, header)))


JSON_GOOD: dict[str, list[Any]] = {
    "time": [1795392000.028066, 1795392000, 0.1],
    "interval": [0.01, -1.5, 0.0072789192199707031, 7.152557373046875e-6, 3],
    "count": [0, 7, 2**64 - 1],
    "port": [25, 587, 60000],
    "bool": [True, False],
    "addr": GOOD["addr"],
    "string": [*GOOD["string"], "(empty)", "-", "{", "}", 'a"b', "a\\b", "\x01", "\ud800"],
}
JSON_ODD: list[Any] = [
    None,
    "25",
    25.0,
    -1,
    65536,
    1.5,
    "T",
    [],
    [None],
    ["a", 1],
    {"a": 1},
    1e300,
    True,
    10**30,
    "2026-11-23T06:00:00Z",
]


ISO = ["2026-11-23T06:00:00.028066Z", "2024-02-28T23:59:59.999999Z", "2026-12-31T00:00:00.000000Z"]
ISO_ODD = ["2024-02-29T06:00:00.000000Z", "2026-02-29T06:00:00.000000Z", "2026-04-31T06:00:00.000000Z"]
ISO_ODD += ["2026-11-23T06:00:00.1000000Z", "2026-11-23T06:00:60.000000Z", "2026-11-23T06:00:00.5Z", "0026-11-23"]
ISO_ODD += ["2026-11-23T06:00:00.028066+01:00", "2026-11-23 06:00:00.028066Z", "2026-13-23T24:00:00.028066Z"]


def good_json(zeek_type: str, *, iso: bool = False) -> st.SearchStrategy[Any]:
    element = zeek_type.partition("[")[2].removesuffix("]")
    if element:
        return st.lists(good_json(element), max_size=3)
    if zeek_type == "time" and iso:
        return st.sampled_from(ISO)
    return st.sampled_from(JSON_GOOD.get(zeek_type, JSON_GOOD["string"]))


@st.composite
def json_lines(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Return a log and lines, most of them objects as Zeek writes them."""
    log = logs()[draw(st.sampled_from(sorted(logs())))]
    columns = [*log.columns, *log.columns[:1]] if draw(st.booleans()) else list(log.columns)
    scope, iso = draw(st.sampled_from(["id.", "id.", "id_"])), draw(st.booleans())
    odd = [*JSON_ODD, *ISO_ODD] if iso else JSON_ODD
    lines = []
    for _ in range(draw(st.integers(1, 4))):
        pairs = [(c.name.replace("id.", scope), draw(good_json(c.type, iso=iso))) for c in columns]
        pairs = [pair for pair in pairs if draw(st.integers(0, 15))]
        pairs += draw(
            st.lists(st.tuples(st.sampled_from(["more", 'a"b', "é", "uid"]), st.sampled_from(odd)), max_size=1)
        )
        for _ in range(draw(st.sampled_from([0, 0, 1]))):
            at = draw(st.integers(0, len(pairs) - 1)) if pairs else 0
            pairs[at : at + 1] = [(pairs[at][0] if pairs else "ts", draw(st.sampled_from(odd)))]
        blanks = draw(st.sampled_from(["", "", " "]))
        line = "{" + ",".join(f"{json.dumps(key)}:{blanks}{json.dumps(value)}" for key, value in pairs) + "}"
        cut = draw(st.sampled_from([None, None, None, -1, len(line) // 2]))
        lines.append(line[:cut] + draw(st.sampled_from(["", "", "", "}", ",", " "])))
    return log.name, lines


START = '{"ts":1.5,"uid":"C1","id.orig_h":"10.0.0.1","id.orig_p":1,"id.resp_h":"10.0.0.2","id.resp_p":25'


@given(json_lines())
@example(("conn", [START + "}", START + ',"service":"smtp"}"proto":"tcp"}']))
@example(("conn", [START + ',"proto":"tcp",', START + "}"]))
@example(("conn", [START + ',"proto":"tcp"},' + START + ',"proto":"tcp"}', START + "}"]))
@example(("conn", [START + ',"ts":2.5}', START + "}"]))
@example(("conn", [START + ',"duration":9e9}', START + ',"duration":1e-5}', START + ',"duration":9999999999.9}']))
@example(("conn", [START + ',"a\\":1,\\"ts":9.5}', START + ',"a":1,"ts":9.5}']))
@example(("conn", [START + ',"\\ud800":1}', START + "}"]))
@example(("conn", [START + ',"proto":"tcp"}', "  ", START + ',"proto":"tcp"}', "\t"]))
@example(("conn", [START + ',"proto":"tcp"}', "null", START + ',"proto":"tcp"}', "[]", "{}"]))
def test_json_is_parsed_as_with_care(drawn: tuple[str, list[str]]) -> None:
    name, lines = drawn
    log, rows = logs()[name], rows_of(lines, as_json=True)
    assert_same(json_rows.parse(log, rows), with_care(log, *json_rows.careful(log, rows)))


@given(st.datetimes(datetime(1000, 1, 1), datetime(2999, 12, 31)), st.sampled_from([*ISO_ODD, *ISO]))  # noqa: DTZ001
def test_iso_times_are_parsed_as_with_care(moment: datetime, other: str) -> None:
    times = (f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}", other)
    lines = [START.replace("1.5", f'"{written}"') + ',"service":"smtp"}' for written in times]
    log, rows = logs()["conn"], rows_of(lines, as_json=True)
    assert_same(json_rows.parse(log, rows), with_care(log, *json_rows.careful(log, rows)))


@given(st.floats(0, 9e9), st.integers(1, 40))
def test_numbers_are_read_to_the_last_digit(number: float, digits: int) -> None:
    lines = [
        START + f',"duration":{written}}}' for written in (repr(number), f"{number:.{digits}f}") if "e+" not in written
    ]
    log, rows = logs()["conn"], rows_of(lines, as_json=True)
    assert_same(json_rows.parse(log, rows), with_care(log, *json_rows.careful(log, rows)))


@given(
    st.lists(st.sampled_from([":", "::", "1", "f0", "abcd", "12345", ".", "255", "256", "0", "g"]), max_size=16).map(
        "".join
    )
)
def test_an_address_is_what_the_standard_library_takes_for_one(text: str) -> None:
    """In bulk, too."""
    try:
        ipaddress.ip_address(text)
        valid = True
    except ValueError:
        valid = False
    assert is_address(text) == valid
    assert _no_address(pl.Series([text])).any() != valid


def test_keys_without_end_are_left_alone() -> None:
    """One line that names 100,000 keys is read with care: a table of them all would cost each other line."""
    many = "{" + ",".join(f'"{number}":1' for number in range(100_000)) + "}"
    log, rows = logs()["conn"], rows_of([many, START + "}"], as_json=True)
    started = time.monotonic()
    assert_same(json_rows.parse(log, rows), with_care(log, *json_rows.careful(log, rows)))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("form", ["tsv", "json"])
def test_nearly_all_that_zeek_writes_is_parsed_in_bulk(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the fast way is none."""
    with_care: list[int] = []
    module = {"tsv": tsv_rows, "json": json_rows}[form]
    careful = module.careful

    def counted(log: Log, rows: pl.DataFrame, *rest: Any) -> Any:
        with_care.append(len(rows))
        return careful(log, rows, *rest)

    monkeypatch.setattr(module, "careful", counted)
    records = [record for folder in CAPTURES.glob(f"*/{form}") for record in read(folder, tmp_path)]
    kept = sum(record.kept for record in records)
    assert kept > 1000
    assert sum(with_care) < 0.05 * kept
