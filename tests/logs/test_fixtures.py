"""Every file under fixtures/logs: what it is taken for, where its lines go, what its rows say."""

from __future__ import annotations

from contextlib import suppress
from io import FileIO
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.conftest import CAPTURES, ROOT
from tests.logs.reading import count, data_lines, read, table, tables
from zeeksmtp.errors import NoInputError
from zeeksmtp.reading.decompress import DamagedError, unpacked
from zeeksmtp.reading.discover import find

LOGS = ROOT / "fixtures" / "logs"

# file -> for each log in it: log, kept, skipped, rejected
EXPECTED: dict[str, list[tuple[str, int, int, int]]] = {
    "conn/bad_values.json.log": [("conn", 2, 0, 15)],
    "conn/conn.log": [("conn", 4, 3, 0)],
    "conn/epoch.json.log": [("conn", 4, 3, 0)],
    "conn/floats.json.log": [("conn", 4, 3, 0)],
    "conn/half_last_line.json.log": [("conn", 1, 0, 1)],
    "conn/iso.json.log": [("conn", 4, 3, 0)],
    "conn/millis.json.log": [("conn", 4, 3, 0)],
    "conn/nested.json.log": [("conn", 4, 3, 0)],
    "conn/null_keys.json.log": [("conn", 4, 3, 0)],
    "conn/port_last.log": [("conn", 4, 3, 0)],
    "conn/stream_fields.json.log": [("conn", 4, 3, 0)],
    "conn/underscore.json.log": [("conn", 4, 3, 0)],
    "conn/whole_last_line.json.log": [("conn", 2, 0, 0)],
    "mixed/multizeek.log": [("conn", 8, 7, 0), ("smtp", 2, 0, 0)],
    "mixed/stream.json.log": [("conn", 1, 2, 1), ("smtp", 2, 0, 0), ("dns", 1, 1, 0)],
    "packed/conn.cut.log.gz": [("conn", 2, 2, 1)],
    "packed/conn.garbage_after.log.gz": [("conn", 4, 3, 0)],
    "packed/conn.log.bz2": [("conn", 4, 3, 0)],
    "packed/conn.log.xz": [("conn", 4, 3, 0)],
    "packed/conn.log.zst": [("conn", 4, 3, 0)],
    "packed/conn.no_trailer.log.gz": [("conn", 4, 3, 0)],
    "packed/conn.two_members.log.gz": [("conn", 4, 3, 0)],
    "packed/misnamed.conn.log.gz": [("conn", 4, 3, 0)],
    "smtp/bad_values.log": [("smtp", 1, 0, 10)],
    "smtp/bom.log": [("smtp", 1, 0, 0)],
    "smtp/close_nodate.log": [("smtp", 1, 0, 0)],
    "smtp/columns_change.log": [("smtp", 2, 0, 0)],
    "smtp/crash_then_appended.log": [("smtp", 2, 0, 1)],
    "smtp/crlf.log": [("smtp", 2, 0, 0)],
    "smtp/escapes.json.log": [("smtp", 3, 0, 0)],
    "smtp/escapes.log": [("smtp", 3, 0, 0)],
    "smtp/half_line.log": [("smtp", 1, 0, 1)],
    "smtp/hash_and_quote.log": [("smtp", 4, 0, 0)],
    "smtp/header_only.log": [("smtp", 0, 0, 0)],
    "smtp/invalid_utf8.log": [("smtp", 3, 0, 0)],
    "smtp/no_fields.log": [("smtp", 0, 0, 2)],
    "smtp/no_uid.log": [("smtp", 0, 0, 1)],
    "smtp/plain_header.log": [("smtp", 2, 0, 0)],
    "smtp/separators.log": [("smtp", 1, 0, 0)],
}
UNUSABLE = {"packed/conn.log.lz4": "lz4", "smtp/empty.log": "empty"}
PROBLEMS = {
    "packed/conn.cut.log.gz": "cut short",
    "packed/conn.no_trailer.log.gz": "cut short",
    "smtp/no_fields.log": "no #fields line",
    "smtp/no_uid.log": "lacks uid",
}


