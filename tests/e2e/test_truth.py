"""Every recorded attack is found with who, whom and what; no innocent host is accused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluation.captures import BEHIND
from tests.cases import DETECTORS
from tests.e2e import _runs
from tests.e2e._runs import CAPTURES, NAMES, OFFICE, Json
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
    assert behind <= DETECTORS.keys()
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
    document = _runs.capture(name)
    by_id = {finding["id"]: finding for finding in document["findings"]}
    linked = [finding for incident in document["incidents"] for finding in incident["findings"]]
    assert all(worth_a_look(by_id[finding]) for finding in linked)
    assert len(linked) == len(set(linked))


def test_the_office_report_names_what_happened() -> None:
    document, truth = _runs.report(OFFICE / "logs"), json.loads((OFFICE / "truth.json").read_text())
    assert truth.keys() == {"cleartext", "enumeration", "outbound"}
    for kind, happened in truth.items():
        for event in happened:
            assert [f for f in _runs.findings(document, **event) if f["detector"] in BEHIND[kind]], (kind, event)
    accounts = {(c["account"], c["server"]) for c in document["credentials_to_change"]}
    assert {(event["account"], event["server"]) for event in truth["cleartext"]} <= accounts


def test_the_office_report_on_a_screen_names_what_happened() -> None:
    truth = json.loads((OFFICE / "truth.json").read_text())
    shown = _runs.written("terminal", str(OFFICE / "logs"))
    for event in (event for happened in truth.values() for event in happened):
        assert all(value in shown for value in event.values()), event


def test_the_office_with_stock_logs_alone_names_its_bot(tmp_path: Path) -> None:
    stock = _runs.stock_logs(OFFICE / "logs", tmp_path / "stock")
    document, (bot,) = _runs.report(stock), json.loads((OFFICE / "truth.json").read_text())["outbound"]
    (incident,) = [i for i in document["incidents"] if bot["client"] in i["clients"]]
    (role,) = [role["role"] for role in document["roles"] if role["host"] == bot["client"]]
    assert (incident["severity"], role) == ("high", "other")
    assert f"Isolate {bot['client']} and investigate it." in {action["text"] for action in incident["actions"]}
    (found,) = [f for f in _runs.findings(document, **bot) if f["detector"] == "new-direct-sender"]
    (whole,) = [f for f in _runs.findings(_runs.report(OFFICE / "logs"), **bot) if f["detector"] == "new-direct-sender"]
    assert (found["id"], found["visibility"], found["basis"]) == (whole["id"], "observed", ["conn", "smtp"])


@pytest.mark.parametrize(
    ("name", "client", "detector", "least"),
    [
        ("spambot_direct_to_mx", "10.20.1.15", "new-direct-sender", "high"),
        ("spambot_direct_to_mx", "10.20.1.15", "identity-churn", "high"),
        ("blocklist_refusals", "10.20.1.88", "blocklisted-sender", "high"),
        ("credential_exfiltration", "10.20.1.77", "credential-exfiltration", "medium"),
    ],
)
def test_a_sender_is_found_in_stock_logs(name: str, client: str, detector: str, least: str, tmp_path: Path) -> None:
    document = _runs.report(_runs.stock_logs(CAPTURES / name / "tsv", tmp_path / "stock"))
    (found,) = [f for f in _runs.findings(document, client=client) if f["detector"] == detector]
    assert found["severity"] == least
    assert found["id"] in {f["id"] for f in _runs.findings(_runs.capture(name), client=client)}
    assert any(found["id"] in incident["findings"] for incident in document["incidents"]) or found["symptom_of"]
