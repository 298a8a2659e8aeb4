"""Incidents and findings as syslog messages: short, in ASCII, on one line, whatever was logged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from zeeksmtp.escaping import cut, plain
from zeeksmtp.model import Finding, Incident, Report, Severity, iso

MAX_TEXT_BYTES = 1_800
"""With its header a message stays below 2,048 bytes, which every collector should take (RFC 5424, 6.1)."""
MAX_EVENTS = 1_000
"""Of one report; the most urgent come first."""
MAX_NAMES = 8
"""Of techniques and stages."""
PRIORITIES = {Severity.CRITICAL: 2, Severity.HIGH: 3, Severity.MEDIUM: 4, Severity.LOW: 5, Severity.INFO: 6}
"""Severities of syslog: critical, error, warning, notice, informational."""
_SIZES = ((400, 5), (200, 3), (80, 2), (20, 1), (0, 0))
"""Characters of a text and names in a list, tried until the message is short enough."""


@dataclass(frozen=True, slots=True)
class SyslogEvent:
    """One message: severity of syslog, time, kind (`incident`, `finding`), id, and its text."""

    priority: int
    time: datetime
    kind: str
    id: str
    text: str


def events_of(report: Report, form: Literal["json", "text"]) -> Iterator[SyslogEvent]:
    """Yield a message for each incident and each finding that is no symptom, at most `MAX_EVENTS`."""
    owners = {finding: incident.id for incident in report.incidents for finding in incident.findings}
    things: list[Incident | Finding] = [*report.incidents, *(f for f in report.findings if f.symptom_of is None)]
    for thing in things[:MAX_EVENTS]:
        kind = "incident" if isinstance(thing, Incident) else "finding"
        text = _json(thing, kind, owners.get(thing.id)) if form == "json" else _sentence(thing, kind)
        yield SyslogEvent(PRIORITIES[thing.severity], thing.last, kind, thing.id, text)


def _json(thing: Incident | Finding, kind: str, owner: str | None) -> str:
    """Return the first form that is short enough; the last one has nothing logged in it."""
    forms = (json.dumps(_event(thing, kind, owner, *size), ensure_ascii=True) for size in _SIZES)
    return next(form for form in forms if len(form) <= MAX_TEXT_BYTES).replace("\x7f", "\\u007f")


def _event(thing: Incident | Finding, kind: str, owner: str | None, characters: int, names: int) -> dict[str, object]:
    def short(text: str) -> str:
        return cut(plain(text), characters)

    event: dict[str, object] = {"kind": kind, "id": thing.id, "severity": thing.severity, "state": thing.state}
    event |= {"title": short(thing.title), "first": iso(thing.first), "last": iso(thing.last)}
    for role in ("clients", "servers", "accounts"):
        values = getattr(thing, role)
        event |= {role: [short(value) for value in values[:names]], f"{role}_total": len(values)}
    if isinstance(thing, Incident):
        stages = [short(stage) for stage in thing.stages[:MAX_NAMES]]
        return event | {"score": thing.score, "stages": stages, "outcome": short(thing.outcome)}
    event |= {"detector": thing.detector, "confidence": thing.confidence, "visibility": thing.visibility}
    event |= {"count": thing.count, "attack": [short(technique) for technique in thing.attack[:MAX_NAMES]]}
    return event | {"summary": short(thing.summary), "incident": owner}


def _sentence(thing: Incident | Finding, kind: str) -> str:
    more = thing.outcome if isinstance(thing, Incident) else thing.summary
    text = f"{kind} {thing.id} {thing.severity} {thing.state or 'seen'}: {plain(thing.title)}. {plain(more)}"
    return text.encode("ascii", "backslashreplace").decode("ascii").strip()[:MAX_TEXT_BYTES]
