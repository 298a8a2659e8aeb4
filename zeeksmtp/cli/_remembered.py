"""What scheduled passes remember, as the commands `findings` and `incidents` read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from zeeksmtp.errors import UnusableError
from zeeksmtp.model import Finding, HostName, Incident

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from zeeksmtp.config import Settings
    from zeeksmtp.state.findings import FindingSuppression, RememberedFinding
    from zeeksmtp.state.incidents import RememberedIncident


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
        from zeeksmtp.state import findings as state  # noqa: PLC0415 - `--help` must not load SQLAlchemy
        from zeeksmtp.state.incidents import remembered_incidents  # noqa: PLC0415 - likewise

        findings = state.remembered_findings(connection)
        incidents = remembered_incidents(connection, {id_: known.finding for id_, known in findings.items()})
        today = datetime.now(UTC).date()
        entries = state.suppressions(connection).items()
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


def _urgency(thing: Finding | Incident) -> tuple[int, float, str]:
    return -thing.severity.rank, -thing.last.timestamp(), thing.id


@contextmanager
def open_state(settings: Settings) -> Iterator[Connection]:
    """Yield a connection to the state, within a transaction. Raises `UnusableError` if there was no pass yet."""
    from zeeksmtp.state.store import NAME, open_store  # noqa: PLC0415 - `--help` must not load SQLAlchemy

    folder = settings.state_dir
    if folder is None:
        raise UnusableError("`state_dir` is not set: name the folder in the config file; `zeeksmtp init` writes one")
    if not (folder / NAME).exists():
        raise UnusableError(f"{folder / NAME}: no pass has written it yet; run `zeeksmtp cron` first")
    with open_store(folder / NAME) as store, store.transaction() as connection:
        yield connection


def finding_json(known: RememberedFinding, suppression: FindingSuppression | None) -> dict[str, Any]:
    """Return a finding as in a report, and what the state has besides."""
    acknowledged = None
    if known.acknowledged is not None:
        acknowledged = {"at": known.acknowledged.isoformat(), "reason": known.reason}
    suppressed = None
    if suppression is not None:
        day = suppression.expires
        suppressed = {"reason": suppression.reason, "expires": day.isoformat() if day else None}
    return known.finding.model_dump(mode="json") | {
        "first_pass": known.first_pass,
        "last_pass": known.last_pass,
        "acknowledged": acknowledged,
        "suppressed": suppressed,
    }


def state_lines(known: RememberedFinding, suppression: FindingSuppression | None) -> Iterator[str]:
    """Yield what somebody decided about a finding; the lines are not escaped yet."""
    id_ = known.finding.id
    if known.acknowledged is not None:
        yield f"{id_} acknowledged {known.acknowledged:%Y-%m-%d %H:%M} UTC: {known.reason}"
    if suppression is not None:
        yield f"{id_} suppressed{f' until {suppression.expires}' if suppression.expires else ''}: {suppression.reason}"
