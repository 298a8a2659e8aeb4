"""The page's incidents: one card each, with a timeline, what to do, and what they led to. Raw: the template escapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from zeeksmtp.model import Detail, Evidence, Finding, Incident, Report, Severity, TimelineEntry
from zeeksmtp.rendering import phrases

MAX_OPEN_CARDS = 5
"""Cards that are not folded."""
MAX_DRAWN_STEPS = 100
"""Steps of one stage that the picture of an incident shows."""
HIDDEN_DETAILS = frozenset({"remedy"})
"""Details of the evidence that the action repeats."""


@dataclass(frozen=True, slots=True)
class CardStep:
    """One step of an incident's timeline. `start` and `length` place it in the incident's time, in percent.

    `finding` is missing where the report was narrowed to other findings.
    """

    time: datetime
    text: str
    id: str
    finding: Finding | None
    severity: Severity
    start: float
    length: float


@dataclass(frozen=True, slots=True)
class Card:
    """An incident, its number in the report, its steps, and those of its symptoms that the report lists.

    `stages` are the steps by stage of the attack, in the order of the stages; none for a single step.
    """

    number: int
    incident: Incident
    steps: tuple[CardStep, ...]
    symptoms: tuple[Finding, ...]
    stages: tuple[tuple[str, tuple[CardStep, ...]], ...]


def cards(report: Report, limit: int) -> tuple[Card, ...]:
    """Return the incidents to show: gravest first, as the report has them, those that somebody acknowledged last."""
    by_id = {finding.id: finding for finding in report.findings}
    owned: dict[str, list[Finding]] = {}
    for finding in report.findings:
        if finding.symptom_of is not None:
            owned.setdefault(finding.symptom_of, []).append(finding)
    numbered = sorted(enumerate(report.incidents, 1), key=lambda item: item[1].state == "acknowledged")
    stage_of = {name: detector.stage for name, detector in report.detectors.items() if detector.stage}
    return tuple(
        _card(number, incident, by_id, owned.get(incident.id, []), stage_of) for number, incident in numbered[:limit]
    )


def _card(
    number: int,
    incident: Incident,
    by_id: Mapping[str, Finding],
    symptoms: Sequence[Finding],
    stage_of: Mapping[str, str],
) -> Card:
    steps = tuple(_step(incident, entry, by_id.get(entry.finding)) for entry in incident.timeline)
    return Card(number, incident, steps, tuple(symptoms), _stages(incident, steps, stage_of) if len(steps) > 1 else ())


def _stages(
    incident: Incident, steps: Sequence[CardStep], stage_of: Mapping[str, str]
) -> tuple[tuple[str, tuple[CardStep, ...]], ...]:
    by_stage: dict[str, list[CardStep]] = {stage: [] for stage in incident.stages}
    for step in steps:
        if step.finding and (stage := stage_of.get(step.finding.detector)) in by_stage:
            by_stage[stage].append(step)
    return tuple((stage, tuple(each[:MAX_DRAWN_STEPS])) for stage, each in by_stage.items() if each)


def _step(incident: Incident, entry: TimelineEntry, finding: Finding | None) -> CardStep:
    start, length = _place(incident, entry.time, finding.last if finding else entry.time)
    severity = finding.severity if finding else incident.severity
    return CardStep(entry.time, entry.text, entry.finding, finding, severity, start, length)


def _place(incident: Incident, first: datetime, last: datetime) -> tuple[float, float]:
    """Return start and length of a step in percent of its incident's time; nothing is too short to be visible."""
    whole = (incident.last - incident.first).total_seconds()
    if whole <= 0:
        return 0, 100
    start = min(max((first - incident.first).total_seconds() / whole * 100, 0), 99)
    length = (last - first).total_seconds() / whole * 100
    return round(start, 1), round(min(max(length, 1), 100 - start), 1)


def details(evidence: Evidence) -> list[Detail]:
    """Return the lists of names that a finding rests on."""
    return [detail for detail in evidence.details if detail.values and detail.name not in HIDDEN_DETAILS]


def measurements(evidence: Evidence) -> list[str]:
    """Return what was measured and tested, a line each."""
    return phrases.evidence(evidence.model_copy(update={"details": ()}))
