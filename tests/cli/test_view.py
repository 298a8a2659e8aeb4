"""`zeeksmtp view`: what it needs, what it reads, and that it runs in a real terminal and ends with `q`."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Run
from tests.outputs import _reports
from zeeksmtp.cli import view
from zeeksmtp.errors import ExitCode, NoInputError
from zeeksmtp.model import View
from zeeksmtp.outputs.json import OUTPUT as JSON


@pytest.fixture
def report(tmp_path: Path) -> Path:
    (tmp_path / "report.json").write_text(JSON.render(_reports.full(), View()))
    return tmp_path / "report.json"


def in_terminal(*words: object, keys: bytes = b"q", **environ: str) -> tuple[int, str]:
    """Run the program in a terminal, press keys when its table is there, and return exit code and what it wrote."""
    ours, theirs = pty.openpty()
    program = [sys.executable, "-m", "zeeksmtp", *map(str, words)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "80", "LINES": "24"} | environ
    with subprocess.Popen(program, stdin=theirs, stdout=theirs, stderr=subprocess.STDOUT, env=environment) as process:
        os.close(theirs)
        written, deadline = b"", time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline:
            if select.select([ours], [], [], 0.2)[0]:
                try:
                    written += os.read(ours, 65536)
                except OSError:  # the other end is closed
                    break
            if keys and b"Incidents" in written and b"Quit" in written:
                os.write(ours, keys)
                keys = b""
        process.kill() if time.monotonic() >= deadline else None
    os.close(ours)
    return process.returncode, written.decode(errors="replace")


def test_it_runs_in_a_terminal_and_ends(report: Path) -> None:
    code, written = in_terminal("view", report, NO_COLOR="1")
    assert code == ExitCode.OK
    assert "Cleartext password" in written
    colours = [f"\x1b[{code}m" for code in (31, 32, 33, 34, 35, 91)]
    assert not any(colour in written for colour in colours) and "[38;" not in written.replace("[38;5;16m", "")


def test_without_textual_it_names_the_extra(zeeksmtp: Run, report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "textual", None)
    ended = zeeksmtp("view", report)
    assert ended.code == ExitCode.UNUSABLE
    assert "pip install 'zeeksmtp[tui]'" in ended.err


def test_without_a_terminal_it_says_what_else_there_is(zeeksmtp: Run, report: Path) -> None:
    ended = zeeksmtp("view", report)
    assert ended.code == ExitCode.USAGE
    assert "`zeeksmtp report --full`" in ended.err


def test_a_report_is_told_from_a_log(report: Path, tmp_path: Path) -> None:
    log = tmp_path / "conn.json"
    log.write_text('{"ts":1.0,"uid":"C1"}\n')
    assert view.is_report(report) and not view.is_report(log) and not view.is_report(tmp_path)
    assert view.read_report(report) == _reports.full()


@pytest.mark.parametrize("change", [("report.v2", "report.v1"), ('"findings"', '"fundings"'), ("}", "")])
def test_a_report_of_another_version_is_refused(report: Path, change: tuple[str, str]) -> None:
    report.write_text(report.read_text().replace(*change))
    with pytest.raises(NoInputError, match=r"is no report of this version: .*; make it anew"):
        view.read_report(report)
