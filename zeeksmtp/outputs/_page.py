"""What the page shows, in which order and how much of it; the template says how. Raw: the template escapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from zeeksmtp.model import Explanation, Finding, Incident, Report, Severity
from zeeksmtp.outputs import _page_words
from zeeksmtp.outputs._page_head import Figure, Urgent, figures, urgent
from zeeksmtp.outputs._page_incidents import Card, cards
from zeeksmtp.outputs._page_limits import PageLimits
from zeeksmtp.report.entries import other_findings


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one severity that belong to no incident, in full or by a line each.

    `start` is the number of the first, by which `zeeksmtp show` knows it: incidents have the numbers before.
    """

    severity: Severity
    start: int
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
    """All that the template needs besides the report itself.

    `labels` stand beside addresses; `anchors` say where a finding is, by its id: the anchor, and the words of a link.
    `detectors` are the explanations that something on the page links to; `more_incidents` those without a card.
    """

    urgent: tuple[Urgent, ...]
    figures: tuple[Figure, ...]
    cards: tuple[Card, ...]
    groups: tuple[Group, ...]
    disclosures: tuple[Disclosure, ...]
    labels: Mapping[str, str]
    anchors: Mapping[str, tuple[str, str]]
    detectors: Mapping[str, Explanation]
    more_incidents: tuple[tuple[int, Incident], ...]


def page(report: Report, limits: PageLimits) -> Page:
    """Arrange a report: what is gravest comes first."""
    shown = cards(report, limits.incidents)
    others = other_findings(report)
    groups = tuple(_groups(others, len(report.incidents) + 1, limits))
    return Page(
        urgent=tuple(urgent(shown, (f for group in groups for f in group.findings))),
        figures=tuple(figures(report, others)),
        cards=shown,
        groups=groups,
        disclosures=tuple(_disclosures(report.findings)),
        labels=_page_words.labels(report),
        anchors=_anchors(shown, groups, limits),
        detectors=_detectors(report, shown, groups) if limits.background else {},
        more_incidents=tuple((n, i) for n, i in enumerate(report.incidents, 1) if n not in {c.number for c in shown}),
    )


def _groups(findings: Iterable[Finding], start: int, limits: PageLimits) -> Iterable[Group]:
    for severity, same in groupby(findings, key=lambda finding: finding.severity):
        group = tuple(same)
        in_full = severity.rank >= Severity.MEDIUM.rank
        yield Group(severity, start, len(group), group[: limits.findings if in_full else limits.lines], in_full)
        start += len(group)


def _anchors(shown: Iterable[Card], groups: Iterable[Group], limits: PageLimits) -> dict[str, tuple[str, str]]:
    numbered = [(number, finding) for group in groups for number, finding in enumerate(group.findings, group.start)]
    anchors = {finding.id: (f"f-{finding.id}", f"Finding {number}") for number, finding in numbered}
    for card in shown:
        place = (f"i-{card.number}", f"Incident {card.number}")
        anchors |= dict.fromkeys((*card.incident.findings, *(finding.id for finding in card.symptoms)), place)
        anchors |= {step.id: (f"f-{step.id}", place[1]) for step in card.steps[: limits.steps]}
    return anchors


def _detectors(report: Report, shown: Iterable[Card], groups: Iterable[Group]) -> dict[str, Explanation]:
    linked = {step.finding.detector for card in shown for step in card.steps if step.finding}
    linked |= {finding.detector for group in groups if group.in_full for finding in group.findings}
    return {name: text for name, text in report.detectors.items() if name in linked}


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
