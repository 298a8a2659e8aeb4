"""`zeeksmtp check`: exit codes and performance data as the Monitoring Plugins guidelines have them, nothing logged."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.conftest import CAPTURES
from zeeksmtp.cli import app
from zeeksmtp.errors import ExitCode

PERFDATA = re.compile(r"'?([^'=|;]{1,19}[^'=|;]*)'?=(-?\d+(?:\.\d+)?)(us|ms|s|%|B|KB|MB|TB|c)?((?:;[0-9.:~@]*){0,4})")
LONG = ("--hours", 8760, "--max-age", 8760)
"""The recordings are some days old."""


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the state folder that a pass over two recordings leaves."""
    home = tmp_path_factory.mktemp("check")
    _logs(home)
    config = f'log_dir = "{home}/logs"\nstate_dir = "{home}/state"\nsettle_seconds = 0\n'
    (home / "zeeksmtp.toml").write_text(config)
    assert app.run(["cron", "--quiet", "--config", str(home / "zeeksmtp.toml")]) == ExitCode.OK
    return home / "state"


def _logs(home: Path) -> None:
    (home / "logs").mkdir()
    for name in ("auth_plain_initial", "vrfy_scan"):
        (home / "logs" / name).symlink_to(CAPTURES / name / "tsv")


@pytest.fixture
def passed(state: Path, zeeksmtp: Run, tmp_path: Path) -> Run:
    """Return the program in a folder with a copy of that state."""
    shutil.copytree(state, tmp_path / "state")
    _logs(tmp_path)
    (tmp_path / "zeeksmtp.toml").write_text('log_dir = "logs"\nstate_dir = "state"\nsettle_seconds = 0\n')
    return zeeksmtp


def checked(zeeksmtp: Run, *words: object) -> tuple[int, str, dict[str, tuple[str, str]]]:
    """Run it; return code, text, and performance data as label -> (value, limits)."""
    code, out, err = zeeksmtp("check", *words)
    assert err == "" and out.count("\n") == 1 and out.count("|") == 1
    text, _, data = out.rstrip("\n").partition(" | ")
    parts = [PERFDATA.fullmatch(item) for item in data.split(" ")]
    assert all(parts)
    return code, text, {part[1]: (part[2], part[4]) for part in parts if part}


def incidents(zeeksmtp: Run) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(zeeksmtp("incidents", "list", "--format", "json").out)
    return found


def test_open_incidents_are_critical_and_named_by_id(passed: Run) -> None:
    code, text, data = checked(passed, *LONG)
    known = incidents(passed)
    assert code == 2
    assert text.startswith(f"ZEEKSMTP CRITICAL - {len(known)} open incidents (")
    assert all(incident["id"][:8] in text for incident in known[:3])
    for severity in ("critical", "high", "medium", "low", "info"):
        count = sum(incident["severity"] == severity for incident in known)
        assert data[f"incidents_{severity}"][0] == str(count)
    assert data["incidents_high"][1] == ";0;0;0" and data["incidents_low"][1] == ";;;0"
    assert data["waiting_reports"][0] == data["failed"][0] == data["rejected_rows"][0] == "0"
    assert int(data["sessions"][0]) > 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), 2),
        (("--critical", "critical"), 1),
        (("--warning", "critical", "--critical", "critical"), 0),
        (("-w", "info", "-c", "info"), 2),
    ],
)
def test_severities_can_be_chosen(words: tuple[str, ...], expected: int, passed: Run) -> None:
    assert {incident["severity"] for incident in incidents(passed)} <= {"medium", "high"}
    assert checked(passed, *LONG, *words)[0] == expected


def test_what_is_acknowledged_or_suppressed_is_not_open(passed: Run) -> None:
    first, *others = incidents(passed)
    passed("incidents", "ack", first["id"], "--reason", "ticket 1")
    for incident in others:
        passed("incidents", "suppress", incident["id"], "--reason", "known")
    code, text, data = checked(passed, *LONG)
    assert (code, text) == (0, "ZEEKSMTP OK - no open incidents")
    assert data["incidents_critical"][0] == data["incidents_high"][0] == "0"


def test_an_incident_is_open_for_some_hours_and_an_old_row_warns(passed: Run) -> None:
    newest = max(datetime.fromisoformat(incident["last"]) for incident in incidents(passed))
    assert datetime.now(UTC) - newest > timedelta(hours=2)
    code, text, data = checked(passed, "--hours", 1, "--max-age", 1)
    assert code == 1
    assert re.fullmatch(r"ZEEKSMTP WARNING - newest row is [\d,]+\.\d h old", text)
    assert data["newest_row_age"][1] == ";3600;;0"


def test_a_report_that_waits_warns(passed: Run, tmp_path: Path) -> None:
    for incident in incidents(passed):
        passed("incidents", "ack", incident["id"], "--reason", "known")
    config = tmp_path / "zeeksmtp.toml"
    config.write_text(config.read_text() + '[report_command]\nrun = ["/bin/false"]\n')
    (tmp_path / "logs" / "more").symlink_to(CAPTURES / "password_spray" / "tsv")
    passed("cron", "--quiet")
    for incident in incidents(passed):
        passed("incidents", "ack", incident["id"], "--reason", "known")
    code, text, data = checked(passed, *LONG)
    assert (code, text) == (1, "ZEEKSMTP WARNING - reports that wait for delivery: 1")
    assert data["waiting_reports"] == ("1", ";0;;0")


def test_nothing_that_was_logged_is_in_it(passed: Run) -> None:
    text = passed("check", *LONG).out
    names = {n for i in incidents(passed) for role in ("clients", "servers", "accounts") for n in i[role] if n}
    assert names and not [name for name in names if name in text]


@pytest.mark.parametrize("config", ['state_dir = "none|here"\n', "alhpa = 1\n", "\x00"])
def test_without_a_state_it_is_unknown(config: str, zeeksmtp: Run, tmp_path: Path) -> None:
    (tmp_path / "zeeksmtp.toml").write_text(config)
    code, out, err = zeeksmtp("check")
    assert (code, err) == (3, "")
    assert out.startswith("ZEEKSMTP UNKNOWN - ") and out.count("\n") == 1 and "|" not in out
