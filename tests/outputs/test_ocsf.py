"""The OCSF events beside the published schema 1.8.0, which the package `ocsf-json-schema` brings, closed as it is."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from tests.outputs._hostile import MARKUP, REFERENCES, hostile
from tests.outputs._reports import holding
from zeeksmtp.model import Report, Severity, View
from zeeksmtp.outputs import ocsf
from zeeksmtp.rendering.pseudonyms import pseudonymise

CLASSES = {2004: "detection_finding"}


@cache
def published() -> Any:
    return get_ocsf_schema(ocsf.OCSF_VERSION)


@cache
def validator(class_uid: int) -> Draft202012Validator:
    schema = OcsfJsonSchemaEmbedded(published()).get_class_schema(CLASSES[class_uid])
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def events(report: Report) -> list[dict[str, Any]]:
    """Render `report`, read it line by line, and validate each event."""
    text = ocsf.OUTPUT.render(report, View())
    assert text.isascii() and "\x7f" not in text
    read = [json.loads(line) for line in text.splitlines()]
    for event in read:
        assert [f"{e.json_path}: {e.message}" for e in validator(event["class_uid"]).iter_errors(event)] == []
    return read


def test_the_schema_is_closed() -> None:
    schema = validator(2004).schema
    assert not isinstance(schema, bool) and schema["additionalProperties"] is False
    assert not validator(2004).is_valid({"class_uid": 2004})


def test_an_event_for_each_finding_and_incident(full: Report) -> None:
    read = events(full)
    assert [event["finding_info"]["uid"] for event in read] == [x.id for x in (*full.findings, *full.incidents)]
    assert [event["finding_info"]["types"] for event in read] == [["finding"]] * len(full.findings) + [["incident"]]
    incident = read[-1]
    assert [part["uid"] for part in incident["finding_info"]["related_events"]] == list(full.incidents[0].findings)
    assert incident["risk_score"] == full.incidents[0].score
    assert incident["remediation"]["desc"].count("\n") == len(full.incidents[0].actions) - 1


def test_nothing_is_found(empty: Report) -> None:
    assert events(empty) == []


def test_names_stand_beside_their_numbers(full: Report) -> None:
    """Captions are those of the schema."""
    for event in events(full):
        attributes = published()["classes"][CLASSES[event["class_uid"]]]["attributes"]
        for number, name in (("severity_id", "severity"), ("status_id", "status"), ("activity_id", "activity_name")):
            assert attributes[number]["enum"][str(event[number])]["caption"] == event[name]
        assert attributes["type_uid"]["enum"][str(event["type_uid"])]


@pytest.mark.parametrize("state", ["new", "ongoing", "quiet", "acknowledged", None])
def test_every_state(full: Report, state: str | None) -> None:
    finding = full.findings[0].model_copy(update={"state": state})
    incident = full.incidents[0].model_copy(update={"state": state})
    first, *_, last = events(full.model_copy(update={"findings": (finding,), "incidents": (incident,)}))
    want = {"new": (1, 1), "ongoing": (2, 2), "quiet": (2, 99), "acknowledged": (2, 2), None: (1, 1)}[state]
    assert (first["activity_id"], first["status_id"]) == (last["activity_id"], last["status_id"]) == want


def test_what_a_finding_says(full: Report) -> None:
    event, finding = events(full)[2], full.findings[2]
    assert event["severity_id"] == 4 == list(Severity).index(finding.severity) + 1
    assert event["time"] == event["end_time"] == int(finding.last.timestamp() * 1000)
    assert event["finding_info"]["attacks"] == [{"technique": {"uid": "T1589"}, "sub_technique": {"uid": "T1589.002"}}]
    assert event["finding_info"]["data_sources"] == ["smtp_cmd"]
    assert [related["uid"] for related in event["finding_info"]["related_events"]] == list(finding.uids)
    assert event["evidences"] == [
        {"src_endpoint": {"ip": client}, "dst_endpoint": {"ip": "10.0.0.25"}} for client in finding.clients
    ]
    assert {o["value"] for o in event["observables"]} == {*finding.clients, *finding.servers}
    assert events(full)[-2]["is_alert"] is False


def test_a_finding_without_clients_has_its_server_as_evidence(full: Report) -> None:
    assert events(full)[3]["evidences"] == [{"dst_endpoint": {"ip": "10.0.0.25"}}]


def test_pseudonyms_are_no_addresses(full: Report) -> None:
    first = events(pseudonymise(full))[0]
    assert first["evidences"][0]["src_endpoint"] == {"name": "host-1"}
    assert {observable["type_id"] for observable in first["observables"]} == {1, 4}


def test_an_incident_whose_findings_were_filtered_out(full: Report) -> None:
    (event,) = events(full.model_copy(update={"findings": ()}))
    assert event["finding_info"]["related_events_count"] == len(full.incidents[0].findings)
    assert "attacks" not in event["finding_info"]


def test_hostile_strings(full: Report) -> None:
    events(hostile(full, MARKUP, keep=REFERENCES))


@given(text=st.text(max_size=20) | st.sampled_from(["", "10.0.0.1", "fe80::1%eth0", "1.2.3"]))
@settings(max_examples=30, deadline=None)
def test_whatever_was_logged(text: str) -> None:
    events(holding(text))
