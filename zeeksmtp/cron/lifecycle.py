"""The life cycle of a finding over passes: new, ongoing, quiet, acknowledged, and what makes it new again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from zeeksmtp.model import Finding, State
from zeeksmtp.state.findings import RememberedFinding

RECURRENCE = timedelta(days=7)
"""A finding without an event for so long is new when it has one again."""
RECENT = timedelta(days=1)
"""What lies further back than this when a first pass reads an archive is history, not news."""


def advance(
    findings: Iterable[Finding],
    before: Mapping[str, RememberedFinding],
    number: int,
    newest: datetime | None = None,
) -> list[RememberedFinding]:
    """Return findings as they are after pass `number`, given what was remembered `before` it.

    `newest` is the time of the newest row in a first pass: a finding without an event in the day before is quiet.
    """
    return [_next(finding, before.get(finding.id), number, newest) for finding in findings]


def not_judged(
    before: Mapping[str, RememberedFinding], failed: Collection[str], number: int
) -> list[RememberedFinding]:
    """Return what pass `number` says nothing about: findings of the pass before, by detectors that `failed` now.

    They stay as they were: that a detector could not run does not mean that its attacks are over.
    """
    return [
        replace(known, last_pass=number)
        for known in before.values()
        if known.finding.detector in failed and known.last_pass == number - 1
    ]


def _next(finding: Finding, old: RememberedFinding | None, number: int, newest: datetime | None) -> RememberedFinding:
    if old is None:
        state: State = "quiet" if newest is not None and finding.last < newest - RECENT else "new"
        current = finding.model_copy(update={"state": state})
        return RememberedFinding(
            current, number, number, finding.count, finding.severity, reported=_is_no_news(current)
        )
    state = _state(finding, old)
    current = finding.model_copy(
        update={
            "state": state,
            "first": min(old.finding.first, finding.first),
            "last": max(old.finding.last, finding.last),
            "count": max(old.finding.count, finding.count),
        }
    )
    acknowledged = state == "acknowledged"
    return RememberedFinding(
        finding=current,
        first_pass=old.first_pass,
        last_pass=number,
        seen_count=finding.count,
        severity=max(finding.severity, old.severity, key=lambda severity: severity.rank),
        reported=_is_no_news(current),
        reason=old.reason if acknowledged else None,
        acknowledged=old.acknowledged if acknowledged else None,
    )


def _is_no_news(finding: Finding) -> bool:
    """Symptoms make no news by themselves: their incident does."""
    return finding.state != "new" or finding.symptom_of is not None


def _state(finding: Finding, old: RememberedFinding) -> State:
    if finding.severity.rank > old.severity.rank:
        return "new"
    if old.acknowledged is not None:
        return "acknowledged"
    no_longer_symptom = old.finding.symptom_of is not None and finding.symptom_of is None
    if not old.reported or no_longer_symptom or finding.last > old.finding.last + RECURRENCE:
        return "new"
    return "ongoing" if finding.last > old.finding.last or finding.count > old.seen_count else "quiet"
