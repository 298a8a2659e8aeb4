"""A large report becomes one for a mail: the incidents, the findings that somebody has to act on, nothing else."""

from __future__ import annotations

from zeeksmtp.model import Report, Severity, Traffic

LOWEST_SEVERITY = Severity.MEDIUM
"""Findings below it are left out of a shortened report."""


def shortened(report: Report) -> tuple[Report, str]:
    """Return the report without what can wait, and the sentence that says so; the report's notes have it, too."""
    findings = tuple(f for f in report.findings if f.severity.rank >= LOWEST_SEVERITY.rank and f.symptom_of is None)
    note = (
        f"This mail is shortened to stay below 100 kB: it has {len(findings):,} of {len(report.findings):,} findings, "
        f"those of {LOWEST_SEVERITY} severity and above. `zeeksmtp findings list` shows all."
    )
    ids, detectors = {f.id for f in findings}, {f.detector for f in findings}
    hosts = {host for f in findings for host in (*f.clients, *f.servers)}
    tables = {"roles": (), "volumes": (), "traffic": Traffic()}
    return report.model_copy(
        update={
            **tables,
            "findings": findings,
            "credentials_to_change": tuple(c for c in report.credentials_to_change if c.why in ids),
            "detectors": {name: text for name, text in report.detectors.items() if name in detectors},
            "hosts": {host: names for host, names in report.hosts.items() if host in hosts},
            "inputs": report.inputs.model_copy(update={"files": tuple(f for f in report.inputs.files if f.problem)}),
            "posture": type(report.posture)(
                servers=(), sessions=report.posture.sessions, tls_sessions=report.posture.tls_sessions
            ),
            "coverage": report.coverage.model_copy(update={"notes": (note, *report.coverage.notes)}),
        }
    ), note
