"""Findings with a life: what was found, when it was told, what the operator said to it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from sqlalchemy import Connection, RowMapping, delete, select
from sqlalchemy.dialects.sqlite import insert

from zeeksmtp.model import Finding, Severity
from zeeksmtp.state._tables import FINDING, SUPPRESSION


@dataclass(frozen=True, slots=True)
class Known:
    """A finding that is remembered.

    `finding` is as last told, `state` in it; its first is the earliest and its count the highest that was seen.
    `seen_count` is the count at the last pass, which falls when evidence ages. `severity` is the worst that was told.
    `reason` and `acknowledged` (time) are those of an acknowledgement.
    """

    finding: Finding
    first_pass: int
    last_pass: int
    seen_count: int
    severity: Severity
    reason: str | None = None
    acknowledged: datetime | None = None


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that the operator does not want to see, why, and the first day (UTC) on which that ends."""

    finding: str
    reason: str
    expires: date | None


def known(connection: Connection) -> dict[str, Known]:
    """Give every finding there has been, by id."""
    return {row["id"]: _known(row) for row in connection.execute(select(FINDING)).mappings()}


def _known(row: RowMapping) -> Known:
    at = row["acknowledged"]
    return Known(
        finding=Finding.model_validate_json(row["body"]),
        first_pass=row["first_pass"],
        last_pass=row["last_pass"],
        seen_count=row["seen_count"],
        severity=Severity(row["severity"]),
        reason=row["reason"],
        acknowledged=None if at is None else datetime.fromisoformat(at),
    )


def keep(connection: Connection, findings: Iterable[Known]) -> None:
    """Remember findings as they are now."""
    rows = [
        {
            "id": k.finding.id,
            "state": k.finding.state,
            "first_pass": k.first_pass,
            "last_pass": k.last_pass,
            "seen_count": k.seen_count,
            "body": json.dumps(k.finding.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":")),
            "severity": k.severity.value,
            "reason": k.reason,
            "acknowledged": None if k.acknowledged is None else k.acknowledged.isoformat(),
        }
        for k in findings
    ]
    if rows:
        connection.execute(insert(FINDING).prefix_with("OR REPLACE"), rows)


def acknowledge(connection: Connection, findings: Iterable[Known], reason: str, now: datetime) -> None:
    """Remember that the operator knows of findings."""
    keep(
        connection,
        [
            replace(
                known,
                finding=known.finding.model_copy(update={"state": "acknowledged"}),
                severity=known.finding.severity,
                reason=reason,
                acknowledged=now,
            )
            for known in findings
        ],
    )


def suppressed(connection: Connection) -> dict[str, Suppressed]:
    """Give what the operator suppressed, by id of the finding; what has expired too."""
    rows = connection.execute(select(SUPPRESSION)).mappings()
    return {row["finding"]: Suppressed(row["finding"], row["reason"], _day(row["expires"])) for row in rows}


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def suppress(connection: Connection, entry: Suppressed) -> None:
    """Remember a suppression, in place of an older one of the same finding."""
    values = {
        "finding": entry.finding,
        "reason": entry.reason,
        "expires": None if entry.expires is None else entry.expires.isoformat(),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    connection.execute(insert(SUPPRESSION).prefix_with("OR REPLACE").values(values))


def expired(connection: Connection, today: date) -> set[str]:
    """Give the findings whose suppression has ended, and forget it."""
    ended = {one.finding for one in suppressed(connection).values() if one.expires is not None and one.expires <= today}
    for finding in ended:
        connection.execute(delete(SUPPRESSION).where(SUPPRESSION.c.finding == finding))
    return ended
