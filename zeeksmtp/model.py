"""The words that every part shares: the specs of the units, the findings' frame, and the report.

A *unit* is one file that defines one constant: `LOG`, `FACT`, `DETECTOR`, `OUTPUT` or `COMMAND`. The specs below say
what such a constant holds. Units meet in tables (by name) and in the `Report`, never by import.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

if TYPE_CHECKING:
    import polars as pl

Tables = Mapping[str, "pl.LazyFrame"]
"""Logs of the lake and facts, by name."""

SMTP_PORTS = (25, 26, 465, 587, 2525)
"""Relay, its common alternatives (26, 2525), submission (RFC 6409) and submissions (RFC 8314)."""


class Severity(StrEnum):
    """How soon someone has to act, from `info` (worth knowing) to `critical` (now)."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Place in the order, 0 for `info`."""
        return list(Severity).index(self)


class Confidence(StrEnum):
    """How sure the evidence makes us, apart from how bad it would be."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a log or a fact: its name, its Zeek type (`addr`, `set[string]`, …) and what it means."""

    name: str
    type: str
    doc: str


@dataclass(frozen=True, slots=True)
class Hint:
    """What a raw line must contain to concern SMTP: a cheap superset of `Log.concerns`.

    `values` maps a column to values one of which must stand in it; `text` are substrings. One match is enough; an
    empty hint keeps every line.
    """

    values: Mapping[str, tuple[str, ...]]
    text: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Log:
    """A Zeek log that is read: its path name, the columns kept, and which rows concern SMTP.

    `concerns` gives a boolean expression over the typed columns; `redact` gives columns rewritten before anything is
    written to disk; `unseen` says what is not visible where the log is missing. Columns that a file lacks are null.
    """

    name: str
    doc: str
    unseen: str
    columns: tuple[Column, ...]
    hint: Hint
    concerns: Callable[[], pl.Expr]
    redact: Callable[[], Mapping[str, pl.Expr]] = dict


@dataclass(frozen=True, slots=True)
class Site:
    """What config says of the place that the logs come from."""

    local_nets: tuple[IPv4Network | IPv6Network, ...] = ()
    timezone: str = "UTC"
    roles: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """The time that is judged: from `since` (inclusive) to `until` (exclusive). Earlier rows serve as history."""

    since: datetime | None = None
    until: datetime | None = None

    def covers(self, ts: str = "ts") -> pl.Expr:
        """Give a boolean expression: column `ts` lies in the window."""
        import polars as pl  # noqa: PLC0415 - `--help` must not load polars

        inside = pl.col(ts).is_not_null()
        if self.since is not None:
            inside &= pl.col(ts) >= self.since
        if self.until is not None:
            inside &= pl.col(ts) < self.until
        return inside


@dataclass(frozen=True, slots=True)
class Context:
    """What a detector is told besides its tables and `Params`."""

    site: Site = Site()
    window: Window = Window()
    alpha: float = 1e-6
    false_discovery_rate: float = 0.01


@dataclass(frozen=True, slots=True)
class Fact:
    """A table that detectors read: a lazy plan over logs and other facts, with declared columns.

    `needs` names tables that must be there (an absent log is given as an empty frame of its columns).
    """

    name: str
    doc: str
    columns: tuple[Column, ...]
    needs: tuple[str, ...]
    plan: Callable[[Tables, Site], pl.LazyFrame]


class Params(BaseModel):
    """Base of every detector's parameters: frozen, no unknown key; each field has bounds, unit and source."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Detector:
    """One kind of finding.

    `plan(tables, params, context)` gives a LazyFrame of `FINDING` columns. `title`, `summary` and `action` are
    `str.format` templates over the finding's own fields (`clients`, `servers`, `accounts`, `count`, `first`, `last`)
    and the names of its evidence's terms and details. `spends` means that the accounts it names need a new
    credential. `sees` names the logs without which it is blind, for `coverage`;
    `trials`, of the same arguments, gives one row with the number of statistical trials (column `trials`).
    """

    id: str
    title: str
    summary: str
    action: str
    attack: tuple[str, ...]
    needs: tuple[str, ...]
    sees: tuple[str, ...]
    params: type[Params]
    plan: Callable[[Tables, Any, Context], pl.LazyFrame]
    stage: Literal["recon", "exposure", "guessing", "access", "abuse"] | None = None
    trials: Callable[[Tables, Any, Context], pl.LazyFrame] | None = None
    spends: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """A form of the report. `render` gets the report and whether it goes to a terminal (`None`: no, else its width)."""

    name: str
    doc: str
    render: Callable[[Report, int | None], str]


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the CLI: its name and either the function or, for a group, the functions by name."""

    name: str
    run: Callable[..., Any] | Mapping[str, Callable[..., Any]]


FINDING: Mapping[str, str] = {
    "key": "vector[string]",
    "severity": "string",
    "confidence": "string",
    "first": "time",
    "last": "time",
    "count": "count",
    "clients": "vector[string]",
    "servers": "vector[string]",
    "accounts": "vector[string]",
    "terms": "vector[term]",
    "details": "vector[detail]",
    "test": "test",
    "uids": "vector[string]",
    "attack": "vector[string]",
}
"""Columns and types of what a detector's plan yields.

`key` is the entity key; `uids` the first 20 by (ts, uid); `attack` is empty where the detector's own ids apply.
"""


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


Moment = Annotated[datetime, PlainSerializer(_iso, return_type=str, when_used="json")]
"""A time in UTC; in JSON ISO 8601 with microseconds and `Z`."""


class Shape(BaseModel):
    """Base of everything in the report: frozen and closed."""

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


class Evidence(Shape):
    """What a finding rests on."""

    terms: tuple[Term, ...] = ()
    details: tuple[Detail, ...] = ()
    test: SequentialTest | None = None


class Finding(Shape):
    """One thing that is wrong, about one entity."""

    id: str = Field(pattern="^[0-9a-f]{16}$")
    state: Literal["new", "ongoing", "quiet", "acknowledged"] | None = None
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


class Incident(Shape):
    """Findings of one story, linked by their actors."""

    id: str = Field(pattern="^[0-9a-f]{16}$")
    title: str
    severity: Severity
    score: int = Field(ge=0, le=100)
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


class ServerPosture(Shape):
    """What one server port shows of itself. Null: cannot be known from the logs at hand."""

    server: str
    port: int
    sessions: int
    tls_sessions: int
    starttls_offered: bool | None
    auth_offered_in_clear: bool | None
    answers_vrfy: bool | None
    answers_expn: bool | None


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


class Credential(Shape):
    """A credential that must be changed; `why` is a finding's id."""

    account: str
    server: str
    last: Moment
    why: str


class Volume(Shape):
    """What a client sent in one hour; `expected` and `upper` are null without a baseline."""

    client: str
    hour: Moment
    messages: int
    recipients: int
    expected: float | None = None
    upper: float | None = None


class UsedSettings(Shape):
    """The settings that decide, and what they cost: `trials` * `alpha` bounds the expected false alarms."""

    alpha: float
    false_discovery_rate: float
    trials: int
    suppressed: int


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
    settings: UsedSettings
    findings: tuple[Finding, ...]
    incidents: tuple[Incident, ...]
    errors: tuple[Problem, ...]


def identity(*parts: Any) -> str:
    """Give the first 16 hex digits of SHA-256 over `parts` as canonical JSON (RFC 8785: no blanks, UTF-8 unescaped)."""
    canonical = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:16]
