"""The life of findings as it would be if each pass made and remembered all of them anew: what passes have to equal.

Slow and plain: a dictionary of all there is, gone through whole in each pass.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from zeeksmtp.model import Finding, Severity
from zeeksmtp.state.findings import Known

Told = tuple[list[Finding], int]
"""The findings of a report in its order, and how many quiet ones it only counts."""


@dataclass
class Anew:
    """What is known, by id, and what was new in the reports that wait."""

    known: dict[str, Known] = field(default_factory=dict)
    waiting: list[set[str]] = field(default_factory=list)

    def run(
        self, number: int, found: Sequence[Finding], back: Collection[str], newest: datetime, most_waiting: int
    ) -> Told:
        """Make a pass; `newest` is the time of the lake's newest row."""
        first = number == 1
        back = {*back, *(self.waiting.pop(0) if len(self.waiting) >= most_waiting else ())}
        met = {f.id: self._met(f, number, newest - timedelta(days=1) if first else None, back) for f in found}
        self.known = {id_: _rests(old) for id_, old in self.known.items()} | met
        alive = [met[f.id].finding for f in found]
        told = [f for f in alive if f.state in {"new", "ongoing"} or (f.state == "quiet" and (first or _grave(f)))]
        told.sort(key=lambda f: ("new", "ongoing", "quiet").index(f.state or ""))
        if any(f.state == "new" for f in told) or (first and told):
            self.waiting.append({f.id for f in told if f.state == "new"})
        return told, sum(f not in told and not _grave(f) for f in alive)

    def acknowledge(self, id_: str, reason: str, now: datetime) -> None:
        """Remember that the operator knows of a finding."""
        old = self.known[id_]
        finding = replace(old.finding, state="acknowledged")
        self.known[id_] = replace(old, finding=finding, severity=finding.severity, reason=reason, acknowledged=now)

    def _met(self, now: Finding, number: int, history: datetime | None, back: Collection[str]) -> Known:
        old = self.known.get(now.id)
        if old is None:
            state = "quiet" if history is not None and now.last < history else "new"
            return Known(replace(now, state=state), number, number, now.count, now.severity)
        before = old.finding
        if now.id in back or now.severity.rank > old.severity.rank:
            state = "new"
        elif old.acknowledged is not None:
            state = "acknowledged"
        elif now.last > before.last + timedelta(days=7):
            state = "new"
        else:
            state = "ongoing" if now.last > before.last or now.count > old.seen_count else "quiet"
        lived = {
            "state": state,
            "first": min(before.first, now.first),
            "last": max(before.last, now.last),
            "count": max(before.count, now.count),
        }
        said = (old.reason, old.acknowledged) if state == "acknowledged" else (None, None)
        worst = max(now.severity, old.severity, key=lambda severity: severity.rank)
        return Known(replace(now, **lived), old.first_pass, number, now.count, worst, *said)


def _grave(finding: Finding) -> bool:
    return finding.severity not in {Severity.LOW, Severity.INFO}


def _rests(old: Known) -> Known:
    if old.finding.state in {"quiet", "acknowledged"}:
        return old
    return replace(old, finding=replace(old.finding, state="quiet"))
