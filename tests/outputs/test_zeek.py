"""The Zeek log of findings as zeek-cut, zat and our own reader read it: the same rows, whatever was logged."""

import contextlib
import io
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion
from zat.zeek_log_reader import ZeekLogReader

from tests.outputs._reports import holding
from zeeksmtp.escaping import plain
from zeeksmtp.model import Report, View
from zeeksmtp.outputs import zeek as output
from zeeksmtp.reading.careful import tsv_value
from zeeksmtp.reading.header import Header

ZEEK_CUT = shutil.which("zeek-cut", path="/opt/zeek/bin:/usr/local/zeek/bin:/usr/local/bin:/usr/bin")
needs_zeek_cut = pytest.mark.skipif(ZEEK_CUT is None, reason="zeek-cut is not installed")
TEXTS = (
    st.text(max_size=20) | st.text("\t\n\r\\,-#(empty)x09 é", max_size=12) | st.sampled_from(["-", "(empty)", "#", ""])
)


def ours(text: str) -> Iterator[dict[str, Any]]:
    """Read a log by the pieces that our reader of Zeek's logs is made of."""
    lines = text.split("\n")
    assert lines.pop() == ""
    header = Header(None)
    for line in lines:
        if line.startswith("#"):
            header = header.with_line(line)
            continue
        cells = line.split("\t")
        assert len(cells) == len(output.COLUMNS)
        yield {
            name: _typed(tsv_value(cell, kind, header.marks), kind)
            for (name, kind), cell in zip(output.COLUMNS.items(), cells, strict=True)
        }


def _typed(value: Any, kind: str) -> Any:
    """Return a time as such, not as the reader's microseconds since 1970."""
    is_time = kind == "time" and value is not None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value) if is_time else value


def cut(text: str, *columns: str) -> list[list[str]]:
    """Read a log with the real zeek-cut."""
    done = subprocess.run([str(ZEEK_CUT), *columns], input=text.encode(), capture_output=True, check=True)
    return [line.split("\t") for line in done.stdout.decode().split("\n")[:-1]]


def test_everything(full: Report, snapshot: SnapshotAssertion) -> None:
    assert output.OUTPUT.render(full, View()) == snapshot


def test_nothing_found_is_a_head_alone(empty: Report) -> None:
    lines = output.OUTPUT.render(empty, View()).splitlines()
    assert all(line.startswith("#") for line in lines)
    assert len(lines[-1].split("\t")) == len(lines[-2].split("\t")) == 1 + len(output.COLUMNS)


@needs_zeek_cut
def test_zeek_cut_reads_it(full: Report) -> None:
    read = cut(output.OUTPUT.render(full, View()), "id", "detector", "count", "clients", "state", "summary", "ts")
    assert len(read) == len(full.findings)
    third = full.findings[2]
    assert read[2] == [
        third.id,
        third.detector,
        "412",
        "203.0.113.9,2001:db8::9",
        "new",
        third.summary,
        "1795413660.000000",
    ]


@needs_zeek_cut
@given(text=TEXTS)
def test_zeek_cut_finds_the_columns_whatever_was_logged(text: str) -> None:
    read = cut(output.OUTPUT.render(holding(text), View()), "id", "severity", "confidence", "count")
    assert read == [["0" * 16, "high", "low", "1"], ["0" * 16, "info", "low", "1"]]


@given(text=TEXTS)
def test_our_reader_gets_back_what_was_written(text: str) -> None:
    report = holding(text)
    read = list(ours(output.OUTPUT.render(report, View())))
    assert len(read) == len(report.findings)
    for row, finding in zip(read, report.findings, strict=True):
        assert row["summary"] == plain(finding.summary)
        assert row["title"] == plain(finding.title)
        # In this format a list of one empty text looks like an empty list.
        assert row["accounts"] == ([plain(text)] if text else [])
        assert (row["id"], row["count"], row["ts"], row["state"]) == (finding.id, 1, finding.first, None)


def test_lists_stay_apart(full: Report) -> None:
    names = ("a,b", "", "-", "(empty)", "\\x2c", "c")
    finding = full.findings[0].model_copy(update={"accounts": names})
    (row,) = ours(output.OUTPUT.render(full.model_copy(update={"findings": (finding,)}), View()))
    assert row["accounts"] == list(names)


def test_zat_reads_it(full: Report, tmp_path: Path) -> None:
    log = tmp_path / "smtp_findings.log"
    log.write_text(output.OUTPUT.render(full, View()), "utf-8")
    with contextlib.redirect_stdout(io.StringIO()):
        rows = list(ZeekLogReader(str(log), strict=True).readrows())
    assert [row["id"] for row in rows] == [finding.id for finding in full.findings]
    assert [row["count"] for row in rows] == [finding.count for finding in full.findings]
    assert rows[0]["summary"] == full.findings[0].summary


def test_rows_are_in_order_of_time(full: Report) -> None:
    turned = full.model_copy(update={"findings": full.findings[::-1]})
    assert output.OUTPUT.render(turned, View()) == output.OUTPUT.render(full, View())
