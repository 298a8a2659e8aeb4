"""The head of the page: what to do first, and the figures. Raw: the template escapes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zeeksmtp.model import Finding, Incident, Report, Severity
from zeeksmtp.outputs._page_incidents import Card
from zeeksmtp.rendering import incident_text, phrases, sentences

MAX_URGENT = 5
"""Incidents that the head of the page names."""


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


def urgent(cards: Iterable[Card], others: Iterable[Finding]) -> list[Urgent]:
    """Return what to do first, about incidents and then about findings beside them; not about what is acknowledged."""
    incidents = [Urgent(card.incident, f"i-{card.number}", incident_text.next_step(card.incident)) for card in cards]
    grave = (finding for finding in others if finding.severity.rank >= Severity.MEDIUM.rank)
    findings = [Urgent(finding, f"f-{finding.id}", incident_text.next_step(finding)) for finding in grave]
    return [one for one in (*incidents, *findings) if one.thing.state != "acknowledged"][:MAX_URGENT]


def figures(report: Report, others: Sequence[Finding]) -> Iterable[Figure]:
    """Yield the figures; `others` are the findings that belong to no incident."""
    incidents = report.incidents
    new = sum(incident.state == "new" for incident in incidents)
    context = (f"{new:,} new; " if new else "") + sentences.counts(incidents)
    yield Figure("Incidents", f"{len(incidents):,}", context or "in what these logs show")
    rest = "all belong to incidents" if incidents else "in what these logs show"
    yield Figure("Other findings", f"{len(others):,}", sentences.counts(others) or rest)
    due = len(report.credentials_to_change)
    blind = not due and not report.coverage.logs.get("smtp_auth")
    context = "smtp_auth.log not found" if blind else "exposed or guessed" if due else "none exposed or guessed"
    yield Figure("Passwords to change", phrases.UNKNOWN if blind else f"{due:,}", context)
    yield _encrypted(report)


def _encrypted(report: Report) -> Figure:
    sessions, with_tls = report.posture.sessions, report.posture.tls_sessions
    if not sessions or with_tls is None or not sentences.shows_tls(report):
        return Figure("Sessions with TLS", phrases.UNKNOWN, "not visible" if sessions else "no SMTP sessions")
    return Figure("Sessions with TLS", f"{with_tls / sessions:.0%}", f"{with_tls:,} of {sessions:,}")
