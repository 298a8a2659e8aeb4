"""A command of the operator's: what it is given, and every way in which it can fail."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.delivery._envelopes import SECRET, envelope, settings
from zeeksmtp.config import Settings
from zeeksmtp.delivery import configured, send
from zeeksmtp.errors import DeliveryError
from zeeksmtp.model import View


def shell(script: str, *words: str, **more: Any) -> Settings:
    return settings(report_command={"run": ("/bin/sh", "-c", script, "sh", *words), **more})


def failure(config: Settings) -> str:
    with pytest.raises(DeliveryError) as caught:
        send("command", envelope(), config)
    text = str(caught.value)
    assert text.isprintable()
    assert len(text) < 500
    return text


def test_it_is_on_with_a_command() -> None:
    assert configured(shell("true")) == ("command",)


@pytest.mark.parametrize("form", ["json", "markdown", "html", "terminal"])
def test_the_report_comes_on_standard_input(form: str, tmp_path: Path) -> None:
    send("command", envelope(), shell('cat > "$1"', str(tmp_path / "got"), format=form))
    assert (tmp_path / "got").read_text("utf-8") == envelope().render(form, View())


def test_the_environment_says_what_is_in_it(tmp_path: Path) -> None:
    send("command", envelope("x\n\x1b[2J", "pass-7"), shell('env > "$1"', str(tmp_path / "got")))
    environment = dict(line.split("=", 1) for line in (tmp_path / "got").read_text().splitlines() if "=" in line)
    assert {
        name.removeprefix("REPORT_"): value for name, value in environment.items() if name.startswith("REPORT_")
    } == {
        "ID": "pass-7",
        "FORMAT": "json",
        "SUBJECT": "x\\x0a\\x1b[2J",
        "SEVERITY": "critical",
        "INCIDENTS": "1",
        "FINDINGS": "7",
        "NEW": "1",
        "CRITICAL": "2",
        "HIGH": "1",
        "MEDIUM": "1",
        "LOW": "2",
        "INFO": "1",
    }
    assert "PATH" in environment


def test_a_report_without_findings_has_no_severity(tmp_path: Path) -> None:
    from tests.outputs import _reports

    send(
        "command",
        envelope(report=_reports.empty()),
        shell('echo $REPORT_SEVERITY $REPORT_NEW > "$1"', str(tmp_path / "x")),
    )
    assert (tmp_path / "x").read_text() == "none 0\n"


def test_the_password_of_the_mail_server_is_not_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZEEKSMTP_MAIL__PASSWORD", SECRET)
    monkeypatch.setenv("zeeksmtp_mail", json.dumps({"password": SECRET}))
    send("command", envelope(), shell('env > "$1"', str(tmp_path / "got")))
    assert SECRET not in (tmp_path / "got").read_text()


def test_no_shell_reads_the_words(tmp_path: Path) -> None:
    marks = ("$(touch evil)", "a b", "*", "; false", "")
    send("command", envelope(), shell('to=$1; shift; printf "%s|" "$@" > "$to"', str(tmp_path / "got"), *marks))
    assert (tmp_path / "got").read_text() == "".join(f"{mark}|" for mark in marks)


def test_what_it_prints_is_not_shown(capfd: pytest.CaptureFixture[str]) -> None:
    send("command", envelope(), shell("echo out; echo err >&2"))
    assert capfd.readouterr() == ("", "")


def test_a_command_that_reads_nothing_has_still_taken_it() -> None:
    send("command", envelope(), shell("exec 0<&-; exit 0"))


def test_a_failure_shows_the_end_of_what_it_said() -> None:
    text = failure(shell('head -c 3000000 /dev/zero | tr "\\0" x >&2; printf "no\\033[31m queue\\n" >&2; exit 3'))
    assert text.startswith("report command /bin/sh: exit code 3: xxx")
    assert text.endswith("xno\\x1b[31m queue; try it by hand")


def test_a_failure_without_words() -> None:
    assert failure(shell("exit 75")) == "report command /bin/sh: exit code 75; try it by hand"


def test_a_command_that_a_signal_ends() -> None:
    assert "ended by signal 9" in failure(shell("kill -9 $$"))


def test_a_command_that_does_not_end_is_ended_with_all_it_started(tmp_path: Path) -> None:
    script = '(sleep 2; touch "$1") & sleep 30'
    began = time.monotonic()
    assert "not done after 1 s" in failure(shell(script, str(tmp_path / "late"), timeout_seconds=1))
    assert time.monotonic() - began < 10
    time.sleep(2)
    assert not (tmp_path / "late").exists()


def test_what_it_leaves_running_does_not_hold_us_up() -> None:
    began = time.monotonic()
    send("command", envelope(), shell("sleep 20 & exit 0"))
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    ("program", "reason"),
    [("/no/such/program", "No such file or directory"), ("/etc", "Permission denied"), ("a\0b", "null byte")],
)
def test_a_program_that_is_not_there(program: str, reason: str) -> None:
    text = failure(settings(report_command={"run": (program,)}))
    assert reason in text
    assert text.endswith("check `run` in [report_command]")
