"""Guards what -v, --debug and --log-file show: progress, the traceback of what failed, and never what a log held."""

from __future__ import annotations

import json
import logging
import os
import shutil
import stat
import time
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tests.cli.conftest import Run
from zeeksmtp.cli import _logging
from zeeksmtp.detectors import crackable_auth
from zeeksmtp.errors import ExitCode

SECRET = "hunter2"


@pytest.fixture
def broken_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a detector fail with an error whose text quotes a log line."""

    def plan(*_: object) -> pl.LazyFrame:
        raise ValueError(SECRET)

    monkeypatch.setattr(crackable_auth, "DETECTOR", replace(crackable_auth.DETECTOR, plan=plan))


def test_nothing_is_logged_unless_asked_for(zeeksmtp: Run, leak: Path) -> None:
    assert zeeksmtp("report", leak).err == ""


def test_verbose_shows_the_steps_and_debug_every_file_and_detector(zeeksmtp: Run, leak: Path) -> None:
    steps = zeeksmtp("report", leak, "-v").err
    assert "INFO zeeksmtp.pipeline: read 7 files: " in steps and "DEBUG" not in steps
    details = zeeksmtp("report", leak, "--debug").err
    assert "DEBUG zeeksmtp.ingest: " in details and "DEBUG zeeksmtp.pipeline: detector password-guessing: " in details


@pytest.mark.usefixtures("broken_detector")
def test_a_failed_detector_leaves_its_traceback_in_the_log_and_a_hint_in_the_report(
    zeeksmtp: Run, leak: Path, tmp_path: Path
) -> None:
    log = tmp_path / "zeeksmtp.log"
    ended = zeeksmtp("report", leak, "--log-file", log, "--format", "json")
    assert (ended.code, ended.err) == (ExitCode.DEGRADED, "")
    (problem,) = json.loads(ended.out)["errors"]
    assert problem["where"] == "crackable-auth" and "--debug or --log-file FILE" in problem["what"]
    text = log.read_text()
    assert "ERROR zeeksmtp.pipeline: crackable-auth failed" in text
    assert 'test_logging.py", line' in text and text.splitlines()[-1].startswith(("ValueError", "20"))
    assert "\nValueError\n" in text and SECRET not in text + ended.out


def test_a_log_file_is_private_and_grows_by_appending(zeeksmtp: Run, leak: Path, tmp_path: Path) -> None:
    log = tmp_path / "zeeksmtp.log"
    zeeksmtp("report", leak, "--log-file", log)
    once = log.read_text()
    zeeksmtp("report", leak, "--log-file", log)
    assert log.read_text().startswith(once) and len(log.read_text()) > len(once)
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_log_file_that_cannot_be_written_is_said_in_one_line(zeeksmtp: Run, leak: Path, tmp_path: Path) -> None:
    ended = zeeksmtp("report", leak, "--log-file", tmp_path / "nowhere" / "z.log")
    assert ended.code == ExitCode.UNUSABLE
    assert "No such file or directory; choose another place" in ended.err


def test_a_logged_string_cannot_forge_a_line_or_move_the_cursor() -> None:
    record = logging.LogRecord("zeeksmtp", logging.INFO, "", 0, "file %s", ("a\nERROR \x1b[2J",), None)
    assert _logging.SafeFormatter("%(message)s").format(record) == "file a\\x0aERROR \\x1b[2J"


def test_a_pass_logs_one_line(zeeksmtp: Run, leak: Path, tmp_path: Path) -> None:
    shutil.copytree(leak, tmp_path / "logs")
    for path in (tmp_path / "logs").iterdir():
        os.utime(path, (time.time() - 3600,) * 2)
    (tmp_path / "zeeksmtp.toml").write_text('log_dir = "logs"\nstate_dir = "state"\n')
    lines = [line for line in zeeksmtp("cron", "-v").err.splitlines() if "zeeksmtp.cron.run:" in line]
    (line,) = lines
    assert "INFO zeeksmtp.cron.run: pass: 7 files, " in line and line.endswith("report sent")
    assert "0 files, 0 rows" in zeeksmtp("cron", "-v").err
