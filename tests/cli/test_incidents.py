"""`zeeksmtp incidents`: the list, one of them whole, and what the operator says covers the findings."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.conftest import CAPTURES
from tests.outputs import _reports
from zeeksmtp.errors import ExitCode
from zeeksmtp.state.findings import RememberedFinding, save_findings
from zeeksmtp.state.incidents import save_incidents
from zeeksmtp.state.store import open_store

CASES = ("auth_plain_initial", "vrfy_scan", "spambot_direct_to_mx")


@pytest.fixture
def remembered(zeeksmtp: Run, tmp_path: Path) -> list[dict[str, Any]]:
    """Run a pass over the logs of some sensors and return the incidents that are remembered of it."""
    (tmp_path / "logs").mkdir()
    for name in CASES:
        (tmp_path / "logs" / name).symlink_to(CAPTURES / name / "tsv")
    (tmp_path / "zeeksmtp.toml").write_text('log_dir = "logs"\nstate_dir = "state"\nsettle_seconds = 0\n')
    assert zeeksmtp("cron", "--format", "json").code == ExitCode.OK
    incidents = listed(zeeksmtp, "incidents")
    assert len(incidents) >= len(CASES)
    return incidents


def listed(zeeksmtp: Run, what: str, *words: object) -> list[dict[str, Any]]:
    things: list[dict[str, Any]] = json.loads(zeeksmtp(what, "list", "--format", "json", *words).out)
    return things


def states(zeeksmtp: Run) -> dict[str, str]:
    """Return the state of each finding."""
    return {finding["id"]: finding["state"] for finding in listed(zeeksmtp, "findings")}


def test_the_list_has_a_line_each(zeeksmtp: Run, remembered: list[dict[str, Any]]) -> None:
    lines = zeeksmtp("incidents", "list").out.splitlines()
    assert [line.split()[5] for line in lines] == [incident["id"] for incident in remembered]
    assert all(line.startswith("new ") and i["title"] in line for line, i in zip(lines, remembered, strict=True))


def test_filters(zeeksmtp: Run, remembered: list[dict[str, Any]]) -> None:
    of_detector = listed(zeeksmtp, "incidents", "--detector", "cleartext-credentials")
    assert of_detector and all("10.20.0.28" in incident["servers"] for incident in of_detector)
    assert listed(zeeksmtp, "incidents", "--account", "alice") == of_detector
    assert listed(zeeksmtp, "incidents", "--state", "acknowledged", "--since", "2026-01-01") == []


def test_one_is_shown_whole(zeeksmtp: Run, remembered: list[dict[str, Any]]) -> None:
    """As `zeeksmtp show` does, and with what was decided about its findings."""
    for incident in remembered:
        page = zeeksmtp("incidents", "show", incident["id"][:8]).out
        assert page == zeeksmtp("show", incident["id"]).out
        assert [id_ for id_ in (incident["id"], *incident["findings"]) if id_ not in page] == []
        assert f"zeeksmtp session {incident['uids'][0]} logs" in page
        shown = json.loads(zeeksmtp("incidents", "show", incident["id"], "--format", "json").out)
        assert shown == incident
    chosen = remembered[0]
    assert zeeksmtp("incidents", "ack", chosen["id"], "--reason", "ticket 4711").code == ExitCode.OK
    decided = [line for line in zeeksmtp("incidents", "show", chosen["id"]).out.splitlines() if "ticket 4711" in line]
    assert [line.split()[:2] for line in decided] == [[id_, "acknowledged"] for id_ in chosen["findings"]]


def test_to_acknowledge_an_incident_covers_its_findings(zeeksmtp: Run, remembered: list[dict[str, Any]]) -> None:
    chosen = next(incident for incident in remembered if "alice" in incident["accounts"])
    done = zeeksmtp("incidents", "ack", chosen["id"][:6], "--reason", "passwords changed").out.splitlines()
    assert done[0] == f"acknowledged: {chosen['id']}  {chosen['title']}" and done[-1] == "1 incident acknowledged"
    assert {line.split()[1] for line in done[1:-1]} == {*chosen["findings"]}
    covered = {id_ for id_, state in states(zeeksmtp).items() if state == "acknowledged"}
    assert covered == {*chosen["findings"]}
    assert [i["id"] for i in listed(zeeksmtp, "incidents", "--state", "acknowledged")] == [chosen["id"]]
    assert zeeksmtp("incidents", "unack", chosen["id"]).out.splitlines()[-1] == "1 incident no longer acknowledged"
    assert "acknowledged" not in states(zeeksmtp).values()


def test_an_acknowledged_finding_is_not_enough(zeeksmtp: Run, remembered: list[dict[str, Any]]) -> None:
    chosen = next(incident for incident in remembered if len(incident["findings"]) > 1)
    zeeksmtp("findings", "ack", chosen["findings"][0], "--reason", "one of them")
    assert listed(zeeksmtp, "incidents", "--state", "acknowledged") == []
    zeeksmtp("findings", "ack", *chosen["findings"][1:], "--reason", "the others")
    assert [i["id"] for i in listed(zeeksmtp, "incidents", "--state", "acknowledged")] == [chosen["id"]]


def test_to_suppress_an_incident_covers_findings_and_symptoms(
    zeeksmtp: Run, remembered: list[dict[str, Any]], tmp_path: Path
) -> None:
    chosen = next(incident for incident in remembered if incident["symptoms"])
    owned = {*chosen["findings"]} | {f["id"] for f in listed(zeeksmtp, "findings") if f["symptom_of"] == chosen["id"]}
    assert len(owned) > len(chosen["findings"])
    done = zeeksmtp("incidents", "suppress", chosen["id"], "--reason", "test", "--expires", "2099-01-01").out
    assert {line.split()[1] for line in done.splitlines()[1:-1]} == owned
    assert next(i for i in listed(zeeksmtp, "incidents") if i["id"] == chosen["id"])["suppressed"]
    with (tmp_path / "zeeksmtp.toml").open("a") as config:
        config.write('timezone = "Asia/Tokyo"\n')
    assert zeeksmtp("cron", "--quiet", "--format", "json").code == ExitCode.OK
    found = {incident["id"]: incident["last_pass"] for incident in listed(zeeksmtp, "incidents")}
    assert found[chosen["id"]] == 1 and {pass_ for id_, pass_ in found.items() if id_ != chosen["id"]} == {2}


def test_filters_choose_incidents_to_acknowledge(zeeksmtp: Run, remembered: list[dict[str, Any]]) -> None:
    wanted = {i["id"] for i in remembered if "10.20.0.28" in i["servers"]}
    done = zeeksmtp("incidents", "ack", "--server", "10.20.0.28", "--reason", "server replaced").out.splitlines()
    assert done[-1] == f"{len(wanted)} incident{'s' * (len(wanted) > 1)} acknowledged"
    assert {i["id"] for i in listed(zeeksmtp, "incidents", "--state", "acknowledged")} == wanted
    refused = zeeksmtp("incidents", "ack", "--reason", "all of them")
    assert refused.code == ExitCode.USAGE and "name ids, or choose with a filter" in refused.err


def test_nothing_logged_reaches_the_terminal_or_the_shell(zeeksmtp: Run, tmp_path: Path) -> None:
    report = _reports.full()
    hostile = "C1;$(touch x)\x1b[2J"
    incident = report.incidents[0].model_copy(update={"uids": (hostile,), "title": "\x1b[31m", "state": "new"})
    (tmp_path / "state").mkdir()
    (tmp_path / "zeeksmtp.toml").write_text('log_dir = "/opt/zeek/logs of two"\nstate_dir = "state"\n')
    with open_store(tmp_path / "state" / "state.sqlite") as store, store.transaction() as connection:
        findings = [f.model_copy(update={"state": "new"}) for f in report.findings]
        save_findings(connection, [RememberedFinding(f, 1, 1, f.count, f.severity) for f in findings], 1)
        save_incidents(connection, [incident], 1)
    page = zeeksmtp("incidents", "show", incident.id).out + zeeksmtp("incidents", "list").out
    assert page and all(character.isprintable() or character == "\n" for character in page)
    (line,) = (line for line in page.splitlines() if "zeeksmtp session" in line)
    assert shlex.split(line) == ["zeeksmtp", "session", "C1;$(touch x)\\x1b[2J", "/opt/zeek/logs of two"]
