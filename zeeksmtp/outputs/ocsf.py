"""OCSF: findings and incidents as Detection Finding (2004), one JSON object a line.

What the schema has no place for stands in `unmapped`. Incident Finding (2005) is a ticket that somebody is assigned to,
and Email Activity (4009) is about one mail each: of both a report knows nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from zeeksmtp.model import Confidence, Finding, Incident, Output, Report, Severity, View
from zeeksmtp.outputs._events import is_address, json_lines

OCSF_VERSION = "1.8.0"
MAX_EVIDENCES = 100
_CATEGORY, _CLASS = 2, 2004
_SEVERITIES = {
    Severity.INFO: (1, "Informational"),
    Severity.LOW: (2, "Low"),
    Severity.MEDIUM: (3, "Medium"),
    Severity.HIGH: (4, "High"),
    Severity.CRITICAL: (5, "Critical"),
}
_CONFIDENCES = {Confidence.LOW: (1, "Low"), Confidence.MEDIUM: (2, "Medium"), Confidence.HIGH: (3, "High")}
_STATUSES = {None: (1, "New"), "new": (1, "New"), "ongoing": (2, "In Progress"), "acknowledged": (2, "In Progress")}
_OTHER_STATUS = 99
_CREATE, _UPDATE = 1, 2
_RULE = 1
_HOSTNAME, _IP_ADDRESS, _USER_NAME = 1, 2, 4


def render(report: Report, _view: View) -> str:
    """Render an event for each finding and each incident of `report`."""
    findings = {finding.id: finding for finding in report.findings}
    owners = {id_: incident.id for incident in report.incidents for id_ in incident.findings}
    version = report.run.version
    events = [_finding(finding, owners.get(finding.id), version) for finding in report.findings]
    events += [_incident(incident, findings, version) for incident in report.incidents]
    return json_lines(events)


def _finding(finding: Finding, incident: str | None, version: str) -> dict[str, Any]:
    confidence = _CONFIDENCES[finding.confidence]
    analytic = {"name": finding.detector, "type_id": _RULE, "type": "Rule", "version": version}
    return _event(finding, version) | {
        "count": finding.count,
        "confidence_id": confidence[0],
        "confidence": confidence[1],
        "is_alert": finding.symptom_of is None,
        "finding_info": _info(finding, "finding", finding.summary, finding.attack)
        | {
            "analytic": analytic,
            "data_sources": list(finding.basis),
            "related_events": [{"uid": uid, "type": "Zeek connection"} for uid in finding.uids],
        },
        "evidences": list(_evidences(finding)),
        "remediation": {"desc": finding.action},
        "unmapped": {
            "state": finding.state,
            "visibility": finding.visibility,
            "incident": incident,
            "symptom_of": finding.symptom_of,
            "replaces": finding.replaces,
        },
    }


def _incident(incident: Incident, findings: Mapping[str, Finding], version: str) -> dict[str, Any]:
    attacks = [technique for id_ in incident.findings if id_ in findings for technique in findings[id_].attack]
    steps = "\n".join(filter(None, [incident.outcome, *(entry.text for entry in incident.timeline)]))
    parts = [{"uid": id_, "type": "zeeksmtp finding"} for id_ in incident.findings[:MAX_EVIDENCES]]
    return _event(incident, version) | {
        "is_alert": True,
        "risk_score": incident.score,
        "finding_info": _info(incident, "incident", steps, dict.fromkeys(attacks))
        | {"related_events": parts, "related_events_count": len(incident.findings)},
        "remediation": {"desc": "\n".join(action.text for action in incident.actions)},
        "unmapped": {
            "state": incident.state,
            "stages": incident.stages,
            "symptoms": incident.symptoms,
            "campaign": incident.campaign and incident.campaign.model_dump(),
        },
    }


def _event(thing: Finding | Incident, version: str) -> dict[str, Any]:
    """Return what findings and incidents have alike; times are milliseconds since 1970."""
    activity = _CREATE if thing.state in {None, "new"} else _UPDATE
    status = _STATUSES.get(thing.state, (_OTHER_STATUS, thing.state))
    severity = _SEVERITIES[thing.severity]
    return {
        "metadata": {
            "version": OCSF_VERSION,
            "product": {"name": "zeeksmtp", "vendor_name": "zeeksmtp", "version": version},
            "log_provider": "Zeek",
        },
        "category_uid": _CATEGORY,
        "category_name": "Findings",
        "class_uid": _CLASS,
        "class_name": "Detection Finding",
        "activity_id": activity,
        "activity_name": "Create" if activity == _CREATE else "Update",
        "type_uid": _CLASS * 100 + activity,
        "severity_id": severity[0],
        "severity": severity[1],
        "status_id": status[0],
        "status": status[1],
        "time": _milliseconds(thing.last),
        "start_time": _milliseconds(thing.first),
        "end_time": _milliseconds(thing.last),
        "message": thing.title,
        "observables": list(_observables(thing)),
    }


def _info(thing: Finding | Incident, kind: str, what: str, attacks: Iterable[str]) -> dict[str, Any]:
    return {
        "uid": thing.id,
        "title": thing.title,
        "types": [kind],
        "desc": what,
        "attacks": _attacks(attacks),
        "first_seen_time": _milliseconds(thing.first),
        "last_seen_time": _milliseconds(thing.last),
    }


def _evidences(finding: Finding) -> Iterator[dict[str, Any]]:
    """Yield one for each client, or for each server where no client is named; the other end where it is but one."""
    user = {"name": finding.accounts[0]} if len(finding.accounts) == 1 else None
    ends = [("src_endpoint", finding.clients, "dst_endpoint", finding.servers)]
    if not finding.clients:
        ends = [("dst_endpoint", finding.servers, "src_endpoint", ())]
    for near, hosts, far, others in ends:
        for host in hosts[:MAX_EVIDENCES]:
            evidence = {near: _endpoint(host), far: _endpoint(others[0]) if len(others) == 1 else None, "user": user}
            yield {key: value for key, value in evidence.items() if value is not None}


def _endpoint(host: str) -> dict[str, str]:
    return {"ip" if is_address(host) else "name": host}


def _observables(thing: Finding | Incident) -> Iterator[dict[str, Any]]:
    for host in dict.fromkeys((*thing.clients, *thing.servers)):
        yield {"type_id": _IP_ADDRESS if is_address(host) else _HOSTNAME, "name": "endpoint", "value": host}
    for account in thing.accounts:
        yield {"type_id": _USER_NAME, "name": "user.name", "value": account}


def _attacks(ids: Iterable[str]) -> list[dict[str, Any]]:
    """Return ATT&CK ids: `T1589.002` is a subtechnique of `T1589`."""
    return [
        {"technique": {"uid": id_.partition(".")[0]}} | ({"sub_technique": {"uid": id_}} if "." in id_ else {})
        for id_ in ids
    ]


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


OUTPUT = Output("ocsf", f"OCSF {OCSF_VERSION} as NDJSON, for a SIEM or a data lake: findings and incidents", render)
