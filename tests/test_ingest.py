"""Ingest: parts named by content, files that vanish or are shut, bounds, and what a lake gives back."""

from __future__ import annotations

import gzip
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.conftest import CAPTURES, ROOT
from tests.logs.reading import read, tables
from zeeksmtp.dtypes import schema_of
from zeeksmtp.ingest import every_record, ingest_file, scan
from zeeksmtp.reading import parquet_part
from zeeksmtp.reading.discover import Source
from zeeksmtp.reading.kinds import logs

LOGS = ROOT / "fixtures" / "logs"
CONN = LOGS / "conn" / "conn.log"
CASE = CAPTURES / "mixed_office_day"
NOBODY = 65534


def parts(lake: Path) -> dict[str, bytes]:
    return {str(path.relative_to(lake)): path.read_bytes() for path in sorted(lake.rglob("*")) if path.is_file()}


def test_a_rerun_makes_the_same_parts_byte_for_byte(tmp_path: Path) -> None:
    for lake in ("one", "two"):
        read(CASE / "tsv", tmp_path / lake)
    first = parts(tmp_path / "one")
    assert first and first == parts(tmp_path / "two")
    read(CASE / "tsv", tmp_path / "one")
    assert parts(tmp_path / "one") == first, "taken twice into one lake, it is there once"


def test_renamed_and_packed_files_make_the_same_part(tmp_path: Path) -> None:
    read(CONN, tmp_path / "want")
    (tmp_path / "conn.06:00:00-07:00:00.log").write_bytes(CONN.read_bytes())
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "conn.log.gz").write_bytes(gzip.compress(CONN.read_bytes()))
    for number, path in enumerate([tmp_path / "conn.06:00:00-07:00:00.log", tmp_path / "b" / "conn.log.gz"]):
        read(path, tmp_path / str(number))
        assert parts(tmp_path / str(number)) == parts(tmp_path / "want")


def test_other_rows_make_another_part(tmp_path: Path) -> None:
    (tmp_path / "conn.log").write_text(CONN.read_text().replace("10.0.0.5", "10.0.0.6"))
    one, two = read(CONN, tmp_path / "lake") + read(tmp_path / "conn.log", tmp_path / "lake")
    assert one.part != two.part


_texts = st.none() | st.sampled_from(["", "a", ",", '"', "-", "0", "é"])
_rows = st.lists(
    st.fixed_dictionaries(
        {
            "ts": st.none() | st.sampled_from([datetime(2026, 11, 23, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)]),
            "text": _texts,
            "more": _texts,
            "set": st.none() | st.lists(_texts, max_size=2),
            "count": st.none() | st.integers(0, 1),
            "span": st.none() | st.sampled_from([timedelta(0), timedelta(microseconds=1)]),
        }
    ),
    min_size=1,
    max_size=3,
)
_SCHEMA: dict[str, Any] = {
    "ts": pl.Datetime("us", "UTC"),
    "text": pl.String,
    "more": pl.String,
    "set": pl.List(pl.String),
    "count": pl.UInt64,
    "span": pl.Duration("us"),
}


def _name(frames: list[pl.DataFrame]) -> str:
    with TemporaryDirectory() as folder:
        part = parquet_part.Part(Path(folder) / "conn")
        for frame in frames:
            part.add(frame)
        path = part.close()
    assert path is not None
    return path.name


@given(_rows, _rows, st.integers(0, 3))
def test_a_part_is_named_by_its_rows_alone(one: list[dict[str, Any]], other: list[dict[str, Any]], cut: int) -> None:
    """The same rows make the same name, however they come; other rows make another."""
    frame, second = pl.DataFrame(one, schema=_SCHEMA), pl.DataFrame(other, schema=_SCHEMA)
    assert _name([frame]) == _name([frame[:cut], frame[cut:]])
    assert (_name([frame]) == _name([second])) == frame.equals(second)


