"""What the page shows, in which order and how much of it; the template says how. Raw: the template escapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from zeeksmtp.model import Finding, Incident, Report, Severity
from zeeksmtp.outputs import _page_words, _sentences, _words
from zeeksmtp.outputs._page_incidents import Card, cards

MAX_URGENT = 5
"""Incidents that the head of the page names."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the page shows: cards, entries of a timeline, findings in full and by a line each, rows, names."""

    incidents: int
    entries: int
    findings: int
    lines: int
    rows: int
    names: int


LIMITS = (Limits(100, 1000, 100, 500, 100, 100), Limits(30, 40, 30, 100, 50, 10), Limits(5, 4, 4, 20, 5, 3))
"""The first with which the page is small enough is taken. An ordinary report fits the first, with all its evidence."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the numbers at the head of the page, with what it is to be read against."""

    name: str
    value: str
    context: str


@dataclass(frozen=True, slots=True)
class Urgent:
    """What to do first about an incident (or a finding that belongs to none)."""

    thing: Incident | Finding
    anchor: str
    action: str


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one severity that belong to no incident, in full or by a line each."""

    severity: Severity
    count: int
    findings: tuple[Finding, ...]
    in_full: bool


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Who probed a server for addresses, and what the replies disclosed."""

    finding: Finding
    counts: Mapping[str, int | float]
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """All that the template needs besides the report itself; `labels` stand beside addresses, `anchors` say where a
    finding is (by its id): the anchor, and the words of a link to it.
    """

    urgent: tuple[Urgent, ...]
    figures: tuple[Figure, ...]
    cards: tuple[Card, ...]
    groups: tuple[Group, ...]
    disclosures: tuple[Disclosure, ...]
    labels: Mapping[str, str]
    anchors: Mapping[str, tuple[str, str]]


def page(report: Report, limits: Limits) -> Page:
    """Arrange a report: what is gravest comes first."""
    shown = cards(report, limits.incidents)
    others = other_findings(report)
    groups = tuple(_groups(others, limits))
    return Page(
        urgent=tuple(_urgent(report, others))[:MAX_URGENT],
        figures=tuple(_figures(report, others)),
        cards=shown,
        groups=groups,
        disclosures=tuple(_disclosures(report.findings)),
        labels=_page_words.labels(report),
        anchors=_anchors(shown, groups, limits),
    )


def other_findings(report: Report) -> list[Finding]:
    """Return the findings that no incident of the report holds or owns, gravest first."""
    incidents = {incident.id for incident in report.incidents}
    held = {finding for incident in report.incidents for finding in incident.findings}
    others = [f for f in report.findings if f.id not in held and f.symptom_of not in incidents]
    return sorted(others, key=lambda finding: -finding.severity.rank)


def _urgent(report: Report, others: Iterable[Finding]) -> Iterable[Urgent]:
    for number, incident in enumerate(report.incidents, 1):
        if incident.state != "acknowledged":
            yield Urgent(incident, f"i-{number}", incident.actions[0].text if incident.actions else "")
    for finding in others:
        if finding.severity.rank >= Severity.MEDIUM.rank and finding.state != "acknowledged":
            yield Urgent(finding, f"f-{finding.id}", finding.action)


def _figures(report: Report, others: Iterable[Finding]) -> Iterable[Figure]:
    incidents, rest = report.incidents, list(others)
    new = sum(incident.state == "new" for incident in incidents)
    context = (f"{new:,} new; " if new else "") + _page_words.by_severity(incidents)
    yield Figure("Incidents", f"{len(incidents):,}", context or "no finding above low")
    yield Figure("Other findings", f"{len(rest):,}", _page_words.by_severity(rest) or "all belong to incidents")
    due = len(report.credentials_to_change)
    blind = not due and not report.coverage.logs.get("smtp_auth")
    context = "smtp_auth.log not found" if blind else "exposed or guessed" if due else "none exposed or guessed"
    yield Figure("Passwords to change", _words.UNKNOWN if blind else f"{due:,}", context)
    yield _encrypted(report)


def _encrypted(report: Report) -> Figure:
    sessions, with_tls = report.posture.sessions, report.posture.tls_sessions
    if not sessions or not _sentences.shows_tls(report):
        return Figure("Sessions with TLS", _words.UNKNOWN, "not visible" if sessions else "no SMTP sessions")
    return Figure("Sessions with TLS", f"{with_tls / sessions:.0%}", f"{with_tls:,} of {sessions:,}")


def _groups(findings: Iterable[Finding], limits: Limits) -> Iterable[Group]:
    for severity, same in groupby(findings, key=lambda finding: finding.severity):
        group = tuple(same)
        in_full = severity.rank >= Severity.MEDIUM.rank
        yield Group(severity, len(group), group[: limits.findings if in_full else limits.lines], in_full)


def _anchors(shown: Iterable[Card], groups: Iterable[Group], limits: Limits) -> dict[str, tuple[str, str]]:
    anchors = {f.id: (f"f-{f.id}", "Finding") for group in groups for f in group.findings}
    for card in shown:
        place = (f"i-{card.number}", f"Incident {card.number}")
        anchors |= dict.fromkeys((*card.incident.findings, *(finding.id for finding in card.symptoms)), place)
        anchors |= {entry.id: (f"f-{entry.id}", place[1]) for entry in card.entries[: limits.entries]}
    return anchors


def _disclosures(findings: Iterable[Finding]) -> list[Disclosure]:
    """Return the findings whose evidence counts probed addresses, those that disclosed most first."""
    probes = []
    for finding in findings:
        counts = {term.name: term.value for term in finding.evidence.terms}
        details = {detail.name: detail.values for detail in finding.evidence.details}
        if {"names", "confirmed", "unknown"} <= set(counts):
            # `disclosed` repeats most of the confirmed names in the server's words.
            addresses = details.get("confirmed_names") or details.get("disclosed", ())
            probes.append(Disclosure(finding, counts, addresses))
    return sorted(probes, key=lambda probe: (-probe.counts["confirmed"], -probe.counts["names"]))
