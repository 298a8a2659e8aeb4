"""What the page shows, in which order and how much of it; the template says how. Raw: the template escapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from zeeksmtp.model import Finding, Incident, InputFile, Report, Severity
from zeeksmtp.outputs import _sentences, _words

STEPS, OPEN, FEW = 8, 5, 6
"""Steps of a timeline told one by one; incidents that are not folded; findings of a detector that are not folded."""
_ORDER = ("new", "ongoing", None, "quiet", "acknowledged")
"""States in the order in which a reader wants them; a report that was made once has none."""
_STATES = {"new": "New", "ongoing": "Ongoing", "quiet": "Quiet again", "acknowledged": "Acknowledged"}


@dataclass(frozen=True, slots=True)
class Room:
    """How much is told: findings and incidents in full, rows of a table, findings of one detector in a list."""

    findings: int
    incidents: int
    rows: int
    lines: int


ROOMS = (Room(150, 40, 500, 20), Room(40, 15, 60, 10), Room(5, 3, 5, 2))
"""From generous to scant: the first with which the page is small enough is taken."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the numbers at the head of the page, with what it is to be read against."""

    name: str
    value: str
    context: str


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of an incident's timeline: a finding, or all of one detector where there are many.

    `start` and `length` place it in the incident's time, in percent.
    """

    findings: tuple[Finding, ...]
    first: datetime
    last: datetime
    start: float
    length: float

    @property
    def severity(self) -> Severity:
        """Give the severity of the worst of its findings."""
        return max((finding.severity for finding in self.findings), key=lambda severity: severity.rank)


@dataclass(frozen=True, slots=True)
class Story:
    """An incident with its steps in order of time (none if its findings are not in this report) and what to do."""

    incident: Incident
    state: str | None
    steps: tuple[Step, ...]
    action: str | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Findings of one detector: some, how many more there are, and whether they are told in full or by a line each."""

    detector: str
    findings: tuple[Finding, ...]
    more: int
    in_full: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one severity and state."""

    name: str
    count: int
    batches: tuple[Batch, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked a server for names, and what the answers gave away."""

    finding: Finding
    counts: Mapping[str, int | float]
    learned: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """All that the template needs besides the report itself."""

    top: Incident | Finding | None
    first_step: str | None
    figures: tuple[Figure, ...]
    stories: tuple[Story, ...]
    groups: tuple[Group, ...]
    asked: tuple[Asked, ...]
    linked: frozenset[str]
    incident_of: Mapping[str, str]
    passwords: Sequence[tuple[str, ...]]
    roles: Sequence[tuple[str, ...]]
    files: Sequence[tuple[str, ...]]


def page(report: Report, room: Room) -> Page:
    """Arrange `report`: what is new comes first, then what is worst."""
    findings = sorted(report.findings, key=lambda f: (_ORDER.index(f.state), -f.severity.rank))
    by_id = {finding.id: finding for finding in findings}
    states = {incident.id: _state(incident, by_id) for incident in report.incidents}
    incidents = sorted(report.incidents, key=lambda i: _ORDER.index(states[i.id]))
    groups = tuple(_groups(findings, room))
    shown = [finding for group in groups for batch in group.batches for finding in batch.findings]
    return Page(
        top=incidents[0] if incidents else next(iter(findings), None),
        first_step=_action(incidents[0], findings) if incidents else _action(None, findings[:1]),
        figures=tuple(_figures(report)),
        stories=tuple(_story(i, states[i.id], by_id) for i in incidents[: room.incidents]),
        groups=groups,
        asked=tuple(_asked(findings))[: room.rows],
        linked=frozenset(finding.id for finding in shown),
        incident_of={f: incident.id for incident in incidents[: room.incidents] for f in incident.findings},
        passwords=[
            (_words.name(due.account), due.server, _words.stamp(due.last), due.why)
            for due in report.credentials_to_change
        ],
        roles=[(role.host, role.role, role.reason) for role in report.roles],
        files=[_file(file) for file in report.inputs.files],
    )


def _action(incident: Incident | None, findings: Iterable[Finding]) -> str | None:
    """Say what to do, without the actors: the title above names them."""
    worst = _sentences.worst(incident, findings)
    return _words.action(worst) if worst else None


def _state(incident: Incident, by_id: Mapping[str, Finding]) -> str | None:
    """Give the state of the freshest finding."""
    states = [by_id[i].state for i in incident.findings if i in by_id]
    return min(states, key=_ORDER.index, default=None)