def test_every_fixture_is_expected() -> None:
    there = {str(path.relative_to(LOGS)) for path in LOGS.rglob("*") if path.is_file()} - {"README.md"}
    assert there == EXPECTED.keys() | UNUSABLE.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_where_the_lines_go(name: str, tmp_path: Path) -> None:
    records = read(LOGS / name, tmp_path)
    assert [(r.source.log, r.kept, r.skipped, r.rejected) for r in records] == EXPECTED[name]
    assert {table: len(rows) for table, rows in tables(tmp_path).items()} == {
        log: kept for log, kept, _, _ in EXPECTED[name] if kept
    }
    problem = records[0].problem or ""
    assert PROBLEMS[name] in problem if name in PROBLEMS else not problem


def _content(path: Path) -> bytes:
    pieces: list[bytes] = []
    with FileIO(path) as file, suppress(DamagedError):
        pieces.extend(unpacked(file, 1 << 20))
    return b"".join(pieces)


FIXTURES = sorted([*(LOGS / name for name in EXPECTED), *CAPTURES.glob("*/*/*.log")])


def test_accounting_of_every_fixture(tmp_path: Path) -> None:
    """kept + skipped + rejected = data lines, counted one by one."""
    checked = 0
    for path in FIXTURES:
        try:
            records = read(path, tmp_path)
        except NoInputError:
            assert path.stem in {"files", "software"}
            continue
        lines = data_lines(_content(path), records[0].source.format)
        assert sum(map(count, records)) == lines - (path.name == "plain_header.log"), path
        checked += 1
    assert checked > 200


@pytest.mark.parametrize(("name", "why"), UNUSABLE.items())
def test_what_cannot_be_used_is_named(name: str, why: str) -> None:
    with_a_log = find([LOGS / name, LOGS / "conn" / "conn.log"])
    assert [why in passed.why for passed in with_a_log.passed_over] == [True]


ALIKE = [name for name in EXPECTED if EXPECTED[name] == [("conn", 4, 3, 0)] and name != "conn/conn.log"]


@pytest.mark.parametrize("name", ALIKE)
def test_the_same_rows_whatever_the_form(name: str, tmp_path: Path) -> None:
    """Each form of conn/ and packed/ gives the rows of the plain TSV file, and the very same part."""
    want = read(LOGS / "conn" / "conn.log", tmp_path / "want")
    got = read(LOGS / name, tmp_path / "got")
    rows = tables(tmp_path / "want")["conn"]
    if name == "conn/millis.json.log":
        rows = rows.with_columns(pl.col("ts").dt.truncate("1ms"))
    assert_frame_equal(tables(tmp_path / "got")["conn"], rows)
    if name != "conn/millis.json.log":
        assert got[0].part and want[0].part and got[0].part.name == want[0].part.name


def test_escapes(tmp_path: Path) -> None:
    """TSV and JSON of the same hostile values; control and invalid bytes are visible, a literal dash is a dash."""
    tsv = table(LOGS / "smtp" / "escapes.log", tmp_path / "tsv", "smtp")
    json = table(LOGS / "smtp" / "escapes.json.log", tmp_path / "json", "smtp")
    values = ["helo", "mailfrom", "rcptto", "last_reply"]
    first, second, third = tsv.select(values).rows()
    assert first == ("-", "(empty)", ["a,b@example.net", "", None], r"C:\x41 \x09tab")
    assert second == ("grüße", "é@example.org", [], r"bad \xff\xc3\xa9 \x00")
    assert third == ("", None, None, "half \\x4 \\q \\")
    assert json.select(values).rows()[:2] == [first, second]
    assert json["helo"][2] == r"\xed\xa0\x80x"


def test_hash_and_quote_do_not_cost_the_neighbours(tmp_path: Path) -> None:
    rows = table(LOGS / "smtp" / "hash_and_quote.log", tmp_path, "smtp")
    assert rows["last_reply"].to_list() == ["250 #1 #2", '250 "unbalanced', "250 ok", "250 ok"]
    assert rows["helo"].to_list() == ["ws5.example", 'ws"5', "ws'5", "ws5.example"]
    assert rows["uid"][3] == "#C"


