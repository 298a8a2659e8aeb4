"""What a pass reports of all that was found, and the line that sums it up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from zeeksmtp.model import Finding, Incident, Report, Severity
from zeeksmtp.state.incidents import with_state

LOWEST_REPEATED = Severity.MEDIUM
"""Quiet findings below it are counted, not repeated."""


def with_states(report: Report, findings: Mapping[str, Finding]) -> Report:
    """Return the report with the states of its findings and incidents; `findings` are its own, after the pass."""
    return report.model_copy(
        update={
            "findings": tuple(findings[finding.id] for finding in report.findings),
            "incidents": tuple(with_state(incident, findings) for incident in report.incidents),
        }
    )


def pass_report(report: Report, notes: Sequence[str], *, first: bool) -> Report:
    """Return what a pass reports, in the order of urgency that the report has.

    Acknowledged findings and incidents are left out, and what is quiet below medium, unless the report is the `first`.
    """
    incidents = [incident for incident in report.incidents if incident.state != "acknowledged"]
    ids = {incident.id for incident in incidents}
    findings = [f for f in report.findings if _is_reported(f, ids, first=first)]
    shown = {finding.id for finding in findings}
    left_out = sum(f.state == "quiet" and f.symptom_of is None and f.id not in shown for f in report.findings)
    detectors = {finding.detector for finding in findings}
    notes = [*notes, *_left_out(left_out), *report.coverage.notes]
    return report.model_copy(
        update={
            "findings": tuple(findings),
            "incidents": tuple(_narrowed(incident, shown) for incident in incidents),
            "credentials_to_change": tuple(c for c in report.credentials_to_change if c.why in shown),
            "coverage": report.coverage.model_copy(update={"notes": tuple(notes)}),
            "detectors": {name: text for name, text in report.detectors.items() if name in detectors},
        }
    )


def _is_reported(finding: Finding, incidents: set[str], *, first: bool) -> bool:
    if finding.state == "acknowledged":
        return False
    if finding.symptom_of is not None:
        return finding.symptom_of in incidents
    return finding.state != "quiet" or first or finding.severity.rank >= LOWEST_REPEATED.rank


def _left_out(count: int) -> list[str]:
    if not count:
        return []
    return [f"{count:,} quiet findings below {LOWEST_REPEATED} are not repeated here: `zeeksmtp findings list`"]


def _narrowed(incident: Incident, findings: set[str]) -> Incident:
    """Return an incident without the findings that were acknowledged one by one."""
    return incident.model_copy(
        update={
            "findings": tuple(id_ for id_ in incident.findings if id_ in findings),
            "timeline": tuple(entry for entry in incident.timeline if entry.finding in findings),
        }
    )


def news_of(report: Report) -> list[Finding]:
    """Return the findings that are new, symptoms left out."""
    return [finding for finding in report.findings if finding.state == "new" and finding.symptom_of is None]


def headline(report: Report, *, first: bool = False) -> str:
    """Return one line without anything logged: it is the subject of a mail."""
    parts = _state_of_affairs(report) if first else _changes(report)
    parts += [_counted(len(report.errors), "problem")] * bool(report.errors)
    return f"zeeksmtp: {'first report: ' if first else ''}{', '.join(parts)}"


def _state_of_affairs(report: Report) -> list[str]:
    if report.incidents:
        return [_by_severity(report.incidents, "incident")]
    findings = [finding for finding in report.findings if finding.symptom_of is None]
    return ["no incidents", *[_by_severity(findings, "finding")] * bool(findings)]


def _changes(report: Report) -> list[str]:
    incidents = [incident for incident in report.incidents if incident.state == "new"]
    findings = news_of(report)
    if incidents:
        parts = [_by_severity(incidents, "new incident")]
    else:
        parts = [_by_severity(findings, "new finding") if findings else "nothing new"]
    ongoing = sum(incident.state == "ongoing" for incident in report.incidents)
    return [*parts, *[f"{ongoing:,} ongoing"] * bool(ongoing)]


def _by_severity(things: Iterable[Finding | Incident], noun: str) -> str:
    counts = Counter(thing.severity for thing in things)
    severities = ", ".join(f"{counts[s]:,} {s}" for s in reversed(Severity) if counts[s])
    return f"{_counted(counts.total(), noun)} ({severities})"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
