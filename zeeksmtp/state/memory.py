"""What scheduled passes remember, in the order of urgency: findings, incidents, and what the operator decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from zeeksmtp.model import Finding, HostName, Incident
from zeeksmtp.state.findings import FindingSuppression, RememberedFinding, remembered_findings, suppressions
from zeeksmtp.state.incidents import RememberedIncident, remembered_incidents


@dataclass(frozen=True, slots=True)
class Remembered:
    """What passes remember, as far as it takes to show an entry."""

    incidents: tuple[Incident, ...]
    findings: tuple[Finding, ...]
    hosts: Mapping[str, tuple[HostName, ...]]


@dataclass(frozen=True, slots=True)
class Memory:
    """Findings and incidents by id, worst and newest first, and the suppressions that hold today."""

    findings: dict[str, RememberedFinding]
    incidents: dict[str, RememberedIncident]
    suppressions: dict[str, FindingSuppression]

    @classmethod
    def load(cls, connection: Connection) -> Memory:
        """Read the state."""
        findings = remembered_findings(connection)
        incidents = remembered_incidents(connection, {id_: known.finding for id_, known in findings.items()})
        today = datetime.now(UTC).date()
        entries = suppressions(connection).items()
        return cls(
            findings=dict(sorted(findings.items(), key=lambda item: _urgency(item[1].finding))),
            incidents=dict(sorted(incidents.items(), key=lambda item: _urgency(item[1].incident))),
            suppressions={id_: entry for id_, entry in entries if entry.expires is None or today < entry.expires},
        )

    def members(self, incident: Incident) -> list[RememberedFinding]:
        """Return the findings of an incident that are still remembered, in order of time."""
        return [self.findings[id_] for id_ in incident.findings if id_ in self.findings]

    def entries(self) -> Remembered:
        """Return all of it, without what somebody decided."""
        return Remembered(
            incidents=tuple(known.incident for known in self.incidents.values()),
            findings=tuple(known.finding for known in self.findings.values()),
            hosts={},
        )

    def symptoms(self, incident: Incident) -> list[RememberedFinding]:
        """Return the remembered symptoms of an incident."""
        return [known for known in self.findings.values() if known.finding.symptom_of == incident.id]

    def decided(self, id_: str) -> Iterator[str]:
        """Yield what somebody decided about a finding, and what changed since; the lines are not escaped yet."""
        known, suppression = self.findings[id_], self.suppressions.get(id_)
        if known.acknowledged is not None:
            yield f"{id_} acknowledged {known.acknowledged:%Y-%m-%d %H:%M} UTC: {known.reason}"
        last = known.finding.last
        if known.acknowledged is not None and last > known.acknowledged:
            yield f"{id_} went on after that: last event {last:%Y-%m-%d %H:%M} UTC"
        elif known.finding.state == "quiet" or known.acknowledged is not None:
            events = f"{known.finding.count:,} event{'s' * (known.finding.count != 1)}"
            yield f"{id_} {events} until {last:%Y-%m-%d %H:%M} UTC, 0 since"
        if suppression is not None:
            until = f" until {suppression.expires}" if suppression.expires else ""
            yield f"{id_} suppressed{until}: {suppression.reason}"


def _urgency(thing: Finding | Incident) -> tuple[int, float, str]:
    return -thing.severity.rank, -thing.last.timestamp(), thing.id