def test_separators(tmp_path: Path) -> None:
    row = table(LOGS / "smtp" / "separators.log", tmp_path, "smtp").row(0, named=True)
    assert row["rcptto"] == ["b@example.net", "c@example.net"]
    assert (row["helo"], row["fuids"], row["last_reply"]) == ("", None, "-")


def test_columns_that_come_and_go(tmp_path: Path) -> None:
    rows = table(LOGS / "smtp" / "columns_change.log", tmp_path, "smtp")
    assert rows["helo"].to_list() == ["ws5.example"] * 2
    assert rows["tls"].to_list() == [None, False]


def test_invalid_utf8_is_kept_visibly(tmp_path: Path) -> None:
    rows = table(LOGS / "smtp" / "invalid_utf8.log", tmp_path, "smtp")
    assert rows["helo"].to_list() == ["ws5.example", r"caf\xe9", "café"]


def test_rejects_name_line_and_reason_only(tmp_path: Path) -> None:
    (record,) = read(LOGS / "smtp" / "bad_values.log", tmp_path)
    assert [(reject.line, reject.reason) for reject in record.rejects] == [
        (9, "ts is no time"),
        (10, "ts is missing"),
        (11, "uid is missing"),
        (12, "id.orig_h is no addr"),
        (13, "id.resp_p is no port"),
        (14, "tls is no bool"),
        (15, "trans_depth is no count"),
        (16, "3 fields, the header names 13"),
        (17, "14 fields, the header names 13"),
        (18, "1 fields, the header names 13"),
    ]


def test_rejects_of_json(tmp_path: Path) -> None:
    (record,) = read(LOGS / "conn" / "bad_values.json.log", tmp_path)
    reasons = {reject.line: reject.reason for reject in record.rejects}
    assert reasons[4] == "no JSON object"
    assert reasons[5] == "malformed JSON", "a nesting bomb"
    assert reasons[6] == reasons[7] == "duration is no interval", "NaN and Infinity"
    assert reasons[10] == "orig_bytes is no count", "true is no number"
    assert reasons[13] == "uid is missing"
    assert read(LOGS / "conn" / "half_last_line.json.log", tmp_path)[0].rejects[0].reason == "half last line"


CASES = sorted(path.parent for path in CAPTURES.glob("*/json") if (path.parent / "tsv").is_dir())


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_tsv_and_json_of_a_capture_give_equal_tables(case: Path, tmp_path: Path) -> None:
    read(case / "tsv", tmp_path / "tsv")
    read(case / "json", tmp_path / "json")
    tsv, json = tables(tmp_path / "tsv"), tables(tmp_path / "json")
    assert tsv.keys() == json.keys() and "conn" in tsv
    for name, rows in tsv.items():
        assert_frame_equal(rows, json[name])
    parts = [
        {path.relative_to(root) for path in root.rglob("*.parquet")} for root in (tmp_path / "tsv", tmp_path / "json")
    ]
    assert parts[0] == parts[1]


def test_secrets_of_arguments_do_not_reach_the_lake(tmp_path: Path) -> None:
    """A log of another make may hold AUTH arguments and passwords; neither is kept, nor in the name of the part."""
    fields = ["ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "seq", "command", "arg", "known"]
    head = "#separator \\x09\n#path\tsmtp_cmd\n#fields\t" + "\t".join(fields) + "\n"
    row = "1795400001.000001\tC1\t10.0.0.5\t1\t192.0.2.25\t25\t1\t{}\t{}\tT\n"
    names = set()
    for secret in ("AGFsaWNlAHMzY3IzdA==", "AGFsaWNlAGh1bnRlcjI="):
        folder = tmp_path / secret.strip("=")
        folder.mkdir()
        (folder / "smtp_cmd.log").write_text(head + row.format("AUTH", f"PLAIN {secret}") + row.format("**", secret))
        rows = table(folder, folder / "lake", "smtp_cmd")
        assert rows["arg"].to_list() == ["PLAIN", None]
        names |= {path.name for path in (folder / "lake").rglob("*.parquet")}
    assert len(names) == 1
