"""`zeeksmtp logs`: every file is shown, rejected lines by number and reason, and exit codes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.cli.conftest import Run
from tests.conftest import ROOT

LOGS = ROOT / "fixtures" / "logs"


def test_every_file_is_shown_with_what_became_of_it(tmp_path: Path, zeeksmtp: Run) -> None:
    shutil.copy(LOGS / "conn" / "conn.log", tmp_path)
    (tmp_path / "letter.txt").write_text("Dear all,\n")
    done = zeeksmtp("logs", tmp_path)
    assert (done.code, done.err) == (0, "")
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert rows[0] == ["log", "format", "kept", "skipped", "rejected", "first", "last", "file", "remark"]
    assert rows[1][:5] == ["conn", "tsv", "4", "3", "0"] and rows[1][5].endswith("Z")
    assert rows[2][7] == str(tmp_path / "letter.txt") and rows[2][8].startswith("not used: no Zeek log")


def test_rejected_lines_are_named_not_shown(zeeksmtp: Run) -> None:
    done = zeeksmtp("logs", "--rejected", LOGS / "smtp" / "bad_values.log", LOGS / "conn" / "bad_values.json.log")
    assert done.code == 0, "rejected lines alone change nothing"
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert rows[0] == ["file", "line", "reason"]
    assert [str(LOGS / "smtp" / "bad_values.log"), "9", "ts is no time"] in rows
    assert len(rows) == 1 + 10 + 15
    assert "soon" not in done.out and "nobody" not in done.out


def test_damage_is_degraded(tmp_path: Path, zeeksmtp: Run) -> None:
    done = zeeksmtp("logs", LOGS / "packed" / "conn.no_trailer.log.gz")
    assert done.code == 4
    assert "PROBLEM: damaged gzip file" in done.out
    assert zeeksmtp("logs", LOGS / "packed" / "conn.log.lz4").code == 4


def test_nothing_there(zeeksmtp: Run) -> None:
    done = zeeksmtp("logs", "/nowhere")
    assert done.code == 3
    assert "no such file" in done.err and done.out == ""


def test_names_of_files_are_hostile_too(tmp_path: Path, zeeksmtp: Run) -> None:
    shutil.copy(LOGS / "conn" / "conn.log", tmp_path / "conn.\x1b[31m\tred.log")
    done = zeeksmtp("logs", tmp_path)
    assert done.code == 0
    assert "\x1b" not in done.out and "\\x1b[31m\\x09red" in done.out
    if os.name == "posix":
        (tmp_path / os.fsdecode(b"conn.\xff.log")).write_bytes((LOGS / "conn" / "conn.log").read_bytes())
        assert zeeksmtp("logs", tmp_path).code == 0
