"""`zeeksmtp show`: what a number of the first screen, or an id, stands for; and the commands to copy."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ROOT, Run
from zeeksmtp.errors import ExitCode

OFFICE = ROOT / "fixtures" / "scenarios" / "office" / "logs"


def report_of(zeeksmtp: Run, *words: object) -> dict[str, Any]:
    """Return the JSON report."""
    loaded: dict[str, Any] = json.loads(zeeksmtp("report", *words, "--format", "json").out)
    return loaded


def commands(text: str, name: str) -> list[list[str]]:
    """Return the words of the commands of that name that a text shows."""
    lines = (line.strip().removeprefix("next: ") for line in text.splitlines())
    return [shlex.split(line)[1:] for line in lines if line.startswith(f"zeeksmtp {name} ")]


def test_each_number_of_the_first_screen_shows_its_entry(zeeksmtp: Run) -> None:
    incidents = report_of(zeeksmtp, OFFICE)["incidents"]
    assert len(incidents) > 2
    for number, incident in enumerate(incidents, 1):
        ended = zeeksmtp("show", number, OFFICE)
        assert (ended.code, ended.err) == (ExitCode.OK, "")
        flat = " ".join(ended.out.split())
        assert flat.startswith(f"{incident['severity']} {incident['title']} ")
        assert [uid for uid in incident["uids"] if uid not in flat] == []
        assert [f for f in incident["findings"] if f not in flat] == []


def test_numbers_go_on_over_the_other_findings(zeeksmtp: Run) -> None:
    full = zeeksmtp("report", OFFICE, "--full").out
    report = report_of(zeeksmtp, OFFICE)
    owned = {f for incident in report["incidents"] for f in incident["findings"]}
    other = next(f for f in report["findings"] if f["id"] not in owned and not f["symptom_of"])
    number = len(report["incidents"]) + 1
    assert f"{number:>2} {other['severity']}" in full
    assert other["id"] in zeeksmtp("show", number, OFFICE).out


def test_an_id_or_its_beginning(zeeksmtp: Run) -> None:
    report = report_of(zeeksmtp, OFFICE)
    symptom = next(f for f in report["findings"] if f["symptom_of"])
    for finding in (report["findings"][1], symptom):
        assert finding["id"] in zeeksmtp("show", finding["id"], OFFICE).out
        assert zeeksmtp("show", finding["id"][:9], OFFICE).out == zeeksmtp("show", finding["id"], OFFICE).out
    assert f"Symptom of incident {symptom['symptom_of']}" in zeeksmtp("show", symptom["id"], OFFICE).out


def test_commands_work_when_they_are_copied(zeeksmtp: Run, tmp_path: Path) -> None:
    (tmp_path / "my logs").symlink_to(OFFICE)
    (tmp_path / "my.toml").write_text('timezone = "Europe/Berlin"\n')
    screen = zeeksmtp("report", "my logs", "--config", "my.toml", "--detector", "user-enumeration").out
    (show,) = commands(screen, "show")
    assert show == ["show", "1", "my logs", "--detector=user-enumeration", "--config=my.toml"]
    shown = zeeksmtp(*show)
    assert shown.code == ExitCode.OK
    assert "203.0.113.91" in shown.out
    (session,) = commands(shown.out, "session")
    transcript = zeeksmtp(*session)
    assert transcript.code == ExitCode.OK
    assert session[1] in transcript.out


def test_filters_number_but_do_not_cut_evidence(zeeksmtp: Run) -> None:
    options = ("--detector", "user-enumeration")
    incident = report_of(zeeksmtp, OFFICE, *options)["incidents"][0]
    assert len(incident["findings"]) > 1
    shown = zeeksmtp("show", 1, OFFICE, *options).out
    assert [f for f in incident["findings"] if f not in shown] == []


def test_pseudonyms_are_those_of_the_report(zeeksmtp: Run) -> None:
    screen = zeeksmtp("report", OFFICE, "--pseudonymise").out
    (show,) = commands(screen, "show")
    shown = zeeksmtp(*show).out
    title = report_of(zeeksmtp, OFFICE, "--pseudonymise")["incidents"][0]["title"]
    assert title in shown
    assert "10.20." not in shown


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("0", "no incident or finding of this report is 0; their numbers are 1 to "),
        ("99", "no incident or finding of this report is 99; their numbers are 1 to "),
        ("beef" * 4, "their numbers are 1 to "),
        ("a", "their numbers are 1 to "),
        ("\x1b[2J", "\\x1b[2J"),
    ],
)
def test_what_is_not_there(zeeksmtp: Run, leak: Path, reference: str, said: str) -> None:
    ended = zeeksmtp("show", reference, leak)
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1


def test_a_report_without_findings_has_no_numbers(zeeksmtp: Run, leak: Path) -> None:
    ended = zeeksmtp("show", "1", leak, "--account", "nobody")
    assert (ended.code, ended.out) == (ExitCode.USAGE, "")
    assert "is 1; there are none" in ended.err


def test_no_input(zeeksmtp: Run) -> None:
    assert zeeksmtp("show", "1", "/nowhere").code == ExitCode.NO_INPUT


@pytest.fixture
def pass_over_office(zeeksmtp: Run, tmp_path: Path) -> None:
    """Run a scheduled pass over the logs of the office."""
    (tmp_path / "my logs").symlink_to(OFFICE)
    (tmp_path / "zeeksmtp.toml").write_text('log_dir = "my logs"\nstate_dir = "state"\nsettle_seconds = 0\n')
    assert zeeksmtp("cron", "--quiet").code == ExitCode.OK


@pytest.mark.usefixtures("pass_over_office")
def test_without_logs_it_shows_what_passes_remember(zeeksmtp: Run) -> None:
    listed = json.loads(zeeksmtp("incidents", "list", "--format", "json").out)
    assert len(listed) > 2
    for number, incident in enumerate(listed, 1):
        ended = zeeksmtp("show", incident["id"])
        assert (ended.code, ended.err) == (ExitCode.OK, "")
        assert ended.out == zeeksmtp("show", number).out
        assert [f for f in incident["findings"] if f not in ended.out] == []
        (session,) = commands(ended.out, "session")
        assert session[-1] == "my logs"
    assert zeeksmtp("show", "99").code == ExitCode.USAGE


def test_nothing_is_remembered_before_the_first_pass(zeeksmtp: Run) -> None:
    assert zeeksmtp("show", "1").code == ExitCode.UNUSABLE
