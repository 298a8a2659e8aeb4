"""`zeeksmtp cron` as cron runs it: what it prints, and how it ends."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import CAPTURES
from zeeksmtp.cron.lock import hold_lock
from zeeksmtp.errors import ExitCode

LEAK = CAPTURES / "auth_plain_initial" / "tsv"


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Return a log folder with settled logs, and a config for it in the folder that the program runs in."""
    folder = tmp_path / "logs"
    shutil.copytree(LEAK, folder)
    for path in folder.iterdir():
        os.utime(path, (time.time() - 3600,) * 2)
    (tmp_path / "zeeksmtp.toml").write_text('log_dir = "logs"\nstate_dir = "state"\n')
    return folder


def test_the_report_goes_to_stdout_where_nothing_else_is_said(zeeksmtp: Run, logs: Path) -> None:
    ended = zeeksmtp("cron", "--quiet")
    assert (ended.code, ended.err) == (ExitCode.OK, "")
    assert "alice" in ended.out and "10.20.0.28" in ended.out


def test_cron_mails_nothing_if_there_is_nothing_to_say(zeeksmtp: Run, logs: Path) -> None:
    zeeksmtp("cron", "--quiet")
    assert zeeksmtp("cron", "--quiet") == (ExitCode.OK, "", "")
    assert zeeksmtp("cron") == (ExitCode.OK, "nothing new to report; new lines in 0 files\n", "")


def test_another_format(zeeksmtp: Run, logs: Path) -> None:
    assert zeeksmtp("cron", "--format", "json").out.startswith("{")


def test_where_a_transport_is_configured_nothing_goes_to_stdout(zeeksmtp: Run, logs: Path, tmp_path: Path) -> None:
    with (tmp_path / "zeeksmtp.toml").open("a") as config:
        config.write(f'report_files = ["{tmp_path}/out/{{date:%Y}}.json"]\n')
    assert zeeksmtp("cron", "--quiet") == (ExitCode.OK, "", "")
    (written,) = (tmp_path / "out").iterdir()
    assert "alice" in written.read_text()


def test_a_report_that_does_not_get_away_is_said_and_kept(zeeksmtp: Run, logs: Path, tmp_path: Path) -> None:
    config = (tmp_path / "zeeksmtp.toml").read_text()
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "zeeksmtp.toml").write_text(config + f'report_files = ["{tmp_path}/file/{{date:%Y}}.json"]\n')
    ended = zeeksmtp("cron", "--quiet")
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (ExitCode.DEGRADED, "", 1)
    assert "the report waits for the next pass" in ended.err
    (tmp_path / "file").unlink()
    assert zeeksmtp("cron", "--quiet") == (ExitCode.OK, "", "")
    assert len(list((tmp_path / "file").iterdir())) == 1


def test_exit_codes(zeeksmtp: Run, logs: Path, tmp_path: Path) -> None:
    assert zeeksmtp("cron", "--fail-on", "critical", "--quiet").code == ExitCode.OK
    (tmp_path / "other.toml").write_text('log_dir = "logs"\nstate_dir = "other"\n')
    words = ("cron", "--config", "other.toml", "--quiet", "--fail-on", "high")
    assert zeeksmtp(*words).code == ExitCode.FINDINGS
    assert zeeksmtp(*words).code == ExitCode.OK, "what was found before is no reason to alarm again"
    with hold_lock(tmp_path / "state"):
        ended = zeeksmtp("cron")
    assert ended.code == ExitCode.UNUSABLE and ended.out == "" and len(ended.err.splitlines()) == 1
    shutil.rmtree(logs)
    assert zeeksmtp("cron").code == ExitCode.NO_INPUT
    (tmp_path / "zeeksmtp.toml").write_text('log_dir = "logs"\n')
    assert zeeksmtp("cron").code == ExitCode.UNUSABLE


def test_a_dry_run_says_what_would_be(zeeksmtp: Run, logs: Path, tmp_path: Path) -> None:
    ended = zeeksmtp("cron", "--dry-run")
    assert ended.code == ExitCode.OK and not (tmp_path / "state").exists()
    assert "would read new lines of logs/smtp_auth.log" in ended.out
    (incident,) = (line for line in ended.out.splitlines() if line.startswith("would report new: high "))
    assert "10.20.0.28" in incident
    zeeksmtp("cron")
    assert zeeksmtp("cron", "--dry-run").out == "nothing new to report; new lines in 0 files\n"


@pytest.mark.parametrize("name", ["auth_plain_initial", "password_reuse"])
def test_no_word_has_a_secret(name: str, zeeksmtp: Run, tmp_path: Path) -> None:
    (tmp_path / "zeeksmtp.toml").write_text(
        f'log_dir = "{CAPTURES / name / "tsv"}"\nstate_dir = "state"\nsettle_seconds = 0\n'
    )
    said = [
        zeeksmtp(*words) for words in (("cron", "--dry-run"), ("cron",), ("findings", "list"), ("incidents", "list"))
    ]
    text = "".join(ended.out + ended.err for ended in said)
    secrets = (CAPTURES / name / "secrets.txt").read_text().splitlines()
    assert [line for line in secrets if line and line in text] == []
