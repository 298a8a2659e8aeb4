"""A large report becomes one for a mail: incidents, findings that somebody has to act on, nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from zeeksmtp.model import Posture, Report, Severity, Traffic

LOWEST_SEVERITY = Severity.MEDIUM
"""Findings below it are left out of a shortened report."""
INCIDENT_LIMITS = (20, 5, 1)
"""Numbers of incidents, worst first, to which a report is shortened further, step by step."""


def shortened(report: Report) -> Iterator[tuple[Report, str]]:
    """Yield the report shorter and shorter, each time with the sentence that says so; its notes have it as well."""
    urgent = {f.id for f in report.findings if f.severity.rank >= LOWEST_SEVERITY.rank and f.symptom_of is None}
    yield _excerpt(report, len(report.incidents), urgent)
    for limit in INCIDENT_LIMITS:
        if limit < len(report.incidents):
            yield _excerpt(report, limit, {id_ for i in report.incidents[:limit] for id_ in i.findings})


def _excerpt(report: Report, limit: int, findings: set[str]) -> tuple[Report, str]:
    incidents, chosen = report.incidents[:limit], tuple(f for f in report.findings if f.id in findings)
    worst = f"the worst {limit:,} of " if limit < len(report.incidents) else "all "
    note = (
        f"This mail is shortened to stay below 100 kB: it has {worst}{len(report.incidents):,} incidents and "
        f"{len(chosen):,} of {len(report.findings):,} findings. `zeeksmtp incidents list` and `zeeksmtp findings list` "
        "show all."
    )
    detectors = {finding.detector for finding in chosen}
    hosts = {host for finding in chosen for host in (*finding.clients, *finding.servers)}
    posture = Posture(servers=(), sessions=report.posture.sessions, tls_sessions=report.posture.tls_sessions)
    excerpt = {
        "incidents": incidents,
        "findings": chosen,
        "credentials_to_change": tuple(c for c in report.credentials_to_change if c.why in findings),
        "detectors": {name: text for name, text in report.detectors.items() if name in detectors},
        "hosts": {host: names for host, names in report.hosts.items() if host in hosts},
        "inputs": report.inputs.model_copy(update={"files": tuple(f for f in report.inputs.files if f.problem)}),
        "coverage": report.coverage.model_copy(update={"notes": (note, *report.coverage.notes)}),
        "posture": posture,
        "roles": (),
        "volumes": (),
        "traffic": Traffic(),
    }
    return report.model_copy(update=excerpt), note
