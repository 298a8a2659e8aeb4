"""The life of a finding over passes: new, ongoing, quiet again, acknowledged; and the report that tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from zeeksmtp.model import Finding, Incident, Report, Severity, State
from zeeksmtp.state.findings import Known, Past

COMES_BACK = timedelta(days=7)
"""A finding without an event for so long is news when it has one again."""
_RECENT = timedelta(days=1)
_ORDER = ("new", "ongoing", "quiet")
_NAMED = tuple(reversed(Severity))


def lived(
    findings: Iterable[Finding],
    past: Mapping[str, Past],
    number: int,
    newest: datetime | None = None,
    back: Collection[str] = (),
) -> list[Known]:
    """Give findings as they are after pass `number`, of which `past` says what was known of them before.

    `newest` is given in the first pass: what lies more than a day before it is history, not news. `back` are ids of
    findings that are news again (their suppression has ended).
    """
    return [_met(finding, past.get(finding.id), number, newest, back) for finding in findings]


def _met(finding: Finding, old: Past | None, number: int, newest: datetime | None, back: Collection[str]) -> Known:
    if old is None:
        told = replace(finding, state="quiet" if newest is not None and finding.last < newest - _RECENT else "new")
        return Known(told, number, number, finding.count, finding.severity)
    state: State = "new" if finding.id in back else _state(finding, old)
    told = replace(
        finding,
        state=state,
        first=min(old.first, finding.first),
        last=max(old.last, finding.last),
        count=max(old.count, finding.count),
    )
    acknowledged = state == "acknowledged"
    return Known(
        finding=told,
        first_pass=old.first_pass,
        last_pass=number,
        seen_count=finding.count,
        severity=max(finding.severity, old.severity, key=lambda severity: severity.rank),
        reason=old.reason if acknowledged else None,
        acknowledged=old.acknowledged if acknowledged else None,
    )


def _state(finding: Finding, old: Past) -> State:
    if finding.severity.rank > old.severity.rank:
        return "new"
    if old.acknowledged is not None:
        return "acknowledged"
    if finding.last > old.last + COMES_BACK:
        return "new"
    return "ongoing" if finding.last > old.last or finding.count > old.seen_count else "quiet"


def told(report: Report, now: Iterable[Known], notes: Sequence[str], left: int = 0, *, all_quiet: bool) -> Report:
    """Give the report of a pass: what is new first, nothing that was acknowledged.

    What is quiet and below medium is told only with `all_quiet`; a note counts it, with the `left` findings of that
    kind that the report does not have to begin with.
    """
    lives = {known.finding.id: known.finding for known in now}
    alive = [lives[finding.id] for finding in report.findings]
    shown = sorted((f for f in alive if _is_told(f, all_quiet=all_quiet)), key=lambda f: _ORDER.index(f.state or ""))
    ids = {finding.id for finding in shown}
    detectors = {finding.detector for finding in shown}
    incidents = [incident for incident in report.incidents if ids & set(incident.findings)]
    left += sum(f.severity.rank < Severity.MEDIUM.rank and f.id not in ids for f in alive)
    notes = [*notes, *_untold(left), *report.coverage.notes]
    return report.model_copy(
        update={
            "findings": tuple(shown),
            "incidents": tuple(sorted((_without(i, ids) for i in incidents), key=lambda i: not _has_news(i, lives))),
            "credentials_to_change": tuple(c for c in report.credentials_to_change if c.why in ids),
            "coverage": report.coverage.model_copy(update={"notes": tuple(notes)}),
            "detectors": {name: text for name, text in report.detectors.items() if name in detectors},
        }
    )


def _is_told(finding: Finding, *, all_quiet: bool) -> bool:
    if finding.state == "quiet":
        return all_quiet or finding.severity.rank >= Severity.MEDIUM.rank
    return finding.state in _ORDER


def _untold(left: int) -> list[str]:
    if not left:
        return []
    return [f"{left:,} findings below medium are known and quiet, and not told again: `zeeksmtp findings list`"]


def _without(incident: Incident, ids: set[str]) -> Incident:
    return replace(incident, findings=tuple(id_ for id_ in incident.findings if id_ in ids))


def _has_news(incident: Incident, lives: Mapping[str, Finding]) -> bool:
    return any(lives[id_].state == "new" for id_ in incident.findings)


def news(report: Report) -> list[Finding]:
    """Give the findings of a pass that are new."""
    return [finding for finding in report.findings if finding.state == "new"]


def headline(report: Report) -> str:
    """Sum a pass up in one line without a word out of a log: it is the subject of a mail."""
    fresh = news(report)
    by_severity = Counter(finding.severity for finding in fresh)
    counts = ", ".join(f"{by_severity[severity]} {severity}" for severity in _NAMED if by_severity[severity])
    going = sum(finding.state == "ongoing" for finding in report.findings)
    parts = [f"{len(fresh)} new ({counts})" if fresh else "nothing new"]
    parts += [f"{going} ongoing"] * bool(going)
    parts += [f"{len(report.errors)} problem{'s' * (len(report.errors) > 1)}"] * bool(report.errors)
    return f"zeeksmtp: {', '.join(parts)}"
