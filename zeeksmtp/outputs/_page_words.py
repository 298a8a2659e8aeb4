"""The words that only the page needs. Raw, like `phrases`: the template escapes."""

from __future__ import annotations

from collections.abc import Mapping

from zeeksmtp.model import Finding, Incident, Report
from zeeksmtp.rendering.incident_text import SOURCES
from zeeksmtp.rendering.phrases import name

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


def labels(report: Report) -> dict[str, str]:
    """Return what stands beside an address: role, and a name with where it comes from (anyone can say any HELO)."""
    parts = {role.host: [role.role] for role in report.roles if role.role != "other"}
    for host, names in report.hosts.items():
        if names:
            parts.setdefault(host, []).append(f"{SOURCES[names[0].source]} {name(names[0].name)}")
    return {host: "; ".join(each) for host, each in parts.items()}


def symptoms(incident: Incident) -> str:
    """Return how many findings are consequences of an incident, most first; empty for none."""
    ranked = sorted(incident.symptoms.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(_symptom(detector, number) for detector, number in ranked)


def _symptom(detector: str, number: int) -> str:
    one, many = SYMPTOMS.get(detector, (f"{detector} finding", f"{detector} findings"))
    return f"{number:,} {one if number == 1 else many}"


def basis(finding: Finding) -> str:
    """Return what an inferred finding is inferred from; empty for an observed one."""
    if finding.visibility == "observed":
        return ""
    logs = [f"{log}.log" for log in finding.basis]
    return f"inferred from {' and '.join(logs)}" if logs else "inferred"
