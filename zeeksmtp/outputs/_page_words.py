"""The words that only the page needs. Raw, like `_words`: the template escapes."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from os.path import commonpath

from zeeksmtp.model import Finding, Incident, Report, Severity
from zeeksmtp.outputs._words import counted, name

SYMPTOMS: Mapping[str, tuple[str, str]] = {
    "blocklisted-sender": ("rejection by blocklists", "rejections by blocklists"),
    "cleartext-credentials": ("cleartext login", "cleartext logins"),
    "cleartext-mail": ("host with cleartext mail", "hosts with cleartext mail"),
    "cleartext-submission": ("cleartext submission", "cleartext submissions"),
    "cleartext-token": ("cleartext token", "cleartext tokens"),
    "crackable-auth": ("login with crackable authentication", "logins with crackable authentication"),
    "starttls-declined": ("host that does not use STARTTLS", "hosts that do not use STARTTLS"),
    "starttls-stripped": ("stripped STARTTLS", "connections with stripped STARTTLS"),
    "tls-downgrade": ("downgrade from TLS", "downgrades from TLS"),
}
"""What one finding, and several, of a detector are called where an incident counts them as its consequences."""
_UNSHOWN_LOGS = "PATH"


def verdict(report: Report) -> str:
    """Return the headline: how many incidents of which severity, else how many findings."""
    severities = {incident.severity for incident in report.incidents}
    if len(severities) == 1:
        return counted(len(report.incidents), f"{severities.pop()}-severity incident")
    if severities:
        return f"{len(report.incidents):,} incidents: {by_severity(report.incidents)}"
    found = f"; {counted(len(report.findings), 'finding')}" if report.findings else ", no findings"
    return f"No incidents{found}"


def by_severity(things: Iterable[Finding | Incident]) -> str:
    """Count things by severity, gravest first; empty for none."""
    severities = [thing.severity for thing in things]
    return ", ".join(f"{severities.count(s):,} {s}" for s in reversed(Severity) if s in severities)


def labels(report: Report) -> dict[str, str]:
    """Return what stands beside an address: role, and a name with where it comes from (anyone can say any HELO)."""
    parts = {role.host: [role.role] for role in report.roles if role.role != "other"}
    for host, names in report.hosts.items():
        if names:
            source = "HELO" if names[0].source == "helo" else names[0].source
            parts.setdefault(host, []).append(f"{source} {name(names[0].name)}")
    return {host: "; ".join(each) for host, each in parts.items()}


def symptoms(incident: Incident) -> str:
    """Return how many findings are consequences of an incident, most first; empty for none."""
    ranked = sorted(incident.symptoms.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(_symptom(detector, number) for detector, number in ranked)


def _symptom(detector: str, number: int) -> str:
    one, many = SYMPTOMS.get(detector, (f"{detector} finding", f"{detector} findings"))
    return f"{number:,} {one if number == 1 else many}"


def session_command(uid: str, report: Report) -> str:
    """Return the command that shows a connection as a transcript, to copy into a shell.

    What was logged must not run there: a uid or path with anything but plain characters is quoted.
    """
    return f"zeeksmtp session {shlex.quote(name(uid))} {_logs(report)}"


def _logs(report: Report) -> str:
    """Return the folder that holds all logs that were read, or the only file."""
    paths = [file.path for file in report.inputs.files if file.log]
    try:
        shared = commonpath(paths) or "."
    except ValueError:  # none, or absolute and relative ones
        return _UNSHOWN_LOGS
    return shlex.quote(shared) if shared.isprintable() else _UNSHOWN_LOGS


def basis(finding: Finding) -> str:
    """Return what an inferred finding is inferred from; empty for an observed one."""
    if finding.visibility == "observed":
        return ""
    logs = [f"{log}.log" for log in finding.basis]
    return f"inferred from {' and '.join(logs)}" if logs else "inferred"
