"""Times, intervals and counts that cannot be: their lines are rejected and counted, in any format."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.logs.reading import count, read, tables
from zeeksmtp.reading import tsv_rows
from zeeksmtp.reading.bounds import CLOCK_MARGIN
from zeeksmtp.reading.columns import Batch

FIELDS = ("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "duration", "orig_bytes")
GOOD = ("1795458345.065042", "C1", "10.0.0.1", "40000", "10.0.0.25", "25", "tcp", "1.5", "100")
WILD = {
    "ts": [
        "-89994000000",  # the year -882
        "253402300799",  # the last second of 9999
        "1e18", "-1e18", "1e300", "-5", "0", "631151999", "nan", "inf", "-inf", "9e10",
        "-0882-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z", "1989-12-31T23:59:59.000000Z",
    ],
    "duration": ["1e11", "-1e11", "1e18", "nan", "inf"],
    "orig_bytes": ["9007199254740992", "18446744073709551615", "1e300", "nan"],
}  # fmt: skip
CASES = [(column, value) for column, values in WILD.items() for value in values]


def row(column: str, value: str) -> tuple[str, ...]:
    return tuple(value if name == column else good for name, good in zip(FIELDS, GOOD, strict=True))


Form = Callable[[list[tuple[str, ...]]], str]


def as_tsv(rows: list[tuple[str, ...]]) -> str:
    return "\n".join(["#path\tconn", "\t".join(["#fields", *FIELDS]), *map("\t".join, rows)]) + "\n"


def as_json(rows: list[tuple[str, ...]]) -> str:
    texts = {"uid", "id.orig_h", "id.resp_h", "proto"}

    def value(name: str, text: str) -> str:
        return json.dumps(text) if name in texts or "T" in text else {"nan": "NaN", "inf": "Infinity"}.get(text, text)

    lines = (
        ",".join(f'"{name}":{value(name, text)}' for name, text in zip(FIELDS, cells, strict=True)) for cells in rows
    )
    return "".join(f"{{{line.replace('-inf', '-Infinity')}}}\n" for line in lines)


@pytest.mark.parametrize("form", [as_tsv, as_json])
@pytest.mark.parametrize("odd", ["", r"C\x41"], ids=["bulk", "careful"])
@pytest.mark.parametrize(("column", "value"), CASES)
def test_what_cannot_be_is_rejected_and_counted(form: Form, odd: str, column: str, value: str, tmp_path: Path) -> None:
    """Beside good rows; with an odd uid, TSV rows are read one by one."""
    wild = tuple(odd or cell if cell == "C1" else cell for cell in row(column, value))
    path = tmp_path / "conn.log"
    path.write_text(form([GOOD, wild, GOOD, wild]))
    (record,) = read(path, tmp_path / "lake")
    assert (record.kept, record.rejected, count(record), record.problem) == (2, 2, 4, None)
    assert all(reject.reason.startswith(column) for reject in record.rejects)
    assert len(tables(tmp_path / "lake")["conn"]) == 2


@pytest.mark.parametrize("mtime", [315532800, None], ids=["1980", "now"])
def test_what_was_written_after_the_files_is_damage(mtime: int | None, tmp_path: Path) -> None:
    """A file that an archive gave the time of 1980 is judged by the clock."""
    soon, late = time.time() + 3600, time.time() + CLOCK_MARGIN.total_seconds() + 3600
    path = tmp_path / "conn.log"
    path.write_text(as_tsv([row("ts", f"{soon:.6f}"), row("ts", f"{late:.6f}")]))
    if mtime is not None:
        os.utime(path, (mtime, mtime))
    (record,) = read(path, tmp_path / "lake")
    assert (record.kept, record.rejected) == (1, 1)
    assert "long after the newest file was written" in record.rejects[0].reason


def failing(*_: object) -> Batch:
    raise ZeroDivisionError("".join(["sec", "ret"]))


def test_rows_that_the_bulk_parser_fails_on_are_read_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "conn.log"
    path.write_text(as_tsv([GOOD, row("orig_bytes", "x")]))
    monkeypatch.setattr(tsv_rows, "parse", failing)
    (record,) = read(path, tmp_path / "lake")
    assert (record.kept, record.rejected, record.problem) == (1, 1, None)


def test_rows_that_no_parser_can_read_are_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "conn.log"
    path.write_text(as_tsv([GOOD, GOOD]))
    monkeypatch.setattr(tsv_rows, "parse", failing)
    monkeypatch.setattr(tsv_rows, "parse_singly", failing)
    (record,) = read(path, tmp_path / "lake")
    assert (record.kept, record.rejected) == (0, 2)
    assert record.rejects[0].reason == "cannot be parsed (ZeroDivisionError)"
    assert "parsing 2 lines of conn failed" in caplog.text


def test_whatever_fails_is_the_problem_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tsv_rows, "sift", failing)
    path = tmp_path / "conn.log"
    path.write_text(as_tsv([GOOD]))
    (tmp_path / "smtp.log").write_text('{"ts":1795458345.0}\n')
    conn, smtp = read(tmp_path, tmp_path / "lake")
    assert conn.problem is not None and "ZeroDivisionError" in conn.problem and "line 1" in conn.problem
    assert (smtp.problem, smtp.rejected) == (None, 1)
