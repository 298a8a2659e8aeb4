"""Findings with a life: what was found, when it was told, what the operator said to it.

A finding is written when something of it changes, and then has that pass's number. Of all others the state says once,
for all, which pass judged last: what is not written again rests in it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, RowMapping, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from zeeksmtp.model import FINDING_JSON, Finding, Severity, State
from zeeksmtp.state._tables import FINDING, HIDDEN, SUPPRESSION
from zeeksmtp.state.store import note, told

_JUDGED = "judged"
_in_order = itemgetter(*FINDING.c.keys())


@dataclass(frozen=True, slots=True)
class Known:
    """A finding that is remembered.

    `finding` is as last told, `state` in it; its first is the earliest and its count the highest that was seen.
    `last_pass` is the last one that still had it. `seen_count` is the count at the last pass, which falls when evidence
    ages. `severity` is the worst that was told. `reason` and `acknowledged` (time) are those of an acknowledgement.
    """

    finding: Finding
    first_pass: int
    last_pass: int
    seen_count: int
    severity: Severity
    reason: str | None = None
    acknowledged: datetime | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """What decides what becomes of a finding when a pass has it again: `Known` without the finding itself.

    `first`, `last` and `count` are those that were told; `made_of` is the hash of the row that it was made of, null if
    the last pass that judged did not have it.
    """

    first: datetime
    last: datetime
    count: int
    first_pass: int
    seen_count: int
    severity: Severity
    reason: str | None = None
    acknowledged: datetime | None = None
    made_of: int | None = None


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that the operator does not want to see, why, and the first day (UTC) on which that ends."""

    finding: str
    reason: str
    expires: date | None


def known(connection: Connection) -> dict[str, Known]:
    """Give every finding there has been, by id."""
    judged = last_judged(connection)
    return {row["id"]: _known(row, judged) for row in connection.execute(select(FINDING)).mappings()}


def _known(row: RowMapping, judged: int) -> Known:
    rests = row["state"] in {"new", "ongoing"} and row["last_pass"] < judged
    state: State = "quiet" if rests else row["state"]
    return Known(
        finding=replace(FINDING_JSON.validate_json(row["body"]), state=state),
        first_pass=row["first_pass"],
        last_pass=row["last_pass"] if row["made_of"] is None else judged,
        seen_count=row["seen_count"],
        severity=Severity(row["severity"]),
        reason=row["reason"],
        acknowledged=_moment(row["acknowledged"]),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def last_judged(connection: Connection) -> int:
    """Give the number of the last pass that judged; 0 if none did."""
    return int(told(connection, _JUDGED) or 0)


def made_of(connection: Connection) -> dict[str, int]:
    """Give the hashes of the rows that findings were made of, by id, for all that the last pass had."""
    every = select(func.json_group_object(FINDING.c.id, FINDING.c.made_of)).where(FINDING.c.made_of.is_not(None))
    return dict(json.loads(connection.execute(every).scalar_one()))


def is_empty(connection: Connection) -> bool:
    """Tell whether nothing was ever found."""
    return connection.execute(select(FINDING.c.id).limit(1)).first() is None


def past(connection: Connection, ids: Iterable[str]) -> dict[str, Past]:
    """Give what is known of some findings, by id; ids that are not known are left out."""
    statement = select(*(FINDING.c[name] for name in ("id", *Past.__slots__)))
    return dict(map(_past, connection.execute(statement.where(_among(FINDING.c.id, ids)))))


def _among(column: Column[Any], keys: Iterable[str | int]) -> ColumnElement[bool]:
    """One bound parameter, however many keys there are."""
    each = func.json_each(json.dumps(list(keys))).table_valued("value")
    return column.in_(select(each.c.value))


def _past(row: Sequence[Any]) -> tuple[str, Past]:
    id_, first, last, count, first_pass, seen_count, severity, reason, acknowledged, made = row
    times = datetime.fromisoformat(first), datetime.fromisoformat(last)
    said = reason, _moment(acknowledged)
    return id_, Past(*times, count, first_pass, seen_count, Severity(severity), *said, made)


def keep(
    connection: Connection, findings: Iterable[Known], rows: Mapping[str, int | None], bodies: Mapping[str, str]
) -> None:
    """Remember findings as the pass that has their number left them.

    `rows` gives the hashes of their rows, by id, `bodies` the findings themselves as JSON.
    """
    values = [_row(known, rows[known.finding.id], bodies[known.finding.id]) for known in findings]
    if values:
        kept = insert(FINDING)
        # In place of the row that is there, where it lies, and not its key: that would be to write in two places.
        others = {name: column for name, column in kept.excluded.items() if name != "id"}
        upsert = kept.on_conflict_do_update(index_elements=[FINDING.c.id], set_=others)
        # Past SQLAlchemy, which would look at each value of each row: half of the time for thousands of findings.
        connection.exec_driver_sql(str(upsert.compile(dialect=connection.dialect)), values)


def _row(known: Known, made_of: int | None, body: str) -> tuple[str | int | None, ...]:
    """Give the values of a row of `FINDING`, in the order of its columns."""
    finding = known.finding
    values = {
        "id": finding.id,
        "state": finding.state,
        "first_pass": known.first_pass,
        "last_pass": known.last_pass,
        "seen_count": known.seen_count,
        "body": body,
        "severity": known.severity.value,
        "reason": known.reason,
        "acknowledged": None if known.acknowledged is None else known.acknowledged.isoformat(),
        "made_of": made_of,
        "first": finding.first.isoformat(),
        "last": finding.last.isoformat(),
        "count": finding.count,
    }
    row: tuple[str | int | None, ...] = _in_order(values)
    return row


def miss(connection: Connection, ids: Collection[str]) -> None:
    """Remember that the pass did not have findings that the last one before it had; call `judged` after it."""
    gone = update(FINDING).values(made_of=None, last_pass=last_judged(connection))
    connection.execute(gone.where(_among(FINDING.c.id, ids)))


def hidden(connection: Connection) -> set[int]:
    """Give the hashes of the rows that the last pass suppressed."""
    return set(connection.execute(select(HIDDEN.c.made_of)).scalars())


def hide(connection: Connection, rows: Set[int]) -> None:
    """Remember which rows the pass suppressed, by their hashes."""
    before = hidden(connection)
    if gone := before - rows:
        connection.execute(delete(HIDDEN).where(_among(HIDDEN.c.made_of, gone)))
    if new := rows - before:
        connection.execute(insert(HIDDEN), [{"made_of": one} for one in new])


def judged(connection: Connection, number: int) -> None:
    """Remember which pass judged last: what was not kept in it rests."""
    note(connection, _JUDGED, str(number))


def acknowledge(connection: Connection, findings: Iterable[Known], reason: str, now: datetime) -> None:
    """Remember that the operator knows of findings."""
    for known in findings:
        values = {
            "state": "acknowledged",
            "severity": known.finding.severity.value,
            "reason": reason,
            "acknowledged": now.isoformat(),
        }
        connection.execute(update(FINDING).where(FINDING.c.id == known.finding.id).values(values))


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
    """Give the findings whose suppression has ended."""
    entries = suppressed(connection).values()
    return {one.finding for one in entries if one.expires is not None and one.expires <= today}


def forget_expired(connection: Connection, today: date) -> None:
    """Forget the suppressions that have ended."""
    for finding in expired(connection, today):
        connection.execute(delete(SUPPRESSION).where(SUPPRESSION.c.finding == finding))
