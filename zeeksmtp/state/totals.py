"""What the state holds, in numbers: for monitoring, without a name of anybody."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select

from zeeksmtp.model import Report, Severity
from zeeksmtp.state import findings, incidents, outbox
from zeeksmtp.state._tables import PART, PASS
from zeeksmtp.state.store import get_meta, set_meta

_SESSIONS, _REJECTED = "sessions", "rejected_rows"

Counts = Mapping[tuple[Severity, str], int]
"""How many there are, by severity and state."""


@dataclass(frozen=True, slots=True)
class StateTotals:
    """Counts without what is suppressed, and findings without symptoms; null where there was no pass yet.

    `sessions` and `tls_sessions` are those of the last report, `rejected_rows` of all passes. `newest_row` is the time
    of the newest row in the lake, `last_pass` that of the last pass with new lines.
    """

    findings: Counts
    incidents: Counts
    sessions: int | None
    tls_sessions: int | None
    rejected_rows: int
    newest_row: datetime | None
    last_pass: datetime | None
    errors: int
    waiting_reports: int


def read_totals(connection: Connection) -> StateTotals:
    """Count what the state holds."""
    known = findings.remembered_findings(connection)
    hidden = findings.suppressions(connection).keys()
    shown = {id_: remembered.finding for id_, remembered in known.items() if id_ not in hidden}
    campaigns = incidents.remembered_incidents(connection, shown).values()
    sessions = json.loads(get_meta(connection, _SESSIONS) or "[null, null]")
    return StateTotals(
        findings=Counter((f.severity, f.state or "quiet") for f in shown.values() if f.symptom_of is None),
        incidents=Counter(
            (known.incident.severity, known.incident.state or "quiet")
            for known in campaigns
            if shown.keys() & set(known.incident.findings)
        ),
        sessions=sessions[0],
        tls_sessions=sessions[1],
        rejected_rows=int(get_meta(connection, _REJECTED) or 0),
        newest_row=_moment(connection.execute(select(func.max(PART.c.last))).scalar_one()),
        last_pass=_moment(connection.execute(select(func.max(PASS.c.ended))).scalar_one()),
        errors=_last_errors(connection),
        waiting_reports=len(outbox.waiting(connection)),
    )


def _last_errors(connection: Connection) -> int:
    errors = connection.execute(select(PASS.c.errors).order_by(PASS.c.id.desc()).limit(1)).scalar_one_or_none()
    return len(json.loads(errors or "[]"))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def save_sessions(connection: Connection, report: Report) -> None:
    """Remember how many sessions a report is about, and how many of them came to TLS."""
    set_meta(connection, _SESSIONS, json.dumps([report.posture.sessions, report.posture.tls_sessions]))


def add_rejected_rows(connection: Connection, rows: int) -> None:
    """Count lines of a pass that were no rows."""
    if rows:
        set_meta(connection, _REJECTED, str(int(get_meta(connection, _REJECTED) or 0) + rows))
