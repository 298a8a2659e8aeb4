"""ECS: one event for each finding and each incident, as NDJSON in the Elastic Common Schema, for a SIEM.

What the schema has a field for stands there; the rest is below `zeeksmtp`. `event.id` is the id of the finding or the
incident, so an index that takes it for the document's id holds each once. Fields of one address or one name
(`source.ip`, `destination.ip`, `user.name`) are there where a finding names exactly one; `related` has all.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from zeeksmtp.model import Finding, Incident, Output, Report, Severity, View, iso
from zeeksmtp.outputs._events import is_address, json_lines

ECS_VERSION = "9.4.0"
_SCORES = {Severity.INFO: 0, Severity.LOW: 21, Severity.MEDIUM: 47, Severity.HIGH: 73, Severity.CRITICAL: 99}
"""Numbers for severities, as Elastic's own rules have them."""


def render(report: Report, _view: View) -> str:
    """Render `report` as one JSON object a line; pure ASCII, as the JSON form is."""
    incidents = {finding: incident.id for incident in report.incidents for finding in incident.findings}
    version = report.run.version
    events = [_finding(finding, incidents.get(finding.id), version) for finding in report.findings]
    events += [_incident(incident, version) for incident in report.incidents]
    return json_lines(events)


def _finding(finding: Finding, incident: str | None, version: str) -> dict[str, Any]:
    event = _event(finding, "findings", version)
    event["event"] |= {"action": finding.detector, "reason": finding.summary}
    event["rule"] = {"name": finding.detector, "ruleset": "zeeksmtp"}
    event["threat"] = _threat(finding.attack)
    event["zeeksmtp"] |= {
        "state": finding.state,
        "confidence": finding.confidence,
        "visibility": finding.visibility,
        "basis": finding.basis,
        "replaces": finding.replaces,
        "symptom_of": finding.symptom_of,
        "count": finding.count,
        "action": finding.action,
        "uids": finding.uids,
        "incident": incident,
    }
    return event


def _incident(incident: Incident, version: str) -> dict[str, Any]:
    event = _event(incident, "incidents", version)
    event["event"] |= {"reason": _reason(incident), "risk_score": float(incident.score)}
    event["zeeksmtp"] |= {
        "state": incident.state,
        "stages": incident.stages,
        "findings": incident.findings,
        "symptoms": incident.symptoms,
        "campaign": incident.campaign and incident.campaign.model_dump(),
        "actions": [action.model_dump() for action in incident.actions],
        "uids": incident.uids,
    }
    return event


def _reason(incident: Incident) -> str:
    """Return what came of it, and what happened in order of time."""
    steps = [f"{iso(entry.time)} {entry.text}" for entry in incident.timeline]
    return "\n".join([incident.outcome, *steps] if incident.outcome else steps)


def _event(thing: Finding | Incident, dataset: str, version: str) -> dict[str, Any]:
    """Return what findings and incidents have alike."""
    return {
        "@timestamp": iso(thing.last),
        "message": thing.title,
        "ecs": {"version": ECS_VERSION},
        "event": {
            "id": thing.id,
            "kind": "alert",
            "category": ["email", "intrusion_detection"],
            "type": ["info"],
            "module": "zeeksmtp",
            "dataset": f"zeeksmtp.{dataset}",
            "severity": _SCORES[thing.severity],
            "start": iso(thing.first),
            "end": iso(thing.last),
        },
        "observer": {"product": "zeeksmtp", "type": "ids", "version": version},
        "network": {"protocol": "smtp", "transport": "tcp"},
        "source": _end(thing.clients),
        "destination": _end(thing.servers),
        "user": {"name": thing.accounts[0] if len(thing.accounts) == 1 else None},
        "related": _related(thing),
        "zeeksmtp": {
            "severity": thing.severity,
            "clients": thing.clients,
            "servers": thing.servers,
            "accounts": thing.accounts,
        },
    }


def _end(hosts: tuple[str, ...]) -> dict[str, str | None]:
    """Return the one host at an end; a pseudonym is no address."""
    if len(hosts) != 1:
        return {}
    return {"address": hosts[0], "ip": hosts[0] if is_address(hosts[0]) else None}


def _related(thing: Finding | Incident) -> dict[str, list[str]]:
    hosts = list(dict.fromkeys((*thing.clients, *thing.servers)))
    return {
        "ip": [host for host in hosts if is_address(host)],
        "hosts": [host for host in hosts if not is_address(host)],
        "user": list(thing.accounts),
    }


def _threat(attack: Iterable[str]) -> dict[str, Any]:
    """Return ATT&CK ids: `T1589.002` is a subtechnique of `T1589`."""
    ids = list(attack)
    technique = {
        "id": list(dict.fromkeys(id_.partition(".")[0] for id_ in ids)),
        "subtechnique": {"id": [id_ for id_ in ids if "." in id_]},
    }
    return {"framework": "MITRE ATT&CK", "technique": technique} if ids else {}


OUTPUT = Output("ecs", "Elastic Common Schema as NDJSON, for a SIEM: one event for each finding and incident", render)
