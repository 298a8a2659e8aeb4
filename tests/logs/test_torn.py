"""Torn lines and runs of NUL are rejected and counted, also in logs most lines of which are skipped unread."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.logs.reading import count, read
from zeeksmtp.ingest import FileRecord, every_record, ingest_file
from zeeksmtp.reading.discover import Source

CONNECTION = ("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p")
OWN = {
    "conn": {"proto": "tcp", "service": "http", "duration": "1.0", "orig_bytes": "1", "resp_bytes": "2"},
    "dns": {"proto": "udp", "query": "a.example", "qtype": "1", "qtype_name": "A", "rcode_name": "NOERROR"},
    "weird": {"name": "bad_HTTP_request", "notice": "F", "peer": "zeek"},
}  # fmt: skip
TEXTS = {"uid", "id.orig_h", "id.resp_h", "proto", "service", "conn_state", "query", "qtype_name", "rcode_name", "name"}
LINES = 200


def lines(log: str, form: str) -> list[bytes]:
    """Return whole lines that do not concern SMTP."""
    values = [
        dict(zip(CONNECTION, (f"1795400{n:03}.000001", f"C{n}", "10.0.0.1", "40000", "192.0.2.80", "80"), strict=True))
        | OWN[log]
        for n in range(LINES)
    ]
    if form == "tsv":
        return ["\t".join(row.values()).encode() for row in values]
    quoted = [",".join(f'"{k}":' + (f'"{v}"' if k in TEXTS else v) for k, v in row.items()) for row in values]
    return [f"{{{text}}}".replace(":F", ":false").replace(',"peer":zeek', "").encode() for text in quoted]


def head(log: str, form: str) -> bytes:
    fields = "\t".join(["#fields", *CONNECTION, *OWN[log]])
    return f"#separator \\x09\n#path\t{log}\n{fields}\n".encode() if form == "tsv" else b""


FAULTS = {
    "cut": lambda whole: [*whole[:50], whole[50][:40], *whole[51:]],
    "merged": lambda whole: [*whole[:50], whole[50][:40] + whole[51], *whole[52:]],
    "nul": lambda whole: [*whole[:50], b"\0" * 300, *whole[51:]],
    "nul-before": lambda whole: [*whole[:50], b"\0" * 300 + whole[50], *whole[51:]],
    "nul-first": lambda whole: [b"\0" * 300 + whole[0], *whole[1:]],
    "nul-within": lambda whole: [*whole[:50], whole[50][:30] + b"\0" * 9 + whole[50][39:], *whole[51:]],
    "nul-last": lambda whole: [*whole, b"\0" * 300],
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("form", ["tsv", "json"])
@pytest.mark.parametrize("log", OWN)
def test_what_is_torn_is_rejected(log: str, form: str, fault: str, tmp_path: Path) -> None:
    broken = FAULTS[fault](lines(log, form))
    path = tmp_path / f"{log}.log"
    path.write_bytes(head(log, form) + b"\n".join(broken) + b"\n")
    (record,) = read(path, tmp_path / "lake")
    assert (record.kept, record.rejected, count(record)) == (0, 1, len(broken)), record.rejects
    assert record.problem is None


@pytest.mark.parametrize("form", ["tsv", "json"])
@pytest.mark.parametrize("log", OWN)
def test_whole_lines_are_skipped(log: str, form: str, tmp_path: Path) -> None:
    path = tmp_path / f"{log}.log"
    path.write_bytes(head(log, form) + b"\n".join(lines(log, form)) + b"\n")
    (record,) = read(path, tmp_path / "lake")
    assert (record.kept, record.rejected, record.skipped) == (0, 0, LINES)


def alone(content: str, folder: Path) -> list[FileRecord]:
    """Ingest an smtp.log that holds nothing else."""
    path = folder / "smtp.log"
    path.write_bytes(content.encode())
    return list(every_record([ingest_file(Source(path, "smtp", "tsv", len(content)), folder / "lake")]))


@pytest.mark.parametrize("end", ["", "\r", "\n"])
@pytest.mark.parametrize("names", ["ts\tuid", "ts\tuid\tid.orig_h\tid.or", "#fields\tts\tui"])
def test_a_header_that_is_still_being_written_is_no_line(names: str, end: str, tmp_path: Path) -> None:
    assert [count(record) for record in alone(names + end, tmp_path)] == [0]


@pytest.mark.parametrize("row", ["ts\tui", "ts", "1795400000.000001\tC1\t10.0.0.1", "#fields\tts\nts\tuid"])
def test_any_other_half_line_is_one(row: str, tmp_path: Path) -> None:
    assert [record.rejected for record in alone(row, tmp_path)] == [1]