def _figures(report: Report) -> Iterable[Figure]:
    findings, incidents = report.findings, report.incidents
    new = sum(finding.state == "new" for finding in findings)
    by_severity = _sentences.counts(findings) or "in what could be seen"
    yield Figure("Incidents", f"{len(incidents):,}", _severities(incidents) or "no findings that belong together")
    yield Figure("Findings", f"{len(findings):,}", (f"{new:,} new; " if new else "") + by_severity)
    due = len(report.credentials_to_change)
    blind = not due and not report.coverage.logs.get("smtp_auth")
    context = (
        "smtp_auth.log is not there" if blind else "were readable on the network" if due else "seen in clear: none"
    )
    yield Figure("Passwords to change", _words.UNKNOWN if blind else f"{due:,}", context)
    yield _encrypted(report)


def _severities(incidents: Sequence[Incident]) -> str:
    counts = [(severity, sum(i.severity is severity for i in incidents)) for severity in reversed(Severity)]
    return ", ".join(f"{count:,} {severity}" for severity, count in counts if count)


def _encrypted(report: Report) -> Figure:
    sessions, with_tls = report.posture.sessions, report.posture.tls_sessions
    if not sessions or not _sentences.shows_tls(report):
        return Figure("Sessions with TLS", _words.UNKNOWN, "not visible" if sessions else "no SMTP session was seen")
    return Figure("Sessions with TLS", f"{with_tls / sessions:.0%}", f"{with_tls:,} of {sessions:,}")


def _story(incident: Incident, state: str | None, by_id: Mapping[str, Finding]) -> Story:
    told = sorted((by_id[i] for i in incident.findings if i in by_id), key=lambda f: (f.first, f.id))
    together = [(f,) for f in told] if len(told) <= STEPS else _by_detector(told)
    return Story(incident, state, tuple(_step(fs, incident) for fs in together), _action(incident, by_id.values()))


def _by_detector(findings: Iterable[Finding]) -> list[tuple[Finding, ...]]:
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.detector, []).append(finding)
    return [tuple(group) for group in groups.values()]


def _step(findings: tuple[Finding, ...], incident: Incident) -> Step:
    first, last = min(f.first for f in findings), max(f.last for f in findings)
    whole = (incident.last - incident.first).total_seconds()
    if whole <= 0:
        return Step(findings, first, last, 0, 100)
    start = min(max((first - incident.first).total_seconds() / whole * 100, 0), 99)
    length = (last - first).total_seconds() / whole * 100
    return Step(findings, first, last, round(start, 1), round(min(max(length, 1), 100 - start), 1))


def _groups(findings: Sequence[Finding], room: Room) -> Iterable[Group]:
    left = room.findings
    for (state, severity), same in groupby(findings, key=lambda f: (f.state, f.severity)):
        group = list(same)
        batches = []
        for batch in _by_detector(group):
            in_full = severity.rank >= Severity.MEDIUM.rank and left > 0
            shown = batch[: min(room.lines, left) if in_full else room.lines]
            left -= len(shown) * in_full
            batches.append(Batch(batch[0].detector, shown, len(batch) - len(shown), in_full))
        yield Group(f"{_STATES[state]}: {severity}" if state else severity.capitalize(), len(group), tuple(batches))


def _asked(findings: Iterable[Finding]) -> Iterable[Asked]:
    """Pick the findings whose evidence counts names that were asked for, and who got most first."""
    picked = []
    for finding in findings:
        counts = {term.name: term.value for term in finding.evidence.terms}
        details = {detail.name: detail.values for detail in finding.evidence.details}
        if {"names", "confirmed", "unknown"} <= set(counts):
            # What was disclosed says most of the confirmed names again, in the server's words.
            learned = details.get("confirmed_names") or details.get("disclosed", ())
            picked.append(Asked(finding, counts, learned))
    return sorted(picked, key=lambda asked: (-asked.counts["confirmed"], -asked.counts["names"]))


def _file(file: InputFile) -> tuple[str, ...]:
    counts = (f"{count:,}" for count in (file.kept, file.skipped, file.rejected))
    when = _words.span(file.first, file.last) if file.first and file.last else ""
    return (file.path, file.log or "not used", file.format or "", *counts, when, file.problem or file.note or "")
