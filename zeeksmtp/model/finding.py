"""Findings and incidents: what was found, what it rests on, and what belongs together."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

_canonical = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Severity(StrEnum):
    """How soon someone has to act, from `info` (worth knowing) to `critical` (now)."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    rank: int
    """Place in the order, 0 for `info`."""

    def __init__(self, _: str) -> None:
        self.rank = len(type(self).__members__)


class Confidence(StrEnum):
    """How sure the evidence makes us, apart from how bad it would be."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


Id = Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
"""See `identity`."""

State = Literal["new", "ongoing", "quiet", "acknowledged"]
"""What became of a finding since the passes before; of a single run nobody can tell."""


def iso(moment: datetime) -> str:
    """Return a time in UTC as ISO 8601 with microseconds and `Z`."""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"


Moment = Annotated[datetime, PlainSerializer(iso, return_type=str, when_used="json")]
"""A time in UTC; in JSON ISO 8601 with microseconds and `Z`."""


class Shape(BaseModel):
    """Base of everything in the report: frozen, and no unknown key."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Term(Shape):
    """One piece of evidence: what was measured and how much it weighs."""

    name: str
    value: int | float
    weight: float


class Detail(Shape):
    """Named strings behind a finding (confirmed names, mechanisms, …), at most 100."""

    name: str
    values: tuple[str, ...]


class SequentialTestResult(Shape):
    """A sequential test: score against threshold, over how many trials, how many bad, when it alarmed."""

    score: float
    threshold: float
    trials: int
    bad: int
    alarm_at: Moment | None


class Evidence(Shape):
    """What a finding rests on."""

    terms: tuple[Term, ...] = ()
    details: tuple[Detail, ...] = ()
    test: SequentialTestResult | None = None


class Action(Shape):
    """A step that somebody should take: `site` is whoever runs this network, `outside` whom the site can only tell."""

    owner: Literal["site", "outside"]
    text: str


class ReadySettings(Shape):
    """Settings to look at and to copy, never applied: for `software` on `hosts` (none: the site's firewall).

    `lines` go to `where`; `check` is the command that checks them.
    """

    software: str
    hosts: tuple[str, ...]
    purpose: str
    where: str
    lines: tuple[str, ...]
    check: str


class Finding(Shape):
    """One thing that is wrong, about one entity.

    `visibility` is `inferred` where the logs at hand make it likely but do not show it; `basis` names those logs.
    `replaces` lists the inferred findings that this one makes superfluous. A finding with `symptom_of` is a
    consequence of that incident: it is counted there and needs no action of its own. `settings` are those of findings
    that are in no incident.
    """

    id: Id
    state: State | None = None
    detector: str
    title: str
    severity: Severity
    confidence: Confidence
    visibility: Literal["observed", "inferred"] = "observed"
    basis: tuple[str, ...] = ()
    replaces: tuple[Id, ...] = ()
    symptom_of: Id | None = None
    attack: tuple[str, ...]
    first: Moment
    last: Moment
    count: int
    clients: tuple[str, ...]
    servers: tuple[str, ...]
    accounts: tuple[str, ...]
    evidence: Evidence
    uids: tuple[str, ...]
    summary: str
    action: str
    settings: tuple[ReadySettings, ...] = ()


class TimelineEntry(Shape):
    """One step of an incident: the finding, when it began, and its summary."""

    time: Moment
    finding: Id
    text: str


class Campaign(Shape):
    """What several sources did together: `sources` lists at most 100 of `source_count`."""

    technique: str
    sources: tuple[str, ...]
    source_count: int
    networks: tuple[str, ...]
    targets: tuple[str, ...]


class Incident(Shape):
    """Findings of one campaign or one chain of events, worst first.

    `findings` are those that the incident consists of, in order of time. `symptoms` counts, by detector, the findings
    that are mere consequences (`Finding.symptom_of`); the report has one for all of a detector. `outcome` says
    what came of it. `attackers` are those of its clients outside of the site that its findings show to be attackers.
    """

    id: Id
    state: State | None = None
    title: str
    severity: Severity
    score: Annotated[int, Field(ge=0, le=100)]
    score_parts: dict[str, int]
    stages: tuple[str, ...]
    first: Moment
    last: Moment
    clients: tuple[str, ...]
    servers: tuple[str, ...]
    accounts: tuple[str, ...]
    attackers: tuple[str, ...] = ()
    findings: tuple[Id, ...]
    symptoms: dict[str, int] = Field(default_factory=dict)
    campaign: Campaign | None = None
    outcome: str
    timeline: tuple[TimelineEntry, ...]
    actions: tuple[Action, ...]
    settings: tuple[ReadySettings, ...] = ()
    uids: tuple[str, ...]


def identity(*parts: Any) -> str:
    """Return 16 hex digits of the SHA-256 of `parts` as canonical JSON (RFC 8785: no blanks, UTF-8 unescaped)."""
    return hashlib.sha256(_canonical(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
