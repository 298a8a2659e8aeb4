"""Every recorded attack is found with who, whom and what; no innocent host is accused."""

from __future__ import annotations

import json

import pytest

from tests.cases import DETECTORS
from tests.e2e import _runs
from tests.e2e._runs import BEHIND, NAMES, OFFICE, Json
from zeeksmtp.model import Severity

EVENTS = [(name, event) for name in NAMES for event in _runs.events(name)]


def worth_a_look(finding: Json) -> bool:
    return Severity(finding["severity"]).rank >= Severity.MEDIUM.rank


def test_there_are_events() -> None:
    assert len(NAMES) >= 21
    assert len(EVENTS) >= 70
    assert {event["kind"] for _, event in EVENTS} <= BEHIND.keys()


@pytest.mark.parametrize(
    ("name", "event"), EVENTS, ids=[f"{name}-{'-'.join(event.values())}" for name, event in EVENTS]
)
def test_an_event_is_found(name: str, event: Json) -> None:
    behind = BEHIND[event["kind"]]
    if not behind & DETECTORS.keys():
        pytest.skip(f"none of {', '.join(sorted(behind))} is there yet")
    who = {key: event.get(key) for key in ("client", "server", "account")}
    found = [f for f in _runs.findings(_runs.capture(name), **who) if f["detector"] in behind]
    assert found
    # A kind of credential decides how bad its exposure is; anything else that is recorded as an attack is worth a look.
    least = Severity(event.get("severity", "info" if event["kind"] == "cleartext" else "medium"))
    assert any(Severity(f["severity"]).rank >= least.rank for f in found)


@pytest.mark.parametrize("name", NAMES)
def test_no_benign_host_is_accused(name: str) -> None:
    malicious = {event["client"] for event in _runs.events(name)}
    accused = [f for f in _runs.capture(name)["findings"] if worth_a_look(f) and not set(f["clients"]) <= malicious]
    assert accused == []


@pytest.mark.parametrize("name", NAMES)
def test_incidents_are_made_of_findings_worth_a_look(name: str) -> None:
    told = _runs.capture(name)
    by_id = {finding["id"]: finding for finding in told["findings"]}
    linked = [finding for incident in told["incidents"] for finding in incident["findings"]]
    assert all(worth_a_look(by_id[finding]) for finding in linked)
    assert len(linked) == len(set(linked))


def test_the_office_report_names_what_happened() -> None:
    told, truth = _runs.report(OFFICE / "logs"), json.loads((OFFICE / "truth.json").read_text())
    assert truth.keys() == {"cleartext", "enumeration", "outbound"}
    for kind, happened in truth.items():
        for event in happened:
            assert [f for f in _runs.findings(told, **event) if f["detector"] in BEHIND[kind]], (kind, event)
    accounts = {(c["account"], c["server"]) for c in told["credentials_to_change"]}
    assert {(event["account"], event["server"]) for event in truth["cleartext"]} <= accounts


def test_the_office_report_on_a_screen_names_what_happened() -> None:
    truth = json.loads((OFFICE / "truth.json").read_text())
    shown = _runs.written("terminal", str(OFFICE / "logs"))
    for event in (event for happened in truth.values() for event in happened):
        assert all(value in shown for value in event.values()), event
