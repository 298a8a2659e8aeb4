"""Reports to deliver: written in the pass's own transaction, and there until every transport has accepted them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from zeeksmtp.state._tables import OUTBOX

MAX_DELIVERED_ROWS = 1_000
"""Delivered reports of which the outbox still has the envelope's id."""


@dataclass(frozen=True, slots=True)
class WaitingReport:
    """A report that is not delivered yet: the envelope's id, its subject, and the transports left.

    The report itself may be large: `report` reads it.
    """

    id: int
    envelope: str
    subject: str
    transports: tuple[str, ...]
    attempts: int = 0
    error: str | None = None


def put(connection: Connection, envelope: str, subject: str, report: str, transports: Sequence[str]) -> None:
    """Add a report; forget the oldest of those that were delivered."""
    values = {
        "envelope": envelope,
        "subject": subject,
        "report": report,
        "transports": json.dumps(transports),
        "attempts": 0,
    }
    key = connection.execute(OUTBOX.insert().values(values)).inserted_primary_key
    assert key is not None  # noqa: S101 - for the type checker
    connection.execute(delete(OUTBOX).where(OUTBOX.c.report.is_(None), OUTBOX.c.id <= key[0] - MAX_DELIVERED_ROWS))


def waiting(connection: Connection) -> list[WaitingReport]:
    """Return the reports that are not delivered yet, oldest first."""
    columns = [OUTBOX.c[name] for name in WaitingReport.__slots__]
    rows = connection.execute(select(*columns).where(OUTBOX.c.report.is_not(None)).order_by(OUTBOX.c.id)).mappings()
    return [WaitingReport(**{**row, "transports": tuple(json.loads(row["transports"]))}) for row in rows]


def report(connection: Connection, row: WaitingReport) -> str:
    """Return the report as JSON."""
    return str(connection.execute(select(OUTBOX.c.report).where(OUTBOX.c.id == row.id)).scalar_one())


def set_remaining(connection: Connection, row: WaitingReport, transports: Sequence[str]) -> None:
    """Remember which transports are left; without any, the report itself is deleted."""
    values: dict[str, str | None] = {"transports": json.dumps(transports)}
    if not transports:
        values |= {"report": None, "error": None}
    connection.execute(update(OUTBOX).where(OUTBOX.c.id == row.id).values(values))


def record_failure(connection: Connection, row: WaitingReport, error: str) -> None:
    """Remember an attempt that failed."""
    values = {"attempts": OUTBOX.c.attempts + 1, "error": error}
    connection.execute(update(OUTBOX).where(OUTBOX.c.id == row.id).values(values))
