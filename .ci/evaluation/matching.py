"""Findings against truth: what was found, what was missed, what was said of innocents, and how long it took."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulation.truth import Event
from zeeksmtp.model import Finding, Severity

_SLACK = timedelta(hours=1)
_SHOWN = 100
"""A finding names that many clients at most: beyond, a missing one says nothing."""


@dataclass
class Score:
    """The figures of one detector; those of several sites add up.

    `hours` are times to detection, of which `alarmed` are those of a test's alarm; the rest are of first evidence.
    """

    events: int = 0
    found: int = 0
    true: dict[Severity, int] = field(default_factory=lambda: defaultdict(int))
    false: dict[Severity, int] = field(default_factory=lambda: defaultdict(int))
    neutral: int = 0
    hours: list[float] = field(default_factory=list)
    alarmed: int = 0
    by_kind: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    missed: list[str] = field(default_factory=list)
    accused: list[str] = field(default_factory=list)
    least: Severity = Severity.CRITICAL

    @property
    def level(self) -> Severity:
        """The severity from which on findings count for precision: medium, or what the contract gives at most."""
        return min(self.least, Severity.MEDIUM, key=lambda severity: severity.rank)

    def at_least(self, counted: dict[Severity, int], level: Severity) -> int:
        """Sum counts from a severity upwards."""
        return sum(count for severity, count in counted.items() if severity.rank >= level.rank)

    def add(self, other: Score) -> None:
        """Add the figures of another site."""
        self.events, self.found, self.neutral = (
            self.events + other.events,
            self.found + other.found,
            self.neutral + other.neutral,
        )
        for mine, theirs in ((self.true, other.true), (self.false, other.false)):
            for severity, count in theirs.items():
                mine[severity] += count
        for kind, (events, found) in other.by_kind.items():
            self.by_kind[kind][0] += events
            self.by_kind[kind][1] += found
        self.hours += other.hours
        self.alarmed += other.alarmed
        self.missed += other.missed
        self.accused += other.accused
        self.least = min(self.least, other.least, key=lambda severity: severity.rank)


def normal(account: str) -> str:
    """Return an account without spelling: lower case, no domain."""
    return account.lower().rsplit("\\", 1)[-1].split("@", 1)[0]


def alarm_of(finding: Finding) -> datetime:
    """Return when a finding could first be reported: the alarm of its test, else its first evidence."""
    alarm = _alarm(finding)
    return finding.first if alarm is None else alarm


def _alarm(finding: Finding) -> datetime | None:
    test = finding.evidence.test
    return None if test is None else test.alarm_at


def about(finding: Finding, event: Event) -> bool:
    """Return whether a finding is about an event: the same parties, as far as both name them, at the same time."""
    if finding.first > event.end + _SLACK or finding.last < event.start - _SLACK:
        return False
    alarm = _alarm(finding)
    # Sprays of one server are one finding with one alarm: that of the first wave says nothing of the next.
    is_later_wave = finding.detector == "password-spray" and event.clients <= set(finding.clients)
    if alarm is not None and alarm < event.start and not is_later_wave:
        return False  # something else had raised the alarm before
    sides = [
        (finding.servers, event.servers),
        ([normal(name) for name in finding.accounts], {normal(name) for name in event.accounts}),
    ]
    if len(finding.clients) < _SHOWN:
        sides.append((finding.clients, event.clients))
    return all(not (mine and theirs) or set(mine) & set(theirs) for mine, theirs in sides)


def scores(
    findings: Sequence[Finding], events: Sequence[Event], detectors: Iterable[str], seed: int
) -> dict[str, Score]:
    """Return each detector's figures for one site."""
    findings = sorted(findings, key=lambda finding: (finding.first, finding.id))  # so that every run lists them alike
    return {
        detector: _score(detector, [f for f in findings if f.detector == detector], events, seed)
        for detector in detectors
    }


def _score(detector: str, findings: list[Finding], events: Sequence[Event], seed: int) -> Score:
    score, index = Score(), _Index([event for event in events if detector in event.may])
    claims: dict[int, list[Finding]] = defaultdict(list)
    for finding in findings:
        named = index.about(finding)
        for event in named:
            claims[id(event)].append(finding)
        if not named and finding.severity is not Severity.INFO:  # worth knowing is no alarm
            score.false[finding.severity] += 1
            score.accused.append(f"seed {seed}: {finding.severity} {finding.title} ({alarm_of(finding):%m-%d %H:%M})")
        elif any(event.must for event in named):
            score.true[finding.severity] += 1
        else:
            score.neutral += 1
    for event in events:
        if detector in event.must:
            _found(score, event, [f for f in claims[id(event)] if f.severity.rank >= event.must[detector].rank], seed)
            score.least = min(score.least, event.must[detector], key=lambda severity: severity.rank)
    return score


def _found(score: Score, event: Event, findings: list[Finding], seed: int) -> None:
    score.events += 1
    score.by_kind[event.kind][0] += 1
    if findings:
        score.found += 1
        score.by_kind[event.kind][1] += 1
        score.alarmed += any(_alarm(finding) is not None for finding in findings)
        score.hours.append(max(0.0, (min(map(alarm_of, findings)) - event.start).total_seconds() / 3600))
    else:
        score.missed.append(f"seed {seed}: {event.described()}")


class _Index:
    """Events by the parties that they name, so that thousands cost little."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events
        self._by: dict[str, set[int]] = defaultdict(set)
        self._open: set[int] = set()
        for number, event in enumerate(events):
            names = event.clients or event.servers
            for name in names:
                self._by[name].add(number)
            if not names:
                self._open.add(number)

    def about(self, finding: Finding) -> list[Event]:
        named = {*finding.clients, *finding.servers}
        if not named or len(finding.clients) >= _SHOWN:
            numbers = set(range(len(self._events)))
        else:
            numbers = self._open.union(*(self._by.get(name, set()) for name in named))
            if not finding.clients:  # an account or a server: clients of the event say nothing
                numbers = set(range(len(self._events)))
        return [self._events[number] for number in sorted(numbers) if about(finding, self._events[number])]