def test_rows_that_wait_on_disk_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With next to no memory allowed, every batch is put aside; name, rows and order stay, and no file is left over."""
    text = (CASE / "tsv" / "smtp_cmd.log").read_text().splitlines(keepends=True)
    head, rows = text[:8], text[8:-1]
    path = tmp_path / "smtp_cmd.log"
    path.write_text("".join([*head, *rows, *head[:6], "#fields\tts\n", *head, *rows, *head[:7], *rows]))
    want = read(path, tmp_path / "want")
    monkeypatch.setattr(parquet_part, "_MAX_MEMORY_BYTES", 1)
    got = read(path, tmp_path / "got")
    again = read(path, tmp_path / "again")
    assert got[0].part and want[0].part and again[0].part
    assert got[0].part.name == want[0].part.name
    assert_frame_equal(tables(tmp_path / "got")["smtp_cmd"], tables(tmp_path / "want")["smtp_cmd"])
    assert parts(tmp_path / "got") == parts(tmp_path / "again") and len(parts(tmp_path / "got")) == 1


def test_the_lake_is_closed_to_others(tmp_path: Path) -> None:
    read(CASE / "tsv", tmp_path / "lake")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "lake").rglob("*") if path.is_file()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "lake").iterdir()}
    assert (modes, folders) == ({0o600}, {0o700})


def test_no_rows_no_part(tmp_path: Path) -> None:
    (record,) = read(LOGS / "smtp" / "header_only.log", tmp_path)
    assert (record.part, record.kept, record.problem, record.note) == (None, 0, None, "it holds no line")
    assert parts(tmp_path) == {}


@pytest.mark.parametrize("name", ["header_only", "no_uid"])
def test_a_header_that_is_still_written_is_no_problem(name: str, tmp_path: Path) -> None:
    """Wherever it ends. Only lines that cannot be used for want of it make it one."""
    text = (LOGS / "smtp" / f"{name}.log").read_text()
    header = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    path = tmp_path / "smtp.log"
    for end in range(1, len(header) + 1):
        path.write_text(header[:end])
        record = ingest_file(Source(path, "smtp", "tsv", end), tmp_path / "lake")
        assert (record.problem, record.note, record.rejected) == (None, "it holds no line", 0), header[:end]


def test_a_file_that_vanished_is_a_problem(tmp_path: Path) -> None:
    record = ingest_file(Source(tmp_path / "conn.log", "conn", "tsv", 5), tmp_path / "lake")
    assert record.problem is not None and "gone" in record.problem
    assert (record.kept, record.skipped, record.rejected, record.part) == (0, 0, 0, None)


def test_a_folder_in_place_of_a_file_is_a_problem(tmp_path: Path) -> None:
    record = ingest_file(Source(tmp_path, "conn", "json", 5), tmp_path / "lake")
    assert record.problem is not None and "cannot be read" in record.problem


def test_a_file_without_leave_to_read_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    shutil.copy(CONN, path)
    path.chmod(0)
    with _as_nobody():
        record = ingest_file(Source(path, "conn", "tsv", 5), tmp_path / "lake")
    assert record.problem is not None and "permissions" in record.problem


@contextmanager
def _as_nobody() -> Iterator[None]:
    """Give up root's rights for a while: root may read everything."""
    user = os.geteuid()
    os.seteuid(user or NOBODY)
    yield
    os.seteuid(user)


def test_a_file_cut_while_it_is_read_is_no_error(tmp_path: Path) -> None:
    """zeekctl writes archives straight to their final name: what is there of them is read, and the report says so."""
    path = tmp_path / "conn.log.gz"
    path.write_bytes(gzip.compress(CONN.read_bytes())[:-20])
    record = ingest_file(Source(path, "conn", "tsv", 5), tmp_path / "lake")
    assert record.kept > 0 and record.problem is not None


def test_rejects_are_bounded_their_count_is_not(tmp_path: Path) -> None:
    path = tmp_path / "smtp.log"
    path.write_text("#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\n" + "x\n" * 5000)
    record = ingest_file(Source(path, "smtp", "tsv", 5), tmp_path / "lake")
    assert (record.rejected, len(record.rejects)) == (5000, 1000)


def test_span_is_of_kept_rows_only(tmp_path: Path) -> None:
    (record,) = read(CONN, tmp_path)
    rows = scan(tmp_path, logs()["conn"]).collect()
    assert (record.first, record.last) == (rows["ts"].min(), rows["ts"].max())


def test_a_file_of_several_logs_has_a_record_for_each(tmp_path: Path) -> None:
    record = ingest_file(Source(LOGS / "mixed" / "multizeek.log", "conn", "tsv", 5), tmp_path)
    assert [r.source.log for r in every_record([record])] == ["conn", "smtp"]
    assert all(r.part is not None for r in every_record([record]))


def test_tables_have_exactly_the_declared_columns(tmp_path: Path) -> None:
    """Also those of an empty lake, and of parts that an older version wrote."""
    read(CASE / "tsv", tmp_path / "full")
    old = tmp_path / "old" / "smtp"
    old.mkdir(parents=True)
    pl.DataFrame({"uid": ["C1"], "subject": ["x"]}).write_parquet(old / "a.parquet")
    for log in logs().values():
        want = schema_of(log.columns)
        assert scan(tmp_path / "full", log).collect_schema() == want
        assert scan(tmp_path / "empty", log).collect_schema() == want
    rows = scan(tmp_path / "old", logs()["smtp"]).collect()
    assert rows.schema == schema_of(logs()["smtp"].columns) and rows["uid"].to_list() == ["C1"]


def test_many_alternating_headers_do_not_stall(tmp_path: Path) -> None:
    """A header before each row (thousands of small logs in one stream) costs time in proportion, and no row."""
    header = "#separator \\x09\n#set_separator\t,\n#path\tconn\n"
    fields = CONN.read_text().split("#fields")[1].split("\n")[0]
    row = CONN.read_text().split("\n")[8] + "\n"
    path = tmp_path / "conn.log"
    path.write_text((f"{header}#fields{fields}\n{row}") * 50_000)
    record = ingest_file(Source(path, "conn", "tsv", 5), tmp_path / "lake")
    assert (record.kept, record.rejected) == (50_000, 0)
