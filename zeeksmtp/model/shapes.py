"""The report, `zeeksmtp.report.v1`, and what it is made of. v1 may gain keys, never lose or retype one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, TypeAdapter
from pydantic.dataclasses import dataclass

_canonical = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Severity(StrEnum):
    """How soon someone has to act, from `info` (worth knowing) to `critical` (now)."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    rank: int
    """Place in the order, 0 for `info`. An attribute, since thousands of findings are sorted by it."""

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


def _iso(moment: datetime) -> str:
    return f"{moment.isoformat(timespec='microseconds')[:26]}Z"  # half of what strftime takes


Moment = Annotated[datetime, PlainSerializer(_iso, return_type=str, when_used="json")]
"""A time in UTC; in JSON ISO 8601 with microseconds and `Z`."""


_CLOSED = ConfigDict(extra="forbid")


class Shape(BaseModel):
    """Base of what is in the report: frozen and closed. What is there by the hundred thousand has slots instead."""

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


class SequentialTest(Shape):
    """A sequential test: score against threshold, over how many trials, how many bad, when it alarmed."""

    score: float
    threshold: float
    trials: int
    bad: int
    alarm_at: Moment | None


@dataclass(frozen=True, slots=True, kw_only=True, config=_CLOSED)
class Evidence:
    """What a finding rests on."""

    terms: tuple[Term, ...] = ()
    details: tuple[Detail, ...] = ()
    test: SequentialTest | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_CLOSED)
class Finding:
    """One thing that is wrong, about one entity."""

    id: Id
    state: State | None = None
    detector: str
    title: str
    severity: Severity
    confidence: Confidence
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


FINDING_JSON: Final = TypeAdapter(Finding)
"""Writes and reads single findings."""


@dataclass(frozen=True, slots=True, kw_only=True, config=_CLOSED)
class Incident:
    """Findings of one story, linked by their actors."""

    id: Id
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
    findings: tuple[str, ...]
    narrative: str


class Run(Shape):
    """What differs between two runs over the same inputs."""

    version: str
    generated: Moment
    seconds: float


class Span(Shape):
    """First and last `ts` of the rows that were kept."""

    first: Moment
    last: Moment


class InputFile(Shape):
    """One file: what it was taken for and where its lines went. `log` is null for a file that was not used.

    `problem` is what makes the run degraded; `note` says why a file was passed by, or what is odd but harmless.
    """

    path: str
    log: str | None
    format: Literal["tsv", "json"] | None
    kept: int = 0
    skipped: int = 0
    rejected: int = 0
    first: Moment | None = None
    last: Moment | None = None
    problem: str | None = None
    note: str | None = None


class Totals(Shape):
    """Sums over all input files; kept + skipped + rejected = lines."""

    files: int
    lines: int
    kept: int
    skipped: int
    rejected: int


class Inputs(Shape):
    """Every file that was looked at, with the totals."""

    files: tuple[InputFile, ...]
    totals: Totals


class Coverage(Shape):
    """Which logs were there, and what cannot be seen without the others."""

    logs: dict[str, bool]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, config=_CLOSED)
class Day:
    """Sessions of one day at the site (`day`: its midnight, as UTC), and how many of them came to TLS."""

    day: Moment
    sessions: int
    tls_sessions: int


@dataclass(frozen=True, slots=True, kw_only=True, config=_CLOSED)
class ServerPosture:
    """What one server port shows of itself. Null: cannot be known from the logs at hand.

    `tls_versions` counts sessions by version (ssl.log); `days` are the last 35 with sessions, of the site's own.
    """

    server: str
    port: int
    sessions: int
    tls_sessions: int
    starttls_offered: bool | None
    auth_offered_in_clear: bool | None
    answers_vrfy: bool | None
    answers_expn: bool | None
    tls_versions: dict[str, int] = field(default_factory=dict)
    days: tuple[Day, ...] = ()


class Posture(Shape):
    """How much of the mail traffic is encrypted, in all and by server."""

    servers: tuple[ServerPosture, ...]
    sessions: int
    tls_sessions: int


class HostRole(Shape):
    """What a host is taken for, and why."""

    host: str
    role: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, config=_CLOSED)
class Credential:
    """A credential that must be changed; `why` is a finding's id."""

    account: str
    server: str
    last: Moment
    why: str


class Volume(Shape):
    """What a client sent in one hour; `expected` and `upper` are about `value`, and null without a baseline."""

    client: str
    hour: Moment
    messages: int
    recipients: int
    value: int | None = None
    expected: float | None = None
    upper: float | None = None


class Count(Shape):
    """How often something was seen."""

    name: str
    count: int


class Traffic(Shape):
    """The mail of the window in sums, as a mail server's daily summary has it; each list at most 20, busiest first.

    Messages and recipients are those that were visible. `hours` are messages by hour of the site's clock, all 24 of
    them. `refusals` are replies of 4xx and 5xx to MAIL, RCPT, DATA and BDAT, by code and enhanced status.
    """

    senders: tuple[Count, ...] = ()
    clients: tuple[Count, ...] = ()
    recipient_domains: tuple[Count, ...] = ()
    refusals: tuple[Count, ...] = ()
    hours: tuple[Count, ...] = ()


class UsedSettings(Shape):
    """The settings that decide, and what they cost: `trials` * `alpha` bounds the expected false alarms."""

    alpha: float
    false_discovery_rate: float
    trials: int
    suppressed: int


class Explanation(Shape):
    """What a detector is about: its first line, what it sees, why that matters, what else it may be, what to do."""

    about: str
    sees: str
    matters: str
    benign: str
    todo: str


class Problem(Shape):
    """Something that made the run degraded: the file or unit, and what happened."""

    where: str
    what: str


class Report(Shape):
    """The frozen result of a run: `zeeksmtp.report.v1`. v1 may gain keys, never lose or retype one."""

    schema_: Literal["zeeksmtp.report.v1"] = Field("zeeksmtp.report.v1", alias="schema", serialization_alias="schema")
    run: Run
    window: Span | None
    inputs: Inputs
    coverage: Coverage
    posture: Posture
    roles: tuple[HostRole, ...]
    credentials_to_change: tuple[Credential, ...]
    volumes: tuple[Volume, ...]
    traffic: Traffic = Traffic()
    settings: UsedSettings
    findings: tuple[Finding, ...]
    incidents: tuple[Incident, ...]
    detectors: dict[str, Explanation] = {}
    errors: tuple[Problem, ...]


def identity(*parts: Any) -> str:
    """Give the first 16 hex digits of SHA-256 over `parts` as canonical JSON (RFC 8785: no blanks, UTF-8 unescaped)."""
    return hashlib.sha256(_canonical(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
