"""Reports on their way: written with the pass that made them, and there until every carrier has taken them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from zeeksmtp.state._tables import OUTBOX

_REMEMBERED = 1000  # reports that went, by their ids


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report that still has to go: the parcel's id, its subject, and the carriers left. `report` gives the rest."""

    id: int
    parcel: str
    subject: str
    carriers: tuple[str, ...]
    attempts: int = 0
    error: str | None = None


def put(connection: Connection, parcel: str, subject: str, report: str, carriers: Sequence[str]) -> None:
    """Put a report into the outbox; forget the oldest of those that went."""
    values = {"parcel": parcel, "subject": subject, "report": report, "carriers": json.dumps(carriers), "attempts": 0}
    made = connection.execute(OUTBOX.insert().values(values)).inserted_primary_key
    assert made is not None  # noqa: S101 - for the type checker
    connection.execute(delete(OUTBOX).where(OUTBOX.c.report.is_(None), OUTBOX.c.id <= made[0] - _REMEMBERED))


def waiting(connection: Connection) -> list[Waiting]:
    """Give the reports that still have to go, oldest first."""
    columns = [OUTBOX.c[name] for name in Waiting.__slots__]
    rows = connection.execute(select(*columns).where(OUTBOX.c.report.is_not(None)).order_by(OUTBOX.c.id)).mappings()
    return [Waiting(**{**row, "carriers": tuple(json.loads(row["carriers"]))}) for row in rows]


def report(connection: Connection, row: Waiting) -> str:
    """Give the report as JSON. It may be large."""
    return str(connection.execute(select(OUTBOX.c.report).where(OUTBOX.c.id == row.id)).scalar_one())


def took(connection: Connection, row: Waiting, carriers: Sequence[str]) -> None:
    """Remember which carriers are left; with the last one, the report itself is let go."""
    values: dict[str, str | None] = {"carriers": json.dumps(carriers)}
    if not carriers:
        values |= {"report": None, "error": None}
    connection.execute(update(OUTBOX).where(OUTBOX.c.id == row.id).values(values))


def failed(connection: Connection, row: Waiting, error: str) -> None:
    """Remember an attempt that failed."""
    values = {"attempts": OUTBOX.c.attempts + 1, "error": error}
    connection.execute(update(OUTBOX).where(OUTBOX.c.id == row.id).values(values))
