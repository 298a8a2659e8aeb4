"""Findings with a life cycle: what was found, whether it was reported, what the operator said about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, case, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from zeeksmtp.model import Finding, Severity
from zeeksmtp.state._batches import batches
from zeeksmtp.state._tables import FINDING, SUPPRESSION

MAX_PAST_FINDINGS = 10_000
"""Findings that are remembered after the last pass that found them; the oldest are forgotten first."""


@dataclass(frozen=True, slots=True)
class RememberedFinding:
    """A finding over all passes.

    `finding` is as last found, `state` in it; its `first` is the earliest and its `count` the highest of all passes.
    `seen_count` is the count of the last pass, which falls when evidence expires. `severity` is the worst so far; an
    acknowledgement sets it to that of then. `reported` is false while its news waits for a report.
    """

    finding: Finding
    first_pass: int
    last_pass: int
    seen_count: int
    severity: Severity
    reported: bool = False
    reason: str | None = None
    acknowledged: datetime | None = None


@dataclass(frozen=True, slots=True)
class FindingSuppression:
    """A finding that the operator does not want to see, why, and the first day (UTC) on which that ends."""

    finding: str
    reason: str
    expires: date | None


def remembered_findings(connection: Connection) -> dict[str, RememberedFinding]:
    """Return all remembered findings, by id."""
    return {row["id"]: _remembered(row) for row in connection.execute(select(FINDING)).mappings()}


def _remembered(row: RowMapping) -> RememberedFinding:
    finding = Finding.model_validate_json(row["body"])
    return RememberedFinding(
        finding=finding.model_copy(update={"state": row["state"]}),
        first_pass=row["first_pass"],
        last_pass=row["last_pass"],
        seen_count=row["seen_count"],
        severity=Severity(row["severity"]),
        reported=row["reported"],
        reason=row["reason"],
        acknowledged=None if row["acknowledged"] is None else datetime.fromisoformat(row["acknowledged"]),
    )


def save_findings(connection: Connection, findings: Iterable[RememberedFinding], number: int) -> None:
    """Remember the findings of pass `number`; those that it did not find are quiet from then on."""
    if rows := [_row(remembered) for remembered in findings]:
        upsert = insert(FINDING)
        columns = {name: column for name, column in upsert.excluded.items() if name != "id"}
        connection.execute(upsert.on_conflict_do_update(index_elements=[FINDING.c.id], set_=columns), rows)
    absent = FINDING.c.last_pass < number
    connection.execute(update(FINDING).where(absent, FINDING.c.acknowledged.is_(None)).values(state="quiet"))
    past = select(FINDING.c.id).where(absent).order_by(FINDING.c.last_pass.desc(), FINDING.c.id)
    connection.execute(delete(FINDING).where(FINDING.c.id.in_(past.offset(MAX_PAST_FINDINGS))))


def _row(remembered: RememberedFinding) -> dict[str, Any]:
    finding = remembered.finding
    return {
        "id": finding.id,
        "state": finding.state,
        "first_pass": remembered.first_pass,
        "last_pass": remembered.last_pass,
        "seen_count": remembered.seen_count,
        "reported": remembered.reported,
        "severity": remembered.severity.value,
        "reason": remembered.reason,
        "acknowledged": None if remembered.acknowledged is None else remembered.acknowledged.isoformat(),
        "body": finding.model_dump_json(exclude={"state"}),
    }


def reopen(connection: Connection, ids: Collection[str]) -> None:
    """Make findings new again, unless they are acknowledged."""
    for some in batches(ids):
        chosen = FINDING.c.id.in_(some) & FINDING.c.acknowledged.is_(None)
        connection.execute(update(FINDING).where(chosen).values(state="new", reported=False))


def acknowledge(
    connection: Connection, findings: Iterable[RememberedFinding], reason: str, now: datetime | None = None
) -> None:
    """Remember that the operator knows of findings."""
    for remembered in findings:
        values = {
            "state": "acknowledged",
            "severity": remembered.finding.severity.value,
            "reason": reason,
            "acknowledged": (now or datetime.now(UTC)).isoformat(),
        }
        connection.execute(update(FINDING).where(FINDING.c.id == remembered.finding.id).values(values))


def unacknowledge(connection: Connection, ids: Collection[str]) -> None:
    """Withdraw acknowledgements: the findings are quiet, or new if no report had them yet."""
    state = case((FINDING.c.reported, "quiet"), else_="new")
    for some in batches(ids):
        chosen = FINDING.c.id.in_(some) & FINDING.c.acknowledged.is_not(None)
        connection.execute(update(FINDING).where(chosen).values(state=state, reason=None, acknowledged=None))


def suppressions(connection: Connection) -> dict[str, FindingSuppression]:
    """Return what the operator suppressed, by id of the finding, expired ones included."""
    rows = connection.execute(select(SUPPRESSION)).mappings()
    return {row["finding"]: FindingSuppression(row["finding"], row["reason"], _day(row["expires"])) for row in rows}


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def suppress(connection: Connection, suppression: FindingSuppression) -> None:
    """Remember that the operator does not want to see a finding."""
    values = {
        "finding": suppression.finding,
        "reason": suppression.reason,
        "expires": None if suppression.expires is None else suppression.expires.isoformat(),
        "created": datetime.now(UTC).isoformat(),
    }
    connection.execute(insert(SUPPRESSION).prefix_with("OR REPLACE").values(values))


def end_suppressions(connection: Connection, today: date) -> None:
    """Forget the suppressions that end on or before `today`; their findings are new again."""
    entries = suppressions(connection).values()
    expired = [entry.finding for entry in entries if entry.expires is not None and entry.expires <= today]
    reopen(connection, expired)
    for some in batches(expired):
        connection.execute(delete(SUPPRESSION).where(SUPPRESSION.c.finding.in_(some)))
