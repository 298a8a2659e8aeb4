"""Decisions of the operator that can be taken back: each returns the way back to what was before."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, date, datetime

from sqlalchemy import Connection, delete, update

from zeeksmtp.state import findings as state
from zeeksmtp.state._tables import FINDING, SUPPRESSION
from zeeksmtp.state.findings import FindingSuppression, RememberedFinding

Undo = Callable[[Connection], None]
"""Takes one decision back, in a transaction of its own."""


def acknowledge(connection: Connection, findings: Collection[RememberedFinding], reason: str) -> Undo:
    """Acknowledge findings, and return how to take that back.

    What became more severe since, and so lost its acknowledgement, stays as it is then.
    """
    at = datetime.now(UTC)
    state.acknowledge(connection, findings, reason, at)

    def undo(connection: Connection) -> None:
        for before in findings:
            ours = (FINDING.c.id == before.finding.id) & (FINDING.c.acknowledged == at.isoformat())
            values = {
                "state": before.finding.state,
                "severity": before.severity.value,
                "reported": before.reported,
                "reason": before.reason,
                "acknowledged": before.acknowledged and before.acknowledged.isoformat(),
            }
            connection.execute(update(FINDING).where(ours).values(values))

    return undo


def suppress(connection: Connection, ids: Collection[str], reason: str, expires: date | None = None) -> Undo:
    """Suppress findings, and return how to take that back."""
    earlier = state.suppressions(connection)
    for id_ in ids:
        state.suppress(connection, FindingSuppression(id_, reason, expires))

    def undo(connection: Connection) -> None:
        for id_ in ids:
            if id_ in earlier:
                state.suppress(connection, earlier[id_])
            else:
                connection.execute(delete(SUPPRESSION).where(SUPPRESSION.c.finding == id_))

    return undo
